"""The application: its first screen, its themes, and what every screen can ask of it.

It imports little: the first frame shall be there at once, and the rest is loaded behind it.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.content import Content
from textual.message import Message
from textual.screen import Screen

from wizard.errors import FileError, WizardError
from wizard.model.text import printable
from wizard.tui.background import Failed, Post, Runs
from wizard.tui.screens.start import StartScreen
from wizard.tui.themes import DARK, LIGHT

if TYPE_CHECKING:
    from wizard.model.knowledge import Knowledge
    from wizard.model.options import Options
    from wizard.state.recent import RecentCase
    from wizard.tui.flow import Advanced, Flow
    from wizard.tui.journey import Journey, Opening
    from wizard.tui.screens.question import QuestionScreen
    from wizard.tui.screens.step import StepScreen
    from wizard.tui.screens.walk import WalkScreen
    from wizard.tui.widgets.trail import Trail
    from wizard.workbench import Workbench


def _keys() -> type[Provider]:
    from wizard.tui.palette import Keys

    return Keys


def _search() -> type[Provider]:
    from wizard.tui.palette import KnowledgeSearch

    return KnowledgeSearch


_THEMES = {DARK.name, LIGHT.name, "ansi-dark", "ansi-light"}
"""Ours, and the terminal's own colours."""


def _load_the_rest() -> None:
    """Loads what probes need: libraries in C, which hold all other threads up while they load."""
    importlib.import_module("wizard.probes.registry")


class WizardApp(App[int]):
    """The wizard. Knowledge comes from outside, so that tests can hand in another one."""

    TITLE = "dbtls"
    CSS_PATH = "wizard.tcss"
    COMMANDS = App.COMMANDS | {_keys, _search}
    HORIZONTAL_BREAKPOINTS: ClassVar[list[tuple[int, str]]] = [  # type: ignore[misc]  # Textual means the class's
        (0, "-narrow"),
        (80, "-normal"),
        (120, "-wide"),
    ]
    VERTICAL_BREAKPOINTS: ClassVar[list[tuple[int, str]]] = [(0, "-short"), (24, "-tall")]  # type: ignore[misc]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "explain", "help", show=False, id="help"),
        Binding("ctrl+z", "suspend_process", "suspend", show=False, id="suspend"),
        Binding("ctrl+q", "quit", "quit", show=False, priority=True, id="quit"),
    ]

    class Ready(Message):
        """All that the steps need is loaded."""

        def __init__(
            self,
            knowledge: Knowledge,
            opening: Opening | None,
            recent: tuple[RecentCase, ...],
            theme: str | None,
        ) -> None:
            super().__init__()
            self.knowledge = knowledge
            self.opening = opening
            self.recent = recent
            self.theme = theme

    class Told(Message):
        """Something in the background has a sentence for the person."""

        def __init__(self, sentence: str) -> None:
            super().__init__()
            self.sentence = sentence

    def __init__(
        self,
        load: Callable[[], Knowledge],
        *,
        opening: Callable[[], Opening] | None = None,
        waiting_for: str = "Opening …",
        bench: Callable[[Knowledge, Options], Workbench] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Makes the application.

        Args:
            load: reads the knowledge; called in a thread.
            opening: what to open with, where the command line has told something; called in a thread.
            waiting_for: what to say until then.
            bench: makes the workbench of a case, where it is not the real one.
            now: the present moment, in UTC.
        """
        super().__init__()
        self._load = load
        self._opening = opening
        self._waiting_for = waiting_for
        self._bench = bench
        self._now = now
        self._loading = Runs(self, "loading")
        self._waiting: Callable[[], None] | None = None
        """What the person wants as soon as everything is loaded."""
        self._flow: Flow | None = None
        self.crash: Exception | None = None
        """What ended the application: a bug, or an argument that cannot be used."""
        for theme in (DARK, LIGHT):
            self.register_theme(theme)
        self.theme = DARK.name
        for name in set(self.available_themes) - _THEMES:
            self.unregister_theme(name)

    @property
    def flow(self) -> Flow:
        """The way of the case through the screens; there is one as soon as everything is loaded."""
        if self._flow is None:
            raise RuntimeError("nothing is loaded yet")
        return self._flow

    @property
    def knowledge(self) -> Knowledge | None:
        """All that dbtls knows, as soon as it is loaded."""
        return self._flow.knowledge if self._flow else None

    def on_mount(self) -> None:
        """Shows the first screen; the rest follows when it is seen."""
        start = StartScreen(self._waiting_for if self._opening is not None else None)
        self.push_screen(start)
        start.call_after_refresh(self._begin_loading)

    def _begin_loading(self) -> None:
        load, opening = self._load, self._opening

        def work(run: int, post: Post, cancelled: Event) -> None:
            from wizard.state.recent import recent
            from wizard.state.settings import settings

            importlib.import_module("wizard.tui.flow")
            knowledge = load()
            cases, message = recent()
            chosen, trouble = settings()
            opened = opening() if opening else None
            if opened is not None:
                _load_the_rest()  # the probes begin at once
            post(self.Ready(knowledge, opened, cases, chosen.theme))
            for sentence in filter(None, (message, trouble)):
                post(self.Told(sentence))
            _load_the_rest()  # while the person reads the first screen

        self._loading.start(work)

    @on(Ready)
    def _everything_loaded(self, event: Ready) -> None:
        from wizard.tui.flow import Flow

        self._flow = Flow(self, event.knowledge, event.recent, self._bench, self._now)
        if event.theme is not None and event.theme in self.available_themes:
            self.theme = event.theme
        if event.opening is not None:
            self._flow.begin(event.opening)
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            waiting()

    @on(Told)
    def _told(self, event: Told) -> None:
        self.say(event.sentence)

    @on(Failed)
    def _failed(self, event: Failed) -> None:
        if self._flow is None:
            self.crash = event.error
            self.exit()
        else:
            self.tell(event.error)

    # The names of these handlers are Textual's; importing the messages would load every screen.

    def on_step_screen_done(self, event: StepScreen.Done) -> None:
        """Goes on to the next step."""
        self.flow.done(event.step, event.journey)

    def on_advanced(self, event: Advanced) -> None:
        """Shows what the tree wants next."""
        self.flow.advanced(event)

    def on_question_screen_answered(self, event: QuestionScreen.Answered) -> None:
        """Takes an answer over."""
        self.flow.answered(event.case)

    def on_walk_screen_changed(self, event: WalkScreen.Changed) -> None:
        """Takes a changed answer over."""
        self.flow.changed(event.case)

    def on_walk_screen_question(self, event: WalkScreen.Question) -> None:
        """Asks a question of the walk again."""
        self.flow.ask_again(event.fact)

    def on_trail_chosen(self, event: Trail.Chosen) -> None:
        """Goes back to a step."""
        self.flow.back_to(event.place)

    def open_door(self, name: str) -> None:
        """Opens one of the doors of the first screen, as soon as everything is loaded."""
        self._when_loaded(lambda: self.flow.open_door(name))

    def reopen(self, case_id: str) -> None:
        """Opens a case of lately."""
        self._when_loaded(lambda: self.flow.reopen(case_id))

    def _when_loaded(self, call: Callable[[], None]) -> None:
        if self._flow is None:
            self._waiting = call
        else:
            call()

    def copy(self, text: str) -> None:
        """Sends a text to the terminal's clipboard; whether it arrives, no terminal says."""
        self.copy_to_clipboard(text)
        count = len(text.splitlines())
        what = "1 line" if count == 1 else f"{count} lines"
        self.notify(
            "Nothing arrives when you paste? Not every terminal allows it, and tmux only with set-clipboard on: "
            "then save it with S, or mark it with the mouse.",
            title=f"{what} sent to the clipboard",
            markup=False,
        )

    def save(self, name: str, text: str, warning: str | None = None) -> None:
        """Asks for a file name and writes the file; an existing one only after asking again."""
        from wizard.private_files import write
        from wizard.tui.screens.dialogs import SaveAs

        def chosen(typed: str | None) -> None:
            if typed is None:
                return
            path = Path.cwd() / os.path.expanduser(typed)  # noqa: PTH111 - leaves the ~ of an unknown user
            try:
                write(path, text, over=warning is not None and typed == name)
            except FileExistsError:
                self.save(typed, text, f"{typed} is there already. Enter replaces it; or type another name.")
            except FileError as error:
                self.tell(error)
            else:
                self.say(f"Saved: {path}")

        self.push_screen(SaveAs(name, warning), chosen)

    def say(self, sentence: str) -> None:
        """Shows a sentence for some seconds; what it quotes may be foreign."""
        self.notify(printable(sentence), markup=False)

    def tell(self, error: WizardError) -> None:
        """Shows an error in one sentence, with what to do next."""
        title, hint = printable(error.message), printable(error.hint or "")
        self.notify(hint, title=title, severity="error", markup=False, timeout=10)

    def show_article(self, rows: tuple[Content, ...]) -> None:
        """Shows something to read."""
        from wizard.tui.screens.dialogs import Article

        self.push_screen(Article(rows))

    def show_plain(self, text: str) -> None:
        """Shows text without a frame, to be marked with the mouse."""
        from wizard.tui.screens.dialogs import PlainText

        self.push_screen(PlainText(text))

    def action_report(self) -> None:
        """Shows the report of the case on the screen."""
        from wizard.tui.screens.report import ReportScreen

        if (journey := self._concluded()) is not None:
            self.push_screen(ReportScreen(journey))

    def _concluded(self) -> Journey | None:
        """Returns the case on the screen, where it has a verdict."""
        journey: Journey | None = getattr(self.screen, "journey", None)
        return journey if journey is not None and journey.diagnosis is not None else None

    def action_explain(self) -> None:
        """Shows help for what has the focus, and for the screen."""
        from wizard.tui.screens.dialogs import Help

        if isinstance(self.screen, Help):
            return
        words = [one.HELP for one in (self.focused, self.screen) if one is not None and one.HELP]
        keys = [
            (self.get_key_display(active.binding), active.binding.description)
            for active in self.screen.active_bindings.values()
            if active.binding.description and active.binding.show
        ]
        self.push_screen(Help("\n\n".join(words), keys))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Yields the commands that work everywhere."""
        if self._flow is not None:
            yield SystemCommand("New case", "Go back to the first screen", self._flow.start_over)
            # Only where somebody looks for it: the first entry is one key away from being chosen by accident.
            yield SystemCommand(
                "Forget recent cases", "Delete what is kept here", self._flow.forget, discover=False
            )
        if self._concluded() is not None:
            yield SystemCommand("Report", "The whole case for a ticket, or to read out", self.action_report)
        yield SystemCommand("Theme", "Dark, light, or the terminal's own colours", self.action_change_theme)
        yield SystemCommand("Help  F1", "What this screen is for, and its keys", self.action_explain)
        yield SystemCommand("Quit  ^q", "Leave dbtls", self.action_quit)

    def watch_theme(self, theme: str) -> None:
        """Keeps the theme for the next start."""
        if self._flow is not None:
            self._flow.keep_theme(theme)

    def _handle_exception(self, error: Exception) -> None:
        """Keeps a bug for the command line, which logs it; Textual would print it with all its values."""
        self.crash = error
        if self.is_headless:
            super()._handle_exception(error)
        else:
            self.exit()
