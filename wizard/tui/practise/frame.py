"""What the steps of an exercise share: the frame, the line that says how far one is, and the evidence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from wizard.tui.practise.evidence import EvidencePane, ShownAgain
from wizard.tui.practise.sitting import Sitting
from wizard.tui.text import HERE, MUTED, joined, symbol
from wizard.tui.widgets.headline import Headline
from wizard.tui.widgets.key_line import KeyLine

if TYPE_CHECKING:
    from wizard.tui.app import WizardApp

Stage = Literal["evidence", "questions", "cause", "fix", "comparison", "proof"]
STAGES: tuple[Stage, ...] = get_args(Stage)


class Course(Static):
    """The line below the headline: the stages of an exercise, and where the trainee is."""

    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self, stage: Stage) -> None:
        super().__init__(id="course")
        self._stage = stage

    def render(self) -> Content:
        """Returns the stages in a row; in a narrow terminal those behind are only ticked off."""
        narrow = self.screen.has_class("-narrow")
        at = STAGES.index(self._stage)
        behind = [
            Content.styled(symbol("passed") if narrow else f"{symbol('passed')} {stage}", "$text-success")
            for stage in STAGES[:at]
        ]
        here = Content.styled(f"{HERE} {self._stage}", "$text-accent bold")
        ahead = [Content.styled(stage, MUTED) for stage in STAGES[at + 1 :]]
        return joined([*behind, here, *ahead], " › ")


class ExerciseStep(Screen[None]):
    """One step of an exercise. Each pushes the next above itself, so that going back finds it as it was left."""

    STAGE: ClassVar[Stage]
    INNERMOST: ClassVar[str] = "CertificateCard"
    """Selects what is composed last."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", id="back"),
    ]

    app: WizardApp

    def __init__(self, sitting: Sitting) -> None:
        super().__init__()
        self.sitting = sitting

    def compose(self) -> ComposeResult:
        """Builds the frame around the work of the step."""
        yield Headline(f"exercise {self.sitting.exercise.number}")
        yield Course(self.STAGE)
        with Container(id="practise"):
            yield from self.compose_work()
        yield KeyLine()

    def compose_work(self) -> Iterable[Widget]:
        """Yields what stands below the line of stages."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Begins, unless the app is ending: then Textual mounts a screen without its inner widgets."""
        if self.query(self.INNERMOST):
            self.begin()

    def begin(self) -> None:
        """Shows what there is to show, and starts what has to run."""
        raise NotImplementedError

    def go_on(self, step: ExerciseStep) -> None:
        """Goes forward to the next step."""
        self.app.push_screen(step)

    def action_back(self) -> None:
        """Goes back one step."""
        self.app.pop_screen()

    def leave(self) -> None:
        """Goes back to the list of exercises."""
        while isinstance(self.app.screen, ExerciseStep):
            self.app.pop_screen()


class AskingStep(ExerciseStep):
    """A step that asks, with the evidence beside or below what is asked."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "evidence", "evidence", id="view-evidence"),
    ]

    def compose_evidence(self, *, beside: bool = False) -> Iterable[Widget]:
        """Yields the evidence as it was found; with `beside` only where there is room beside what is asked."""
        pane = EvidencePane(self.sitting)
        pane.set_class(beside, "beside")
        yield pane

    def begin(self) -> None:
        """Shows the evidence."""
        if self.sitting.case is not None:
            self.query_one(EvidencePane).show(self.sitting.case)

    def action_evidence(self) -> None:
        """Shows the evidence on the whole screen."""
        self.app.push_screen(ShownAgain(self.sitting))

    def action_to_answers(self) -> None:
        """Goes from the evidence back to what is asked."""
        raise NotImplementedError
