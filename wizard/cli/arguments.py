"""Kinds of arguments that several commands take."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and ask nothing.")


def read_text(text: str) -> str:
    """Returns the text itself, or all of stdin where it is `-`."""
    if text != "-":
        return text
    return sys.stdin.buffer.read().decode("utf-8", "replace") if sys.stdin is not None else ""


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
