"""The evidence: the probes as they run, what each found, and the certificate."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Event
from typing import ClassVar

import msgspec
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import ProgressBar, Static

from wizard.diagnosis.walk import unprobed
from wizard.model.case import Case
from wizard.tui.background import Failed, Post, Runs
from wizard.tui.journey import Journey, opened
from wizard.tui.probing import Finished, Progressed, Started, probed
from wizard.tui.screens.step import BACK, StepScreen
from wizard.tui.text import literal, marked
from wizard.tui.widgets.certificate_card import CertificateCard
from wizard.tui.widgets.probe_list import ProbeList


class EvidenceScreen(StepScreen):
    """Asks the server, as a driver would and without a login, and shows what it answers."""

    PLACE = "evidence"
    HELP = """\
## The evidence

The server is asked what a driver would ask it, up to the point where a login would begin. At most six connections are
opened; no user and no password is sent.

`X` ends the probes; what they would have found stays unknown. `A` goes on at once with questions to you. `R` asks
again.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "forward", "verdict", id="next"),
        Binding("r", "again", "again", id="again"),
        Binding("x", "cancel", "cancel", id="cancel"),
        Binding("a", "answer", "answer myself", id="answer-myself"),
        BACK,
    ]

    def __init__(self, journey: Journey) -> None:
        super().__init__(journey)
        self._probing = Runs(self, "asking the server")
        self._asking = False
        self._forward = False
        """Whether the person wants to go on as soon as the probes are done."""

    def compose_work(self) -> Iterable[Widget]:
        """Yields the probes and the certificate."""
        with Horizontal(id="asking"):
            yield Static(id="asking-words", classes="lead")
            yield ProgressBar(show_eta=False, show_percentage=False, id="asking-bar")
        with VerticalScroll(id="columns", can_focus=False):
            yield ProbeList(self.journey.bench.knowledge)
            yield CertificateCard(self.journey.inputs.options.at)

    def begin(self) -> None:
        """Starts the probes, unless the case has been through them."""
        probes = self.query_one(ProbeList)
        probes.focus()
        case = self.journey.case
        if case is None or not case.probed:
            self._start()
            return
        probes.begin(dict.fromkeys(fact.probe for fact in self.journey.bench.knowledge.facts if fact.probe))
        probes.show_case(case)
        self.query_one(CertificateCard).show_case(case)
        self._say_done()

    def _start(self) -> None:
        journey = self.journey
        bench, inputs = journey.bench, journey.inputs

        def work(run: int, post: Post, cancelled: Event) -> None:
            case = journey.case or opened(bench, inputs)
            post(probed(bench, case, run, post, cancelled))

        self._asking, self._forward = True, False
        self._say(literal("Asking the server …"))
        self.query_one(ProgressBar).update(total=None, progress=0)
        self.refresh_bindings()
        self._probing.start(work)

    @on(Started)
    def _started(self, event: Started) -> None:
        if event.run == self._probing.number:
            self.query_one(ProbeList).begin(event.probes)
            self.query_one(ProgressBar).update(total=len(event.probes), progress=0)
            self._take(event.case)

    @on(Progressed)
    def _progressed(self, event: Progressed) -> None:
        if event.run == self._probing.number:
            found = event.progress
            self.query_one(ProbeList).found(found.probe, found.evidence, found.elapsed_ms)
            self.query_one(ProgressBar).advance()
            self._take(found.case)

    @on(Finished)
    def _finished(self, event: Finished) -> None:
        if event.run == self._probing.number:
            self._end(event.elapsed_ms)

    @on(Failed)
    def _failed(self, event: Failed) -> None:
        if event.run == self._probing.number:
            self._asking = False
            self.query_one(ProbeList).stop()
            self._say(marked("failed", event.error.message))
            self.app.tell(event.error)
            self.refresh_bindings()

    def _take(self, case: Case) -> None:
        self.show_journey(msgspec.structs.replace(self.journey, case=case))
        self.query_one(CertificateCard).show_case(case)

    def _end(self, elapsed_ms: int) -> None:
        """Closes the probing: what has not answered by now stays unknown."""
        self._asking = False
        self.query_one(ProbeList).stop()
        if (case := self.journey.case) is not None:
            case = self.journey.bench.all_probed(case)
            self.show_journey(msgspec.structs.replace(self.journey, case=case, elapsed_ms=elapsed_ms))
        self._say_done()
        self.refresh_bindings()
        if self._forward:
            self.action_forward()

    def _say_done(self) -> None:
        case = self.journey.case
        known = sum(one.known and one.source == "probe" for one in case.evidence) if case else 0
        self._say(literal(f"{known} facts found. Press Enter for the verdict."))
        self.query_one(ProgressBar).display = False

    def _say(self, words: Content) -> None:
        self.query_one("#asking-words", Static).update(words)
        self.query_one(ProgressBar).display = self._asking

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only the keys that do something now."""
        if action in ("cancel", "answer"):
            return self._asking
        return None if action == "again" and self._asking else True

    def action_forward(self) -> None:
        """Goes on to the verdict, as soon as the probes are done."""
        if self._asking:
            self._forward = True
            self._say(literal("The verdict follows as soon as the probes are done …"))
        elif self.journey.case is not None:
            self.finish(self.journey)

    def action_cancel(self) -> None:
        """Ends the probes; what they would have found stays unknown."""
        if self._asking:
            self._probing.stop()
            self._end(self.journey.elapsed_ms)

    def action_answer(self) -> None:
        """Ends the probes and goes on with questions."""
        self.action_cancel()
        self.action_forward()

    def action_again(self) -> None:
        """Asks the server once more, from the beginning."""
        bench = self.journey.bench.renewed(self.journey.inputs.options)
        case = unprobed(self.journey.case) if self.journey.case else None
        self.show_journey(msgspec.structs.replace(self.journey, bench=bench, case=case))
        self._start()
