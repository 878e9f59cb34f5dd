"""A field that takes any paste: a sentence, a dialog, a whole log."""

from __future__ import annotations

import asyncio
import re
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea

from wizard.model.text import excerpt, printable

_COLOURS = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]")
"""Escape sequences of coloured logs (ECMA-48, section 5.4)."""
LONGEST_SHOWN = 4_000
"""Characters of a paste that are laid out; of a longer one an extract is, or the screen would stall."""
_BURST_S = 0.05
"""Keys that follow each other faster are a paste from a terminal that does not mark pastes."""
_WAITING = "waiting for more keys"


class PasteArea(TextArea):
    """Keeps whatever was pasted, and shows an extract where it is long. Enter submits."""

    HELP = """\
## The paste field

Paste the error text with the key of your terminal: often `Ctrl+Shift+V`, `Cmd+V`, `Shift+Insert` or the right mouse
button. Take everything that the program shows, also what stands under *Details* or *inner exception*. A whole log is
fine. Passwords in it are blanked at once.

`Enter` goes on, `Backspace` empties a long paste.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "next", id="next"),
        # Of Textual's own these two hide what the wizard needs the keys for.
        Binding("ctrl+u", "clear", "empty", show=False, id="empty"),
    ]

    class Submitted(Message):
        """The person wants to go on."""

    class Edited(Message):
        """The text is another one now."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, text: str = "", *, placeholder: str = "", id: str | None = None) -> None:  # noqa: A002
        super().__init__(
            soft_wrap=True, show_line_numbers=False, placeholder=placeholder, id=id, tab_behavior="focus"
        )
        self._whole: str | None = None
        self._last_key = 0.0
        self._last_enter: events.Key | None = None
        """An Enter that goes on if no other key follows at once."""
        self._put(text)

    @property
    def value(self) -> str:
        """All of the text."""
        return self.text if self._whole is None else self._whole

    def replace_with(self, text: str) -> None:
        """Puts another text in place of this one."""
        self._put(text)
        self.post_message(self.Edited(text))

    def show_extract(self, text: str, around: str | None) -> None:
        """Shows `text` in place of the same text with its secrets; of a long one what stands around `around`."""
        if self._whole is None:
            if harmless(text) != self.text:
                self._put(text)
        else:
            self._whole = text
            head = f"[{len(text):,} characters pasted. Backspace empties the field.]\n"
            self.load_text(head + harmless(excerpt(text, around, LONGEST_SHOWN // 4)))
        if around and (at := self.text.find(around)) >= 0:
            before = self.text[:at]
            line, column = before.count("\n"), at - before.rfind("\n") - 1
            offset = self.wrapped_document.location_to_offset((line, column))
            self.scroll_to(y=max(offset.y - 1, 0), animate=False)

    def _put(self, text: str) -> None:
        self._whole = text if len(text) > LONGEST_SHOWN else None
        self.read_only = self._whole is not None
        self.load_text(f"[reading {len(text):,} characters …]" if self._whole is not None else harmless(text))
        self.move_cursor(self.document.end)

    async def _on_paste(self, event: events.Paste) -> None:
        """Keeps a long paste whole; a short one is inserted at the cursor."""
        event.prevent_default()
        event.stop()
        if self._whole is None and len(self.text) + len(event.text) <= LONGEST_SHOWN:
            start, end = self.selection
            self.move_cursor(self.replace(harmless(event.text), start, end).end_location)
        else:
            if self._whole is None:
                self.delete(*self.selection)
            # Terminals send a carriage return for each line break.
            self._put(self.value + "\n".join(event.text.splitlines()))
            self.post_message(self.Edited(self.value))

    async def _on_key(self, event: events.Key) -> None:
        """Takes an Enter close to other keys for a line break of a paste, and lets one key empty a long paste."""
        # When it came, not when its turn is: a busy machine handles the keys of a paste slowly.
        quick, self._last_key = event.time - self._last_key < _BURST_S, event.time
        if self._whole is not None:
            if event.key in ("backspace", "delete"):
                self.action_clear()
        elif event.key != "enter":
            if self._last_enter is not None:
                self._last_enter = None
                self.insert("\n")
        else:
            event.prevent_default()
            event.stop()
            if self._last_enter is None and quick:
                self.insert("\n")
            elif self._last_enter is None:
                self._last_enter = event
                self.run_worker(
                    self._wait_for_more(event), name=_WAITING, group=_WAITING, description=_WAITING
                )

    async def _wait_for_more(self, enter: events.Key) -> None:
        await asyncio.sleep(_BURST_S)
        # Keys go through the queue of the app and then through this one: those that are in them come first.
        self.app.call_later(self.call_later, self._submit_if_last, enter)

    def _submit_if_last(self, enter: events.Key) -> None:
        if self._last_enter is enter:
            self._last_enter = None
            self.action_submit()

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Tells of what was typed."""
        event.stop()
        if self._whole is None:
            self.post_message(self.Edited(self.text))

    def action_submit(self) -> None:
        """Goes on."""
        self.post_message(self.Submitted())

    def action_clear(self) -> None:
        """Empties the field."""
        self.replace_with("")


def harmless(text: str) -> str:
    """Returns a text of several lines without colours, and with nothing that acts on the terminal."""
    plain = _COLOURS.sub("", text).expandtabs(4)
    return "\n".join(printable(line, longest=len(line) or 1) for line in plain.splitlines())
