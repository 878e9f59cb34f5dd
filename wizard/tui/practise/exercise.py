"""One exercise: the lab's server runs while it is open, and is asked as any server would be."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Event
from typing import ClassVar

import msgspec
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import ProgressBar, Static

from wizard.lab.server import LabServer, serve
from wizard.model.target import NAMES
from wizard.tui.background import Failed, Post, Runs
from wizard.tui.practise.evidence import EvidencePane, Readings
from wizard.tui.practise.frame import ExerciseStep
from wizard.tui.practise.question import after_answers
from wizard.tui.practise.sitting import Sitting, bench_for, target_of
from wizard.tui.probing import Finished, Progressed, Started, probed
from wizard.tui.text import MUTED, literal, marked
from wizard.workbench import Workbench


class ExerciseScreen(ExerciseStep):
    """Starts the server and shows what the user says and what the probes find."""

    STAGE = "evidence"
    HELP = """\
## An exercise

A server with a fault runs on this machine as long as the exercise is open; or with no fault at all. Above
stands what its user says, below it what the probes find. Read both: a line that opens with `Space` tells more.
The line with the port is for your own tools.

`Enter` goes on to the questions.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "forward", "questions", id="next"),
    ]

    class Serving(Message):
        """The server listens."""

        def __init__(self, run: int, server: LabServer, bench: Workbench) -> None:
            super().__init__()
            self.run = run
            self.server = server
            self.bench = bench

    def __init__(self, sitting: Sitting) -> None:
        super().__init__(sitting)
        self._serving = Runs(self, "the lab's server")
        self._forward = False
        """Whether the trainee wants to go on as soon as the probes are done."""

    def compose_work(self) -> Iterable[Widget]:
        """Yields where the server is and what is found out about it."""
        with Vertical():
            with Horizontal(id="asking"):
                yield Static(literal("Starting the server …"), id="asking-words")
                yield ProgressBar(show_eta=False, show_percentage=False, id="asking-bar")
            yield EvidencePane(self.sitting, Readings)

    def begin(self) -> None:
        """Starts the server; its thread runs until the screen is gone, whatever takes it away."""
        sitting, scenario = self.sitting, self.sitting.exercise.scenario
        self.query_one(EvidencePane).readings.focus()

        def work(run: int, post: Post, cancelled: Event) -> None:
            with serve(scenario) as server:
                bench = bench_for(sitting.bench, server)
                case = bench.open_case(target=target_of(server), error=scenario.error)
                post(self.Serving(run, server, bench))
                post(probed(bench, case, run, post, cancelled))
                # A thread that was begun while the app was ending is not cancelled by anybody.
                while self.is_running and not cancelled.wait(0.2):
                    pass

        self._serving.start(work)

    @on(Serving)
    def _served(self, event: Serving) -> None:
        if event.run != self._serving.number:
            return
        self.sitting = msgspec.structs.replace(self.sitting, bench=event.bench)
        engine = NAMES[event.server.scenario.engine]
        place = literal(f"{engine} on {event.server.host}:{event.server.port}", "bold")
        name = literal(f", called {event.server.server_name} by the client", MUTED)
        self.query_one("#asking-words", Static).update(place + name)

    @on(Started)
    def _started(self, event: Started) -> None:
        if event.run == self._serving.number:
            self.query_one(EvidencePane).begin(event.probes)
            self.query_one(ProgressBar).update(total=len(event.probes), progress=0)

    @on(Progressed)
    def _progressed(self, event: Progressed) -> None:
        if event.run == self._serving.number:
            found = event.progress
            pane = self.query_one(EvidencePane)
            pane.readings.found(found.probe, found.evidence, found.elapsed_ms)
            pane.show_certificate(found.case)
            self.query_one(ProgressBar).advance()

    @on(Finished)
    def _finished(self, event: Finished) -> None:
        if event.run != self._serving.number:
            return
        self.sitting = msgspec.structs.replace(self.sitting, case=event.case)
        self.query_one(EvidencePane).readings.stop()
        self.query_one(ProgressBar).display = False
        if self._forward:
            self.action_forward()

    @on(Failed)
    def _failed(self, event: Failed) -> None:
        if event.run == self._serving.number:
            self.query_one("#asking-words", Static).update(marked("failed", event.error.message))
            self.query_one(ProgressBar).display = False
            self.app.tell(event.error)

    def action_forward(self) -> None:
        """Goes on to the questions, as soon as the probes are done."""
        self._forward = self.sitting.case is None
        if not self._forward:
            self.go_on(after_answers(self.sitting))
