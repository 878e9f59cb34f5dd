"""Text of several rows, in which a row that wraps goes on below its own words, not below its sign."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content
from textual.geometry import Size
from textual.widgets import Static

from wizard.tui.text import Hung, joined

_LEAST = 16
"""Columns of words below which nothing hangs: a narrow terminal needs all of them."""


class Paragraphs(Static):
    """Lays its rows out anew for each width."""

    def __init__(
        self,
        rows: Iterable[Content] = (),
        *,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._paragraphs = tuple(rows)

    def show(self, rows: Iterable[Content]) -> None:
        """Shows other rows."""
        self._paragraphs = tuple(rows)
        self.refresh(layout=True)

    def render(self) -> Content:
        """Returns the rows as they fit."""
        return self._laid_out(self.content_size.width)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Returns how many lines the rows take in `width` columns."""
        if width <= 0:
            return 0
        laid_out = self._laid_out(width)
        return laid_out.get_height(self.styles, width) if self._paragraphs else 0  # type: ignore[arg-type]  # as Widget

    def _laid_out(self, width: int) -> Content:
        return joined((_hung(row, width) for row in self._paragraphs), "\n")


def _hung(row: Content, width: int) -> Content:
    indent = row.indent if isinstance(row, Hung) else 0
    if not indent or row.cell_length <= width or width - indent < _LEAST:
        return row
    rest = row[indent:].wrap(width - indent)
    return row[:indent] + joined(rest, "\n" + " " * indent)
