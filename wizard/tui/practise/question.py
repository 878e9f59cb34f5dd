"""The questions of the tree, one at a time, put to the trainee instead of to the probes."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from textual import events, on
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from wizard.diagnosis.grade import exercise_step
from wizard.model.evidence import Value
from wizard.model.knowledge import FactEntry
from wizard.tui.practise.cause import CauseScreen
from wizard.tui.practise.frame import AskingStep, ExerciseStep
from wizard.tui.practise.sitting import Sitting, numbered
from wizard.tui.text import literal
from wizard.tui.widgets.choices import Choices

DUNNO = "dunno"


class QuestionStep(AskingStep):
    """Asks about one fact. Whether the answer is right is said at the end."""

    STAGE = "questions"
    HELP = """\
## A question

The evidence answers it: it stands beside or below, and `V` shows it on the whole screen. Choose with the arrow
keys and `Enter`, or press the number of an answer. "I don't know" is an answer too.

`Esc` goes back one question. What was right is shown at the end.
"""

    def __init__(self, sitting: Sitting, fact: FactEntry) -> None:
        super().__init__(sitting)
        self._fact = fact

    def compose_work(self) -> Iterable[Widget]:
        """Yields the question with its answers, and the evidence."""
        number, fact = len(self.sitting.answers) + 1, self._fact
        with Vertical(classes="asked"):
            yield Static(literal(f"{number}. {fact.question or fact.title}", "bold"))
            choices = [
                Option(numbered(f"{at + 1}", literal(choice.label)), id=str(at))
                for at, choice in enumerate(fact.choices)
            ]
            yield Choices(
                *choices, Option(numbered("?", "I don't know"), id=DUNNO), id="answers", compact=True
            )
        yield from self.compose_evidence()

    def begin(self) -> None:
        """Puts the cursor on the answer that was given before, else on the first."""
        super().begin()
        answers = self.query_one("#answers", OptionList)
        if (before := self.sitting.chosen.get(self._fact.id)) is not None:
            answers.highlighted = answers.get_option_index(before)
        answers.focus()

    @on(OptionList.OptionSelected, "#answers")
    def _selected(self, event: OptionList.OptionSelected) -> None:
        if event.option_id is not None:
            self._answer(event.option_id)

    def on_key(self, event: events.Key) -> None:
        """Takes a digit for the answer with that number."""
        numbers = {str(at + 1): str(at) for at in range(len(self._fact.choices))} | {"?": DUNNO}
        if event.character in numbers:
            event.stop()
            self._answer(numbers[event.character])

    def _answer(self, option: str) -> None:
        self.sitting.chosen[self._fact.id] = option
        value: Value | None = None if option == DUNNO else self._fact.choices[int(option)].value
        answers = {**self.sitting.answers, self._fact.id: value}
        self.go_on(after_answers(msgspec.structs.replace(self.sitting, answers=answers)))

    def action_to_answers(self) -> None:
        """Goes from the evidence back to the answers."""
        self.query_one("#answers").focus()


def after_answers(sitting: Sitting) -> ExerciseStep:
    """Returns the next question, or where the trainee names the cause; which one their answers lead to is not told."""
    if sitting.case is None:
        raise ValueError("the probes are not done")
    step = exercise_step(sitting.case, sitting.answers, sitting.knowledge)
    return QuestionStep(sitting, step) if isinstance(step, FactEntry) else CauseScreen(sitting)
