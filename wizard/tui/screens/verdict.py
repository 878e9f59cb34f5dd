"""The verdict: the one cause, what shows it, everything else that was found, and which clients care."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

import msgspec
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget

from wizard.diagnosis.findings import Finding
from wizard.model.case import Case
from wizard.model.knowledge import Knowledge
from wizard.report.words import CONFIDENCES, SOURCES, inconclusive, of_questions, of_value
from wizard.tui.journey import Journey
from wizard.tui.screens.clients import ClientsScreen
from wizard.tui.screens.log_in import LogIn
from wizard.tui.screens.step import BACK, StepScreen
from wizard.tui.screens.walk import WalkScreen
from wizard.tui.text import MUTED, State, literal, marked, state_of
from wizard.tui.widgets.certificate_card import CertificateCard
from wizard.tui.widgets.paragraphs import Paragraphs
from wizard.workbench import Diagnosis, engine_of

_TALL = 34
"""Rows from which the details for experts have room from the start."""
_SEVERITY: dict[str, State] = {"error": "failed", "warning": "failed", "note": "note", "none": "passed"}


class VerdictScreen(StepScreen):
    """Says what is wrong, in one sentence first."""

    PLACE = "verdict"
    HELP = """\
## The verdict

The first sentence is the fault to mend first. Below it stands what shows it, and everything else that was found.

`Enter` shows how to mend it, `A` asks once more what nobody knew.

`W` shows the way through the decision tree, where answers can be changed. `E` shows the
details for experts, `R` makes a report for a ticket.

`M` lists which clients connect to this server. `L` logs in with a user and a password of yours, to read what the server
says itself.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "forward", "fix it", id="next"),
        Binding("a", "answer", "answer the questions", id="answer"),
        Binding("w", "walk", "why", id="walk"),
        Binding("e", "expert", "details", id="expert"),
        Binding("m", "clients", "clients", id="clients"),
        Binding("l", "log_in", "log in", id="log-in"),
        Binding("r", "app.report", "report", id="report"),
        BACK,
    ]

    def __init__(self, journey: Journey) -> None:
        super().__init__(journey)
        self._expert = False

    def compose_work(self) -> Iterable[Widget]:
        """Yields the verdict and the certificate."""
        with VerticalScroll(id="columns"):
            yield Paragraphs(id="verdict")
            yield CertificateCard(self.journey.inputs.options.at)

    def begin(self) -> None:
        """Shows the verdict."""
        self.query_one("#columns").focus()
        self._expert = self.app.size.height >= _TALL
        self._show()

    def take(self, journey: Journey) -> None:
        """Shows another outcome of the same case."""
        self.show_journey(journey)
        self._show()

    def _show(self) -> None:
        done = self.journey.diagnosis
        if done is None:
            return
        rows = sentences(done, self.journey.bench.knowledge, expert=self._expert)
        self.query_one("#verdict", Paragraphs).show(rows)
        self.query_one(CertificateCard).show_case(done.case)
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers a way to the fixes only where there are any, and to the questions only where they are open."""
        done = self.journey.diagnosis
        match action:
            case "forward":
                return bool(done and done.fixes)
            case "answer":
                return bool(done and done.verdict.open_questions)
            case "clients":
                return bool(done and engine_of(done.case))
            case "log_in":
                return self.journey.reachable and done is not None
        return True

    def action_forward(self) -> None:
        """Goes on to the fixes."""
        self.finish(self.journey)

    def action_answer(self) -> None:
        """Asks once more what nobody knew."""
        self.app.flow.ask_what_is_open(self.journey)

    def action_walk(self) -> None:
        """Shows the way through the tree."""
        self.app.push_screen(WalkScreen(self.journey))

    def action_clients(self) -> None:
        """Shows which clients of this database connect."""
        self.app.push_screen(ClientsScreen(self.journey))

    def action_log_in(self) -> None:
        """Asks for a login, and reads what the server says of itself."""
        if self.journey.case is not None:
            self.app.push_screen(LogIn(self.journey.bench, self.journey.case), self._logged_in)

    def _logged_in(self, case: Case | None) -> None:
        if case is not None:
            self.app.say("The server has told more. It stands below “What the server says itself”.")
            self.app.flow.advance(msgspec.structs.replace(self.journey, case=case))

    def action_expert(self) -> None:
        """Shows or hides what an expert wants to know."""
        self._expert = not self._expert
        self._show()


def sentences(done: Diagnosis, knowledge: Knowledge, *, expert: bool = False) -> Iterator[Content]:
    """Yields the verdict, its evidence and the other findings, line by line."""
    cause, verdict = done.verdict.cause, done.verdict
    if cause is None:
        yield marked("unknown", Content.styled(inconclusive(verdict), "bold"))
        advice = done.match and (done.match.ask_for or done.match.go_to)
        if advice:
            yield literal(advice)
    else:
        yield marked(_SEVERITY[cause.severity], literal(cause.title, "bold"))
        yield literal(f"{cause.id} · {CONFIDENCES[verdict.confidence or 'suspected']}", MUTED)
        yield Content("")
        yield literal(cause.summary)
        if cause.advice:
            yield literal(cause.advice)
        if expert:
            yield Content("")
            yield literal(cause.precise)
    if verdict.open_questions:
        yield Content("")
        yield Content.styled("What would decide", "bold")
        for question in of_questions(verdict.open_questions, knowledge):
            yield marked("unknown", question)
    if cause is None and done.match is not None and done.match.likely_causes:
        yield Content("")
        yield Content.styled("Likely, going by the error text", "bold")
        titles = {one.id: one.title for one in knowledge.causes}
        for likely in done.match.likely_causes:
            yield marked("note", titles.get(likely, likely))
    yield from _evidence(done, knowledge)
    yield from _own_view(done, knowledge, expert=expert)
    yield from _others(done)


def _evidence(done: Diagnosis, knowledge: Knowledge) -> Iterator[Content]:
    """Yields the facts that show the cause."""
    cause = done.verdict.cause
    shown = next((one for one in done.findings if cause and one.cause.id == cause.id), None)
    if shown is None:
        return
    yield Content("")
    yield Content.styled("What shows it", "bold")
    for fact_id in dict.fromkeys(shown.evidence):
        fact, entry = knowledge.fact(fact_id), done.case.evidence_for(fact_id)
        if entry is None:
            continue
        why = f": {of_value(entry.because)}" if entry.because else ""
        said = Content.styled(f" ({SOURCES[entry.source]}", MUTED) + literal(f"{why})", MUTED)
        told = literal(f"{fact.title}: {of_value(entry.value, fact)}") + said
        yield marked(state_of(fact, entry.value), told)


def _own_view(done: Diagnosis, knowledge: Knowledge, *, expert: bool) -> Iterator[Content]:
    """Yields what the server has said to a login; an expert also sees what it did not tell, and why."""
    facts = dict.fromkeys(one.fact for one in done.case.evidence if one.fact.startswith("view."))
    shown = [fact for fact in facts if expert or done.case.value(fact) is not None]
    if not shown:
        return
    yield Content("")
    yield Content.styled("What the server says itself", "bold")
    for fact_id in shown:
        fact, entry = knowledge.fact(fact_id), done.case.evidence_for(fact_id)
        value = entry.value if entry else None
        why = f": {of_value(entry.because)}" if entry and entry.because else ""
        told = literal(f"{fact.title}: {of_value(value, fact)}") + literal(why, MUTED)
        yield marked(state_of(fact, value), told)


def _others(done: Diagnosis) -> Iterator[Content]:
    cause = done.verdict.cause
    others: list[Finding] = [one for one in done.findings if cause is None or one.cause.id != cause.id]
    if others:
        yield Content("")
        yield Content.styled("Also found", "bold")
    for one in others:
        yield marked(
            _SEVERITY[one.cause.severity], literal(one.cause.title) + literal(f"  {one.cause.id}", MUTED)
        )
