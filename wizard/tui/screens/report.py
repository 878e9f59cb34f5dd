"""The report of a case for a ticket, in four forms, with a preview."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast, get_args

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static, Tab, Tabs, TextArea

from wizard.report.forms import Form, report
from wizard.report.redacted import Shown, shown
from wizard.tui.journey import Journey
from wizard.tui.screens.dialog import Dialog
from wizard.tui.text import literal
from wizard.tui.widgets.key_line import KeyLine

if TYPE_CHECKING:
    from wizard.tui.app import WizardApp

_NAMES: dict[Form, str] = {"txt": "To read out", "md": "Markdown", "html": "HTML", "json": "JSON"}


class ReportScreen(Dialog[None]):
    """Shows the report before it goes anywhere."""

    HELP = """\
## The report

The whole case for a ticket, or a few sentences to read out or mail to a caller. Passwords and users are always hidden.
Names of servers are in it, as a colleague needs them; `R` hides these too, with addresses, databases and fingerprints,
and shows them again. `N` lists what stands for what; that list is in no report.

What you see is what `C` copies and `S` saves. `Left` and `Right` change the form.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "back"),
        Binding("c", "copy", "copy"),
        Binding("s", "save", "save"),
        Binding("r,R", "redact", "hide names", key_display="r"),
        Binding("n", "names", "list"),
        Binding("left", "form(-1)", "form", key_display="←→"),
        Binding("right", "form(1)", show=False),
    ]
    app: WizardApp

    def __init__(self, journey: Journey) -> None:
        super().__init__()
        self._journey = journey
        self._redact = False
        self._made: dict[bool, Shown] = {}

    def compose(self) -> ComposeResult:
        """Builds the dialog."""
        with Vertical(classes="dialog"):
            yield Static(literal(self._lead()), classes="lead")
            yield Tabs(*(Tab(name, id=form) for form, name in _NAMES.items()), id="forms")
            yield TextArea("", read_only=True, show_line_numbers=False, id="preview")
            yield KeyLine(palette=False)

    @on(Tabs.TabActivated)
    def _form_changed(self) -> None:
        self.query_one(TextArea).load_text(self._text())

    def _lead(self) -> str:
        report = self._report()
        if report is not None and self._redact:
            return f"{report.hidden}; R shows them." if report.replaced else f"{report.hidden}."
        return "Names of servers are in it; R hides them."

    def _form(self) -> Form:
        active = self.query_one(Tabs).active
        return cast("Form", active) if active in get_args(Form) else "txt"

    def _report(self) -> Shown | None:
        """Returns what the report is made of, as it is to be shown; None without a diagnosis."""
        journey = self._journey
        if journey.diagnosis is None:
            return None
        if self._redact not in self._made:
            self._made[self._redact] = shown(
                journey.diagnosis, journey.bench, journey.proof, redact=self._redact, filled=journey.filled
            )
        return self._made[self._redact]

    def _text(self) -> str:
        made = self._report()
        if made is None:
            return ""
        bench, at = self._journey.bench, self._journey.inputs.options.at
        return report(self._form(), made.done, bench.knowledge, at, made.proof)

    def action_redact(self) -> None:
        """Hides the names of servers, or shows them again."""
        self._redact = not self._redact
        self.query_one(".lead", Static).update(literal(self._lead()))
        self._form_changed()

    def action_names(self) -> None:
        """Lists what stands for what."""
        made = self._report()
        if made is None or not made.replaced:
            told = (
                "There is no name to hide."
                if self._redact
                else "No name is hidden yet. R hides those of servers."
            )
            self.app.say(told)
            return
        self.app.show_article(tuple(literal(f"{one.original} → {one.stand_in}") for one in made.replaced))

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
