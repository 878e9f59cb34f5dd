"""What differs between before and after a fix, side by side."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from wizard.diagnosis.proof import Proof
from wizard.model.evidence import Value
from wizard.model.knowledge import Knowledge
from wizard.model.text import printable
from wizard.report.words import of_value

_WIDEST_TITLE = 26
_AROUND = 7
"""Cells that the padding of three columns and the scroll bar take."""


class ChangesTable(DataTable[Text]):
    """One row for each fact that has changed, wrapped into the room that there is; nothing before `show`."""

    HELP = """\
## Before and after

One line for each fact that has changed. The arrow keys scroll.
"""
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "screen.forward", "go on")]

    def __init__(self, knowledge: Knowledge) -> None:
        super().__init__(id="changes", cursor_type="none", zebra_stripes=True)
        self._knowledge = knowledge
        self._proof: Proof | None = None
        self._filled: tuple[Proof, int] | None = None
        """What the rows show, and the width in cells that they were made for."""
        self.display = False

    def show(self, proof: Proof) -> None:
        """Shows what a proof has found to differ."""
        self._proof = proof
        self.display = True
        # The room is known once the table has been laid out, and a resize is not sent where the size stays.
        self.call_after_refresh(self._fill)

    def on_resize(self) -> None:
        """Fits the columns into the room."""
        self._fill()

    def _fill(self) -> None:
        width = self.size.width
        # The rows change the height, which is a resize as well: filled again then, they would never come to rest.
        if self._proof is None or width == 0 or self._filled == (self._proof, width):
            return
        self._filled = (self._proof, width)
        room = max(width - _AROUND, 20)
        title = min(_WIDEST_TITLE, room // 3)
        self.clear(columns=True)
        self.add_column("what", width=title)
        for label in ("before", "after"):
            self.add_column(label, width=(room - title) // 2)
        for change in self._proof.changes:
            what = Text(self._knowledge.fact(change.fact).title, style="bold")
            cells = (self._cell(value, change.fact) for value in (change.before, change.after))
            self.add_row(what, *cells, height=None)
        if not self._proof.changes:
            self.add_row(Text("nothing has changed"), Text(""), Text(""), height=None)

    def _cell(self, value: Value | None, fact: str) -> Text:
        return Text(printable(of_value(value, self._knowledge.fact(fact)), longest=200))
