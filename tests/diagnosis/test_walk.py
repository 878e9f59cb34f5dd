"""The walk through the tree, as a pure function of the case."""

from __future__ import annotations

import msgspec

from wizard.diagnosis.walk import Ask, RunProbe, Verdict, answered, next_step, probed
from wizard.model.case import Case
from wizard.model.evidence import Evidence, Source, Value, unknown
from wizard.model.knowledge import (
    Branch,
    CauseEntry,
    Choice,
    Condition,
    Exit,
    FactEntry,
    Knowledge,
    Node,
    Sign,
)


def cause(id_: str, fact: str, value: str, severity: str = "error") -> CauseEntry:
    """Returns a cause with one sign of one condition."""
    return msgspec.convert(
        {
            "id": id_,
            "title": id_,
            "summary": id_,
            "precise": id_,
            "spoken": id_,
            "plan": id_,
            "severity": severity,
            "topic": "reach",
            "engines": ["postgresql"],
            "signs": [{"all": [{"fact": fact, "one_of": [value]}]}],
            "sources": ["S"],
        },
        CauseEntry,
    )


def fact(id_: str, probe: str | None, question: str | None) -> FactEntry:
    """Returns a fact with the values good and bad."""
    choices = (Choice(value="good", label="good"), Choice(value="bad", label="bad"))
    return FactEntry(id=id_, title=id_, choices=choices, normal="good", probe=probe, question=question)


KNOWN = Knowledge(
    facts=(fact("door", "knock", "Is the door open?"), fact("key", None, "Does the key fit?")),
    nodes=(
        Node(
            id="at-the-door",
            fact="door",
            branches=(Branch(when=("bad",), verdict="locked"), Branch(when=("good",), go="with-the-key")),
            otherwise=Exit(go="with-the-key"),
            sources=("S",),
        ),
        Node(
            id="with-the-key",
            fact="key",
            ask_for=("any",),
            branches=(Branch(when=("bad",), verdict="wrong-key"), Branch(when=("good",), verdict="fine")),
            otherwise=Exit(verdict="fine"),
            sources=("S",),
        ),
    ),
    causes=(
        cause("locked", "door", "bad"),
        cause("wrong-key", "key", "bad"),
        cause("fine", "key", "good", severity="none"),
    ),
)


def told(fact_: str, value: Value | None, source: Source) -> Evidence:
    """Returns evidence without a reason."""
    return Evidence(fact_, value, source)


def test_an_unknown_fact_is_probed_first() -> None:
    """What a probe can establish is probed before anyone is asked."""
    step = next_step(Case(), KNOWN)
    assert isinstance(step, RunProbe)
    assert (step.probe, step.fact) == ("knock", "door")


def test_a_probe_runs_once() -> None:
    """A probe that ran without an answer is not asked for again; the person is not asked without `ask_for`."""
    step = next_step(probed(Case(), "knock"), KNOWN)
    assert isinstance(step, Ask)
    assert step.fact.id == "key"


def test_a_known_fact_decides_whoever_established_it() -> None:
    """The tree does not care whether a probe, a person or an error text knows."""
    sources: tuple[Source, ...] = ("probe", "person", "error-text", "file")
    for source in sources:
        step = next_step(answered(Case(), told("door", "bad", source)), KNOWN)
        assert isinstance(step, Verdict)
        assert step.cause is not None
        assert step.cause.id == "locked"
        assert [mark.source for mark in step.trail] == [source]


def test_confidence_says_who_knew() -> None:
    """Measured is confirmed, told is reported."""
    expected: dict[Source, str] = {
        "probe": "confirmed",
        "file": "confirmed",
        "person": "reported",
        "error-text": "reported",
    }
    for source, confidence in expected.items():
        step = next_step(answered(Case(), told("door", "bad", source)), KNOWN)
        assert isinstance(step, Verdict)
        assert step.confidence == confidence


def test_unknown_is_not_false() -> None:
    """After "I don't know" nothing is called fine: the walk ends inconclusive and names the open question."""
    case = answered(probed(Case(), "knock"), unknown("key", "person", "you do not know"))
    step = next_step(case, KNOWN)
    assert isinstance(step, Verdict)
    assert step.cause is None
    assert step.open_questions == ("key",)


def test_complete_evidence_may_be_fine() -> None:
    """The twin: with the fact known the same path ends in the verdict that nothing is wrong."""
    step = next_step(answered(probed(Case(), "knock"), told("key", "good", "person")), KNOWN)
    assert isinstance(step, Verdict)
    assert step.cause is not None
    assert step.cause.id == "fine"


def test_a_person_overrules_a_probe_and_may_take_it_back() -> None:
    """A person's answer counts before the probe's; dropping the newest case is going back."""
    before = answered(Case(), told("door", "good", "probe"), told("key", "good", "person"))
    after = answered(before, told("door", "bad", "person"))
    verdicts = [next_step(case, KNOWN) for case in (before, after, before)]
    assert [v.cause.id for v in verdicts if isinstance(v, Verdict) and v.cause] == ["fine", "locked", "fine"]


def test_a_question_that_does_not_fit_the_symptom_is_not_asked() -> None:
    """A person is asked only what matters for the symptom."""
    case = answered(probed(Case(), "knock"), told("symptom", "expired", "error-text"))
    assert isinstance(next_step(case, KNOWN), Verdict)


def test_a_saved_trail_replays_to_the_same_verdict() -> None:
    """Feeding the trail of a verdict in again gives that verdict."""
    first = next_step(answered(Case(), told("door", "good", "probe"), told("key", "bad", "person")), KNOWN)
    assert isinstance(first, Verdict)
    again = answered(Case(), *(Evidence(mark.fact, mark.value, mark.source) for mark in first.trail))
    assert next_step(again, KNOWN) == first


def test_the_newest_answer_of_one_source_replaces_the_older() -> None:
    """A fact has at most one entry for each source."""
    case = answered(answered(Case(), told("door", "bad", "person")), told("door", "good", "person"))
    assert [entry.value for entry in case.evidence] == ["good"]


def test_a_sign_needs_all_of_its_conditions() -> None:
    """A finding appears only where every condition of a sign is known to hold."""
    from wizard.diagnosis.findings import present_sign

    both = Sign(all=(Condition(fact="door", one_of=("bad",)), Condition(fact="key", one_of=("bad",))))
    entry = msgspec.structs.replace(KNOWN.causes[0], signs=(both,))
    half = answered(Case(), told("door", "bad", "probe"))
    assert present_sign(entry, half) is None
    assert present_sign(entry, answered(half, told("key", "bad", "probe"))) is both
