"""The scenarios as exercises: in order, of known difficulty, and each with a way to its cause."""

from __future__ import annotations

from typing import get_args

import pytest

from tests.lab.knobs import GOOD, with_knobs
from tests.lab.practice import KNOWN, diagnosed, spread
from wizard.diagnosis.grade import exercise_step, grade
from wizard.lab.exercises import NO_COMPLAINT, difficulty, exercises
from wizard.model.evidence import Value
from wizard.model.knowledge import TOPICS, FactEntry, ScenarioEntry, Topic

ALL = exercises(KNOWN)
LONGEST = 9


def test_every_scenario_is_one_exercise() -> None:
    """Numbered from 1, by topic and then by difficulty."""
    assert {one.scenario.id for one in ALL} == {one.id for one in KNOWN.scenarios}
    assert [one.number for one in ALL] == list(range(1, len(KNOWN.scenarios) + 1))
    places = [(get_args(Topic).index(one.topic), one.difficulty) for one in ALL]
    assert places == sorted(places)
    assert set(TOPICS) == set(get_args(Topic))


def test_a_fault_stands_under_the_topic_of_its_cause() -> None:
    """A healthy server, which has no fault, under what is unusual about it."""
    for one in ALL:
        cause = KNOWN.cause(one.scenario.cause)
        assert cause.severity == "none" or one.topic == cause.topic
    topics = {one.scenario.id: one.topic for one in ALL}
    assert topics["mysql/healthy/wildcard"] == "names"
    assert topics["mysql/healthy/tls-1-3-only"] == "versions-and-ciphers"
    assert topics["mysql/healthy"] == "trust"


def test_nothing_is_wrong_may_be_the_answer_in_most_topics() -> None:
    """Only a server that is not reached is never in order, and neither the lab's client nor a date is at fault."""
    healthy = {one.topic for one in ALL if one.scenario.cause == "healthy"}
    assert healthy == set(TOPICS) - {"reach", "validity", "client"}


def test_the_user_reports_the_error_text_or_asks_for_a_check() -> None:
    """Nobody complains about a healthy server."""
    for one in ALL:
        assert one.report == (one.scenario.error or NO_COMPLAINT)
    assert {one.report for one in ALL if one.scenario.cause == "healthy"} == {NO_COMPLAINT}


def test_a_plain_case_is_easy_and_a_variant_is_harder() -> None:
    """Whether plain is seen from the id; a plain case stays one with the faults that always come with it."""
    assert difficulty(GOOD) == 1
    assert difficulty(with_knobs(GOOD, id="postgresql/x/variant")) == 2
    assert difficulty(KNOWN.scenario("mysql/self-generated-certificate")) == 1


def test_several_faults_are_hard() -> None:
    """The twin: the same variant with one fault is not."""
    assert difficulty(with_knobs(GOOD, id="postgresql/x/variant", also=["weak-key"])) == 3
    assert difficulty(with_knobs(GOOD, id="postgresql/x/variant")) == 2


def test_a_text_that_blames_a_certificate_for_something_else_is_hard() -> None:
    """Not where a certificate is at fault, the server's or the client's."""
    text = "peer did not return a certificate"
    assert difficulty(with_knobs(GOOD, ciphers="rc4", error=text)) == 3
    assert difficulty(with_knobs(GOOD, ciphers="rc4", error="no shared cipher")) == 1
    assert difficulty(with_knobs(GOOD, client_certificate="required", error=text)) == 1
    assert difficulty(with_knobs(GOOD, key="rsa-1024", error=text)) == 1


@pytest.mark.parametrize("scenario", spread(), ids=lambda scenario: scenario.id)
def test_right_answers_lead_to_the_scenarios_cause(scenario: ScenarioEntry) -> None:
    """In at most nine questions; and a wrong answer to the last one is found to be the first wrong turn."""
    case = diagnosed(scenario).case

    def walked(wrong: dict[str, Value | None]) -> dict[str, Value | None]:
        answers: dict[str, Value | None] = {}
        while isinstance(step := exercise_step(case, answers, KNOWN), FactEntry):
            answers[step.id] = wrong.get(step.id, case.value(step.id))
        return answers

    answers = walked({})
    assert 1 <= len(answers) <= LONGEST
    done = grade(case, answers, scenario.cause, None, KNOWN)
    assert done.led_to is not None
    assert (done.led_to.id, done.cause_right, done.first_wrong) == (scenario.cause, True, None)
    last = KNOWN.fact(list(answers)[-1])
    for choice in last.choices:
        if choice.value != answers[last.id]:
            done = grade(case, walked({last.id: choice.value}), None, None, KNOWN)
            assert done.first_wrong is not None
            assert done.first_wrong.fact == last.id
            assert done.first_wrong.words
