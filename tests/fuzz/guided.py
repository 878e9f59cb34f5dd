"""Coverage-guided runs: libFuzzer's mutations by Atheris, in a process of their own for each target."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz import corpus
from tests.fuzz.target import Target

ROOT = Path(__file__).parents[2]
LONGEST_INPUT = 10
"""Seconds that one input may take; a longer one counts as a hang."""
MOST_MEMORY = 1024
"""MiB of the whole process."""
MOST_CRASHES = 10
"""A run ends after so many crashes, since the same one may come again and again."""

_DONE = re.compile(r"^#(\d+)\s+DONE\s+cov: (\d+)", re.MULTILINE)
_BEGUN = re.compile(r"^#\d+\s+INITED\s+cov: (\d+)", re.MULTILINE)
_COUNT = re.compile(r"^#(\d+)\s", re.MULTILINE)
_COVERED = re.compile(r"^#\d+\s.*?cov: (\d+)", re.MULTILINE)


def available() -> bool:
    """Says whether Atheris is installed; there is no package of it for every system and Python."""
    return importlib.util.find_spec("atheris") is not None


@dataclass(frozen=True)
class Outcome:
    """What one guided run did."""

    target: str
    runs: int
    seconds: float
    covered: int
    """Branches of the program that the inputs reach at the end."""
    new: int
    """How many of them the inputs at the beginning did not reach."""
    crashes: tuple[Path, ...]
    kept: int
    """Inputs in the archive afterwards."""

    def __str__(self) -> str:
        """Returns the line for people."""
        return (
            f"{self.target}: {self.runs} runs, {self.seconds:.0f} seconds, coverage {self.covered} ({self.new} new), "
            f"{self.kept} inputs kept, {len(self.crashes)} {'crash' if len(self.crashes) == 1 else 'crashes'}"
        )


def fuzz(
    target: Target, *, seconds: int, runs: int = -1, own: Path | None = None, keep: bool = True
) -> Outcome:
    """Fuzzes one target, writes down each crash, and keeps the smallest set of inputs that reach as much.

    Args:
        target: what to fuzz.
        seconds: after which it ends; 0 for no limit.
        runs: after how many inputs it ends; -1 for no limit.
        own: a folder of inputs to begin with and to add to; by default one that goes afterwards.
        keep: write the archive and the crashes into the tree.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="dbtls-fuzz-") as temporary:
        folder = own or Path(temporary) / "inputs"
        _gather(target, folder)
        found = corpus.CRASHES / target.name if keep else Path(temporary) / "crashes"
        found.mkdir(parents=True, exist_ok=True)
        before = set(found.iterdir())
        arguments = [f"-max_len={target.longest}", *_dictionary(target, Path(temporary))]
        counted = covered = 0
        first: int | None = None
        while True:
            left = seconds - int(time.monotonic() - began)
            output = _run(
                target,
                [
                    *arguments,
                    f"-max_total_time={max(left, 1) if seconds else 0}",
                    f"-runs={runs}",
                    str(folder),
                ],
                found,
            )
            counted += max((int(one) for one in _COUNT.findall(output)), default=0)
            covered = max(covered, *(int(one) for one in _COVERED.findall(output)), 0)
            if first is None and (begun := _BEGUN.search(output)):
                first = int(begun[1])
            new = set(found.iterdir()) - before
            if (
                _DONE.search(output)
                or runs >= 0
                or len(new) >= MOST_CRASHES
                or time.monotonic() - began >= seconds
            ):
                break
        amount = _kept(target, folder, Path(temporary)) if keep else 0
        for empty in (found, found.parent):
            if not any(empty.iterdir()):
                empty.rmdir()
        crashes = tuple(sorted(new))
    return Outcome(
        target.name, counted, time.monotonic() - began, covered, covered - (first or covered), crashes, amount
    )


def merge(target: Target, own: Path | None) -> int:
    """Writes the archive from what is kept, the target's seeds and a folder of inputs; returns how many it holds."""
    with tempfile.TemporaryDirectory(prefix="dbtls-fuzz-") as temporary:
        folder = Path(temporary) / "inputs"
        _gather(target, folder)
        if own is not None and own.is_dir():
            corpus.store((file.read_bytes() for file in own.iterdir()), folder)
        return _kept(target, folder, Path(temporary))


def _gather(target: Target, folder: Path) -> None:
    corpus.unpack(target.name, folder)
    corpus.store((one[: target.longest] for one in target.seeds()), folder)


def _kept(target: Target, folder: Path, temporary: Path) -> int:
    """Writes the archive: the fewest inputs that together reach what all of them reach."""
    fewest = temporary / "fewest"
    fewest.mkdir()
    _run(target, ["-merge=1", f"-max_len={target.longest}", str(fewest), str(folder)], temporary)
    inputs = [file.read_bytes() for file in fewest.iterdir()]
    if not inputs:
        raise RuntimeError(f"libFuzzer kept no input of {target.name}")
    return corpus.keep(target.name, inputs)


def _run(target: Target, arguments: list[str], found: Path) -> str:
    limits = [f"-timeout={LONGEST_INPUT}", f"-rss_limit_mb={MOST_MEMORY}", f"-artifact_prefix={found}/"]
    with tempfile.TemporaryDirectory(prefix="dbtls-fuzz-") as folder:
        program = _program(target, Path(folder))
        done = subprocess.run(
            [str(program), *limits, *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    output = done.stdout.decode("utf-8", "replace")
    if "INITED" not in output and "MERGE" not in output and not re.search(r"^==\d+==", output, re.MULTILINE):
        raise RuntimeError(f"the guided run of {target.name} did not begin:\n{output[-4000:]}")
    if trace := re.search(r"=== Uncaught Python exception: ===\n(.*?)\n(?:==\d+==|$)", output, re.DOTALL):
        print(trace[1], flush=True)
    return output


def _program(target: Target, folder: Path) -> Path:
    """Returns a script for the target: to merge, libFuzzer starts its own program again, and that is not Python."""
    script = folder / target.name
    python = shlex.quote(sys.executable)
    script.write_text(
        f'#!/bin/sh\nexec {python} -m tests.fuzz.instrumented "$0" {target.name} "$@"\n', "utf-8"
    )
    script.chmod(0o700)
    return script


def _dictionary(target: Target, folder: Path) -> list[str]:
    if not target.words:
        return []
    file = folder / "words.dict"
    lines = ('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"' for word in target.words)
    file.write_text("\n".join(lines) + "\n", "ascii")
    return [f"-dict={file}"]
