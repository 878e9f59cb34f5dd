"""The lines of a form: a label, what is filled in, and below it what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Static

from wizard.model.text import printable
from wizard.tui.text import literal, marked


class FormInput(Input):
    """A line of text in a form; Enter goes on.

    What is pasted goes through `taken` first, which returns what may be shown of it: no message and no log shall hold
    a password that a connection string brings along.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "submit", "next")]

    def __init__(
        self,
        value: str = "",
        *,
        id: str,  # noqa: A002
        placeholder: str = "",
        taken: Callable[[str], str | None] = lambda text: None,
    ) -> None:
        """Makes the field.

        Args:
            value: what stands in it.
            id: its id.
            placeholder: what stands there instead, where it is empty.
            taken: is told what was pasted; returns what takes the place of the whole text, or None to insert it.
        """
        super().__init__(value, id=id, placeholder=placeholder, compact=True)
        self._taken = taken

    def validate_value(self, value: str) -> str:
        """Lets nothing in that acts on the terminal."""
        return printable(value)

    def _on_paste(self, event: events.Paste) -> None:
        """Takes a paste of any number of lines as one line."""
        event.prevent_default()
        event.stop()
        text = " ".join(event.text.split())
        instead = self._taken(text)
        if instead is None:
            start, end = sorted(self.selection)
            self.replace(text, start, end)
        else:
            self.value = instead
            self.cursor_position = len(self.value)


class Tick(Static, can_focus=True):
    """A choice of yes or no, which shows its state by a sign."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "tick", "tick", show=False)]

    class Changed(Message):
        """The choice was changed."""

        def __init__(self, value: bool) -> None:
            super().__init__()
            self.value = value

    value: reactive[bool] = reactive(False)

    def __init__(self, label: str, *, value: bool, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._label_text = label
        self.set_reactive(Tick.value, value)

    def render(self) -> Content:
        """Returns the sign and the label."""
        return Content(f"[{'x' if self.value else ' '}] ") + literal(self._label_text)

    def action_tick(self) -> None:
        """Changes the choice."""
        self.value = not self.value
        self.post_message(self.Changed(self.value))

    def on_click(self) -> None:
        """Changes the choice."""
        self.action_tick()


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
