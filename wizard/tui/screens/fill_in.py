"""The dialog that asks for what a fix still needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Input, Static

from wizard.errors import UsageError
from wizard.fixes.values import Given, Values, read_value
from wizard.model.knowledge import Parameter
from wizard.tui.screens.dialog import Dialog
from wizard.tui.text import MUTED, literal
from wizard.tui.widgets.field import Field, FormInput
from wizard.tui.widgets.key_line import KeyLine


class FillIn(Dialog[Values | None]):
    """Asks for the values of some placeholders; returns those that were typed, or None."""

    HELP = """\
## Fill in

The commands need a few things that nobody has told yet. What you type here goes into all of them, quoted as each shell
needs it. What you leave empty stays a placeholder. `Enter` goes to the next line and, on the last one, takes them over.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "fill in", id="take-values"),
        Binding("escape", "dismiss(None)", "back"),
    ]

    def __init__(self, parameters: Sequence[Parameter], filled: Values) -> None:
        """Makes the dialog.

        Args:
            parameters: what is asked for.
            filled: what was filled in before.
        """
        super().__init__()
        self._parameters = tuple(parameters)
        self._filled = filled

    def compose(self) -> ComposeResult:
        """Builds the dialog."""
        with Vertical(classes="dialog"):
            yield Static("What goes into the commands?", classes="lead")
            with VerticalScroll(can_focus=False):
                for parameter in self._parameters:
                    yield Static(literal(parameter.meaning, MUTED), classes="fill-in-meaning")
                    value = self._filled.get(parameter.id, "")
                    typed = ", ".join(value) if isinstance(value, tuple) else str(value)
                    control = FormInput(
                        typed, id=f"value-{parameter.id}", placeholder=f"such as {parameter.example}"
                    )
                    yield Field("", control, id=f"field-{parameter.id}")
            yield KeyLine(palette=False)

    def on_mount(self) -> None:
        """Puts the cursor where the person will type."""
        self.query(FormInput).first().focus()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        if event.input is self.query(FormInput).last():
            self.action_submit()
        else:
            self.focus_next()

    def action_submit(self) -> None:
        """Takes the values over, unless one of them cannot be."""
        values: dict[str, Given] = {}
        wrong: Input | None = None
        for parameter in self._parameters:
            control = self.query_one(f"#value-{parameter.id}", FormInput)
            error = None
            if control.value.strip():
                try:
                    values[parameter.id] = read_value(control.value, parameter)
                except UsageError as refused:
                    error = refused.hint or refused.message
                    wrong = wrong or control
            self.query_one(f"#field-{parameter.id}", Field).show_error(error)
        if wrong is not None:
            wrong.focus()
        else:
            self.dismiss(values)
