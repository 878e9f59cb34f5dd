"""Text for the screen. Foreign text never becomes markup here, and every state has a symbol and a word."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Literal

from textual.content import Content

from wizard.model.evidence import Value
from wizard.model.knowledge import FactEntry
from wizard.model.text import printable

State = Literal["passed", "failed", "unknown", "running", "skipped", "note"]

# The Linux console's own font has none of these signs.
_PLAIN = os.environ.get("TERM") == "linux"
_SYMBOLS: dict[State, str] = {
    "passed": "+" if _PLAIN else "✓",
    "failed": "x" if _PLAIN else "✗",
    "unknown": "?",
    "running": "." if _PLAIN else "…",
    "skipped": "-" if _PLAIN else "–",
    "note": "-" if _PLAIN else "·",
}
_STYLES: dict[State, str] = {
    "passed": "$text-success",
    "failed": "$text-error",
    "unknown": "$text-warning",
    "running": "$foreground 70%",
    "skipped": "$foreground 70%",
    "note": "$foreground 70%",
}
HERE = "*" if _PLAIN else "●"
"""Marks the step that the person is at."""
MUTED = "$foreground 70%"
"""The style of what is said beside the point; it has a contrast of 4.5 in both themes."""


class Hung(Content):
    """One row of text whose first `indent` characters, a sign or a label, stand before all of its lines."""

    __slots__ = ["indent"]

    def __init__(self, content: Content, indent: int) -> None:
        super().__init__(content.plain, list(content.spans))
        self.indent = indent


def literal(text: str, style: str = "") -> Content:
    """Returns foreign text as it stands, on one line: never markup, and nothing that acts on the terminal."""
    return Content.styled(printable(text, longest=10_000), style)


def lines(text: str, style: str = "") -> Content:
    """Returns foreign text of several lines as it stands."""
    return joined((literal(line.expandtabs(4), style) for line in text.splitlines()), "\n")


def joined(parts: Iterable[Content | str], between: str = "") -> Content:
    """Returns the parts in a row, with `between` between them."""
    return Content(between).join(list(parts))


def symbol(state: State) -> str:
    """Returns the sign of a state."""
    return _SYMBOLS[state]


def marked(state: State, text: str | Content, *, word: bool = False) -> Content:
    """Returns `text` behind the sign of a state, and behind its word where the text does not say it."""
    sign = f"{_SYMBOLS[state]} {state:<8}" if word else f"{_SYMBOLS[state]} "
    told = Content.styled(sign, _STYLES[state]) + (literal(text) if isinstance(text, str) else text)
    return Hung(told, len(sign))


def state_of(fact: FactEntry, value: Value | None) -> State:
    """Returns how a fact stands: as on a healthy server, otherwise, unknown, or neither good nor bad."""
    if value is None:
        return "unknown"
    if fact.normal is None:
        return "note"
    return "passed" if fact.is_normal(value) else "failed"


def field(label: str, value: str | Content, width: int = 12, style: str = MUTED) -> Content:
    """Returns a label and its value in one line."""
    shown = literal(value) if isinstance(value, str) else value
    return Hung(Content.styled(f"{label:<{width}}", style) + shown, width)
