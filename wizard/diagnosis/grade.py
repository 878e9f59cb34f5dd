"""Grades a trainee's walk through the decision tree against what was measured.

A pure function of the case, the answers and the knowledge, like the walk itself. The trainee's answers take the place
of the measured ones; everything that they were not asked stays as it was established.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from wizard.diagnosis.findings import confidence_in, find
from wizard.diagnosis.walk import Ask, RunProbe, Verdict, answered, next_step, probed
from wizard.model.case import Case
from wizard.model.evidence import Evidence, Source, Value, unknown
from wizard.model.knowledge import CauseEntry, FactEntry, FixEntry, Knowledge
from wizard.model.text import printable

FixMark = Literal["right", "works", "wrong"]
"""`works`: the client connects, but something better is at hand."""

_OF_THE_CERTIFICATE = "certificate"
"""The probe whose facts are about the certificate: the last part of the tree."""
_BEFORE_THE_SERVER = ("resolve", "instance")
"""Probes that ask the name service and SQL Browser; without a fault there, they are no question about this server."""


class GradedStep(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of the trainee beside the measured one. `given` None is "I don't know"."""

    fact: str
    question: str
    given: Value | None
    right: Value
    source: Source
    because: str | None
    """What the right value was read from; it may hold a server's own words, which are not safe to show."""
    correct: bool
    words: str | None
    """Why it is wrong and where it led, in sentences; None where it is right."""


class Grade(msgspec.Struct, frozen=True, kw_only=True):
    """How an exercise went."""

    steps: tuple[GradedStep, ...]
    """The questions in the order in which they were put."""
    led_to: CauseEntry | None
    """The cause that the trainee's own answers lead to; None where they lead to none."""
    right_cause: CauseEntry | None
    cause_right: bool
    cause_words: str
    fix_mark: FixMark
    fix_words: str

    @property
    def first_wrong(self) -> GradedStep | None:
        """The first wrong turn."""
        return next((step for step in self.steps if not step.correct), None)

    @property
    def fix_right(self) -> bool:
        """Says whether the best kind of fix for the right cause was picked."""
        return self.fix_mark == "right"


def exercise_step(
    case: Case, answers: Mapping[str, Value | None], knowledge: Knowledge
) -> FactEntry | CauseEntry | None:
    """Returns the next question for the trainee, or the cause that their answers end at; None: at no cause.

    A question is put where its answer was measured and has choices to choose from. Of the tree's two parts, the
    connection and the certificate, the one where the right walk ends is asked in full, without the name service and the
    named instance where these are in order. Where that is the certificate, the only question before it is the first
    one, about the port. That makes at most nine, ten after a wrong turn; the rest is taken as it was established.

    Args:
        case: the finished case, with what the probes measured and without an answer of the trainee.
        answers: what the trainee said so far, by fact; None is "I don't know".
        knowledge: the tree, and the questions with their choices.
    """
    put = _questions(case, knowledge)
    end = _end(case, _only(answers, put), knowledge)
    for mark in end.trail:
        if mark.fact in put and mark.fact not in answers:
            return put[mark.fact]
    return end.cause


def grade(
    case: Case,
    answers: Mapping[str, Value | None],
    named_cause: str | None,
    chosen_fix: str | None,
    knowledge: Knowledge,
) -> Grade:
    """Returns how an exercise went.

    Args:
        case: the finished case, as for `exercise_step`.
        answers: all that the trainee said, by fact; what is not on the way of their own walk does not count.
        named_cause: the id of the cause that they named; None: none.
        chosen_fix: the id of the fix that they picked; None: none.
        knowledge: the tree, the causes and the fixes.

    Raises:
        KeyError: there is no such cause or fix.
    """
    put = _questions(case, knowledge)
    given = _only(answers, put)
    right = _end(case, {}, knowledge)
    theirs = _end(case, given, knowledge)
    answered_on_the_way = {mark.fact: given[mark.fact] for mark in theirs.trail if mark.fact in given}
    mark, fix_words = _fix(case, chosen_fix, right.cause, knowledge)
    return Grade(
        steps=tuple(_steps(case, answered_on_the_way, put, knowledge)),
        led_to=theirs.cause,
        right_cause=right.cause,
        cause_right=_id(right.cause) == named_cause,
        cause_words=_cause_words(case, named_cause, right.cause, theirs.cause, knowledge),
        fix_mark=mark,
        fix_words=fix_words,
    )


def _end(case: Case, answers: Mapping[str, Value | None], knowledge: Knowledge) -> Verdict:
    """Returns where the walk ends with these answers instead of what was measured; nobody is asked anything else."""
    kept = tuple(entry for entry in case.evidence if entry.fact not in answers)
    said = (Evidence(fact, value, "person") for fact, value in answers.items())
    case = answered(msgspec.structs.replace(case, evidence=kept), *said)
    while not isinstance(step := next_step(case, knowledge), Verdict):
        match step:
            case RunProbe(probe=probe):
                case = probed(case, probe)
            case Ask(fact=fact):
                case = answered(case, unknown(fact.id, "assumed", "nobody was asked"))
    return step


def _questions(case: Case, knowledge: Knowledge) -> dict[str, FactEntry]:
    """Returns the facts that are worth asking the trainee, by id; which of them are put depends on their walk."""
    right = _end(case, {}, knowledge)
    on_the_way = dict.fromkeys(node.fact for node in knowledge.nodes)
    measured = [fact for fact in map(knowledge.fact, on_the_way) if _is_measured(case, fact)]
    connection = [fact for fact in measured if fact.probe != _OF_THE_CERTIFICATE]
    certificate = [fact for fact in measured if fact.probe == _OF_THE_CERTIFICATE]
    reached = {mark.fact for mark in right.trail}
    chosen = [*connection[:1], *certificate] if any(one.id in reached for one in certificate) else connection
    return {fact.id: fact for fact in chosen}


def _is_measured(case: Case, fact: FactEntry) -> bool:
    entry = case.evidence_for(fact.id)
    if entry is None or not entry.known or entry.source not in ("probe", "file"):
        return False
    trivial = fact.probe in _BEFORE_THE_SERVER and fact.is_normal(entry.value)
    return fact.question is not None and bool(fact.choices) and not trivial


def _only(answers: Mapping[str, Value | None], put: Mapping[str, FactEntry]) -> dict[str, Value | None]:
    return {fact: value for fact, value in answers.items() if fact in put}


def _steps(
    case: Case, answers: Mapping[str, Value | None], put: Mapping[str, FactEntry], knowledge: Knowledge
) -> Iterator[GradedStep]:
    """Yields each answer with its mark; what it did is seen from the walk up to it, with the rest as measured."""
    before: dict[str, Value | None] = {}
    for id_, given in answers.items():
        fact, entry = put[id_], case.evidence_for(id_)
        if entry is None or entry.value is None:
            raise KeyError(id_)
        so_far = {**before, id_: given}
        words = None
        if given != entry.value:
            led_to = _end(case, so_far, knowledge).cause
            would_be = _end(case, before, knowledge).cause
            words = f"{_wrong(case, fact, given, entry)} {_where(led_to, would_be)}"
        yield GradedStep(
            fact=id_,
            question=fact.question or fact.title,
            given=given,
            right=entry.value,
            source=entry.source,
            because=entry.because,
            correct=words is None,
            words=words,
        )
        before = so_far


def _wrong(case: Case, fact: FactEntry, given: Value | None, entry: Evidence) -> str:
    said = "You did not know" if given is None else f'You said "{_label(fact, given)}"'
    why = f": {printable(entry.because)}" if entry.because else ""
    if (fact.id, entry.value) == ("names.status", "mismatch") and (used := case.value("names.used")):
        why += f", and the client asks for {printable(str(used))}"
    return f'{said}, but it is "{_label(fact, entry.value)}"{why}.'


def _where(led_to: CauseEntry | None, would_be: CauseEntry | None) -> str:
    if _id(led_to) == _id(would_be):
        return "Here it makes no difference to where the tree leads."
    if led_to is None:
        return "With your answer the tree can name no cause."
    return f'With your answer the tree goes to "{led_to.title}".'


def _label(fact: FactEntry, value: Value | None) -> str:
    """Returns a value by the label of its choice."""
    return next((choice.label for choice in fact.choices if choice.value == value), printable(str(value)))


def _cause_words(
    case: Case, named: str | None, right: CauseEntry | None, led_to: CauseEntry | None, knowledge: Knowledge
) -> str:
    if right is None:
        return "What was measured does not suffice to name the cause."
    if named == right.id:
        lucky = "" if _id(led_to) == right.id else " Your answers lead elsewhere, though."
        return f"{right.title}. That is the cause.{lucky}"
    if named is None:
        return f"You named no cause. It is this: {right.title}."
    # What only an error text speaks for may be a wrong trail itself.
    present = {
        finding.cause.id
        for finding in find(case, knowledge, None)
        if confidence_in(finding.cause, case) == "confirmed"
    }
    there = "That is so, but it is not what to mend first" if named in present else "That is not so"
    led = f" Your answers lead to another cause: {led_to.title}." if led_to and led_to.id != named else ""
    return f'You named "{knowledge.cause(named).title}". {there}. The cause is this: {right.title}.{led}'


def _fix(
    case: Case, chosen: str | None, right: CauseEntry | None, knowledge: Knowledge
) -> tuple[FixMark, str]:
    fitting = [fix for fix in knowledge.fixes if right and right.id in fix.causes and _fits(fix, case)]
    lasting = [fix for fix in fitting if fix.tier == "permanent"]
    lasting.sort(key=lambda fix: (fix.client is not None, fix.order, fix.id))
    # Beside a fix for all circumstances, one for special circumstances is right only where these are known.
    sure = [fix for fix in lasting if _is_sure(fix, case)] or lasting
    instead = f' The permanent fix: "{sure[0].title}".' if sure else ""
    if chosen is None:
        if fitting:
            return "wrong", f"You picked no fix.{instead}"
        return "right", (right.advice if right and right.advice else "There is nothing to mend.")
    fix = _named(chosen, knowledge)
    if right is None or not fitting:
        return "wrong", "There is nothing here that a fix mends."
    if right.id not in fix.causes:
        other = knowledge.cause(fix.causes[0]).title
        return "wrong", f'It mends something else: "{other}".{instead}'
    if fix not in fitting:
        return "wrong", f"It is for another database, or for other circumstances than these.{instead}"
    if fix.tier == "bypass" and any(one.tier != "bypass" for one in fitting):
        return "wrong", f"A bypass switches the protection off. {fix.gives_up}{instead}"
    if fix.tier == "intermediate" and lasting:
        limits = f" Not when: {fix.when_not}" if fix.when_not else ""
        return "works", f"It works, but it does not mend the cause.{limits}{instead}"
    if fix.tier == "permanent" and fix not in sure:
        return "works", f"It works in certain circumstances only, and nothing shows them here.{instead}"
    return "right", "It mends the cause for good." if fix.tier == "permanent" else "There is no better fix."


def _named(wanted: str, knowledge: Knowledge) -> FixEntry:
    for fix in knowledge.fixes:
        if fix.id == wanted:
            return fix
    raise KeyError(wanted)


def _fits(fix: FixEntry, case: Case) -> bool:
    """Says whether a fix is for the case's database, and no condition of it is known not to hold."""
    engine = case.value("server.engine") or (case.target.engine if case.target else None)
    known = ((case.value(one.fact), one.one_of) for one in fix.only_if)
    return (engine is None or engine in fix.engines) and all(
        value is None or value in one_of for value, one_of in known
    )


def _is_sure(fix: FixEntry, case: Case) -> bool:
    return all(case.value(one.fact) in one.one_of for one in fix.only_if)


def _id(cause: CauseEntry | None) -> str | None:
    return cause.id if cause else None
