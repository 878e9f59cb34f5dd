"""Asks a hostile server as the program does, and says what may not be in an answer."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from tests.bench.processes import MEMORY
from tests.hostile.monsters import SHORT
from tests.hostile.server import HOST
from wizard.cli import main
from wizard.cli.terminal import Exit, exit_of
from wizard.knowledge.load import load
from wizard.knowledge.locate import knowledge_folder
from wizard.model.options import Options
from wizard.model.target import Engine, Target
from wizard.report import json
from wizard.workbench import Workbench

MOST_MEMORY = 100 * 1024
"""KiB of the whole process, whatever a server sends."""
SLACK = 3_000
"""Milliseconds beside the time that the connections may take: this machine may be busy."""
DOCUMENTED = (Exit.FINE, Exit.FAULT, Exit.UNREACHABLE, Exit.INCONCLUSIVE)
"""What `dbtls check` ends with, but for mistakes of whoever called it."""
_ACTING = ("Cc", "Cf", "Zl", "Zp", "Cs")
"""Unicode's categories of what acts, hides or turns the direction round."""


class Step(msgspec.Struct):
    """A command of a fix."""

    shell: str
    text: str


class Fix(msgspec.Struct):
    """A fix as it is printed."""

    steps: list[Step]
    undo: list[Step]
    confirm: str


class Cause(msgspec.Struct):
    """A cause among the findings."""

    cause: str | None


class Document(msgspec.Struct):
    """What of `dbtls check --json` is looked at."""

    verdict: Cause
    findings: list[Cause]
    facts: dict[str, object]
    unknown: dict[str, str | None]
    trail: list[dict[str, object]]
    fixes: list[Fix]
    connections: int
    elapsed_ms: int

    @property
    def causes(self) -> set[str | None]:
        """Everything that was found."""
        return {self.verdict.cause, *(one.cause for one in self.findings)}

    def reason(self, *facts: str) -> str:
        """The reasons that stand beside some facts, known or not."""
        said = {str(mark["fact"]): str(mark["because"] or "") for mark in self.trail}
        return " ".join(said.get(fact) or self.unknown.get(fact) or "" for fact in facts)


# Both are made before any thread runs: msgspec crashes where two threads are the first to decode a type.
KNOWN = load(knowledge_folder())
_DECODER = msgspec.json.Decoder(Document)


class Asked(NamedTuple):
    """What `dbtls check --json` would print, and how it would end."""

    document: Document
    status: Exit


def asked(engine: Engine, port: int | None, seconds: float, instance: str | None = None) -> Asked:
    """Diagnoses a server on the loopback in this process."""
    bench = Workbench(KNOWN, Options(at=datetime.now(UTC), seconds=seconds))
    target = Target(engine=engine, host=HOST, port=port, instance=instance, server_name=SHORT)
    done = bench.diagnose(bench.open_case(target=target))
    return Asked(document_of(json.encode(json.diagnosis(done))), exit_of(done.verdict))


def document_of(text: str | bytes) -> Document:
    """Returns a document that was printed."""
    return _DECODER.decode(text)


class Ran(NamedTuple):
    """What a command printed, and how it ended."""

    status: int
    out: str
    err: str


def dbtls(*arguments: str) -> Ran:
    """Runs a command in this process, with pipes for its output; not from two threads."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main.run(arguments)
    texts = []
    for stream in (out, err):
        stream.seek(0)
        texts.append(stream.read())
    return Ran(status, *texts)


def measured(*arguments: str) -> tuple[int, int, str]:
    """Runs a command in a process of its own; returns its exit status, its peak memory in KiB, and its stdout."""
    # The launcher prints status and memory behind what the command prints.
    launcher = MEMORY.replace("stdout=null", "stdout=None")
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", launcher, sys.executable, "-m", "wizard", *arguments],
        capture_output=True,
        encoding="utf-8",
        timeout=90,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    *lines, last = done.stdout.splitlines()
    status, peak = map(int, last.split())
    return status, peak // (1024 if sys.platform == "darwin" else 1), "\n".join(lines)


def complaints(found: Asked, causes: Iterable[str | None], seconds: float) -> Iterator[str]:
    """Yields what is wrong with a diagnosis, whichever it is.

    Args:
        found: the diagnosis.
        causes: one of them has to be the verdict.
        seconds: how long each connection was allowed to take.
    """
    document, status = found
    wanted = tuple(causes)
    if document.verdict.cause not in wanted:
        yield f"the verdict is {document.verdict.cause}, not {' or '.join(map(str, wanted))}"
    if status not in DOCUMENTED:
        yield f"exit status {status}"
    if bug := next((why for why in document.unknown.values() if why and "bug in dbtls" in why), None):
        yield bug
    allowed = document.connections * seconds * 1000 + SLACK
    if document.elapsed_ms > allowed:
        yield f"it took {document.elapsed_ms} ms where {allowed:.0f} are allowed"


def acting(text: str) -> set[str]:
    """Returns the characters of an output that could act on a terminal or hide from the reader."""
    return {one for one in text if one != "\n" and unicodedata.category(one) in _ACTING}


def in_commands(document: Document, words: str) -> list[str]:
    """Returns the commands of fixes in which some words stand."""
    texts = [step.text for fix in document.fixes for step in (*fix.steps, *fix.undo)]
    return [text for text in (*texts, *(fix.confirm for fix in document.fixes)) if words in text]
