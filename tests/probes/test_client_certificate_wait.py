"""Whether a server insists on a client certificate is told without waiting, where it has TLS 1.2."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from tests.known import KNOWN
from wizard.lab.server import serve
from wizard.model.knowledge import TlsVersion
from wizard.model.options import Options
from wizard.model.target import Target
from wizard.probes import completed
from wizard.workbench import Workbench

FACT = "handshake.client_certificate"


@pytest.mark.parametrize(
    ("versions", "found"), [(("TLSv1.2", "TLSv1.3"), "requested"), (("TLSv1.3", "TLSv1.3"), None)]
)
def test_nothing_is_waited_for_with_tls_1_2(
    monkeypatch: pytest.MonkeyPatch, versions: tuple[TlsVersion, TlsVersion], found: str | None
) -> None:
    """With a wait that nobody can begin, TLS 1.2 tells all the same; TLS 1.3 alone does not."""
    monkeypatch.setattr(completed, "_LAST_WORD", None)
    asked = next(
        one for one in KNOWN.scenarios if one.engine == "mariadb" and one.client_certificate == "asked"
    )
    with serve(msgspec.structs.replace(asked, tls=versions)) as server:
        bench = Workbench(KNOWN, Options(at=datetime.now(UTC), ca_file=server.ca_file))
        target = Target(engine="mariadb", host=server.host, port=server.port, server_name="localhost")
        done = bench.diagnose(bench.open_case(target=target))
    assert done.case.value(FACT) == found
