"""What goes where: the result to stdout, talk to stderr, and how the program ends."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING, TextIO

from wizard.model.text import printable

if TYPE_CHECKING:
    from wizard.diagnosis.walk import Verdict

_PLAIN = str.maketrans({"✓": "+", "✗": "x", "·": "-", "“": '"', "”": '"', "…": "...", "→": "->"})


class Exit(IntEnum):
    """The exit statuses of the contract."""

    FINE = 0
    FAULT = 1
    USAGE = 2
    UNREACHABLE = 3
    INCONCLUSIVE = 4
    BUG = 70
    INTERRUPTED = 130


def exit_of(verdict: Verdict) -> Exit:
    """Returns the exit status of a verdict."""
    if verdict.cause is None:
        return Exit.INCONCLUSIVE
    if not verdict.cause.reachable:
        return Exit.UNREACHABLE
    return Exit.FINE if verdict.cause.severity == "none" else Exit.FAULT


def result(lines: Iterable[str] | str) -> None:
    """Writes the result to stdout."""
    _write(sys.stdout, [lines] if isinstance(lines, str) else lines)


def talk(lines: Iterable[str] | str) -> None:
    """Writes progress, questions, warnings and hints to stderr."""
    _write(sys.stderr, [lines] if isinstance(lines, str) else lines)


class CannotWriteError(Exception):
    """Stdout is closed or full."""


def _write(stream: TextIO | None, lines: Iterable[str]) -> None:
    if stream is None:  # closed before the start
        if stream is sys.stderr:
            return
        raise CannotWriteError("stdout is closed")
    try:
        for line in lines:
            stream.write(_shown(line, stream.encoding or "ascii") + "\n")
        stream.flush()
    except BrokenPipeError:
        # The reader of a pipe went away, as in `dbtls … | head`: it has what it wanted, and the status stays ours.
        # Python would complain again when it flushes.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except OSError as error:
        raise CannotWriteError(error.strerror) from error


def _shown(line: str, encoding: str) -> str:
    """Returns the line in signs that the terminal has, and without anything that could act on it."""
    line = printable(line.expandtabs(4), longest=sys.maxsize)
    try:
        line.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return line.translate(_PLAIN).encode("ascii", "replace").decode()
    return line


def is_interactive() -> bool:
    """Says whether a person can be asked: a terminal on both sides that can move its cursor or not."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def has_screen(term: str | None) -> bool:
    """Says whether the full-screen wizard can be shown; `TERM=dumb` selects the plain conversation."""
    encoding = (sys.stdout.encoding or "") if sys.stdout is not None else ""
    capable = term not in (None, "", "dumb") or sys.platform == "win32"
    return is_interactive() and sys.stdout.isatty() and capable and encoding.lower().startswith("utf")
