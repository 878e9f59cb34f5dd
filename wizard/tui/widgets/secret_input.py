"""A field for a password: no message, no clipboard and no picture ever holds what is typed into it."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from wizard.tui.widgets.field import FormInput


class SecretInput(FormInput):
    """Takes a password as it is, shows dots, and gives it away once."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "submit", "log in")]

    class Entered(Message):
        """The person has pressed Enter; `take` tells what was typed."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.password = True

    def take(self) -> str:
        """Returns what was typed, and empties the field."""
        typed = self.value
        self.value = ""
        return typed

    def validate_value(self, value: str) -> str:
        """Leaves it as it is: only dots are drawn."""
        return value

    def post_message(self, message: Message) -> bool:
        """Posts a message, unless it would carry the password along: those of Textual's fields do."""
        if isinstance(message, Input.Changed | Input.Submitted | Input.Blurred):
            return False
        return super().post_message(message)

    def _on_paste(self, event: events.Paste) -> None:
        """Takes a paste as it is, but for the line break that a copied line ends with."""
        event.prevent_default()
        event.stop()
        start, end = sorted(self.selection)
        self.replace(event.text.strip("\r\n"), start, end)

    def action_copy(self) -> None:
        """Does nothing: a password is not copied from here."""

    def action_cut(self) -> None:
        """Does nothing: a password is not copied from here."""

    async def action_submit(self) -> None:
        """Says that it is typed."""
        self.post_message(self.Entered())
