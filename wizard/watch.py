"""Asks a server again and again until its verdict changes: the proof for whoever applies a fix meanwhile.

A round asks only what decided the verdict; when that looks different, the whole diagnosis decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event

import msgspec

from wizard.diagnosis.findings import present_sign
from wizard.diagnosis.proof import Proof, compare
from wizard.errors import UsageError
from wizard.model.case import Case
from wizard.model.evidence import Value
from wizard.model.knowledge import Knowledge
from wizard.workbench import Diagnosis, Workbench, engine_of

PATIENCE = 3
"""Rounds in a row in which a server may be away before that counts: a restart is no change."""
MOST_ABORTED = 80
"""Connections to MySQL or MariaDB, which locks a machine out after 100 without a login (max_connect_errors)."""


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One round."""

    away: bool
    """The server was not reached."""
    diagnosis: Diagnosis | None = None
    """The new one, where something changed."""
    proof: Proof | None = None
    """What became of the first verdict; None while nothing has changed."""


def watch(
    first: Diagnosis, open_case: Callable[[Workbench], Case], bench: Workbench, pause: Callable[[], bool]
) -> Iterator[Round]:
    """Yields each round; the last one has the proof, or has not where the limit of connections is reached.

    Args:
        first: the diagnosis to compare with.
        open_case: makes the case anew, without what anybody complained of.
        bench: the one that made `first`.
        pause: waits for the next round; False ends it.

    Raises:
        UsageError: no probe measures what decided the first verdict.
    """
    known = bench.knowledge
    deciding = _deciding(first, known)
    if not deciding:
        raise UsageError(
            "No probe can see this fault, so there is nothing to watch.",
            hint="After the fix, let the client connect once more.",
        )
    limited = is_limited(first)
    spent, away = first.connections, 0
    while pause():
        again = bench.renewed(bench.options)
        case = _asked(again, open_case(again), _probes(deciding, known))
        spent += again.connections
        now = {fact: case.value(fact) for fact in deciding}
        gone = case.value("connect.status") != "open" and "connect.status" not in deciding
        away = away + 1 if gone else 0
        if now == deciding or 0 < away < PATIENCE:
            yield Round(away=gone)
        else:
            fresh = bench.renewed(bench.options)
            done = fresh.diagnose(open_case(fresh))
            spent += fresh.connections
            if _id(done) != _id(first):
                proof = compare(first.case, first.verdict, done.case, done.verdict)
                yield Round(away=gone, diagnosis=done, proof=proof)
                return
            yield Round(away=gone)
        if limited and spent >= MOST_ABORTED:
            return


def is_limited(done: Diagnosis) -> bool:
    """Says whether the server counts connections without a login, and locks out whoever opens too many."""
    return engine_of(done.case) in ("mysql", "mariadb")


def _id(done: Diagnosis) -> str | None:
    return done.verdict.cause.id if done.verdict.cause else None


def _deciding(done: Diagnosis, known: Knowledge) -> dict[str, Value | None]:
    """Returns the facts that show the verdict and that a probe measured, with their values."""
    cause = done.verdict.cause
    sign = present_sign(cause, done.case) if cause else None
    measured = {fact.id for fact in known.facts if fact.probe}
    facts = [condition.fact for condition in sign.all] if sign else list(measured)
    return {
        fact: done.case.value(fact)
        for fact in facts
        if fact in measured and (entry := done.case.evidence_for(fact)) and entry.source == "probe"
    }


def _probes(facts: dict[str, Value | None], known: Knowledge) -> frozenset[str]:
    return frozenset(fact.probe for fact in known.facts if fact.probe and fact.id in facts)


def _asked(bench: Workbench, case: Case, probes: frozenset[str]) -> Case:
    for progress in bench.probe(case, Event(), probes):
        case = progress.case
    return case
