"""What differs between before and after a fix, side by side."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import DataTable

from wizard.diagnosis.proof import Proof
from wizard.model.evidence import Value
from wizard.model.knowledge import Knowledge
from wizard.model.text import printable
from wizard.report.words import of_value


class ChangesTable(DataTable[Text]):
    """One row for each fact that has changed; nothing until there is something to compare."""

    HELP = """\
## Before and after

One line for each fact that has changed. The arrow keys scroll.
"""

    def __init__(self, knowledge: Knowledge) -> None:
        super().__init__(id="changes", cursor_type="none", zebra_stripes=True)
        self._knowledge = knowledge
        self.display = False

    def show(self, proof: Proof) -> None:
        """Shows what a proof has found to differ."""
        self.clear(columns=True)
        self.display = True
        self.add_columns("what", "before", "after")
        for change in proof.changes:
            title = Text(self._knowledge.fact(change.fact).title, style="bold")
            self.add_row(title, self._cell(change.before, change.fact), self._cell(change.after, change.fact))
        if not proof.changes:
            self.add_row(Text("nothing has changed"), Text(""), Text(""))

    def _cell(self, value: Value | None, fact: str) -> Text:
        return Text(printable(of_value(value, self._knowledge.fact(fact)), longest=60))
