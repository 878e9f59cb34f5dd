"""Takes a case from screen to screen. The order comes from the tree: this only shows what the core asks for."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, TypeVar

import msgspec
from textual.message import Message
from textual.screen import Screen

from wizard.diagnosis.target import ReadTarget
from wizard.diagnosis.walk import Ask, RunProbe, Step, withdrawn
from wizard.model.case import Case
from wizard.model.knowledge import Knowledge
from wizard.model.options import Options
from wizard.model.text import excerpt
from wizard.report.document import LONGEST_ERROR
from wizard.state.recent import KEPT, RecentCase, forget_all, remember
from wizard.state.settings import Settings, keep
from wizard.tui.background import Post, Runs
from wizard.tui.journey import Door, Inputs, Journey, Opening, opened
from wizard.tui.screens.evidence import EvidenceScreen
from wizard.tui.screens.fix import FixScreen
from wizard.tui.screens.proof import ProofScreen
from wizard.tui.screens.question import QuestionScreen
from wizard.tui.screens.start import StartScreen
from wizard.tui.screens.step import StepScreen
from wizard.tui.screens.symptom import SymptomScreen
from wizard.tui.screens.target import TargetScreen
from wizard.tui.screens.verdict import VerdictScreen
from wizard.tui.screens.walk import WalkScreen
from wizard.tui.target_form import TargetForm
from wizard.workbench import Workbench

if TYPE_CHECKING:
    from wizard.live import Seen
    from wizard.tui.app import WizardApp


Kind = TypeVar("Kind", bound=StepScreen)


class Advanced(Message):
    """The core has said what a case needs next."""

    def __init__(self, run: int, journey: Journey, step: Step) -> None:
        super().__init__()
        self.run = run
        self.journey = journey
        self.step = step


class Flow:
    """The way of one case through the screens."""

    def __init__(
        self,
        app: WizardApp,
        knowledge: Knowledge,
        recent: tuple[RecentCase, ...],
        bench: Callable[[Knowledge, Options], Workbench] | None,
        now: Callable[[], datetime],
    ) -> None:
        self.knowledge = knowledge
        self._app = app
        self._bench = bench or Workbench
        self._now = now
        self._advancing = Runs(app, "asking the tree")
        self._asked: list[Journey] = []
        """The case as it was before each answered question: going back is dropping the newest."""
        self._at: Door = "error"
        self._form: TargetForm | None = None
        """What was filled in about the server, so that going back to the error text loses none of it."""
        self._known: Journey | None = None
        """What was found last; it is used again as long as the inputs stay the same."""
        self._recent = recent
        self._show_recent()

    def open_door(self, name: str) -> None:
        """Opens one of the doors of the first screen."""
        if name == "practise":
            from wizard.tui.practise.list import PractiseScreen

            self._app.push_screen(PractiseScreen(self.knowledge))
            return
        options = Options(at=self._now())
        bench = self._bench(self.knowledge, options)
        at: Door = "server" if name == "server" else "error"
        self.begin(Opening(inputs=Inputs(options=options), bench=bench, at=at))

    def begin(self, opening: Opening) -> None:
        """Starts a case at one of its steps."""
        self._asked.clear()
        self._at, self._form = opening.at, None
        journey = Journey(
            id=secrets.token_hex(8), inputs=opening.inputs, bench=opening.bench, case=opening.case
        )
        match opening.at:
            case "error":
                self._app.push_screen(SymptomScreen(journey))
            case "server":
                self._app.push_screen(TargetScreen(journey))
            case "evidence":
                self._known = journey
                self._after_target(journey)

    def done(self, screen: StepScreen, journey: Journey) -> None:
        """Goes on from a screen that is done; not twice, where a key was pressed twice."""
        if screen is not self._app.screen:
            return
        match screen:
            case SymptomScreen():
                self._app.push_screen(TargetScreen(journey, self._form))
            case TargetScreen():
                self._form = screen.form()
                self._after_target(self._with_what_is_known(journey))
            case EvidenceScreen():
                self._asked.clear()
                self.advance(journey)
            case VerdictScreen():
                self._app.push_screen(FixScreen(journey))
            case FixScreen():
                self._app.push_screen(ProofScreen(journey))
            case _:
                raise TypeError(f"{screen} is no step that can be done")

    def _after_target(self, journey: Journey) -> None:
        if journey.reachable:
            self._app.push_screen(EvidenceScreen(journey))
        else:
            self._asked.clear()
            self.advance(journey)

    def _with_what_is_known(self, journey: Journey) -> Journey:
        """Returns the journey with what was found before, where nothing that was entered has changed."""
        known = self._known
        if known is not None and known.inputs == journey.inputs:
            return msgspec.structs.replace(known, diagnosis=None, proof=None)
        return msgspec.structs.replace(
            journey, bench=journey.bench.renewed(journey.inputs.options), case=None, diagnosis=None
        )

    def advance(self, journey: Journey) -> None:
        """Asks the core in the background what a case needs next."""

        def work(run: int, post: Post, cancelled: Event) -> None:
            bench = journey.bench
            case = journey.case or opened(bench, journey.inputs)
            step = bench.next_step(case)
            if isinstance(step, RunProbe):
                case = bench.all_probed(case)
                step = bench.next_step(case)
            done = (
                None if isinstance(step, Ask | RunProbe) else bench.conclude(case, step, journey.elapsed_ms)
            )
            post(Advanced(run, msgspec.structs.replace(journey, case=case, diagnosis=done), step))

        self._advancing.start(work)

    def advanced(self, event: Advanced) -> None:
        """Shows the question or the verdict that comes next."""
        if event.run != self._advancing.number:
            return
        journey = self._known = event.journey
        screen = self._app.screen
        if isinstance(event.step, Ask) and journey.case is not None:
            if isinstance(screen, VerdictScreen):
                self._asked.append(screen.journey)
            self._put(QuestionScreen(journey, journey.case, event.step))
            return
        self.remember(journey)
        if isinstance(screen, VerdictScreen):
            screen.take(journey)
            return
        walk = self._in_stack(WalkScreen)
        verdict = self._in_stack(VerdictScreen)
        if walk is None or verdict is None:
            self._put(VerdictScreen(journey))
            return
        if isinstance(self._app.screen, QuestionScreen):
            self._app.pop_screen()
        verdict.take(journey)
        walk.take(journey)

    def answered(self, case: Case) -> None:
        """Goes on with the person's answer."""
        screen = self._app.screen
        if isinstance(screen, QuestionScreen):
            if self._in_stack(WalkScreen) is None:
                self._asked.append(screen.journey)
            self.advance(msgspec.structs.replace(screen.journey, case=case))

    def drivers_seen(self, seen: tuple[Seen, ...]) -> None:
        """Keeps what the drivers did, to compare it with what they do after a fix."""
        if (verdict := self._in_stack(VerdictScreen)) is not None:
            verdict.journey = msgspec.structs.replace(verdict.journey, seen=seen)

    def changed(self, case: Case) -> None:
        """Goes on with an answer that was changed or taken back in the walk."""
        if isinstance(self._app.screen, WalkScreen):
            self.advance(msgspec.structs.replace(self._app.screen.journey, case=case))

    def ask_again(self, fact: str) -> None:
        """Asks a question that the walk has been through, in front of the walk."""
        screen = self._app.screen
        if not isinstance(screen, WalkScreen) or screen.journey.case is None:
            return
        bench, case = screen.journey.bench, screen.journey.case
        entry = msgspec.structs.replace(bench.knowledge.fact(fact), how_to=bench.how_to(case, fact))
        self._app.push_screen(QuestionScreen(screen.journey, case, Ask(entry, ())))

    def ask_what_is_open(self, journey: Journey) -> None:
        """Asks once more the questions that would decide and that nobody could answer."""
        if journey.case is None or journey.diagnosis is None:
            return
        case = journey.case
        for fact in journey.diagnosis.verdict.open_questions:
            case = withdrawn(case, fact)
        self.advance(msgspec.structs.replace(journey, case=case))

    def back(self) -> None:
        """Goes back one step: to the question before, else to the screen below."""
        self._advancing.stop()
        screen = self._app.screen
        self._keep(screen)
        on_the_way = isinstance(screen, QuestionScreen | VerdictScreen) and self._in_stack(WalkScreen) is None
        if on_the_way and self._asked:
            earlier = self._asked.pop()
            case = earlier.case
            step = earlier.bench.next_step(case) if case is not None else None
            if case is not None and isinstance(step, Ask):
                self._app.switch_screen(QuestionScreen(earlier, case, step))
                return
        if not isinstance(screen, StepScreen):
            return
        before = None if isinstance(self._app.screen_stack[-2], StepScreen) else self._before(screen)
        if before is None:
            self._app.pop_screen()
        else:
            self._app.switch_screen(before)

    def _before(self, screen: StepScreen) -> StepScreen | None:
        """Returns the step before the first one that was opened, as the case has answered it."""
        if isinstance(screen, TargetScreen):
            return SymptomScreen(screen.journey) if self._at == "evidence" else None
        return None if isinstance(screen, SymptomScreen) else TargetScreen(screen.journey, self._form)

    def _keep(self, screen: Screen[object]) -> None:
        """Keeps what a step that is left has of its own."""
        if isinstance(screen, TargetScreen):
            self._form = screen.form()
        elif isinstance(screen, EvidenceScreen) and screen.journey.case and screen.journey.case.probed:
            self._known = screen.journey

    def back_to(self, place: str) -> None:
        """Goes back to a step that is behind, several screens at once; stays at the first one of the case."""
        while isinstance(screen := self._app.screen, StepScreen) and place != screen.PLACE:
            if not isinstance(self._app.screen_stack[-2], StepScreen) and self._before(screen) is None:
                return
            self.back()

    def start_over(self) -> None:
        """Goes back to the first screen."""
        self._advancing.stop()
        while len(self._app.screen_stack) > 1 and not isinstance(self._app.screen, StartScreen):
            self._app.pop_screen()

    def continue_with(self, journey: Journey) -> None:
        """Goes on with what a proof has shown: the case as it is after the fix."""
        self.start_over()
        self._asked.clear()
        self._known = journey
        self._app.push_screen(EvidenceScreen(journey))
        self.advance(journey)

    def new_error(self, journey: Journey) -> None:
        """Starts again at the error text, for the same server."""
        self.start_over()
        inputs = msgspec.structs.replace(journey.inputs, error=None)
        self.begin(Opening(inputs=inputs, bench=journey.bench, at="error"))

    def reopen(self, case_id: str) -> None:
        """Opens a case of lately as it was left."""
        found = next((one for one in self._recent if one.id == case_id), None)
        if found is None:
            return
        ca_file = Path(found.ca_file) if found.ca_file else None
        options = Options(at=self._now(), ca_file=ca_file, probing=found.probing)
        case = found.case
        read = ReadTarget(target=case.target, dialect="url") if case.target else None
        inputs = Inputs(options=options, error=case.error, read=read, client=case.client)
        bench = self._bench(self.knowledge, options)
        self.begin(Opening(inputs=inputs, bench=bench, case=case, at="evidence"))

    def remember(self, journey: Journey) -> None:
        """Keeps a case among those of lately, in the background."""
        done = journey.diagnosis
        if done is None:
            return
        words = done.match.words if done.match else None
        error = excerpt(done.case.error, words, LONGEST_ERROR) if done.case.error else None
        target = done.case.target
        ca_file = journey.inputs.options.ca_file
        kept = RecentCase(
            id=journey.id,
            opened=self._now(),
            case=msgspec.structs.replace(done.case, error=error),
            typed=str(target) if target else None,
            title=str(target).partition("://")[2]
            if target
            else str(done.case.value("symptom") or "no server"),
            cause=done.verdict.cause.id if done.verdict.cause else None,
            outcome=journey.proof.outcome if journey.proof else None,
            ca_file=str(ca_file) if ca_file else None,
            probing=journey.inputs.options.probing,
        )
        self._recent = (kept, *(one for one in self._recent if one.id != kept.id))[:KEPT]
        self._show_recent()
        self._in_background("keeping the case", lambda: remember(kept))

    def forget(self) -> None:
        """Forgets the cases of lately."""
        self._recent = ()
        self._show_recent()
        self._in_background("forgetting", lambda: forget_all() or "The recent cases are forgotten.")

    def keep_theme(self, theme: str) -> None:
        """Keeps the theme for the next start."""
        self._in_background("keeping the theme", lambda: keep(Settings(theme=theme)))

    def _in_background(self, what: str, call: Callable[[], str | None]) -> None:
        """Writes to the disk, where another dbtls may hold the lock for some seconds."""

        def work(run: int, post: Post, cancelled: Event) -> None:
            if message := call():
                post(self._app.Told(message))

        Runs(self._app, what).start(work)

    def _show_recent(self) -> None:
        for screen in self._app.screen_stack:
            if isinstance(screen, StartScreen):
                screen.show_recent(self._recent, self._now())

    def _put(self, screen: StepScreen) -> None:
        """Shows a screen; it takes the place of a question that is answered."""
        if isinstance(self._app.screen, QuestionScreen):
            self._app.switch_screen(screen)
        else:
            self._app.push_screen(screen)

    def _in_stack(self, kind: type[Kind]) -> Kind | None:
        return next((one for one in self._app.screen_stack if isinstance(one, kind)), None)
