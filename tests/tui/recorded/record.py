"""Records what the probes find out about servers of the lab: `python -m tests.tui.recorded.record`.

The wizard's tests replay it, so that no picture of a screen depends on a port, a time or a new certificate.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import msgspec

from tests.tui.faked import Recording, Step
from wizard.knowledge.load import load
from wizard.knowledge.locate import knowledge_folder
from wizard.lab.server import serve
from wizard.model.evidence import Evidence
from wizard.model.options import Options
from wizard.model.target import DEFAULT_PORTS, Target
from wizard.pki.names import kind_of_name
from wizard.workbench import Workbench

SCENARIOS = (
    "sqlserver/self-generated-certificate",
    "mysql/name-mismatch",
    "postgresql/healthy",
    "sqlserver/healthy",
)
HOST, ADDRESS = "db01.corp.example", "10.0.4.17"
"""What stands in the place of this machine."""
MILLISECONDS = (2.0, 4.0, 18.0, 11.0, 25.0, 3.0, 40.0, 7.0)


def recorded(scenario_id: str) -> Recording:
    """Returns what each probe finds out about a scenario, without what the next run would change."""
    known = load(knowledge_folder())
    scenario = known.scenario(scenario_id)
    steps: list[Step] = []
    with serve(scenario) as server:
        target = Target(
            engine=scenario.engine, host=server.host, port=server.port, server_name=server.server_name
        )
        bench = Workbench(known, Options(at=datetime.now(UTC), seconds=2.0, ca_file=server.ca_file))
        case = bench.open_case(target=target)
        for progress, elapsed_ms in zip(bench.probe(case, Event()), MILLISECONDS, strict=True):
            told = tuple(_lasting(entry) for entry in progress.evidence)
            steps.append(Step(probe=progress.probe, elapsed_ms=elapsed_ms, evidence=told))
            case = progress.case
    order = {probe: at for at, probe in enumerate(bench.probes())}
    steps.sort(key=lambda one: order[one.probe])
    # No screen shows the bytes of a certificate.
    chain = tuple(msgspec.structs.replace(one, der=b"") for one in case.certificates)
    text = msgspec.json.encode(Recording(steps=tuple(steps), certificates=chain)).decode()
    ports = {str(server.port): str(DEFAULT_PORTS[scenario.engine]), "127.0.0.1": ADDRESS, "localhost": HOST}
    for of_now, lasting in ports.items():
        text = text.replace(of_now, lasting)
    return msgspec.json.decode(text, type=Recording)


def _lasting(entry: Evidence) -> Evidence:
    """Returns evidence without its time, about a host that is not this machine."""
    value = kind_of_name(HOST) if entry.fact == "names.kind" else entry.value
    return msgspec.structs.replace(entry, value=value, elapsed_ms=None)


if __name__ == "__main__":
    for name in SCENARIOS:
        path = Path(__file__).with_name(f"{name.replace('/', '-')}.json")
        path.write_bytes(msgspec.json.format(msgspec.json.encode(recorded(name)), indent=1) + b"\n")
