"""One line of a form: a label, what is filled in, and below it what is wrong with it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Input, Static

from wizard.tui.text import literal, marked


class FormInput(Input):
    """A line of text in a form; Enter goes on."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "submit", "next")]


class Field(Vertical):
    """A labelled control with its error."""

    def __init__(self, label: str, control: Widget, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id, classes="field")
        self._label = label
        self._control = control

    def compose(self) -> ComposeResult:
        """Builds the line."""
        with Horizontal(classes="field-line"):
            yield Static(literal(self._label), classes="field-label")
            yield self._control
        yield Static(classes="field-error")

    def show_error(self, sentence: str | None) -> None:
        """Shows what is wrong, or nothing."""
        error = self.query_one(".field-error", Static)
        error.update(marked("failed", sentence) if sentence else "")
        self.set_class(sentence is not None, "-wrong")
