"""Takes a case from screen to screen. The order comes from the tree: this only shows what the core asks for."""

from __future__ import annotations

import secrets
from threading import Event
from typing import TYPE_CHECKING, TypeVar

import msgspec
from textual.message import Message
from textual.screen import Screen

from wizard.diagnosis.walk import Ask, RunProbe, Step
from wizard.model.case import Case
from wizard.tui.background import Post, Runs
from wizard.tui.journey import Inputs, Journey, opened
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
from wizard.workbench import Workbench

if TYPE_CHECKING:
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

    def __init__(self, app: WizardApp) -> None:
        self._app = app
        self._advancing = Runs(app, "asking the tree")
        self._asked: list[Journey] = []
        """The case as it was before each answered question: going back is dropping the newest."""
        self._known: Journey | None = None
        """What was found last; it is used again as long as the inputs stay the same."""

    def begin(self, bench: Workbench, inputs: Inputs, case: Case | None = None, *, at: str = "error") -> None:
        """Starts a case at its error text, its server or, where it is complete, its evidence."""
        self._asked.clear()
        journey = Journey(id=secrets.token_hex(8), inputs=inputs, bench=bench, case=case)
        match at:
            case "server":
                self._app.push_screen(TargetScreen(journey))
            case "evidence":
                self._after_target(journey)
            case _:
                self._app.push_screen(SymptomScreen(journey))

    def done(self, screen: Screen[object], journey: Journey) -> None:
        """Goes on from a screen that is done."""
        match screen:
            case SymptomScreen():
                self._app.push_screen(TargetScreen(journey))
            case TargetScreen():
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
        if isinstance(event.step, Ask) and journey.case is not None:
            self._put(QuestionScreen(journey, journey.case, event.step))
            return
        self._app.remember(journey)
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

    def changed(self, journey: Journey, case: Case) -> None:
        """Goes on with an answer that was changed or taken back."""
        self.advance(msgspec.structs.replace(journey, case=case))

    def ask_again(self, journey: Journey, fact: str) -> None:
        """Asks a question that the walk has been through, in front of the walk."""
        if journey.case is None:
            return
        bench = journey.bench
        entry = msgspec.structs.replace(bench.knowledge.fact(fact), how_to=bench.how_to(journey.case, fact))
        self._app.push_screen(QuestionScreen(journey, journey.case, Ask(entry, ())))

    def back(self) -> None:
        """Goes back one step: to the question before, else to the screen below."""
        screen = self._app.screen
        on_the_way = isinstance(screen, QuestionScreen | VerdictScreen) and self._in_stack(WalkScreen) is None
        if on_the_way and self._asked:
            earlier = self._asked.pop()
            case = earlier.case
            step = earlier.bench.next_step(case) if case is not None else None
            if case is not None and isinstance(step, Ask):
                self._app.switch_screen(QuestionScreen(earlier, case, step))
                return
        if isinstance(screen, StepScreen):
            self._app.pop_screen()

    def back_to(self, place: str) -> None:
        """Goes back to a step that is behind, several screens at once."""
        while isinstance(self._app.screen, StepScreen) and len(self._app.screen_stack) > 2:
            below = self._app.screen_stack[-2]
            if self._app.screen.PLACE == place or not isinstance(below, StepScreen):
                return
            self._app.pop_screen()

    def start_over(self) -> None:
        """Goes back to the first screen."""
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
        self.begin(journey.bench, inputs)

    def _put(self, screen: StepScreen) -> None:
        """Shows a screen; it takes the place of a question that is answered."""
        if isinstance(self._app.screen, QuestionScreen):
            self._app.switch_screen(screen)
        else:
            self._app.push_screen(screen)

    def _in_stack(self, kind: type[Kind]) -> Kind | None:
        return next((one for one in self._app.screen_stack if isinstance(one, kind)), None)
