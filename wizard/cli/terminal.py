"""What goes where: the result to stdout, talk to stderr, and how the program ends."""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING, TextIO

from wizard.model.text import printable

if TYPE_CHECKING:
    from wizard.diagnosis.walk import Verdict

_PLAIN = {
    "✓": "+", "✗": "x", "·": "-", "•": "-", "–": "-", "—": "-", "…": "...", "→": "->", "←": "<-", "›": ">", "“": '"',
    "”": '"', "„": '"', "\u2018": "'", "\u2019": "'", "\xd7": "x", "≥": ">=", "≤": "<=",
}  # fmt: skip
"""What stands for our own signs where an encoding has none of them, as those of Windows' code pages and of LC_ALL=C."""
_IN_PLAIN_SIGNS = "dbtls-plain"


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
    """Writes progress, questions, warnings and hints to stderr; where that is full, nobody can be told so."""
    with contextlib.suppress(CannotWriteError):
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
    except OSError as error:
        # Windows calls a broken pipe an invalid argument.
        if not isinstance(error, BrokenPipeError) and not (
            sys.platform == "win32" and error.errno == errno.EINVAL
        ):
            raise CannotWriteError(error.strerror) from error
        # The reader of a pipe went away, as in `dbtls … | head`: it has what it wanted, and the status stays ours.
        # Python would complain again when it flushes.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _shown(line: str, encoding: str) -> str:
    """Returns the line in signs that the terminal has, and without anything that could act on it."""
    line = printable(line.expandtabs(4), longest=sys.maxsize)
    try:
        return line.encode(encoding, _IN_PLAIN_SIGNS).decode(encoding)
    except LookupError:
        return line.encode("ascii", _IN_PLAIN_SIGNS).decode()


def plain_where_needed() -> None:
    """Lets no sign that a stream cannot show or read end the program, whoever writes it: help, questions, a library."""
    for stream, errors in (
        (sys.stdout, _IN_PLAIN_SIGNS),
        (sys.stderr, _IN_PLAIN_SIGNS),
        (sys.stdin, "replace"),
    ):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)


def _in_plain_signs(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_PLAIN.get(sign, "?") for sign in error.object[error.start : error.end]), error.end


codecs.register_error(_IN_PLAIN_SIGNS, _in_plain_signs)


def is_interactive() -> bool:
    """Says whether a person can be asked: a terminal on both sides that can move its cursor or not."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def has_screen(term: str | None) -> bool:
    """Says whether the full-screen wizard can be shown; `TERM=dumb` selects the plain conversation."""
    encoding = (sys.stdout.encoding or "") if sys.stdout is not None else ""
    capable = term not in (None, "", "dumb") or sys.platform == "win32"
    return is_interactive() and sys.stdout.isatty() and capable and encoding.lower().startswith("utf")
