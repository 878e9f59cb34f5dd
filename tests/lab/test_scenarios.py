"""The scenarios of the knowledge folder: complete, and true to what they claim to be."""

from __future__ import annotations

import pytest

from tests.known import KNOWN
from wizard.model.knowledge import CauseEntry, ScenarioEntry
from wizard.model.target import ENGINES, Engine

BESIDE_THE_SERVER = ("resolve", "instance")
"""Probes that ask the name service and SQL Browser."""
ACCEPTED_BY_THE_RECORDED_DRIVERS = ("healthy", "malformed-certificate")
"""Their scenarios may lack an error text: of the drivers that check them only Go's refuse the malformed ones."""


def shown_by_the_server(cause: CauseEntry) -> bool:
    """Says whether probes of the server alone can find the cause, without an error text or an answer."""
    asked = {fact.id for fact in KNOWN.facts if fact.probe and fact.probe not in BESIDE_THE_SERVER}
    return any(all(condition.fact in asked for condition in sign.all) for sign in cause.signs)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_lab_shows_every_fault_that_a_server_can_show(engine: Engine) -> None:
    """Each such cause has a plain scenario for every database that has it, and no other cause has one."""
    plain = {one.id for one in KNOWN.scenarios if one.engine == engine and one.id.count("/") == 1}
    wanted = {
        f"{engine}/{one.id}" for one in KNOWN.causes if engine in one.engines and shown_by_the_server(one)
    }
    assert plain == wanted


@pytest.mark.parametrize("scenario", KNOWN.scenarios, ids=lambda scenario: scenario.id)
def test_a_scenario_is_named_after_its_cause(scenario: ScenarioEntry) -> None:
    """Engine and cause stand in its id; what it shows besides is another fault, which the database can have."""
    engine, cause = scenario.id.split("/")[:2]
    assert (engine, cause) == (scenario.engine, scenario.cause)
    assert cause not in scenario.also
    assert all(scenario.engine in KNOWN.cause(one).engines for one in (cause, *scenario.also))
    assert all(KNOWN.cause(one).severity != "none" for one in scenario.also)
    assert scenario.error or cause in ACCEPTED_BY_THE_RECORDED_DRIVERS


def test_titles_tell_the_scenarios_of_an_engine_apart() -> None:
    """Nobody has to read the ids to choose one."""
    for engine in ENGINES:
        titles = [one.title for one in KNOWN.scenarios if one.engine == engine]
        assert len(titles) == len(set(titles))
