"""The comparison: each answer beside the measured one, the cause and the fix, and what the exercise was."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from threading import Event
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from wizard.diagnosis.grade import Grade, GradedStep, grade
from wizard.report.words import of_value
from wizard.state.progress import Attempt, note
from wizard.tui.background import Post, Runs
from wizard.tui.practise.evidence import ShownAgain
from wizard.tui.practise.frame import ExerciseStep
from wizard.tui.practise.mended import MendedScreen
from wizard.tui.practise.sitting import Sitting
from wizard.tui.text import MUTED, State, literal, marked

_FIX_MARKS: dict[str, tuple[State, str]] = {
    "right": ("passed", "right"),
    "works": ("unknown", "works"),
    "wrong": ("failed", "wrong"),
}


class ComparedScreen(ExerciseStep):
    """Says what was right, and where a wrong turn led."""

    STAGE = "comparison"
    INNERMOST = "#compared"
    HELP = """\
## The comparison

First the cause and the fix, then each question with your answer and the measured one. Below a wrong answer
stands what it led to. The best attempt is kept.

`Enter` applies the right fix to the server and asks it again; `Esc` goes back to your answers, `L` to the list.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "forward", "apply the fix", id="next"),
        Binding("enter", "done", "list", id="exercise-done"),
        Binding("v", "evidence", "evidence", id="view-evidence"),
        Binding("l", "leave", "list", id="exercise-list"),
    ]

    class Noted(Message):
        """The attempt is kept, or the sentence says why not."""

        def __init__(self, sentence: str | None) -> None:
            super().__init__()
            self.sentence = sentence

    def __init__(self, sitting: Sitting) -> None:
        super().__init__(sitting)
        if sitting.case is None:
            raise ValueError("the probes are not done")
        self.grade: Grade = grade(
            sitting.case, sitting.answers, sitting.cause, sitting.fix, sitting.knowledge
        )

    def compose_work(self) -> Iterable[Widget]:
        """Yields what was judged, from the cause to the single answers."""
        done = self.grade
        right = sum(step.correct for step in done.steps)
        state, word = _FIX_MARKS[done.fix_mark]
        with VerticalScroll(id="compared"):
            yield Static(literal(_score(done, right), "bold"))
            yield _judged("cause", "passed" if done.cause_right else "failed", None, done.cause_words)
            yield _judged("fix", state, word, done.fix_words)
            scenario = self.sitting.exercise.scenario
            yield Static(
                Content.styled("The exercise was: ", MUTED)
                + literal(scenario.title)
                + literal(f"  {scenario.id}", MUTED),
                classes="was",
            )
            for number, step in enumerate(done.steps, 1):
                yield from self._step(number, step)

    def _step(self, number: int, step: GradedStep) -> Iterable[Widget]:
        fact = self.sitting.knowledge.fact(step.fact)
        given = "I don't know" if step.given is None else of_value(step.given, fact)
        mark = marked("passed", "right") if step.correct else marked("failed", "wrong")
        measured = Content.styled("measured  ", MUTED) + literal(of_value(step.right, fact))
        said = Content.styled("you said  ", MUTED) + literal(given)
        with Horizontal(classes="compared-step"):
            yield Static(mark, classes="mark")
            with Vertical():
                with Container(classes="compared-row"):
                    yield Static(literal(f"{number}. {step.question}"))
                    yield Static(said)
                    yield Static(measured)
                if step.words is not None:
                    yield Static(literal(step.words, "$text-warning"))

    def begin(self) -> None:
        """Keeps the attempt, in the background."""
        self.query_one("#compared").focus()
        done = self.grade
        wrong = sum(not step.correct for step in done.steps) + (done.fix_mark == "wrong")
        attempt = Attempt(
            scenario=self.sitting.exercise.scenario.id,
            when=datetime.now(UTC),
            right=done.cause_right,
            wrong_turns=wrong,
        )

        def work(run: int, post: Post, cancelled: Event) -> None:
            post(self.Noted(note(attempt)))

        Runs(self, "keeping the attempt").start(work)

    @on(Noted)
    def _noted(self, event: Noted) -> None:
        if event.sentence:
            self.notify(event.sentence, markup=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers to apply a fix only where there is something to mend."""
        cause = self.grade.right_cause
        mendable = cause is not None and cause.severity != "none"
        return {"forward": mendable, "done": not mendable}.get(action, True)

    def action_forward(self) -> None:
        """Applies the right fix to the server."""
        if self.grade.right_cause is not None:
            self.go_on(MendedScreen(self.sitting, self.grade.right_cause))

    def action_evidence(self) -> None:
        """Shows the evidence on the whole screen."""
        self.app.push_screen(ShownAgain(self.sitting))

    def action_done(self) -> None:
        """Goes back to the list, as there is nothing to mend."""
        self.leave()

    def action_leave(self) -> None:
        """Goes back to the list."""
        self.leave()


def _score(done: Grade, right: int) -> str:
    """Returns the whole result in one sentence."""
    of = len(done.steps)
    answers = f"{right} of {of} answer{'s' if of != 1 else ''} right" if of else "No questions"
    cause = "the cause is right" if done.cause_right else "the cause is another one"
    return f"{answers}, {cause}."


def _judged(what: str, state: State, word: str | None, words: str) -> Horizontal:
    """Returns what was named or picked, with its mark and the reason."""
    mark = marked(state, word or ("right" if state == "passed" else "wrong"))
    said = Static(Content.styled(f"{what}: ", MUTED) + literal(words))
    return Horizontal(Static(mark, classes="mark"), said, classes="judged")
