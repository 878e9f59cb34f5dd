"""The line at the top: which program, which case, and how to get help."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.content import Content
from textual.widgets import Static

from wizard.tui.text import MUTED, literal

if TYPE_CHECKING:
    from wizard.tui.journey import Journey


class Headline(Static):
    """Says where the person is."""

    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self, where: str, journey: Journey | None = None) -> None:
        super().__init__(id="headline")
        self._where = where
        self._journey = journey

    def show(self, journey: Journey) -> None:
        """Shows what the case has become."""
        self._journey = journey
        self.refresh()

    def render(self) -> Content:
        """Returns the line, as wide as the terminal."""
        read = self._journey.inputs.read if self._journey else None
        about = f" · {read.target}" if read else ""
        left = Content.styled(" dbtls", "bold") + Content(" › ") + literal(f"{self._where}{about}")
        right = "F1 help "
        room = self.size.width - len(right)
        if room < 10:
            return left
        return left.truncate(room, ellipsis=True, pad=True) + Content.styled(right, MUTED)
