"""The proof: the same probes once more, before and after side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from threading import Event
from typing import ClassVar

import msgspec
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import ProgressBar, Static

from wizard.diagnosis.proof import DriverProof, Proof, compare
from wizard.live import Seen, driver_proofs
from wizard.probes.drivers.present import Driver
from wizard.report.words import of_driver, of_proof
from wizard.tui.background import Failed, Post, Runs
from wizard.tui.drivers import AllAsked, Connecting, DriverSeen, DriversFound, asked, found
from wizard.tui.journey import Journey
from wizard.tui.probing import Progressed, probed
from wizard.tui.screens.client_dialogs import MayDriversConnect
from wizard.tui.screens.step import BACK, StepScreen
from wizard.tui.text import MUTED, State, literal, marked
from wizard.tui.widgets.changes_table import ChangesTable
from wizard.tui.widgets.command_box import CommandBox
from wizard.tui.widgets.paragraphs import Paragraphs

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

*Fixed* means that what showed the fault was measured again and is in order. `F5` lets the drivers of this machine
really connect, the best proof there is; you are asked before. `Enter` goes on: to the next fault where there is one,
else to a new case. `R` asks again, `Esc` goes back to the commands.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "forward", "go on", id="next"),
        Binding("f5", "drivers", "ask my drivers", id="prove-by-drivers"),
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
        self._looking = Runs(self, "looking for drivers")
        self._connecting = Runs(self, "asking the drivers")
        self._after: Journey | None = None
        self._drivers: tuple[Driver, ...] = ()
        self._seen: list[Seen] = []

    def compose_work(self) -> Iterable[Widget]:
        """Yields the sentence and the table."""
        yield Static(id="proof", classes="lead")
        if self.journey.reachable:
            yield ProgressBar(show_eta=False, show_percentage=False, id="asking-bar")
            yield ChangesTable(self.journey.bench.knowledge)
            with VerticalScroll(id="driver-proofs", can_focus=False):
                yield Paragraphs()
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
        self._seen = []
        self._show_drivers(())
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
        self.refresh_bindings()
        self.app.flow.remember(self.journey)

    @on(Failed)
    def _failed(self, event: Failed) -> None:
        if event.run == self._probing.number:
            self.query_one("#proof", Static).update(marked("failed", event.error.message))
            self.query_one(ProgressBar).display = False
            self.app.tell(event.error)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers to ask again only where the server can be asked, and drivers once the probes are done."""
        if action == "drivers":
            return self._after is not None
        return self.journey.reachable if action == "again" else True

    def action_drivers(self) -> None:
        """Looks which drivers this machine has, and asks whether they may connect."""
        done = self._after.diagnosis if self._after else None
        known = self.journey.bench.knowledge
        if done is None:
            return

        def work(run: int, post: Post, cancelled: Event) -> None:
            found(done, known, run, post, cancelled)

        self._show_drivers((literal("Looking for the drivers of this machine …", MUTED),))
        self._looking.start(work)

    @on(DriversFound)
    def _found(self, event: DriversFound) -> None:
        done = self._after.diagnosis if self._after else None
        if event.run != self._looking.number or done is None or done.case.target is None:
            return
        self._drivers = event.drivers
        self._show_drivers(())
        if self._drivers:
            self.app.push_screen(MayDriversConnect(self._drivers, done.case.target, told=False), self._agreed)
        else:
            none = "This machine has none of these drivers. To have some: pip install 'dbtls[drivers]'"
            self._show_drivers((literal(none, MUTED),))

    def _agreed(self, yes: bool | None) -> None:
        done, bench, drivers = self._after and self._after.diagnosis, self.journey.bench, self._drivers
        if not yes or not done:
            return
        options = self.journey.inputs.options

        def explain(text: str) -> str:
            return bench.explain(text).symptom

        def work(run: int, post: Post, cancelled: Event) -> None:
            asked(done, bench.knowledge, options, drivers, {}, explain, run, post, cancelled)

        self._seen = []
        self._connecting.start(work)

    @on(Connecting)
    def _connects(self, event: Connecting) -> None:
        if event.run == self._connecting.number:
            which = f"{event.number} of {len(self._drivers)}"
            words = literal(f"Connecting with {event.driver.client}, {which} …", MUTED)
            self._show_drivers((*driver_lines(self._proofs()), words))

    @on(DriverSeen)
    def _driver_seen(self, event: DriverSeen) -> None:
        if event.run == self._connecting.number:
            self._seen.append(event.seen)
            self._show_drivers(tuple(driver_lines(self._proofs())))

    @on(AllAsked)
    def _all_asked(self, event: AllAsked) -> None:
        if event.run == self._connecting.number and self.journey.proof is not None:
            proof = msgspec.structs.replace(self.journey.proof, drivers=self._proofs())
            self.show_journey(msgspec.structs.replace(self.journey, proof=proof))
            self._show_drivers(tuple(driver_lines(proof.drivers)))
            self.app.flow.remember(self.journey)

    def _proofs(self) -> tuple[DriverProof, ...]:
        return driver_proofs(self.journey.seen, self._seen)

    def _show_drivers(self, lines: tuple[Content, ...]) -> None:
        box = self.query_one("#driver-proofs")
        box.display = bool(lines)
        box.query_one(Paragraphs).show(lines)

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


def driver_lines(proofs: Iterable[DriverProof]) -> Iterator[Content]:
    """Yields what each driver did before and after the fix."""
    states: dict[str | None, State] = {"refused": "failed", None: "unknown"}
    for one in proofs:
        yield marked(states.get(one.after, "passed"), of_driver(one))


def _afresh(journey: Journey) -> Journey:
    """Returns the same server as a new case: no complaint, no answers, and a new count of connections."""
    inputs = msgspec.structs.replace(journey.inputs, error=None)
    bench = journey.bench.renewed(inputs.options)
    read = inputs.read
    case = bench.open_case(
        target=read.target if read else None, options=read.options if read else (), client=inputs.client
    )
    return msgspec.structs.replace(journey, inputs=inputs, bench=bench, case=case, diagnosis=None, proof=None)
