"""`dbtls clients --targets FILE`: one client and many servers, as before an upgrade of SQL Server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from wizard.cli.arguments import decoded
from wizard.cli.options import Asked
from wizard.cli.terminal import Exit, result, talk
from wizard.diagnosis.clients.prediction import Prediction
from wizard.diagnosis.clients.profiles import profile_of
from wizard.diagnosis.connection_string import Pairs
from wizard.diagnosis.secrets import BLANK, without_secrets
from wizard.errors import FileError, UsageError, WizardError
from wizard.forecast import Forecast, forecast_of
from wizard.knowledge.cache import knowledge
from wizard.model.case import Case
from wizard.model.client import ProfileEntry
from wizard.model.text import printable
from wizard.probes.threads import in_order
from wizard.report import json
from wizard.report.clients import document, told_of_one

MOST_TARGETS = 10_000
AT_ONCE = 8
"""Servers that are asked at the same time."""
_LARGEST = 1_000_000
_PAIRS = re.compile(r"[\w .]+=")
"""How a connection string begins."""


class _Told(NamedTuple):
    """One line of the file, and what came of it: a prediction, or why there is none."""

    line: str
    found: Forecast | None
    case: Case | None
    cause: str | None
    problem: str | None

    @property
    def now(self) -> Prediction | None:
        return self.found.rows[0].now if self.found else None


def fleet(asked: Asked, file: Path, given: Pairs, *, as_json: bool) -> Exit:
    r"""Examines every target of a file as the client would meet it, and prints a line for each.

    Args:
        asked: with the client that all predictions are for.
        file: one target in a line: a URL, `host\INSTANCE`, `host,port` or a connection string; `#` begins a comment.
        given: options of the client, which its own come under.
        as_json: print one document in a line for each target.

    Raises:
        UsageError: no client is named, or the file has no or too many targets.
        FileError: the file cannot be read.
    """
    if asked.client is None:
        raise UsageError("--targets needs a client.", hint="For example: --client linked-server-2025")
    profile = profile_of(asked.client, None, knowledge())
    lines = _lines(file)
    talk(f"Asking {len(lines)} servers as {profile.id} would …")
    told: list[_Told] = []
    for one in in_order(lambda line: _examined(asked, line, profile, given), lines, AT_ONCE):
        told.append(one)
        result(json.encode(_document(one)) if as_json else _line(one))
    states = [one.now.connects if one.now else None for one in told]
    talk(
        f"{states.count(True)} would connect, {states.count(False)} would fail, {states.count(None)} not known."
        + (f" Mend each: dbtls check TARGET --client {profile.id}" if False in states else "")
    )
    if False in states:
        return Exit.FAULT
    return Exit.INCONCLUSIVE if None in states else Exit.FINE


def _lines(file: Path) -> tuple[str, ...]:
    from wizard.pki.read import read_file

    data = read_file(file)
    if len(data) > _LARGEST:
        raise FileError(f"{file} is larger than {_LARGEST // 1_000_000} MB.")
    text = decoded(data)
    if "-----BEGIN " in text:
        raise UsageError(
            f"{file.name} holds certificates or keys, not targets.", hint="Write one target in each line."
        )
    stripped = (line.strip() for line in text.splitlines())
    lines = tuple(dict.fromkeys(line for line in stripped if line and not line.startswith("#")))
    if not lines:
        raise UsageError(
            f"There is no target in {file.name}.", hint="Write one in each line, such as sql01,1433"
        )
    if len(lines) > MOST_TARGETS:
        raise UsageError(f"There are more than {MOST_TARGETS} targets in {file.name}.")
    return lines


def _examined(asked: Asked, line: str, profile: ProfileEntry, given: Pairs) -> _Told:
    try:
        opened = msgspec.structs.replace(asked, target=_target(line, profile)).open()
        done = opened.bench.diagnose(opened.case)
        string = opened.read.options if opened.read else ()
        found = forecast_of(done, opened.bench.knowledge, asked.options, [profile.id], given, string=string)
    except WizardError as error:
        return _Told(line, None, None, None, error.message)
    cause = done.verdict.cause
    return _Told(line, found, done.case, cause.id if cause else None, None)


def _target(line: str, profile: ProfileEntry) -> str:
    """Returns a line as a target: what does not say which database it is belongs to the client's."""
    if "://" in line or "=" in line:
        return line
    engine = profile.engines[0]
    return f"Server={line}" if engine == "sqlserver" else f"{engine}://{line}"


def _document(one: _Told) -> json.Json:
    if one.found is None or one.case is None:
        return {
            "schema": "dbtls/clients/1",
            "line": _shown(one.line),
            "target": None,
            "clients": [],
            "problem": one.problem,
        }
    return {**document(one.found, one.case), "line": _shown(one.line), "cause": one.cause, "problem": None}


def _line(one: _Told) -> Iterator[str]:
    name = printable(_shown(one.line))
    if one.now is None:
        yield f"? {name}: {one.problem}"
    else:
        yield from told_of_one(name, one.now, one.cause)


def _shown(line: str) -> str:
    """Returns a line without its secrets. What stands before an @ is no part of a bare host, so it goes too."""
    clean = without_secrets(line)
    before, at, host = clean.rpartition("@")
    bare = at and "://" not in before and not _PAIRS.match(before)
    return f"{BLANK}@{host}" if bare else clean
