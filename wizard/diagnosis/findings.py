"""Findings: all causes whose signs are present, whichever of them the tree says to mend first."""

from __future__ import annotations

from typing import Literal

import msgspec

from wizard.model.case import Case
from wizard.model.knowledge import CauseEntry, Condition, Knowledge, Severity, Sign
from wizard.model.target import Engine

Confidence = Literal["confirmed", "reported", "suspected"]
"""`confirmed`: measured by a probe or read from a file; `reported`: a person or an error text says so;
`suspected`: something that would decide is unknown."""

_ORDER: tuple[Severity, ...] = ("error", "warning", "note", "none")


class Finding(msgspec.Struct, frozen=True):
    """A cause that is present, with the facts that show it."""

    cause: CauseEntry
    evidence: tuple[str, ...]


def find(case: Case, knowledge: Knowledge, engine: Engine | None) -> tuple[Finding, ...]:
    """Returns every cause of which one sign is fully present, the most severe first.

    A cause of severity `none` (nothing is wrong) is a finding only where there is no other.
    """
    found = [
        Finding(in_words_of(cause, case), tuple(condition.fact for condition in sign.all))
        for cause in knowledge.causes
        if engine is None or engine in cause.engines
        if (sign := present_sign(cause, case)) is not None
    ]
    faults = [finding for finding in found if finding.cause.severity != "none"]
    return tuple(sorted(faults or found, key=lambda finding: _ORDER.index(finding.cause.severity)))


def in_words_of(cause: CauseEntry, case: Case) -> CauseEntry:
    """Returns the cause with the title and summary that fit what else is known."""
    for variant in cause.variants:
        if all(_holds(condition, case) for condition in variant.all):
            return msgspec.structs.replace(cause, title=variant.title, summary=variant.summary)
    return cause


def present_sign(cause: CauseEntry, case: Case) -> Sign | None:
    """Returns the first sign of the cause of which every condition is known to hold, or None."""
    return next((sign for sign in cause.signs if _is_present(sign, case)), None)


def confidence_in(cause: CauseEntry, case: Case) -> Confidence:
    """Returns how sure the cause is, from who established the facts of its strongest present sign."""
    best: Confidence = "suspected"
    for sign in cause.signs:
        if not _is_present(sign, case):
            continue
        entries = (case.evidence_for(condition.fact) for condition in sign.all)
        if all(entry is not None and entry.source in ("probe", "file") for entry in entries):
            return "confirmed"
        best = "reported"
    return best


def open_facts(cause: CauseEntry, case: Case) -> tuple[str, ...]:
    """Returns the unknown facts of the sign that lacks fewest of them: what to find out to be sure."""
    lacking = [tuple(c.fact for c in sign.all if case.value(c.fact) is None) for sign in cause.signs]
    return min(lacking, key=len)


def _is_present(sign: Sign, case: Case) -> bool:
    return all(_holds(condition, case) for condition in sign.all) and not any(
        _holds(condition, case) for condition in sign.unless
    )


def _holds(condition: Condition, case: Case) -> bool:
    return case.value(condition.fact) in condition.one_of
