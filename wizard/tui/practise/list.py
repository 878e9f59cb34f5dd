"""The exercises, by topic and difficulty, with the mark of the best attempt at each."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import cycle
from threading import Event
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from wizard.lab.exercises import Difficulty, Exercise, exercises
from wizard.model.knowledge import TOPICS, Knowledge
from wizard.model.target import NAMES
from wizard.state.progress import Attempt, attempts
from wizard.tui.background import Post, Runs
from wizard.tui.practise.exercise import ExerciseScreen
from wizard.tui.practise.sitting import (
    DIFFICULTIES,
    Sitting,
    first_line,
    of_attempt,
    of_difficulty,
    of_wrong_turns,
)
from wizard.tui.text import MUTED, joined, literal
from wizard.tui.widgets.choices import Choices, SearchField
from wizard.tui.widgets.headline import Headline
from wizard.tui.widgets.key_line import KeyLine
from wizard.workbench import Options, Workbench

if TYPE_CHECKING:
    from wizard.tui.app import WizardApp

_ALL = "all"


class PractiseScreen(Screen[None]):
    """Where one chooses an exercise. What is broken in it is not told before it is graded."""

    HELP = """\
## Practise

Each exercise is a server on this machine; nothing leaves it. You read the evidence, answer the questions of the
decision tree, name the cause and pick a fix. Then the wizard compares your walk with what was measured, and
mends the server.

`Left` goes to the topics, `Right` back to the exercises, `Enter` opens one. `S` picks one that you have not
solved. `D` shows only easy, medium or hard ones, `U` only unsolved ones, and `/` searches in what the users
say.

`***` is hard: several faults at once, or an error text that leads astray.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "surprise", "surprise me", id="surprise"),
        Binding("d", "difficulty", "difficulty", id="difficulty"),
        Binding("u", "unsolved", "unsolved", id="unsolved"),
        Binding("slash", "search", "search", id="search", key_display="/"),
        Binding("left", "to('topics')", "topics", id="to-topics", key_display="←"),
        Binding("right", "to('exercises')", show=False, id="to-exercises"),
        Binding("escape", "back", "back", id="back"),
    ]
    app: WizardApp

    class Attempted(Message):
        """The earlier attempts were read."""

        def __init__(self, run: int, best: dict[str, Attempt], sentence: str | None) -> None:
            super().__init__()
            self.run = run
            self.best = best
            self.sentence = sentence

    def __init__(self, knowledge: Knowledge) -> None:
        super().__init__()
        self._knowledge = knowledge
        self._exercises = exercises(knowledge)
        self._haystacks = {
            one.number: f"{one.number} {NAMES[one.scenario.engine]} {one.report}".lower()
            for one in self._exercises
        }
        self._reading = Runs(self, "reading the progress")
        self._best: dict[str, Attempt] = {}
        self._topic = _ALL
        self._difficulties = cycle((*DIFFICULTIES, None))
        self._difficulty: Difficulty | None = None
        self._unsolved = False
        self._wanted = ""
        self._shown: tuple[Exercise, ...] = ()

    def compose(self) -> ComposeResult:
        """Builds the screen."""
        yield Headline("practise")
        yield Static(id="solved")
        with Container(id="choose"):
            yield Choices(id="topics", compact=True, classes="one-line")
            with Vertical(id="listed"):
                yield SearchField("exercises")
                yield Static(id="filter")
                yield Choices(id="exercises", compact=True, classes="one-line")
        yield KeyLine()

    def on_mount(self) -> None:
        """Shows all exercises, unless the app is ending: then Textual mounts a screen without its inner widgets."""
        if not self.query("#exercises"):
            return
        self._show_topics()
        self._show()
        self.query_one("#exercises").focus()

    def on_screen_resume(self) -> None:
        """Reads what was solved by now."""

        def work(run: int, post: Post, cancelled: Event) -> None:
            found, sentence = attempts()
            post(self.Attempted(run, {one.scenario: one for one in found}, sentence))

        self._reading.start(work)

    @on(Attempted)
    def _attempted(self, event: Attempted) -> None:
        if event.run != self._reading.number:
            return
        if event.sentence:
            self.notify(event.sentence, markup=False)
        self._best = event.best
        self._show_topics()
        self._show()

    def _is_solved(self, one: Exercise) -> bool:
        best = self._best.get(one.scenario.id)
        return best is not None and best.right

    def _show_topics(self) -> None:
        """Shows each topic that has exercises, with how many of them are solved."""
        topics = self.query_one("#topics", OptionList)
        rows: list[tuple[str, str, tuple[Exercise, ...]]] = [(_ALL, "All topics", self._exercises)]
        for topic, title in TOPICS.items():
            of_it = tuple(one for one in self._exercises if one.topic == topic)
            if of_it:
                rows.append((topic, title, of_it))
        at = topics.highlighted or 0
        with self.prevent(OptionList.OptionHighlighted):
            topics.clear_options()
            for id_, title, of_it in rows:
                solved = sum(map(self._is_solved, of_it))
                count = Content.styled(f"{solved:>3} of {len(of_it):<3} ", MUTED)
                topics.add_option(Option(count + literal(title), id=id_))
            topics.highlighted = at
        solved = sum(map(self._is_solved, self._exercises))
        self.query_one("#solved", Static).update(
            literal(f"{solved} of {len(self._exercises)} solved. ", "bold")
            + literal("What does the user say, and what is wrong?")
        )

    def _chosen(self) -> Iterator[Exercise]:
        words = self._wanted.lower().split()
        for one in self._exercises:
            if (
                self._topic in (_ALL, one.topic)
                and self._difficulty in (None, one.difficulty)
                and not (self._unsolved and self._is_solved(one))
                and all(word in self._haystacks[one.number] for word in words)
            ):
                yield one

    def _show(self) -> None:
        """Shows the exercises that are asked for; the cursor stays on its exercise, where that is still there."""
        shown = self.query_one("#exercises", OptionList)
        before = shown.highlighted_option.id if shown.highlighted_option else None
        self._shown = tuple(self._chosen())
        shown.clear_options()
        shown.add_options(Option(self._row(one), id=str(one.number)) for one in self._shown)
        if not self._shown:
            shown.add_option(Option(literal("There is no such exercise."), disabled=True))
        numbers = [str(one.number) for one in self._shown]
        shown.highlighted = (numbers.index(before) if before in numbers else 0) if numbers else None
        topic = next((title for id_, title in TOPICS.items() if id_ == self._topic), "All topics")
        kinds = (
            topic,
            DIFFICULTIES[self._difficulty] if self._difficulty else "easy to hard",
            "unsolved" if self._unsolved else None,
            f"{len(self._shown)} exercise{'s' if len(self._shown) != 1 else ''}",
        )
        self.query_one("#filter", Static).update(literal(" · ".join(one for one in kinds if one), MUTED))

    def _row(self, one: Exercise) -> Content:
        best = self._best.get(one.scenario.id)
        turns = f"  {of_wrong_turns(best.wrong_turns)}" if best else ""
        about = literal(f"  {of_difficulty(one.difficulty)}  {NAMES[one.scenario.engine]}")
        head = joined([literal(f"{one.number:>3}  ", "bold"), of_attempt(best), about, literal(turns, MUTED)])
        return joined([head, literal(f"     {first_line(one.report)}", MUTED)], "\n")

    @on(OptionList.OptionHighlighted, "#topics")
    def _topic_changed(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_id is not None and event.option_id != self._topic:
            self._topic = event.option_id
            self._show()

    @on(OptionList.OptionSelected, "#topics")
    def _topic_chosen(self) -> None:
        self.action_to("exercises")

    @on(Input.Changed)
    def _searched(self, event: Input.Changed) -> None:
        self._wanted = event.value
        self._show()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.query_one("#exercises", OptionList).action_select()

    @on(OptionList.OptionSelected, "#exercises")
    def _selected(self, event: OptionList.OptionSelected) -> None:
        if event.option_id is not None:
            self._open(self._exercises[int(event.option_id) - 1])

    def _open(self, exercise: Exercise) -> None:
        # The lab issues its certificates by the real clock.
        bench = Workbench(self._knowledge, Options(at=datetime.now(UTC)))
        self.app.push_screen(ExerciseScreen(Sitting(exercise=exercise, bench=bench)))

    def action_surprise(self) -> None:
        """Opens one that is not solved yet, of those that are shown."""
        unsolved = [one for one in self._shown if not self._is_solved(one)]
        if unsolved or self._shown:
            self._open(secrets.choice(unsolved or self._shown))

    def action_difficulty(self) -> None:
        """Shows easy, medium, hard or all exercises."""
        self._difficulty = next(self._difficulties)
        self._show()

    def action_unsolved(self) -> None:
        """Shows only what is not solved yet, or all."""
        self._unsolved = not self._unsolved
        self._show()

    def action_search(self) -> None:
        """Goes to the search."""
        self.query_one(SearchField).focus()

    def action_to(self, where: str) -> None:
        """Goes to the topics or to the exercises."""
        self.query_one(f"#{where}").focus()

    def action_back(self) -> None:
        """Goes back to the first screen."""
        self.app.pop_screen()
