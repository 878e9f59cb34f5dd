"""The proof: the same probes once more, before and after side by side."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Event
from typing import ClassVar

import msgspec
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import ProgressBar, Static

from wizard.diagnosis.proof import Proof, compare
from wizard.report.words import of_proof
from wizard.tui.background import Failed, Post, Runs
from wizard.tui.journey import Journey
from wizard.tui.probing import Progressed, probed
from wizard.tui.screens.step import BACK, StepScreen
from wizard.tui.text import State, literal, marked
from wizard.tui.widgets.changes_table import ChangesTable
from wizard.tui.widgets.command_box import CommandBox

_STATE: dict[str, State] = {
    "fixed": "passed",
    "still-failing": "failed",
    "next-fault": "failed",
    "unproven": "unknown",
}


class ProofScreen(StepScreen):
    """Asks the server again, as if nobody had ever complained, and compares."""

    PLACE = "proof"
    HELP = """\
## The proof

The server is asked again, with the same options. What differs from before stands side by side.

*Fixed* means that what showed the fault was measured again and is in order. `Enter` goes on: to the next fault where
there is one, else to a new case. `R` asks again, `Esc` goes back to the commands.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "forward", "go on", id="next"),
        Binding("r", "again", "again", id="again"),
        Binding("R", "app.report", "report", id="report", key_display="R"),
        BACK,
    ]

    class Proven(Message):
        """All probes are done; the journey is the one after the fix."""

        def __init__(self, run: int, after: Journey, proof: Proof) -> None:
            super().__init__()
            self.run = run
            self.after = after
            self.proof = proof

    def __init__(self, journey: Journey) -> None:
        super().__init__(journey)
        self._probing = Runs(self, "asking the server again")
        self._after: Journey | None = None

    def compose_work(self) -> Iterable[Widget]:
        """Yields the sentence and the table."""
        yield Static(id="proof", classes="lead")
        if self.journey.reachable:
            yield ProgressBar(show_eta=False, show_percentage=False, id="asking-bar")
            yield ChangesTable(self.journey.bench.knowledge)
            return
        done = self.journey.diagnosis
        with VerticalScroll():
            if done is not None and done.fixes:
                yield CommandBox("prove it", "where the server can be reached", done.fixes[0].confirm, "sh")
            yield Static(
                literal(
                    "Or let the client connect once more. If it still fails, press Enter and paste what it says now."
                )
            )

    def begin(self) -> None:
        """Starts at once, where the server can be asked."""
        if self.journey.reachable:
            self._start()
        else:
            self.query_one("#proof", Static).update(
                literal("This case was told, not probed: the proof has to be told too.")
            )

    def _start(self) -> None:
        self._after = None
        before = self.journey
        self.query_one("#proof", Static).update(literal("Asking the server again …"))
        self.query_one(ProgressBar).display = True
        self.query_one(ProgressBar).update(total=None, progress=0)

        def work(run: int, post: Post, cancelled: Event) -> None:
            after = _afresh(before)
            if after.case is None or before.case is None or before.diagnosis is None:
                return
            asked = probed(after.bench, after.case, run, post, cancelled)
            # Nobody is asked again: what only a person knows was not changed by the fix of a server.
            done = after.bench.diagnose(asked.case)
            proof = compare(before.case, before.diagnosis.verdict, done.case, done.verdict)
            after = msgspec.structs.replace(
                after, case=done.case, diagnosis=done, elapsed_ms=asked.elapsed_ms
            )
            post(self.Proven(run, after, proof))

        self._probing.start(work)

    @on(Progressed)
    def _progressed(self, event: Progressed) -> None:
        if event.run == self._probing.number:
            self.query_one(ProgressBar).update(total=event.of)
            self.query_one(ProgressBar).advance()

    @on(Proven)
    def _proven(self, event: Proven) -> None:
        if event.run != self._probing.number:
            return
        self._after = event.after
        self.show_journey(msgspec.structs.replace(self.journey, proof=event.proof))
        self.query_one(ProgressBar).display = False
        self.query_one("#proof", Static).update(
            marked(_STATE[event.proof.outcome], literal(of_proof(event.proof), "bold"))
        )
        table = self.query_one(ChangesTable)
        table.show(event.proof)
        table.focus()
        self.app.flow.remember(self.journey)

    @on(Failed)
    def _failed(self, event: Failed) -> None:
        if event.run == self._probing.number:
            self.query_one("#proof", Static).update(marked("failed", event.error.message))
            self.query_one(ProgressBar).display = False
            self.app.tell(event.error)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers to ask again only where the server can be asked."""
        return self.journey.reachable if action == "again" else True

    def action_again(self) -> None:
        """Asks once more."""
        self._start()

    def action_forward(self) -> None:
        """Goes on with what is left, or to a new case."""
        if self._after is not None and self.journey.proof and self.journey.proof.outcome != "fixed":
            self.app.flow.continue_with(self._after)
        elif self._after is not None:
            self.app.flow.start_over()
        elif not self.journey.reachable:
            self.app.flow.new_error(self.journey)


def _afresh(journey: Journey) -> Journey:
    """Returns the same server as a new case: no complaint, no answers, and a new count of connections."""
    inputs = msgspec.structs.replace(journey.inputs, error=None)
    bench = journey.bench.renewed(inputs.options)
    read = inputs.read
    case = bench.open_case(
        target=read.target if read else None, options=read.options if read else (), client=inputs.client
    )
    return msgspec.structs.replace(journey, inputs=inputs, bench=bench, case=case, diagnosis=None, proof=None)
