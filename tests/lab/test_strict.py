"""Whether TDS 8.0 is offered: what the probe finds of servers that take it, that refuse it, and that hang up."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Event

import msgspec
import pytest

from wizard.lab.server import serve
from wizard.model.evidence import Evidence
from wizard.model.knowledge import ScenarioEntry
from wizard.model.target import Target
from wizard.pki.trust import TrustStore
from wizard.probes.probe import Context, Counter
from wizard.probes.run import run

HEALTHY = ScenarioEntry(id="sqlserver/strict", title="-", cause="healthy", engine="sqlserver")


@pytest.mark.parametrize(
    ("scenario", "offered"),
    [
        (HEALTHY, True),
        (msgspec.structs.replace(HEALTHY, strict=False), False),
        (msgspec.structs.replace(HEALTHY, policy="strict-only"), True),
        (msgspec.structs.replace(HEALTHY, behaviour="hang-up"), False),
        # With TLS 1.3 alone it is not seen which protocol was agreed.
        (msgspec.structs.replace(HEALTHY, policy="strict-only", tls=("TLSv1.3", "TLSv1.3")), None),
    ],
    ids=["takes-both", "older", "strict-only", "hangs-up", "strict-only-1.3"],
)
def test_tds_8_is_found_where_it_is(scenario: ScenarioEntry, offered: bool | None) -> None:
    """A server that hangs up on both kinds of beginning takes neither; in doubt it is unknown, with the reason."""
    found = strict(scenario)
    assert found.value is offered
    assert found.because or found.known


def strict(scenario: ScenarioEntry) -> Evidence:
    """Returns what all probes together find of TDS 8.0."""
    with serve(scenario) as server:
        target = Target(
            engine="sqlserver", host=server.host, port=server.port, server_name=server.server_name
        )
        context = Context(target, TrustStore.system(), datetime.now(UTC), 5.0, Counter())
        found = [entry for done in run(context, Event()) for entry in done.result.evidence]
    return next(entry for entry in found if entry.fact == "strict.offered")
