"""The first screen: three doors, and the cases of lately."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual._styles_cache import StylesCache
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from wizard.tui.text import MUTED, joined, literal
from wizard.tui.widgets.headline import Headline
from wizard.tui.widgets.key_line import KeyLine

if TYPE_CHECKING:
    from wizard.state.recent import RecentCase
    from wizard.tui.app import WizardApp

_DOORS = (
    ("error", "1  I have an error message", "Paste it, however long. The line that matters is found."),
    ("server", "2  Check a server", "A name, a connection string, or host\\INSTANCE."),
    ("practise", "3  Practise on a broken server", "On this machine. Nothing leaves it."),
)
_MOST_SHOWN = 8
_NEW_HERE = "New here? Press 3 and try it on a server that may break. F1 helps on every screen."


class Door(Static, can_focus=True):
    """One of the ways in."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open"),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    class Opened(Message):
        """The person goes in."""

        def __init__(self, door: str) -> None:
            super().__init__()
            self.door = door

    def __init__(self, door: str, title: str, words: str) -> None:
        super().__init__(literal(words, MUTED))
        self.border_title = title
        self._door = door

    def action_open(self) -> None:
        """Opens the door."""
        self.post_message(self.Opened(self._door))

    def on_click(self) -> None:
        """Opens the door."""
        self.action_open()


class Recent(OptionList):
    """The cases of lately."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "open again")]


class StartScreen(Screen[None]):
    """Where everything begins, and where `Esc` ends."""

    HELP = """\
## dbtls

Finds out why a database connection fails on its certificate, how to mend it, and proves that it is mended.

`1`, `2` and `3` open a door; so do the arrow keys and `Enter`, or a click. Below stand the cases of lately; `Enter`
opens one again as it was.

Everywhere: `Enter` goes on, `Esc` goes back and nothing is lost, `Ctrl+P` lists all commands and searches what dbtls
knows, `Ctrl+Q` quits, `Ctrl+Z` suspends (in the paste field it takes back what was typed).
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "door('error')", "error", id="door-error"),
        Binding("2", "door('server')", "server", id="door-server"),
        Binding("3", "door('practise')", "practise", id="door-practise"),
        Binding("ctrl+q", "app.quit", "quit"),
    ]
    app: WizardApp

    def __init__(self, waiting_for: str | None = None) -> None:
        """Makes the screen; `waiting_for` says what is being opened in front of it, where something is."""
        super().__init__(classes="-opening" if waiting_for else None)
        self._waiting_for = waiting_for

    def compose(self) -> ComposeResult:
        """Builds the screen."""
        yield Headline("start")
        yield Static(literal(self._waiting_for or ""), id="waiting-for")
        with VerticalScroll(id="start", can_focus=False):
            yield Static(
                "A database complains about a certificate. Find out why, and mend it.",
                classes="lead",
            )
            for name, title, words in _DOORS:
                yield Door(name, title, words)
            yield Static(literal(_NEW_HERE, MUTED), id="new-here")
            yield Static("Recent", id="recent-title", classes="lead")
            yield Recent(id="recent", compact=True)
        yield KeyLine()

    def on_mount(self) -> None:
        """Puts the cursor on the first door."""
        if not self.has_class("-opening"):
            self.query(Door).first().focus()
        self.query_one("#recent").display = self.query_one("#recent-title").display = False

    def on_screen_resume(self) -> None:
        """Lets go of what was drawn for the case that is over.

        Textual 8.2 caches a method of each widget's drawings, and so keeps those of the last 1,024 widgets (25 MB).
        """
        StylesCache.get_inner_outer.cache_clear()

    def on_screen_suspend(self) -> None:
        """Shows the doors to whoever comes back."""
        self.remove_class("-opening")
        self.query(Door).first().focus()

    def show_recent(self, cases: tuple[RecentCase, ...], now: datetime) -> None:
        """Shows the cases of lately."""
        shown = self.query_one("#recent", OptionList)
        shown.clear_options()
        shown.add_options(Option(_recent(case, now), id=case.id) for case in cases[:_MOST_SHOWN])
        shown.display = self.query_one("#recent-title").display = bool(cases)
        shown.highlighted = 0 if cases else None
        self.query_one("#new-here").display = not cases

    @on(Door.Opened)
    def _opened(self, event: Door.Opened) -> None:
        self.action_door(event.door)

    @on(OptionList.OptionSelected, "#recent")
    def _reopened(self, event: OptionList.OptionSelected) -> None:
        if event.option_id is not None:
            self.app.reopen(event.option_id)

    def action_door(self, name: str) -> None:
        """Opens a door."""
        if not self.has_class("-opening"):
            self.app.open_door(name)


def _recent(case: RecentCase, now: datetime) -> Content:
    return joined(_columns(case, now))


def _columns(case: RecentCase, now: datetime) -> Iterator[Content]:
    yield literal(f"{case.title[:25]:<26}")
    yield literal(f"{(case.cause or 'inconclusive')[:26]:<27}")
    outcome = (
        "fixed"
        if case.outcome == "fixed"
        else "not proven"
        if case.outcome in (None, "unproven")
        else "not fixed"
    )
    yield Content.styled(f"{outcome:<11}", "$text-success" if outcome == "fixed" else MUTED)
    yield Content.styled(_when(case.opened, now), MUTED)


def _when(moment: datetime, now: datetime) -> str:
    days = (now.astimezone().date() - moment.astimezone().date()).days
    if days == 0:
        return f"{moment.astimezone():%H:%M}"
    return "yesterday" if days == 1 else f"{moment.astimezone():%d %b}"
