"""The probes as they run: one line each, which opens to the facts that it established."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from wizard.model.case import Case
from wizard.model.evidence import Evidence
from wizard.model.knowledge import Knowledge
from wizard.report.words import of_value
from wizard.tui.text import MUTED, State, joined, literal, marked, state_of


class ProbeList(OptionList):
    """Each probe has its place from the start, and fills in."""

    HELP = """\
## The probes

Each line is one thing that was asked of the server. `Space` opens it to every fact that was found, and closes it again.
A `?` means that it could not be found out, and says why; it never counts as "no".
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "select", "details", id="details"),
        Binding("enter", "screen.forward", "verdict"),
    ]

    def __init__(self, knowledge: Knowledge) -> None:
        super().__init__(id="probes", compact=True)
        self._facts = {fact.id: fact for fact in knowledge.facts}
        self._rows: dict[str, Content] = {}
        self._details: dict[str, tuple[Content, ...]] = {}
        self._open: set[str] = set()

    def begin(self, probes: Iterable[str]) -> None:
        """Gives each probe its line."""
        self._rows = {probe: self._line("running", probe, Content("")) for probe in probes}
        self._details = {}
        self.clear_options()
        self.add_options(Option(line, id=probe) for probe, line in self._rows.items())
        self.highlighted = 0

    def found(self, probe: str, evidence: Iterable[Evidence], elapsed_ms: float | None = None) -> None:
        """Fills in what a probe has established, and how long it took in milliseconds."""
        if probe not in self._rows:
            return
        entries = [entry for entry in evidence if entry.fact in self._facts]
        state, summary = self._summary(entries)
        self._details[probe] = tuple(self._detail(entry) for entry in entries)
        self._put(probe, self._line(state, probe, summary, elapsed_ms))

    def show_case(self, case: Case) -> None:
        """Fills in what the probes of a case have found already."""
        told: dict[str, list[Evidence]] = {}
        for entry in case.evidence:
            fact = self._facts.get(entry.fact)
            if fact is not None and fact.probe is not None and entry.source == "probe":
                told.setdefault(fact.probe, []).append(entry)
        for probe in self._rows:
            if probe in told or probe in case.probed:
                self.found(probe, told.get(probe, ()))
        self.stop()

    def stop(self) -> None:
        """Marks what has not told anything as skipped."""
        for probe in self._rows:
            if probe not in self._details:
                self._details[probe] = ()
                self._put(probe, self._line("skipped", probe, literal("not asked; it stays unknown", MUTED)))

    @on(OptionList.OptionSelected)
    def _toggled(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        probe = event.option_id
        if probe is not None:
            self._open ^= {probe}
            self._put(probe, self._rows[probe])

    def _put(self, probe: str, line: Content) -> None:
        self._rows[probe] = line
        room = self.scrollable_content_region.width
        short = line.truncate(room, ellipsis=True) if room else line
        shown = [line, *self._details.get(probe, ())] if probe in self._open else [short]
        self.replace_option_prompt(probe, joined(shown, "\n"))

    def on_resize(self) -> None:
        """Fits each line into the room that there is now; opened, a line shows all of itself."""
        self.call_after_refresh(self._fit)  # the scroll bar comes and goes with the new size

    def _fit(self) -> None:
        for probe, line in self._rows.items():
            self._put(probe, line)

    def _summary(self, entries: list[Evidence]) -> tuple[State, Content]:
        states = {entry.fact: state_of(self._facts[entry.fact], entry.value) for entry in entries}
        if not entries:
            return "skipped", literal("not for this database", MUTED)
        wrong = [entry for entry in entries if states[entry.fact] == "failed"]
        known = [entry for entry in entries if entry.known]
        if wrong:
            return "failed", joined((self._said(entry) for entry in wrong), " · ")
        if not known:
            reason = next((entry.because for entry in entries if entry.because), "nothing was found out")
            return "unknown", literal(reason)
        telling = [entry for entry in known if states[entry.fact] == "note" and entry.value != ()] or known
        return "passed", joined(self._short(telling), " · ")

    def _short(self, entries: list[Evidence]) -> Iterator[Content]:
        """Yields the first facts in words: those that hold by their title, the others by their value."""
        held = [entry for entry in entries if entry.value is not False]
        for entry in (held or entries)[:3]:
            yield literal(self._facts[entry.fact].title) if entry.value is True else self._said(entry)

    def _said(self, entry: Evidence) -> Content:
        fact = self._facts[entry.fact]
        value = of_value(entry.value, fact)
        return literal(f"{fact.title}: {value}" if isinstance(entry.value, bool | int) else value)

    def _detail(self, entry: Evidence) -> Content:
        fact = self._facts[entry.fact]
        why = f" ({of_value(entry.because)})" if entry.because else ""
        told = literal(f"{fact.title}: {of_value(entry.value, fact)}{why}")
        return Content("    ") + marked(state_of(fact, entry.value), told)

    def _line(self, state: State, probe: str, summary: Content, elapsed_ms: float | None = None) -> Content:
        took = f"{elapsed_ms:>5.0f} ms  " if elapsed_ms is not None else " " * 10
        name = literal(f"{probe.partition('-')[0]:<12}", "bold")
        return marked(state, name, word=True) + Content.styled(took, MUTED) + summary
