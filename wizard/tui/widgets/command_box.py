"""A command, coloured by its language; it scrolls sideways and never wraps."""

from __future__ import annotations

from functools import lru_cache

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import ScrollableContainer
from textual.content import Content
from textual.highlight import highlight
from textual.widgets import Static

from wizard.model.knowledge import Shell
from wizard.model.text import printable
from wizard.tui.text import lines

_LEXERS: dict[Shell, str] = {
    "powershell": "powershell",
    "cmd": "batch",
    "sh": "bash",
    "tsql": "tsql",
    "mysql": "mysql",
    "postgresql": "postgres",
    "ini": "ini",
    "pg-conf": "ini",
    "python": "python",
}


class CommandBox(ScrollableContainer, can_focus=True):
    """Shows one command. What is copied from it has neither line breaks of the screen nor decoration."""

    HELP = """\
## A command

`C` copies it as it is. The arrow keys scroll it; it is never wrapped, so that it can also be marked with the mouse.
"""

    def __init__(self, title: str, where: str, command: str, shell: Shell) -> None:
        super().__init__(classes="command")
        self.command = command
        # A string would be taken for markup.
        self.border_title = Text(printable(title))
        self.border_subtitle = Text(printable(where))
        self._shell = shell

    def compose(self) -> ComposeResult:
        """Builds the box."""
        yield Static(
            coloured(self.command, self._shell), classes="instruction" if self._shell == "screen" else "code"
        )


@lru_cache(maxsize=256)
def coloured(command: str, shell: Shell) -> Content:
    """Returns a command in the colours of its language; foreign text in it stays text."""
    shown = lines(command)
    lexer = _LEXERS.get(shell)
    if lexer is None:
        return shown
    return highlight(shown.plain, language=lexer)
