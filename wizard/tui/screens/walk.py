"""The way through the decision tree: each question, its answer, who gave it, and what that ruled out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from wizard.diagnosis.ruled_out import ruled_out
from wizard.diagnosis.walk import Trailmark, withdrawn
from wizard.model.case import Case
from wizard.model.knowledge import Knowledge
from wizard.report.words import SOURCES, of_value
from wizard.tui.journey import Journey
from wizard.tui.screens.step import BACK, StepScreen
from wizard.tui.text import MUTED, Hung, literal, marked, state_of
from wizard.tui.widgets.paragraphs import Paragraphs

_MOST_CAUSES = 6


class Walk(OptionList):
    """The questions of the walk."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "answer it myself")]


class WalkScreen(StepScreen):
    """Shows the walk. An answer can be changed, and the verdict follows."""

    PLACE = "verdict"
    HELP = """\
## Why this verdict

The questions of the decision tree, in the order in which they were asked, with each answer and who gave it. Below the
list stands what the answer ruled out.

`Enter` lets you answer the question yourself; the verdict changes with it. `U` takes your own answer back.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "take_back", "take my answer back", id="take-back"),
        BACK,
    ]

    class Changed(Message):
        """The person changed an answer."""

        def __init__(self, case: Case) -> None:
            super().__init__()
            self.case = case

    class Question(Message):
        """The person wants to answer a question."""

        def __init__(self, fact: str) -> None:
            super().__init__()
            self.fact = fact

    def __init__(self, journey: Journey) -> None:
        super().__init__(journey)
        self._marks: tuple[Trailmark, ...] = ()

    def compose_work(self) -> Iterable[Widget]:
        """Yields the verdict, the trail and what was ruled out."""
        yield Static(id="walk-verdict", classes="lead")
        yield Walk(id="walk", compact=True)
        with VerticalScroll(id="ruled-out-box", can_focus=False):
            yield Paragraphs(id="ruled-out")

    def begin(self) -> None:
        """Shows the walk."""
        self.query_one("#walk").focus()
        self.take(self.journey)

    def take(self, journey: Journey) -> None:
        """Shows what the case has become."""
        before = self.journey.diagnosis
        self.show_journey(journey)
        done = journey.diagnosis
        if done is None:
            return
        title = done.verdict.cause.title if done.verdict.cause else "inconclusive"
        was = before.verdict.cause.title if before and before.verdict.cause else "inconclusive"
        changed = f"  (it was: {was})" if was != title else ""
        self.query_one("#walk-verdict", Static).update(
            Content.styled("Verdict: ", MUTED) + literal(title, "bold") + literal(changed, MUTED)
        )
        self._marks = tuple({mark.fact: mark for mark in reversed(done.verdict.trail)}.values())[::-1]
        walk = self.query_one("#walk", OptionList)
        at = walk.highlighted
        walk.clear_options()
        walk.add_options(Option(self._row(mark), id=mark.fact) for mark in self._marks)
        walk.highlighted = min(at or 0, len(self._marks) - 1)

    def _row(self, mark: Trailmark) -> Content:
        fact = self.journey.bench.knowledge.fact(mark.fact)
        told = literal(f"{of_value(mark.value, fact)}", "bold") + Content.styled(
            f"  {SOURCES[mark.source]}", MUTED
        )
        return marked(state_of(fact, mark.value), literal(f"{fact.title}: ")) + told

    @on(OptionList.OptionHighlighted, "#walk")
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        mark = self._marks[event.option_index]
        rows = ruled_out_rows(mark, self.journey.bench.knowledge)
        self.query_one("#ruled-out", Paragraphs).show(rows)
        self.refresh_bindings()

    @on(OptionList.OptionSelected, "#walk")
    def _selected(self, event: OptionList.OptionSelected) -> None:
        fact = self._marks[event.option_index].fact
        if self.journey.bench.knowledge.fact(fact).choices:
            self.post_message(self.Question(fact))
        else:
            self.notify("This is not a question with answers to choose from.", markup=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers to take an answer back only where the person gave it."""
        return self._own() is not None if action == "take_back" else True

    def _own(self) -> str | None:
        at = self.query_one("#walk", OptionList).highlighted if self.is_mounted else None
        if at is None or at >= len(self._marks) or self._marks[at].source != "person":
            return None
        return self._marks[at].fact

    def action_take_back(self) -> None:
        """Drops the person's own answer to the question."""
        if (fact := self._own()) is not None and self.journey.case is not None:
            self.post_message(self.Changed(withdrawn(self.journey.case, fact)))


def ruled_out_rows(mark: Trailmark, knowledge: Knowledge) -> Iterator[Content]:
    """Yields what an answer ruled out, and why it was given."""
    fact = knowledge.fact(mark.fact)
    yield literal(mark.question)
    if mark.because:
        yield literal(f"{SOURCES[mark.source]}: {of_value(mark.because)}", MUTED)
    branches = ruled_out(mark, knowledge)
    if not branches:
        yield literal("Nothing is ruled out by it: it is not known, or every way goes on from here.", MUTED)
    titles = {cause.id: cause.title for cause in knowledge.causes}
    for branch in branches:
        values = " or ".join(of_value(value, fact) for value in branch.values)
        yield marked("skipped", literal(f"ruled out, as it is not: {values}", MUTED))
        for cause in branch.causes[:_MOST_CAUSES]:
            yield Hung(Content("    ") + literal(titles[cause]), 4)
        if len(branch.causes) > _MOST_CAUSES:
            yield Content.styled(f"    and {len(branch.causes) - _MOST_CAUSES} more", MUTED)
