"""An exercise as the practice mode begins it: the scenario, served and diagnosed with the user's error text."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from wizard.diagnosis.match import Matcher
from wizard.knowledge.load import load
from wizard.knowledge.locate import knowledge_folder
from wizard.lab.server import serve
from wizard.model.knowledge import Knowledge, ScenarioEntry
from wizard.model.target import Target
from wizard.workbench import Diagnosis, Options, Workbench


def prepared() -> Knowledge:
    """Returns the knowledge with its phrases, which each workbench would otherwise prepare again."""
    loaded = load(knowledge_folder())
    return msgspec.structs.replace(loaded, prepared=Matcher(loaded).prepared)


KNOWN = prepared()


def diagnosed(scenario: ScenarioEntry) -> Diagnosis:
    """Returns what the probes and the error text tell, as an exercise has it."""
    with serve(scenario) as server:
        target = Target(
            engine=scenario.engine, host=server.host, port=server.port, server_name=server.server_name
        )
        bench = Workbench(KNOWN, Options(at=datetime.now(UTC), seconds=1.0, ca_file=server.ca_file))
        return bench.diagnose(bench.open_case(target=target, error=scenario.error))
