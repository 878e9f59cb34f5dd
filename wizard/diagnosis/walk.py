"""The core: what to do next in a case, as a pure function of the case and the knowledge.

No clock, no socket, no screen. Front ends differ only in who answers: a probe, a person, a file, or nobody
("unknown"). Going back is dropping the newest case; replaying is answering again from a saved trail.
"""

from __future__ import annotations

import msgspec

from wizard.diagnosis.findings import Confidence, confidence_in, in_words_of, open_facts
from wizard.model.case import Case
from wizard.model.evidence import Evidence, Source, Value
from wizard.model.knowledge import CauseEntry, Exit, FactEntry, Knowledge, Node


class Trailmark(msgspec.Struct, frozen=True):
    """One question of the walk, its answer, and who gave it. `value` None is "unknown"."""

    node: str
    fact: str
    question: str
    value: Value | None
    source: Source
    because: str | None


class RunProbe(msgspec.Struct, frozen=True):
    """The next step is a probe: its facts, or that they are unknown, are to be handed to `answered`."""

    probe: str
    fact: str
    trail: tuple[Trailmark, ...]


class Ask(msgspec.Struct, frozen=True):
    """The next step is a question to the person; "I don't know" is an answer too."""

    fact: FactEntry
    trail: tuple[Trailmark, ...]


class Verdict(msgspec.Struct, frozen=True):
    """The end of the walk. `cause` None is inconclusive; `open_questions` are the facts that would decide."""

    cause: CauseEntry | None
    confidence: Confidence | None
    open_questions: tuple[str, ...]
    trail: tuple[Trailmark, ...]


Step = RunProbe | Ask | Verdict


def next_step(case: Case, knowledge: Knowledge) -> Step:
    """Returns what the case needs next: a probe, a person's answer, or nothing more.

    The walk starts at the tree's first node each time; a tree without circles makes that end.
    """
    node = knowledge.nodes[0]
    trail: tuple[Trailmark, ...] = ()
    asked: dict[str, None] = {}
    while True:
        fact = knowledge.fact(node.fact)
        entry = case.evidence_for(fact.id)
        if entry is None or not entry.known:
            if fact.probe is not None and fact.probe not in case.probed:
                return RunProbe(fact.probe, fact.id, trail)
            if _is_asked(node, fact, case):
                return Ask(fact, trail)
        if (entry is None or not entry.known) and _fits_symptom(node, case):
            asked[fact.id] = None
        trail = (*trail, _mark(node, fact, entry))
        exit_ = _exit(node, entry)
        if exit_.verdict is not None:
            return _verdict(knowledge.cause(exit_.verdict), case, trail, tuple(asked))
        if exit_.go is None:
            return Verdict(None, None, _unanswered(trail), trail)
        node = knowledge.node(exit_.go)


def answered(case: Case, *evidence: Evidence) -> Case:
    """Returns the case with these answers, each replacing what the same source said of that fact before."""
    replaced = {(entry.fact, entry.source) for entry in evidence}
    kept = tuple(entry for entry in case.evidence if (entry.fact, entry.source) not in replaced)
    return msgspec.structs.replace(case, evidence=(*kept, *evidence))


def withdrawn(case: Case, fact: str) -> Case:
    """Returns the case without what a person said about a fact: it is asked for again, or a probe decides."""
    kept = tuple(one for one in case.evidence if one.fact != fact or one.source not in ("person", "assumed"))
    return msgspec.structs.replace(case, evidence=kept)


def unprobed(case: Case) -> Case:
    """Returns the case without what probes have found, so that they run again; what others said stays."""
    kept = tuple(one for one in case.evidence if one.source != "probe")
    return msgspec.structs.replace(case, evidence=kept, probed=(), certificates=())


def probed(case: Case, *probes: str) -> Case:
    """Returns the case with these probes noted as done, so that none of them is asked for again."""
    return msgspec.structs.replace(case, probed=tuple(dict.fromkeys((*case.probed, *probes))))


def _is_asked(node: Node, fact: FactEntry, case: Case) -> bool:
    """Says whether a person is asked: the question fits the symptom, and has not been put to them yet."""
    put = any(entry.fact == fact.id and entry.source in ("person", "assumed") for entry in case.evidence)
    return fact.question is not None and not put and _fits_symptom(node, case)


def _fits_symptom(node: Node, case: Case) -> bool:
    symptom = case.value("symptom")
    return symptom in node.ask_for or (symptom in (None, "ambiguous") and "any" in node.ask_for)


def _exit(node: Node, entry: Evidence | None) -> Exit:
    if entry is not None and entry.known:
        for branch in node.branches:
            if entry.value in branch.when:
                return branch
    return node.otherwise


def _mark(node: Node, fact: FactEntry, entry: Evidence | None) -> Trailmark:
    question = fact.question or f"{fact.title}?"
    if entry is None:
        return Trailmark(node.id, fact.id, question, None, "assumed", "nothing established it")
    return Trailmark(node.id, fact.id, question, entry.value, entry.source, entry.because)


def _verdict(cause: CauseEntry, case: Case, trail: tuple[Trailmark, ...], asked: tuple[str, ...]) -> Verdict:
    confidence = confidence_in(cause, case)
    unknown = open_facts(cause, case) if confidence == "suspected" else ()
    if cause.severity == "none" and unknown:
        # "Nothing is wrong" takes complete evidence; unknown is never treated as fine.
        # With a symptom only what the tree would ask for it helps; without one, whatever is unknown.
        wanted = asked if asked or case.value("symptom") is not None else unknown
        return Verdict(None, None, wanted, trail)
    return Verdict(in_words_of(cause, case), confidence, unknown, trail)


def _unanswered(trail: tuple[Trailmark, ...]) -> tuple[str, ...]:
    return tuple(mark.fact for mark in trail if mark.value is None)
