"""The exercise sheet of `dbtls lab list --sheet`: Markdown for a trainer, the exercises first, then the solutions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from wizard.fixes.select import select
from wizard.lab.exercises import Exercise
from wizard.model.knowledge import TOPICS, CauseEntry, Condition, Knowledge
from wizard.report import words

_DIFFICULTIES = {1: "plain cases", 2: "variants", 3: "several faults, or a text that misleads"}
_QUESTIONS = (
    "Which facts show what is wrong?",
    "What is the cause, or is nothing wrong?",
    "What else is wrong that the error does not mention?",
    "Which fix mends it for good, and where is it applied?",
)


def sheet_of(exercises: Iterable[Exercise], knowledge: Knowledge) -> Iterator[str]:
    """Yields the lines of the sheet. A participant gets the part above `Solutions`."""
    chosen = tuple(exercises)
    yield "# Exercises: TLS of database connections"
    yield ""
    yield "Each exercise is a server on the trainer's machine. The command to start it prints its port, the name that"
    yield "the client uses, and the CA file that the client trusts, if any. For the trainer it prints the cause, too."
    yield ""
    yield "Answer for each of them:"
    yield ""
    yield from (f"{number}. {question}" for number, question in enumerate(_QUESTIONS, 1))
    yield ""
    yield "The way there, in the order in which one asks:"
    yield ""
    yield from (f"- {question}" for question in _way(knowledge))
    for heading, group in _parts(chosen):
        yield from ("", heading)
        for one in group:
            yield from _exercise(one)
    yield from ("", "# Solutions")
    for heading, group in _parts(chosen):
        yield from ("", heading)
        for one in group:
            yield from _solution(one, knowledge)


def _parts(exercises: tuple[Exercise, ...]) -> Iterator[tuple[str, Iterator[Exercise]]]:
    for (topic, difficulty), group in groupby(exercises, key=lambda one: (one.topic, one.difficulty)):
        yield f"## {TOPICS[topic]}: {_DIFFICULTIES[difficulty]}", group


def _way(knowledge: Knowledge) -> Iterator[str]:
    """Yields the questions of the tree that a look at the server answers."""
    for fact in map(knowledge.fact, dict.fromkeys(node.fact for node in knowledge.nodes)):
        if fact.question and fact.choices and fact.probe:
            yield fact.question


def _exercise(one: Exercise) -> Iterator[str]:
    yield from ("", f"### Exercise {one.number}", "", f"The user of {one.scenario.engine} reports:", "")
    yield from (f"    {line}".rstrip() for line in one.report.splitlines())
    yield from ("", f"Start: `dbtls lab serve {one.number}`", "")
    yield from (f"{number}. {question} ______" for number, question in enumerate(_QUESTIONS, 1))


def _solution(one: Exercise, knowledge: Knowledge) -> Iterator[str]:
    scenario, cause = one.scenario, knowledge.cause(one.scenario.cause)
    yield from ("", f"### Solution {one.number}", "", f"{scenario.title} (`{scenario.id}`).", "")
    yield f"- Cause: **{cause.title}.** {cause.summary}"
    yield f"- Shown by: {'; or '.join(_signs(cause, knowledge))}."
    if scenario.also:
        also = "; ".join(knowledge.cause(each).title for each in scenario.also)
        yield f"- Also wrong: {also}."
    yield f"- Permanent fix: {_mended_by(cause, one, knowledge)}"


def _signs(cause: CauseEntry, knowledge: Knowledge) -> Iterator[str]:
    """Yields the signs that a look at the server shows; those of error texts need a client that complains."""
    for sign in cause.signs:
        if all(knowledge.fact(condition.fact).probe for condition in sign.all):
            yield ", ".join(_shown(condition, knowledge) for condition in sign.all)


def _shown(condition: Condition, knowledge: Knowledge) -> str:
    fact = knowledge.fact(condition.fact)
    values = " or ".join(f'"{words.of_value(value, fact)}"' for value in condition.one_of)
    return f"{fact.title} is {values}"


def _mended_by(cause: CauseEntry, one: Exercise, knowledge: Knowledge) -> str:
    if cause.severity == "none":
        return "none. There is nothing to mend."
    fixes = select(cause.id, one.scenario.engine, knowledge)
    lasting = [fix for fix in fixes if fix.tier == "permanent"]
    # A fix for any client, in any circumstances, speaks to more readers than the first one in order.
    lasting.sort(key=lambda fix: (bool(fix.only_if), fix.client is not None))
    return f"{lasting[0].title}." if lasting else cause.advice or "none."
