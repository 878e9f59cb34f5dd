"""Proof: whether a fault is gone, from what was known before the fix and what is known after it."""

from __future__ import annotations

from typing import Literal

import msgspec

from wizard.diagnosis.findings import present_sign
from wizard.diagnosis.walk import Verdict
from wizard.model.case import Case
from wizard.model.evidence import Value
from wizard.model.knowledge import CauseEntry

Outcome = Literal["fixed", "still-failing", "next-fault", "unproven"]
"""`fixed`: measured again, and nothing is wrong; `still-failing`: the same fault; `next-fault`: that one is gone, and
another shows; `unproven`: what showed the fault was not measured again."""


class Change(msgspec.Struct, frozen=True):
    """A fact whose value differs; None is unknown."""

    fact: str
    before: Value | None
    after: Value | None


class DriverProof(msgspec.Struct, frozen=True, kw_only=True):
    """What a real driver of this machine did, before the fix where it was asked then, and after it."""

    client: str
    version: str | None
    before: str | None
    """How far it came, as `probes.drivers.attempts.Reached`."""
    after: str | None
    error: str | None
    """Its words, where it failed after the fix."""


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a fault."""

    outcome: Outcome
    cause: CauseEntry | None
    """The fault that shows now; None where none does, or where it is not known."""
    changes: tuple[Change, ...]
    """In the order in which the facts were established afterwards."""
    drivers: tuple[DriverProof, ...] = ()
    """Empty where no driver was asked to connect."""


def compare(before: Case, found: Verdict, after: Case, now: Verdict) -> Proof:
    """Returns what became of the fault `found` in `before`, given the case and the verdict after the fix."""
    return Proof(
        outcome=_outcome(before, found, after, now),
        cause=now.cause if now.cause and now.cause.severity != "none" else None,
        changes=changes(before, after),
    )


def changes(before: Case, after: Case) -> tuple[Change, ...]:
    """Returns the facts known in either case whose values differ, as far as they were tried again."""
    return tuple(
        Change(fact, before.value(fact), value)
        for fact, value in after.facts().items()
        if value != before.value(fact)
    )


def _outcome(before: Case, found: Verdict, after: Case, now: Verdict) -> Outcome:
    if now.cause is None:
        return "unproven"
    if now.cause.severity != "none":
        return "still-failing" if found.cause and now.cause.id == found.cause.id else "next-fault"
    # What only the client can see, such as its own roots, no probe of the server proves to be mended.
    return "fixed" if _measured_again(before, found, after) else "unproven"


def _measured_again(before: Case, found: Verdict, after: Case) -> bool:
    sign = present_sign(found.cause, before) if found.cause else None
    if sign is None:
        return False
    entries = [after.evidence_for(condition.fact) for condition in sign.all]
    return all(entry is not None and entry.known and entry.source in ("probe", "file") for entry in entries)
