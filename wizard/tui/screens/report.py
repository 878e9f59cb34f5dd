"""The report of a case for a ticket, in four forms, with a preview."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast, get_args

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Footer, Static, Tab, Tabs, TextArea

from wizard.report.forms import Form, report
from wizard.tui.journey import Journey
from wizard.tui.screens.dialog import Dialog

if TYPE_CHECKING:
    from wizard.tui.app import WizardApp

_NAMES: dict[Form, str] = {"txt": "To read out", "md": "Markdown", "html": "HTML", "json": "JSON"}


class ReportScreen(Dialog[None]):
    """Shows the report before it goes anywhere."""

    HELP = """\
## The report

The whole case for a ticket, or a few sentences to read out or mail to a caller. Passwords are blanked; names of servers
are not. `C` copies it, `S` saves it, `Left` and `Right` change the form.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "back"),
        Binding("c", "copy", "copy"),
        Binding("s", "save", "save"),
        Binding("left", "form(-1)", "form", key_display="←→"),
        Binding("right", "form(1)", show=False),
    ]
    app: WizardApp

    def __init__(self, journey: Journey) -> None:
        super().__init__()
        self._journey = journey

    def compose(self) -> ComposeResult:
        """Builds the dialog."""
        with Vertical(classes="dialog"):
            yield Static("The report of this case. Look it over before you send it.", classes="lead")
            yield Tabs(*(Tab(name, id=form) for form, name in _NAMES.items()), id="forms")
            yield TextArea("", read_only=True, show_line_numbers=False, id="preview")
            yield Footer(compact=True, show_command_palette=False)

    @on(Tabs.TabActivated)
    def _form_changed(self) -> None:
        self.query_one(TextArea).load_text(self._text())

    def _form(self) -> Form:
        active = self.query_one(Tabs).active
        return cast("Form", active) if active in get_args(Form) else "txt"

    def _text(self) -> str:
        journey = self._journey
        if journey.diagnosis is None:
            return ""
        return report(
            self._form(), journey.diagnosis, journey.bench.knowledge, journey.inputs.options.at, journey.proof
        )

    def action_form(self, by: int) -> None:
        """Goes to the form beside."""
        forms = list(_NAMES)
        tabs = self.query_one(Tabs)
        tabs.active = forms[(forms.index(self._form()) + by) % len(forms)]

    def action_copy(self) -> None:
        """Copies the report."""
        self.app.copy(self._text())

    def action_save(self) -> None:
        """Saves the report."""
        self.app.save(f"dbtls-report.{self._form()}", self._text())
