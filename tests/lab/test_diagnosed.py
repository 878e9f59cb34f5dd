"""Every scenario is diagnosed for what it is: the verdict, and all of its faults, with nothing that is none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.lab.practice import KNOWN
from wizard.lab.server import serve
from wizard.model.knowledge import ScenarioEntry
from wizard.model.target import NAMES, Engine, Target
from wizard.workbench import Diagnosis, Options, Workbench

CONNECTIONS = 6
"""What a diagnosis may open at most."""


def diagnosed(scenario: ScenarioEntry, error: str | None = None) -> Diagnosis:
    """Returns what the probes find out about a scenario, alone or with an error text, and without an answer."""
    with serve(scenario) as server:
        target = Target(
            engine=scenario.engine, host=server.host, port=server.port, server_name=server.server_name
        )
        bench = Workbench(KNOWN, Options(at=datetime.now(UTC), seconds=1.0, ca_file=server.ca_file))
        return bench.diagnose(bench.open_case(target=target, error=error))


@pytest.mark.parametrize("scenario", KNOWN.scenarios, ids=lambda scenario: scenario.id)
def test_a_scenario_is_found_out_completely(scenario: ScenarioEntry) -> None:
    """The fault to mend first is the verdict, confirmed; the findings are it and the others, each with evidence."""
    done = diagnosed(scenario)
    assert done.verdict.cause is not None
    assert (done.verdict.cause.id, done.verdict.confidence) == (scenario.cause, "confirmed")
    assert {finding.cause.id for finding in done.findings} == {scenario.cause, *scenario.also}
    assert all(finding.evidence for finding in done.findings)
    assert done.connections <= CONNECTIONS


@pytest.mark.parametrize(
    "scenario", [one for one in KNOWN.scenarios if one.error], ids=lambda scenario: scenario.id
)
def test_its_error_text_changes_nothing(scenario: ScenarioEntry) -> None:
    """What its client says makes no finding beside the faults, but for a note on the client that says it."""
    done = diagnosed(scenario, scenario.error)
    assert done.verdict.cause is not None
    assert (done.verdict.cause.id, done.verdict.confidence) == (scenario.cause, "confirmed")
    found = {finding.cause.id for finding in done.findings}
    assert found - {"client-now-verifies"} == {scenario.cause, *scenario.also}


@pytest.mark.parametrize("engine", NAMES)
def test_a_server_in_order_is_told_from_an_old_one(engine: Engine) -> None:
    """The same complaint shows that the client sees another server only where this one speaks TLS of today."""
    error = "error:0A00014D:SSL routines::legacy sigalg disallowed or unsupported"
    for kind, causes in (("healthy", {"another-server-reached"}), ("legacy-tls-only", {"legacy-tls-only"})):
        done = diagnosed(KNOWN.scenario(f"{engine}/{kind}"), error)
        assert {finding.cause.id for finding in done.findings} == causes
