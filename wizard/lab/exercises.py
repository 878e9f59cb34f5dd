"""The lab's scenarios as exercises: what each is about, how hard it is, and what the user reports."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from wizard.lab.mended import CERTIFICATE_KNOBS
from wizard.model.knowledge import Knowledge, ScenarioEntry, Topic

Difficulty = Literal[1, 2, 3]

NO_COMPLAINT = "Please check this server before we go live with it."
"""What the user says of a server that nobody complains about."""

_TOPICS: tuple[Topic, ...] = get_args(Topic)
_UNUSUAL: dict[str, Topic] = {
    "policy": "policy",
    "strict": "policy",
    "client_certificate": "policy",
    "tls": "versions-and-ciphers",
    "ciphers": "versions-and-ciphers",
    "names": "names",
    "key": "certificate-form",
    "usage": "certificate-form",
    "leaf_is_ca": "certificate-form",
}
"""What a healthy server is unusual in, by the knob that says so; the first decides."""
_GOOD = {field.name: field.default for field in msgspec.structs.fields(ScenarioEntry)}


class Exercise(msgspec.Struct, frozen=True):
    """A scenario to practise on. `number` is its place among all exercises, from 1."""

    number: int
    scenario: ScenarioEntry
    topic: Topic
    difficulty: Difficulty
    report: str
    """What the user says: an error text, or a plain sentence."""


def exercises(knowledge: Knowledge) -> tuple[Exercise, ...]:
    """Returns every scenario as an exercise, by topic and difficulty.

    A healthy server stands under the topic that it looks suspicious in, so that "nothing is wrong" may be the answer
    anywhere.
    """
    found = [(_topic(one, knowledge), difficulty(one), one) for one in knowledge.scenarios]
    found.sort(key=lambda each: (_TOPICS.index(each[0]), each[1]))
    return tuple(
        Exercise(number, one, topic, hard, one.error or NO_COMPLAINT)
        for number, (topic, hard, one) in enumerate(found, 1)
    )


def difficulty(scenario: ScenarioEntry) -> Difficulty:
    """Returns how hard a scenario is: 1 the plain case of its cause, 2 a variant of it, 3 what leads astray.

    That is several faults at once, or an error text that blames a certificate where none is at fault.
    """
    plain = scenario.id.count("/") == 1
    if _misleads(scenario) or (scenario.also and not plain):
        return 3
    return 1 if plain else 2


def _misleads(scenario: ScenarioEntry) -> bool:
    blamed = "certificate" in (scenario.error or "").lower()
    concerned = (*CERTIFICATE_KNOBS, "client_certificate", "server_name")
    return blamed and all(getattr(scenario, knob) == _GOOD[knob] for knob in concerned)


def _topic(scenario: ScenarioEntry, knowledge: Knowledge) -> Topic:
    cause = knowledge.cause(scenario.cause)
    if cause.severity != "none":
        return cause.topic
    unusual = (topic for knob, topic in _UNUSUAL.items() if getattr(scenario, knob) != _GOOD[knob])
    return next(unusual, cause.topic)
