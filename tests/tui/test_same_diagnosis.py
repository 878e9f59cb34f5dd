"""The screens decide nothing: what they end in is what `dbtls check --json` prints."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import pytest

from tests.tui.driver import DEADLINE, Driver, known, run, started
from wizard.diagnosis.target import read_target
from wizard.lab.server import LabServer, serve
from wizard.model.evidence import unknown
from wizard.model.options import Options
from wizard.model.target import ENGINES, Engine
from wizard.report import json
from wizard.tui.journey import Inputs, Opening, opened
from wizard.tui.screens.evidence import EvidenceScreen
from wizard.tui.screens.question import QuestionScreen
from wizard.tui.screens.verdict import VerdictScreen
from wizard.workbench import Diagnosis, Workbench

NOW = datetime.now(UTC)


def inputs_for(server: LabServer) -> Inputs:
    """Returns what a person would enter about a lab server."""
    scenario = server.scenario
    read = read_target(f"{scenario.engine}://{server.host}:{server.port}", server_name=server.server_name)
    options = Options(at=NOW, ca_file=server.ca_file, seconds=2.0)
    return Inputs(options=options, read=read, error=scenario.error)


async def until(holds: Callable[[], bool]) -> None:
    """Waits without drawing anything for the test itself: there are two hundred cases to go through."""
    async with asyncio.timeout(DEADLINE):
        while not holds():
            await asyncio.sleep(0.01)


async def through_the_screens(driver: Driver, inputs: Inputs) -> Diagnosis:
    """Opens a case, presses Enter and says "I don't know" to every question; returns what that ends in."""
    bench = Workbench(known(), inputs.options)
    driver.app.flow.begin(Opening(inputs=inputs, bench=bench, at="evidence"))
    await until(lambda: isinstance(driver.app.screen, EvidenceScreen | QuestionScreen))
    while not isinstance(screen := driver.app.screen, VerdictScreen):
        await until(lambda: any(one.has_focus for one in driver.app.screen.query("#answers, #probes")))
        await driver.press("question_mark" if isinstance(screen, QuestionScreen) else "enter", settle=False)
        await until(lambda before=screen: driver.app.screen is not before)  # type: ignore[misc]
    done = screen.journey.diagnosis
    driver.app.flow.start_over()
    assert done is not None
    return done


def by_check(inputs: Inputs) -> Diagnosis:
    """Returns what the command line ends in, where somebody says "I don't know" to every question."""
    bench = Workbench(known(), inputs.options)
    return bench.diagnose(
        opened(bench, inputs), lambda ask: unknown(ask.fact.id, "person", "you do not know")
    )


def comparable(done: Diagnosis) -> object:
    """Returns the document of a diagnosis without what differs from one run to the next."""
    document = msgspec.to_builtins(json.diagnosis(done))
    del document["elapsed_ms"]
    return document


def one_for_each_cause() -> set[str]:
    """Returns the ids of scenarios that have all causes, and all engines in turn."""
    chosen: set[str] = set()
    for at, cause in enumerate(sorted({one.cause for one in known().scenarios})):
        for engine in (*ENGINES[at % len(ENGINES) :], *ENGINES[: at % len(ENGINES)]):
            found = [one.id for one in known().scenarios if (one.cause, one.engine) == (cause, engine)]
            if found:
                chosen.add(found[at % len(found)])
                break
    return chosen


@pytest.mark.parametrize(
    ("engine", "others"),
    [
        pytest.param(engine, more, marks=[pytest.mark.thorough] if more else [])
        for engine in ENGINES
        for more in (False, True)
    ],
)
def test_a_scenario_ends_the_same_on_screen_and_on_the_command_line(engine: Engine, others: bool) -> None:
    """Verdict, findings, trail, facts, certificates and fixes are equal, whichever front end asked."""
    chosen = one_for_each_cause()
    scenarios = [
        one for one in known().scenarios if one.engine == engine and (one.id in chosen) is not others
    ]

    async def scene() -> list[str]:
        different = []
        async with started(bench=Workbench) as driver:
            for scenario in scenarios:
                with serve(scenario) as server:
                    inputs = inputs_for(server)
                    shown = await through_the_screens(driver, inputs)
                    printed = by_check(inputs)
                if comparable(shown) != comparable(printed):
                    different.append(scenario.id)
        return different

    assert scenarios
    assert run(scene()) == []


def test_every_cause_and_every_engine_is_compared() -> None:
    """Those that are compared each time leave no cause out, and no engine."""
    chosen = [known().scenario(name) for name in one_for_each_cause()]
    assert {one.cause for one in chosen} == {one.cause for one in known().scenarios}
    assert {one.engine for one in chosen} == set(ENGINES)
    assert len(chosen) < len(known().scenarios) / 4


def test_the_comparison_sees_a_difference() -> None:
    """Two scenarios that differ in one fact do not count as the same."""
    found = []
    for name in ("mysql/healthy", "mysql/certificate-expired"):
        with serve(known().scenario(name)) as server:
            found.append(comparable(by_check(inputs_for(server))))
    assert found[0] != found[1]
