"""Kinds of arguments that several commands take."""

from __future__ import annotations

import codecs
import sys
from datetime import UTC, datetime

import click

from wizard.errors import FileError

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and ask nothing.")


LARGEST_PASTE = 2_000_000
"""Octets; to read more of them takes more than 100 MB."""


def read_text(text: str) -> str:
    """Returns the text itself, or all of stdin where it is `-`.

    Raises:
        FileError: stdin holds more than `LARGEST_PASTE`.
    """
    return text if text != "-" else decoded(stdin())


def stdin() -> bytes:
    """Returns all of stdin; nothing where it is closed. A pipe may never end.

    Raises:
        FileError: it holds more than `LARGEST_PASTE`.
    """
    return not_too_large(sys.stdin.buffer.read(LARGEST_PASTE + 1), "stdin") if sys.stdin is not None else b""


def not_too_large(data: bytes, name: str) -> bytes:
    """Returns what was pasted.

    Raises:
        FileError: it is larger than `LARGEST_PASTE`.
    """
    if len(data) > LARGEST_PASTE:
        raise FileError(
            f"{name} is larger than {LARGEST_PASTE // 1_000_000} MB.", hint="Cut out what matters."
        )
    return data


def decoded(data: bytes) -> str:
    """Returns a text of a file or of a pipe, in whatever way it was written.

    UTF-16 is what > writes in Windows PowerShell 5. What is not UTF-8 is taken for Windows' Western code page, which
    older programs write; where it is neither, its ASCII part is right all the same.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


class Moment(click.ParamType[datetime]):
    """A moment in ISO 8601; without an offset it is UTC."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Returns the moment in UTC."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail("the time has the form 2026-12-31T23:59:00Z.", param, ctx)
