"""What the screens hand on: everything that a person entered in one case, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from wizard.diagnosis.proof import Proof
from wizard.diagnosis.target import ReadTarget
from wizard.fixes.values import Values
from wizard.model.case import Case
from wizard.model.options import Options
from wizard.workbench import Diagnosis, Workbench

if TYPE_CHECKING:
    from wizard.live import Seen

Place = Literal["error", "server", "evidence", "verdict", "fix", "proof"]
PLACES: tuple[Place, ...] = ("error", "server", "evidence", "verdict", "fix", "proof")


Door = Literal["error", "server", "evidence"]
"""The step at which a case opens."""


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """What a case is opened with. As long as it stays the same, nothing that was found has to be asked again."""

    options: Options
    error: str | None = None
    """The error text, free of secrets."""
    read: ReadTarget | None = None
    client: str | None = None
    """Id of the client that the person chose."""


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """One case on its way through the screens."""

    id: str
    """Random; the name of the case among the recent ones."""
    inputs: Inputs
    bench: Workbench
    case: Case | None = None
    """None until the inputs are complete."""
    elapsed_ms: int = 0
    """How long the probes took."""
    diagnosis: Diagnosis | None = None
    filled: Values = {}
    """What the person filled into the commands."""
    seen: tuple[Seen, ...] = ()
    """What the drivers of this machine did before a fix."""
    proof: Proof | None = None

    @property
    def reachable(self) -> bool:
        """Says whether probes can ask the server from here."""
        return self.inputs.options.probing and self.inputs.read is not None


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """What a case is opened with."""

    inputs: Inputs
    bench: Workbench
    case: Case | None = None
    """What is known besides, such as answers and pasted outputs; None: nothing."""
    at: Door


def opened(bench: Workbench, inputs: Inputs) -> Case:
    """Returns the new case of some inputs. Reading a long error text takes its time: call it in a thread."""
    read = inputs.read
    return bench.open_case(
        target=read.target if read else None,
        options=read.options if read else (),
        error=inputs.error,
        client=inputs.client or (read.client if read else None),
    )
