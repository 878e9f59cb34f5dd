"""Small dialogs above a screen: help, an article of the knowledge, plain text, a file name."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Markdown, Static, TextArea

from wizard.tui.screens.dialog import Dialog
from wizard.tui.text import literal
from wizard.tui.widgets.field import FormInput
from wizard.tui.widgets.key_line import KeyLine
from wizard.tui.widgets.paragraphs import Paragraphs


class Help(ModalScreen[None]):
    """What the focused widget and the screen are for, and the keys that work there."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,enter,q", "dismiss", "close")]

    def __init__(self, words: str, keys: list[tuple[str, str]]) -> None:
        super().__init__()
        self._words = words
        self._keys = keys

    def compose(self) -> ComposeResult:
        """Builds the dialog."""
        rows = "\n".join(f"| `{key}` | {what} |" for key, what in self._keys)
        with Vertical(classes="dialog"):
            with VerticalScroll():
                yield Markdown(
                    f"{self._words}\n\n| key | what it does |\n| --- | --- |\n{rows}\n", open_links=False
                )
            yield KeyLine(palette=False)

    def on_mount(self) -> None:
        """Lets the arrow keys scroll."""
        self.query_one(VerticalScroll).focus()


class Article(Dialog[None]):
    """Something to read: an entry of the knowledge, or what clients do."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,q", "dismiss", "close")]
    HELP = "## An article\n\nWhat dbtls knows about it. The arrow keys scroll; `Esc` closes it."

    def __init__(self, rows: tuple[Content, ...]) -> None:
        super().__init__()
        self._rows = rows

    def compose(self) -> ComposeResult:
        """Builds the dialog."""
        with Vertical(classes="dialog"):
            with VerticalScroll():
                yield Paragraphs(self._rows)
            yield KeyLine(palette=False)

    def on_mount(self) -> None:
        """Lets the arrow keys scroll."""
        self.query_one(VerticalScroll).focus()


class PlainText(Dialog[None]):
    """Text without any frame around it, to be marked with the mouse."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "close"),
        Binding("c", "copy", "copy all"),
    ]
    HELP = "## Plain text\n\nMark it with the mouse, or copy all of it with `C`."

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """Builds the dialog."""
        yield TextArea(self._text, read_only=True, soft_wrap=False, show_line_numbers=False, id="plain")
        yield KeyLine(palette=False)

    def action_copy(self) -> None:
        """Copies all of it."""
        from wizard.tui.app import WizardApp

        if isinstance(self.app, WizardApp):
            self.app.copy(self._text)


class SaveAs(Dialog[str | None]):
    """Asks for the name of a file."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "back")]
    HELP = (
        "## Save\n\nType a file name and press `Enter`. A file that exists is not overwritten without asking."
    )

    def __init__(self, name: str, warning: str | None = None) -> None:
        super().__init__()
        self._suggested = name
        self._warning = warning

    def compose(self) -> ComposeResult:
        """Builds the dialog."""
        with Vertical(classes="dialog small"):
            yield Static(literal(self._warning or "Save as which file?"), classes="lead")
            yield FormInput(self._suggested, id="file-name")
            yield KeyLine(palette=False)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip() or None)
