"""An exercise as the practice mode begins it: the scenario, served and diagnosed with the user's error text."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from zlib import crc32

from tests.known import prepared
from tests.thorough import one_of_each
from wizard.lab.server import serve
from wizard.model.knowledge import ScenarioEntry
from wizard.model.target import Target
from wizard.workbench import Diagnosis, Options, Workbench

KNOWN = prepared()


def spread() -> list[object]:
    """All scenarios as parameters: in the short run each case and variant with one database, now this, now that."""
    mixed = sorted(KNOWN.scenarios, key=lambda one: crc32(one.id.encode()))
    return one_of_each(mixed, lambda one: one.id.partition("/")[2])


@cache
def diagnosed(scenario: ScenarioEntry) -> Diagnosis:
    """Returns what the probes and the error text tell, as an exercise has it."""
    with serve(scenario) as server:
        target = Target(
            engine=scenario.engine, host=server.host, port=server.port, server_name=server.server_name
        )
        bench = Workbench(KNOWN, Options(at=datetime.now(UTC), seconds=1.0, ca_file=server.ca_file))
        return bench.diagnose(bench.open_case(target=target, error=scenario.error))
