"""The evidence of an exercise: what the user says, what the probes find, and the certificate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from wizard.model.case import Case
from wizard.tui.practise.sitting import Sitting
from wizard.tui.text import lines
from wizard.tui.widgets.certificate_card import CertificateCard
from wizard.tui.widgets.key_line import KeyLine
from wizard.tui.widgets.probe_list import ProbeList


class Readings(ProbeList):
    """The probes of an exercise as they run; `Enter` goes on."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "screen.forward", "questions")]


class ReadAgain(ProbeList):
    """The probes while a question is open; `Enter` goes back to it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "screen.to_answers", "to the answers")]


class EvidencePane(VerticalScroll, can_focus=False):
    """Everything that the trainee has to go by, one below the other."""

    def __init__(self, sitting: Sitting, readings: type[ProbeList] = ReadAgain) -> None:
        super().__init__(classes="evidence")
        self._sitting = sitting
        self.readings = readings(sitting.knowledge)

    def compose(self) -> ComposeResult:
        """Builds the pane."""
        said = Static(lines(self._sitting.exercise.report), classes="card said")
        said.border_title = "the user says"
        with Vertical(classes="found"):
            yield said
            yield self.readings
        yield CertificateCard(self._sitting.bench.options.at)

    def begin(self, probes: Iterable[str]) -> None:
        """Gives each probe its line."""
        self.readings.begin(probes)

    def show(self, case: Case) -> None:
        """Shows all that was found in a case."""
        self.begin(self._sitting.bench.probes())
        self.readings.show_case(case)
        self.show_certificate(case)

    def show_certificate(self, case: Case) -> None:
        """Shows the certificate of a case, as soon as there is one."""
        self.query_one(CertificateCard).show_case(case)


class ShownAgain(ModalScreen[None]):
    """The evidence once more, on the whole screen."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,v,q", "dismiss", "close")]
    HELP = """\
## The evidence

What the user says, what the probes found, and the certificate. `Space` opens a line to every fact, `Esc` closes
it all.
"""

    def __init__(self, sitting: Sitting) -> None:
        super().__init__()
        self._sitting = sitting

    def compose(self) -> ComposeResult:
        """Builds the dialog."""
        with Vertical(classes="dialog"):
            yield EvidencePane(self._sitting)
            yield KeyLine(palette=False)

    def on_mount(self) -> None:
        """Shows what was found."""
        pane = self.query_one(EvidencePane)
        if self._sitting.case is not None:
            pane.show(self._sitting.case)
        pane.readings.focus()

    def action_to_answers(self) -> None:
        """Goes back to what is asked."""
        self.dismiss()
