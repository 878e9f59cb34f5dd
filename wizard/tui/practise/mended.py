"""The right fix, applied: the same server without the fault is asked again, until a client connects."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Event
from typing import ClassVar

import msgspec
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import ProgressBar, Static

from wizard.diagnosis.proof import Proof, compare
from wizard.lab.mended import mended
from wizard.lab.server import serve
from wizard.model.case import Case
from wizard.model.knowledge import CauseEntry, ScenarioEntry
from wizard.report.words import of_proof
from wizard.tui.background import Failed, Post, Runs
from wizard.tui.practise.frame import ExerciseStep
from wizard.tui.practise.sitting import Sitting, bench_for, target_of
from wizard.tui.probing import Progressed, Started, probed
from wizard.tui.text import joined, literal, marked
from wizard.tui.widgets.changes_table import ChangesTable
from wizard.workbench import Diagnosis


class Repaired(msgspec.Struct, frozen=True, kw_only=True):
    """The server after one more fix, and what it shows now."""

    scenario: ScenarioEntry
    found: Diagnosis
    proof: Proof


class MendedScreen(ExerciseStep):
    """Mends one fault after the other, and shows what changes by it."""

    STAGE = "proof"
    INNERMOST = "#changes"
    HELP = """\
## The fix, applied

The server runs again without the fault, and the probes ask it once more. What differs stands side by side, as
after any fix. Where another fault shows, `Enter` mends that as well; a client only connects when the last one
is gone.

When it connects, `Enter` goes back to the list. `Esc` goes back to the comparison.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "forward", "go on", id="next"),
        Binding("l", "leave", "list", id="exercise-list"),
    ]

    class Asked(Message):
        """All probes are done."""

        def __init__(self, run: int, repaired: Repaired) -> None:
            super().__init__()
            self.run = run
            self.repaired = repaired

    def __init__(self, sitting: Sitting, cause: CauseEntry) -> None:
        super().__init__(sitting)
        self._mending = Runs(self, "asking the mended server")
        self._cause = cause
        """The fault that is mended now."""
        self._gone: list[CauseEntry] = []
        self._last: Repaired | None = None
        self._busy = False

    def compose_work(self) -> Iterable[Widget]:
        """Yields the faults that were mended, the sentence and the table."""
        with Vertical():
            yield Static(id="gone")
            yield Static(id="connects")
            yield ProgressBar(show_eta=False, show_percentage=False, id="asking-bar")
            yield ChangesTable(self.sitting.knowledge)

    def begin(self) -> None:
        """Mends the first fault."""
        self._mend()

    def _mend(self) -> None:
        sitting, cause, last = self.sitting, self._cause, self._last
        scenario = mended(last.scenario if last else sitting.exercise.scenario, cause)
        before, verdict = (last.found.case, last.found.verdict) if last else (sitting.case, None)
        if before is None:
            raise ValueError("the probes are not done")
        known = before

        def work(run: int, post: Post, cancelled: Event) -> None:
            with serve(scenario) as server:
                bench = bench_for(sitting.bench, server)
                case = bench.open_case(target=target_of(server))
                found = bench.diagnose(probed(bench, case, run, post, cancelled).case)
            old = verdict or sitting.bench.diagnose(known).verdict
            proof = compare(known, old, found.case, found.verdict)
            post(self.Asked(run, Repaired(scenario=scenario, found=found, proof=proof)))

        self._busy = True
        self._gone.append(cause)
        rows = [marked("passed", literal(f"mended: {one.title}")) for one in self._gone]
        self.query_one("#gone", Static).update(joined(rows, "\n"))
        self._say(literal("Asking the server again …", "bold"))
        self.query_one(ProgressBar).display = True
        self.refresh_bindings()
        self._mending.start(work)

    @on(Started)
    def _started(self, event: Started) -> None:
        if event.run == self._mending.number:
            self.query_one(ProgressBar).update(total=len(event.probes), progress=0)

    @on(Progressed)
    def _progressed(self, event: Progressed) -> None:
        if event.run == self._mending.number:
            self.query_one(ProgressBar).advance()

    @on(Asked)
    def _asked(self, event: Asked) -> None:
        if event.run != self._mending.number:
            return
        self._busy, self._last = False, event.repaired
        self.query_one(ProgressBar).display = False
        proof, case = event.repaired.proof, event.repaired.found.case
        if self._connects():
            self._say(marked("passed", literal(connected(case), "bold")))
        else:
            more = Content(" ") + literal("Press Enter to mend it too.") if proof.cause else Content("")
            self._say(marked("failed", literal(of_proof(proof), "bold")) + more)
        table = self.query_one(ChangesTable)
        table.show(proof)
        table.focus()
        self.refresh_bindings()

    @on(Failed)
    def _failed(self, event: Failed) -> None:
        if event.run == self._mending.number:
            self._busy = False
            self._say(marked("failed", event.error.message))
            self.query_one(ProgressBar).display = False
            self.app.tell(event.error)

    def _say(self, words: Content) -> None:
        self.query_one("#connects", Static).update(words)

    def _connects(self) -> bool:
        """Says whether the probes find nothing wrong any more."""
        cause = self._last.found.verdict.cause if self._last else None
        return cause is not None and cause.severity == "none"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Greys out what has to wait for the probes."""
        return None if action == "forward" and self._busy else True

    def action_forward(self) -> None:
        """Mends the next fault, or goes back to the list."""
        if self._busy:
            return
        cause = self._last.proof.cause if self._last else None
        if cause is None:
            self.leave()
        else:
            self._cause = cause
            self._mend()

    def action_leave(self) -> None:
        """Goes back to the list."""
        self.leave()


def connected(case: Case) -> str:
    """Returns how a client connects to a server that is in order."""
    version = str(case.value("handshake.version") or "TLS").replace("TLSv", "TLS ")
    verified = (case.value("trust.status"), case.value("names.status")) == ("trusted", "match")
    return f"It connects now: {version}, certificate {'verified' if verified else 'not verified'}."
