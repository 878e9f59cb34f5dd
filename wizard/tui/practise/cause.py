"""What is the cause? All that can go wrong with this database, to choose from, with search as one types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import ClassVar

import msgspec
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from wizard.model.knowledge import TOPICS, CauseEntry
from wizard.tui.practise.fix import after_cause
from wizard.tui.practise.frame import AskingStep
from wizard.tui.practise.sitting import Sitting, numbered
from wizard.tui.text import literal, symbol
from wizard.tui.widgets.choices import Choices, SearchField

DUNNO = "dunno"
_TOPICS = list(TOPICS)


class CauseScreen(AskingStep):
    """Asks for the cause; the answer may be that nothing is wrong."""

    STAGE = "cause"
    HELP = """\
## The cause

Everything that the wizard can find on this kind of database, by topic; the first line is for a server on which
nothing is wrong. Where there are several faults, name the one to mend first. `/` searches as you type, `V`
shows the evidence.

`Esc` goes back to the questions.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "search", id="search", key_display="/"),
    ]

    def __init__(self, sitting: Sitting) -> None:
        super().__init__(sitting)
        engine = sitting.exercise.scenario.engine
        causes = [cause for cause in sitting.knowledge.causes if engine in cause.engines]
        self._nothing = [cause for cause in causes if cause.severity == "none"]
        self._faults = sorted(
            (cause for cause in causes if cause.severity != "none"), key=lambda one: _TOPICS.index(one.topic)
        )

    def compose_work(self) -> Iterable[Widget]:
        """Yields the causes, and on a wide terminal the evidence."""
        with Vertical(classes="asked long"):
            yield Static(literal("What is the cause? Name what has to be mended first.", "bold"))
            yield SearchField("causes")
            yield Choices(id="causes", compact=True)
        yield from self.compose_evidence(beside=True)

    def begin(self) -> None:
        """Shows all causes, with the cursor on the one that was named before."""
        super().begin()
        causes = self.query_one("#causes", OptionList)
        causes.focus()
        self._show("")
        if (before := self.sitting.chosen.get("cause")) is not None:
            causes.highlighted = causes.get_option_index(before)

    @on(Input.Changed)
    def _searched(self, event: Input.Changed) -> None:
        self._show(event.value)

    def _show(self, wanted: str) -> None:
        causes = self.query_one("#causes", OptionList)
        causes.clear_options()
        options = list(self._options(wanted.lower().split()))
        causes.add_options(options)
        first = next((at for at, option in enumerate(options) if not option.disabled), None)
        causes.highlighted = first

    def _options(self, words: list[str]) -> Iterator[Option]:
        for cause in self._nothing:
            if _fits(cause, words):
                yield Option(numbered(symbol("passed"), literal(cause.title)), id=cause.id)
        faults = [cause for cause in self._faults if _fits(cause, words)]
        for topic, group in groupby(faults, key=lambda one: one.topic):
            yield Option(Content.styled(TOPICS[topic], "$text-accent bold"), disabled=True)
            for cause in group:
                yield Option(literal(cause.title), id=cause.id)
        yield Option(numbered("?", "I don't know"), id=DUNNO)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.query_one("#causes", OptionList).action_select()

    @on(OptionList.OptionSelected, "#causes")
    def _selected(self, event: OptionList.OptionSelected) -> None:
        if event.option_id is not None:
            self.sitting.chosen["cause"] = event.option_id
            cause = None if event.option_id == DUNNO else event.option_id
            self.go_on(after_cause(msgspec.structs.replace(self.sitting, cause=cause)))

    def action_search(self) -> None:
        """Goes to the search."""
        self.query_one(SearchField).focus()

    def action_to_answers(self) -> None:
        """Goes from the evidence back to the causes."""
        self.query_one("#causes").focus()


def _fits(cause: CauseEntry, words: list[str]) -> bool:
    text = f"{cause.title} {cause.id} {TOPICS[cause.topic]}".lower()
    return all(word in text for word in words)
