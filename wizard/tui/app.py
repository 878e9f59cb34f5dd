"""The application: its screens, its themes, and what every screen can ask of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import ClassVar

import msgspec
from textual import on
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.screen import Screen

from wizard.diagnosis.target import ReadTarget
from wizard.errors import FileError, WizardError
from wizard.model.case import Case
from wizard.model.knowledge import Knowledge
from wizard.state.recent import RecentCase
from wizard.tui.articles import of_clients
from wizard.tui.background import Failed, Post, Runs
from wizard.tui.files import place_for, write
from wizard.tui.flow import Advanced, Flow
from wizard.tui.journey import Inputs, Journey
from wizard.tui.palette import Keys, KnowledgeSearch
from wizard.tui.screens.dialogs import Article, Help, PlainText, SaveAs
from wizard.tui.screens.question import QuestionScreen
from wizard.tui.screens.report import ReportScreen
from wizard.tui.screens.start import StartScreen
from wizard.tui.screens.step import StepScreen
from wizard.tui.screens.walk import WalkScreen
from wizard.tui.themes import DARK, LIGHT
from wizard.tui.widgets.trail import Trail
from wizard.workbench import Options, Workbench


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line has told already."""

    inputs: Inputs
    bench: Workbench
    case: Case | None = None
    """What the command line has told besides, such as answers and pasted outputs."""
    at: str
    """The step to open: `error`, `server` or `evidence`."""


class WizardApp(App[int]):
    """The wizard. Knowledge comes from outside, so that tests can hand in another one."""

    TITLE = "dbtls"
    CSS_PATH = "wizard.tcss"
    COMMANDS: ClassVar = App.COMMANDS | {Keys, KnowledgeSearch}
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-normal"), (120, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (24, "-tall")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "explain", "help", show=False, id="help"),
        Binding("ctrl+q", "quit", "quit", show=False, priority=True, id="quit"),
    ]

    class Ready(Message):
        """The knowledge is loaded."""

        def __init__(self, knowledge: Knowledge, recent: tuple[RecentCase, ...], theme: str | None) -> None:
            super().__init__()
            self.knowledge = knowledge
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
        bench: Callable[[Knowledge, Options], Workbench] = Workbench,
        options: Options | None = None,
        opening: Opening | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__()
        self._load = load
        self._bench = bench
        self._examination = options
        self._opening = opening
        self._now = now
        self._loading = Runs(self, "loading the knowledge")
        self._waiting: Callable[[], None] | None = None
        """What the person wants as soon as the knowledge is there."""
        self._recent: tuple[RecentCase, ...] = ()
        self.flow = Flow(self)
        self.knowledge: Knowledge | None = None
        self.crash: Exception | None = None
        for theme in (DARK, LIGHT):
            self.register_theme(theme)
        self.theme = DARK.name

    def on_mount(self) -> None:
        """Shows the first screen and loads the knowledge behind it."""
        self.push_screen(StartScreen())
        if self._opening is not None:
            opening = self._opening
            self.knowledge = opening.bench.knowledge
            self.flow.begin(opening.bench, opening.inputs, opening.case, at=opening.at)
        load = self._load

        def work(run: int, post: Post, cancelled: Event) -> None:
            from wizard.state.recent import recent
            from wizard.state.settings import settings

            cases, message = recent()
            chosen, trouble = settings()
            post(self.Ready(load(), cases, chosen.theme))
            for sentence in filter(None, (message, trouble)):
                post(self.Told(sentence))
            # What the next steps need is loaded while the person reads the first one.
            import jinja2  # noqa: F401

            import wizard.probes.registry  # noqa: F401

        self._loading.start(work)

    def today(self) -> datetime:
        """Returns the present moment, in UTC."""
        return self._now()

    @on(Ready)
    def _loaded(self, event: Ready) -> None:
        self.knowledge = event.knowledge
        self._recent = event.recent
        if event.theme in self.available_themes and event.theme is not None:
            self.theme = event.theme
        self._show_recent()
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            waiting()

    @on(Told)
    def _told(self, event: Told) -> None:
        self.notify(event.sentence, markup=False)

    @on(Failed)
    def _failed(self, event: Failed) -> None:
        self.tell(event.error)

    @on(StepScreen.Done)
    def _step_done(self, event: StepScreen.Done) -> None:
        self.flow.done(self.screen, event.journey)

    @on(Advanced)
    def _advanced(self, event: Advanced) -> None:
        self.flow.advanced(event)

    @on(QuestionScreen.Answered)
    def _answered(self, event: QuestionScreen.Answered) -> None:
        self.flow.answered(event.case)

    @on(WalkScreen.Changed)
    def _changed(self, event: WalkScreen.Changed) -> None:
        if isinstance(self.screen, WalkScreen):
            self.flow.changed(self.screen.journey, event.case)

    @on(WalkScreen.Question)
    def _asked(self, event: WalkScreen.Question) -> None:
        if isinstance(self.screen, WalkScreen):
            self.flow.ask_again(self.screen.journey, event.fact)

    @on(Trail.Chosen)
    def _place_chosen(self, event: Trail.Chosen) -> None:
        self.flow.back_to(event.place)

    def open_door(self, name: str) -> None:
        """Opens one of the doors of the first screen."""
        if self.knowledge is None:
            self._waiting = lambda: self.open_door(name)
            return
        if name == "practise":
            from wizard.tui.practise.list import PractiseScreen

            self.push_screen(PractiseScreen(self.knowledge))
            return
        options = self._examination or Options(at=self._now())
        self.flow.begin(self._bench(self.knowledge, options), Inputs(options=options), at=name)

    def reopen(self, case_id: str) -> None:
        """Opens a case of lately as it was left."""
        found = next((one for one in self._recent if one.id == case_id), None)
        if found is None or self.knowledge is None:
            return
        options = Options(
            at=self._now(), ca_file=Path(found.ca_file) if found.ca_file else None, probing=found.probing
        )
        case = found.case
        read = ReadTarget(target=case.target, dialect="url") if case.target else None
        inputs = Inputs(options=options, error=case.error, read=read, client=case.client)
        self.flow.begin(self._bench(self.knowledge, options), inputs, case, at="evidence")

    def remember(self, journey: Journey) -> None:
        """Keeps a case among those of lately, in the background."""
        done = journey.diagnosis
        if done is None:
            return
        target = done.case.target
        title = str(target).partition("://")[2] if target else str(done.case.value("symptom") or "no server")
        kept = RecentCase(
            id=journey.id,
            opened=self._now(),
            case=done.case,
            typed=str(target) if target else None,
            title=title,
            cause=done.verdict.cause.id if done.verdict.cause else None,
            outcome=journey.proof.outcome if journey.proof else None,
            ca_file=str(journey.inputs.options.ca_file) if journey.inputs.options.ca_file else None,
            probing=journey.inputs.options.probing,
        )
        self._recent = (kept, *(one for one in self._recent if one.id != kept.id))
        self._show_recent()

        def work(run: int, post: Post, cancelled: Event) -> None:
            from wizard.state.recent import remember

            if message := remember(kept):
                post(self.Told(message))

        Runs(self, "keeping the case").start(work)

    def _show_recent(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, StartScreen) and screen.is_mounted:
                screen.show_recent(self._recent, self._now())

    def copy(self, text: str) -> None:
        """Sends a text to the terminal's clipboard; whether it arrives, no terminal says."""
        self.copy_to_clipboard(text)
        count = len(text.splitlines())
        what = "1 line" if count == 1 else f"{count} lines"
        self.notify(
            "If nothing arrives when you paste: not every terminal allows this, tmux only with set-clipboard on. "
            "Then save it as a file, or mark it with the mouse.",
            title=f"{what} sent to the clipboard",
            markup=False,
        )

    def save(self, name: str, text: str, warning: str | None = None) -> None:
        """Asks for a file name and writes the file; an existing one only after asking again."""

        def chosen(typed: str | None) -> None:
            if typed is None:
                return
            path = place_for(typed, Path.cwd())
            try:
                write(path, text, over=typed == name and warning is not None)
            except FileExistsError:
                self.save(typed, text, f"{typed} is there already. Enter replaces it; or type another name.")
            except FileError as error:
                self.tell(error)
            else:
                self.notify(f"Saved: {path}", markup=False)

        self.push_screen(SaveAs(name, warning), chosen)

    def tell(self, error: WizardError) -> None:
        """Shows an error in one sentence, with what to do next."""
        self.notify(error.hint or "", title=error.message, severity="error", markup=False, timeout=10)

    def back(self) -> None:
        """Goes back one step."""
        self.flow.back()

    def proven(self, journey: Journey) -> None:
        """Keeps what a proof has shown."""
        self.remember(journey)

    def show_walk(self, journey: Journey) -> None:
        """Shows the way through the tree."""
        self.push_screen(WalkScreen(journey))

    def show_clients(self, journey: Journey) -> None:
        """Shows what the clients of the case's database do by themselves."""
        if journey.diagnosis is not None:
            self.show_article(of_clients(journey.diagnosis, journey.bench.knowledge))

    def show_article(self, content: Content) -> None:
        """Shows something to read."""
        self.push_screen(Article(content))

    def show_plain(self, text: str) -> None:
        """Shows text without a frame, to be marked with the mouse."""
        self.push_screen(PlainText(text))

    def action_report(self) -> None:
        """Shows the report of the case on the screen."""
        if isinstance(self.screen, StepScreen) and self.screen.journey.diagnosis is not None:
            self.push_screen(ReportScreen(self.screen.journey))

    def action_explain(self) -> None:
        """Shows help for what has the focus, and for the screen."""
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
        yield SystemCommand("New case", "Go back to the first screen", self.flow.start_over)
        if isinstance(screen, StepScreen) and screen.journey.diagnosis is not None:
            yield SystemCommand("Report", "The whole case for a ticket, or to read out", self.action_report)
        yield SystemCommand("Theme", "Dark, light, or the terminal's own colours", self.action_change_theme)
        yield SystemCommand("Help  F1", "What this screen is for, and its keys", self.action_explain)
        yield SystemCommand("Forget recent cases", "Delete what dbtls has kept on this machine", self._forget)
        yield SystemCommand("Quit  ^q", "Leave dbtls", self.action_quit)

    def watch_theme(self, theme: str) -> None:
        """Keeps the theme for the next start."""
        if self.knowledge is None:
            return

        def work(run: int, post: Post, cancelled: Event) -> None:
            from wizard.state.settings import Settings, keep

            if message := keep(Settings(theme=theme)):
                post(self.Told(message))

        Runs(self, "keeping the theme").start(work)

    def _forget(self) -> None:
        from wizard.state.recent import forget_all

        message = forget_all()
        self._recent = ()
        self._show_recent()
        self.notify(message or "The recent cases are forgotten.", markup=False)

    def _handle_exception(self, error: Exception) -> None:
        """Keeps a bug for the command line, which logs it; Textual would print it with all its values."""
        self.crash = error
        if self.is_headless:
            super()._handle_exception(error)
        else:
            self.exit(return_code=70)
