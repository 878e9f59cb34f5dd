"""A workbench whose probes ask nobody: they tell what was recorded, at the pace that a test wants."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from threading import Event
from typing import ClassVar, Literal

import msgspec

from wizard.diagnosis.walk import answered, probed
from wizard.errors import FileError
from wizard.model.case import Case
from wizard.model.certificate import Certificate
from wizard.model.evidence import Evidence
from wizard.workbench import Progress, Workbench

RECORDED = Path(__file__).with_name("recorded")
Pace = Literal["fast", "slow", "hanging", "deaf", "failing"]
PATIENCE = 600.0
"""Seconds after which even a probe that hangs ends: far more than any test takes."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What one probe finds out, and how long it says that it took."""

    probe: str
    elapsed_ms: float
    evidence: tuple[Evidence, ...]


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """What all probes of one server find out."""

    steps: tuple[Step, ...]
    certificates: tuple[Certificate, ...] = ()


@cache
def recording(name: str) -> Recording:
    """Returns a stored recording, such as `postgresql-healthy`."""
    return msgspec.json.decode((RECORDED / f"{name}.json").read_bytes(), type=Recording)


class FakeWorkbench(Workbench):
    """Walks, explains and renders as the real one does. Make one for a test with `faked`."""

    recordings: ClassVar[list[Recording]]
    """One for each time that the server is asked; the last one stays."""
    pace: ClassVar[Pace]
    gate: ClassVar[Event]
    """A slow probe waits for it, and closes it behind itself."""
    asked: ClassVar[int]

    def probes(self) -> tuple[str, ...]:
        """Returns the probes of the recording that comes next."""
        return tuple(step.probe for step in self._next().steps)

    def probe(self, case: Case, cancelled: Event, only: frozenset[str] | None = None) -> Iterator[Progress]:
        """Tells what was recorded: at once, one probe for each opening of the gate, never, or not at all.

        Raises:
            FileError: this workbench fails.
        """
        told = self._next()
        type(self).asked += 1
        for number, step in enumerate(told.steps, start=1):
            if not self._passes(cancelled):
                return
            case = probed(answered(case, *step.evidence), step.probe)
            if told.certificates:
                case = msgspec.structs.replace(case, certificates=told.certificates)
            self.connections = min(number, 6)
            yield Progress(step.probe, step.elapsed_ms, case, step.evidence)

    def _next(self) -> Recording:
        return self.recordings[min(self.asked, len(self.recordings) - 1)]

    def _passes(self, cancelled: Event) -> bool:
        """Waits as the pace says; returns whether the probe may tell."""
        match self.pace:
            case "failing":
                raise FileError("The [/bad] roots of [Microsoft] cannot be read.", hint="Choose [/] others.")
            case "hanging":
                cancelled.wait(PATIENCE)
                return False
            case "deaf":
                Event().wait(PATIENCE)
                return False
            case "slow":
                while not self.gate.wait(0.01):
                    if cancelled.is_set():
                        return False
                self.gate.clear()
        return True


def faked(*recordings: str | Recording, pace: Pace = "fast") -> type[FakeWorkbench]:
    """Returns a class of workbenches of its own, so that no test sees what another one has asked."""
    told = [recording(one) if isinstance(one, str) else one for one in recordings]
    return type("Faked", (FakeWorkbench,), {"recordings": told, "pace": pace, "gate": Event(), "asked": 0})
