"""A question that no probe can answer: the choices, how to find out, and a place for what a command printed."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Event
from typing import ClassVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import OptionList, Static, TabbedContent, TabPane
from textual.widgets.option_list import Option

from wizard.diagnosis.walk import Ask, answered
from wizard.model.case import Case
from wizard.model.evidence import Evidence, Value, unknown
from wizard.model.knowledge import HowTo
from wizard.report.text import ON_PLATFORM, where
from wizard.report.words import SHELLS
from wizard.tui.background import Failed, Post, Runs
from wizard.tui.journey import Journey
from wizard.tui.screens.step import BACK, StepScreen
from wizard.tui.text import literal, marked
from wizard.tui.widgets.command_box import CommandBox

_DUNNO = "dunno"


class Answers(OptionList):
    """The possible answers."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "answer")]


class QuestionScreen(StepScreen):
    """Asks the person about one fact. Returns the case with the answer, or None for going back."""

    PLACE = "evidence"
    HELP = """\
## A question

Choose with the arrow keys and `Enter`, or press the number of an answer. "I don't know" is an answer: the way goes on
without it.

Below stand commands that show the answer, by platform; `C` copies one. Paste what it prints anywhere on this screen,
and it is read for you.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "copy command", id="copy-command"),
        Binding("tab", "app.focus_next", "how to find out", id="how-to"),
        BACK,
    ]

    class Answered(Message):
        """The person answered, or what they pasted did."""

        def __init__(self, case: Case) -> None:
            super().__init__()
            self.case = case

    class Read(Message):
        """A paste was read in the background."""

        def __init__(self, run: int, case: Case) -> None:
            super().__init__()
            self.run = run
            self.case = case

    def __init__(self, journey: Journey, case: Case, ask: Ask) -> None:
        super().__init__(journey)
        self._case = case
        self._ask = ask
        self._reading = Runs(self, "reading a paste")
        self._is_answered = False

    def compose_work(self) -> Iterable[Widget]:
        """Yields the question, its answers and the ways to find out."""
        fact = self._ask.fact
        yield Static(literal(fact.question or f"{fact.title}?", "bold"), classes="lead")
        choices = [
            Option(Content(f"{number}  ") + literal(choice.label), id=str(number - 1))
            for number, choice in enumerate(fact.choices, start=1)
        ]
        yield Answers(*choices, Option(Content("?  I don't know"), id=_DUNNO), id="answers", compact=True)
        yield Static(id="pasted")
        if not fact.how_to:
            return
        yield Static("How to find out (paste the output, it is read for you)", classes="lead how-to")
        with TabbedContent(id="ways"):
            for platform in dict.fromkeys(how.platform for how in fact.how_to):
                with TabPane(ON_PLATFORM[platform]), VerticalScroll(can_focus=False):
                    for how in fact.how_to:
                        if how.platform == platform:
                            yield from self._way(how)

    def _way(self, how: HowTo) -> Iterable[Widget]:
        yield CommandBox(SHELLS[how.shell], where(how), how.text, how.shell)
        yield Static(literal(how.look_for), classes="look-for")

    def begin(self) -> None:
        """Puts the cursor on "I don't know"."""
        answers = self.query_one(Answers)
        answers.focus()
        answers.action_last()  # one careless Enter shall claim nothing

    @on(OptionList.OptionSelected, "#answers")
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        fact = self._ask.fact
        if event.option_id == _DUNNO or event.option_id is None:
            self._answer(None)
        else:
            self._answer(fact.choices[int(event.option_id)].value)

    def on_key(self, event: events.Key) -> None:
        """Takes a digit for the answer with that number."""
        digit = event.character
        if (
            digit is not None
            and digit.isascii()
            and digit.isdigit()
            and 1 <= int(digit) <= len(self._ask.fact.choices)
        ):
            event.stop()
            self._answer(self._ask.fact.choices[int(digit) - 1].value)
        elif digit == "?":
            event.stop()
            self._answer(None)

    def _answer(self, value: Value | None) -> None:
        fact = self._ask.fact.id
        said = (
            unknown(fact, "person", "you do not know") if value is None else Evidence(fact, value, "person")
        )
        self._finish(answered(self._case, said))

    def _finish(self, case: Case) -> None:
        """Hands the answered case on, once."""
        if not self._is_answered:
            self._is_answered = True
            self.post_message(self.Answered(case))

    def on_paste(self, event: events.Paste) -> None:
        """Reads what a command printed."""
        event.stop()
        bench, case, text = self.journey.bench, self._case, event.text

        def work(run: int, post: Post, cancelled: Event) -> None:
            post(self.Read(run, bench.paste(case, text)))

        self._reading.start(work)

    @on(Read)
    def _read(self, event: Read) -> None:
        if event.run != self._reading.number:
            return
        if event.case is self._case:
            self._say(
                marked(
                    "unknown",
                    "There is nothing in it that is known here. Paste all that the command printed.",
                )
            )
        elif event.case.value(self._ask.fact.id) is None:
            new = sum(one.known for one in event.case.evidence) - sum(
                one.known for one in self._case.evidence
            )
            self._case = event.case
            self._say(marked("unknown", f"{new} facts read; the answer to this question is not among them."))
        else:
            self._finish(event.case)

    @on(Failed)
    def _failed(self, event: Failed) -> None:
        if event.run == self._reading.number:
            self._say(marked("failed", event.error.message))

    def _say(self, words: Content) -> None:
        self.query_one("#pasted", Static).update(words)

    def action_copy(self) -> None:
        """Copies the command that has the focus, or the first one that shows."""
        boxes = [box for box in self.query(CommandBox) if box.is_on_screen]
        focused = [box for box in boxes if box.has_focus]
        if box := next(iter(focused or boxes), None):
            self.app.copy(box.command)
