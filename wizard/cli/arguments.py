"""Kinds of arguments that several commands take."""

from __future__ import annotations

import codecs
import sys
from datetime import UTC, datetime

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and ask nothing.")


def read_text(text: str) -> str:
    """Returns the text itself, or all of stdin where it is `-`."""
    if text != "-":
        return text
    return decoded(sys.stdin.buffer.read()) if sys.stdin is not None else ""


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
