"""What SQL Server needs beside its certificate on Linux and in a container: TLS versions, ciphers, Strict and ports."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import msgspec
import pytest

from tests.fixes.carried_out.carrying import carries_out, rendered
from tests.fixes.carried_out.sqlserver_on_linux import (
    CONF,
    CONTAINER,
    NAMED,
    SqlServer,
    admitted,
    carry_out,
    failing,
    refused,
    undone,
)
from tests.lab.test_drivers import python
from tests.servers.certificates import make_certificate
from wizard.fixes.render import RenderedFix
from wizard.fixes.values import Given

BY_TEXT = """
import sys, mssql_python
print(mssql_python.connect(sys.argv[1]).cursor().execute("SELECT 1").fetchone()[0])
"""
on_both = pytest.mark.parametrize("kind", ["linux", "container"])


@pytest.fixture
def server(running_sql_server: SqlServer) -> SqlServer:
    """The server as its package makes it."""
    running_sql_server.fresh()
    return running_sql_server


def fix(name: str, **values: Given) -> RenderedFix:
    """A recipe for this server or container."""
    return rendered(name, container=CONTAINER, port=1433, host="localhost", **values)


def configured(server: SqlServer, place: Path, line: str) -> Path:
    """Gives it a good certificate and one more setting; returns the file of the root to trust."""
    good = make_certificate()
    server.configure(NAMED + line, **{"old.pem": good.chain, "old.key": good.key})
    file = place / "ca.pem"
    file.write_bytes(good.anchor)
    return file


@carries_out("sqlserver-linux-enable-tls-1-2", "sqlserver-container-enable-tls-1-2")
@on_both
def test_a_limit_to_old_versions_is_removed(server: SqlServer, tmp_path: Path, kind: str) -> None:
    """A server that was limited to TLS 1.0 and 1.1 is refused, without the limit it speaks TLS 1.2."""
    ca_file = configured(server, tmp_path, "tlsprotocols = 1.1,1.0\n")
    before = server.state()
    enable = fix(f"sqlserver-{kind}-enable-tls-1-2")
    assert server.cause(ca_file) == "legacy-tls-only"
    refused(server, ca_file, tmp_path, "SSL Provider", freetds=False)
    carry_out(server, enable)
    assert server.cause(ca_file) == "healthy"
    admitted(server, ca_file, tmp_path)
    undone(server, enable, before)
    assert server.cause(ca_file) == "legacy-tls-only"


@carries_out("sqlserver-linux-allow-modern-ciphers", "sqlserver-container-allow-modern-ciphers")
@on_both
def test_modern_ciphers_are_allowed(server: SqlServer, tmp_path: Path, kind: str) -> None:
    """With Diffie-Hellman of 1024 bits alone the server is refused, with ECDHE it is not."""
    ca_file = configured(server, tmp_path, "tlsciphers = DHE-RSA-AES256-GCM-SHA384\n")
    before = server.state()
    allow = fix(f"sqlserver-{kind}-allow-modern-ciphers")
    assert server.cause(ca_file) == "weak-key-exchange"
    refused(server, ca_file, tmp_path, "dh key too small")
    carry_out(server, allow)
    assert "ECDHE-RSA-AES256-GCM-SHA384" in server.settings()["tlsciphers"]
    assert server.cause(ca_file) == "healthy"
    admitted(server, ca_file, tmp_path)
    undone(server, allow, before)
    assert server.cause(ca_file) == "weak-key-exchange"


@carries_out("sqlserver-linux-unforce-strict", "sqlserver-container-unforce-strict")
@on_both
@pytest.mark.parametrize("line", ["forcestrict = 1\n", "forcestrict = 1\nforceencryption = 0\n"])
def test_strict_is_not_forced_any_more(server: SqlServer, tmp_path: Path, kind: str, line: str) -> None:
    """A TDS 7 client is refused and then let in encrypted; the undo forces Strict again, with the other as it was."""
    ca_file = configured(server, tmp_path, line)
    settings = server.settings()
    files = set(server.state())
    unforce = fix(f"sqlserver-{kind}-unforce-strict")
    assert server.cause(ca_file) == "strict-required"
    refused(server, ca_file, tmp_path, "handshakes before login")
    carry_out(server, unforce)
    admitted(server, ca_file, tmp_path)
    for step in unforce.undo:
        server.root.step(step)
        assert "There is nothing to undo" in server.root.step(step)
    assert server.settings() == settings
    assert set(server.state()) == files
    assert server.cause(ca_file) == "strict-required"


@carries_out("sqlserver-linux-enable-tls-1-2")
def test_a_server_that_does_not_start_is_told(server: SqlServer, tmp_path: Path) -> None:
    """The twin: where the certificate keeps the server down, the step fails with a sentence."""
    configured(server, tmp_path, "tlsprotocols = 1.1\n")
    server.root.file("/var/opt/mssql/old.key").write_text("no key")
    assert "is not restarted" in failing(server, fix("sqlserver-linux-enable-tls-1-2").steps[0])
    other = rendered("sqlserver-container-enable-tls-1-2", container="other")
    assert "Is that its name?" in failing(server, other.steps[0])


@carries_out("network-sqlserver-linux-open-port")
def test_a_stopped_service_is_started(server: SqlServer) -> None:
    """A service that is disabled is enabled and runs; the undo disables it again, and one that ran stays."""
    server.enabled = False
    server.stop()
    start = rendered("network-sqlserver-linux-open-port", port=server.port)
    assert server.cause() == "port-closed"
    assert "does not listen" in failing(server, start.steps[1])
    assert "It listens on this port." in carry_out(server, start)
    assert server.cause() == "self-generated-certificate"
    server.root.step(start.undo[0])
    assert server.cause() == "port-closed"
    server.restart()
    server.enabled = True
    server.root.step(start.steps[0])
    assert "There is nothing to undo" in server.root.step(start.undo[0])
    assert server.cause() == "self-generated-certificate"


@carries_out("network-sqlserver-container-publish-port")
def test_the_published_port_is_named(server: SqlServer) -> None:
    """A container that runs shows the port to connect to; one that has stopped is told."""
    publish = fix("network-sqlserver-container-publish-port")
    said = carry_out(server, publish)
    assert f"0.0.0.0:{server.port}" in said
    assert "takes connections" in said
    server.stop()
    assert "does not run" in failing(server, publish.steps[0])
    assert "is not ready" in failing(server, publish.steps[1])


@carries_out("network-sqlserver-linux-no-instances")
def test_the_port_takes_the_place_of_the_instance(server: SqlServer) -> None:
    """The port that SQL Server listens on is shown; where it does not run, that is told."""
    find = fix("network-sqlserver-linux-no-instances")
    assert f":{server.port}" in server.root.step(find.steps[0])
    server.stop()
    assert "does not run" in failing(server, find.steps[0])


@carries_out("linked-server-trace-flag-17600")
def test_a_trace_flag_is_kept_over_a_restart(server: SqlServer) -> None:
    """It stands in the settings once, and the undo takes it out."""
    flag = rendered("linked-server-trace-flag-17600", linked_server="REMOTE1", instance="MSSQLSERVER")
    before = server.state()
    carry_out(server, flag)
    assert server.root.file(CONF).read_text().count("17600") == 1
    undo = next(one for one in flag.undo if one.shell == "sh")
    server.root.step(undo)
    assert server.state() == before
    assert "There is nothing to undo" in server.root.step(undo)


@carries_out("network-sqlserver-connect-by-port")
def test_the_port_needs_no_browser(server: SqlServer, tmp_path: Path) -> None:
    """Nobody answers for the instance; ODBC logs in by the text that is printed."""
    ca_file = configured(server, tmp_path, "")
    assert server.cause(ca_file, instance="SALES") == "instance-not-found"
    by_port = rendered("network-sqlserver-connect-by-port", host="localhost", port=server.port)
    written = next(step.text for step in by_port.steps if step.shell == "odbc")
    said = subprocess.run(
        python(BY_TEXT, "mssql_python", f"{written};UID=u;PWD=p;Encrypt=yes"),
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
        env={**os.environ, "SSL_CERT_FILE": str(ca_file)},
    )
    assert said.stdout.strip() == "1", said.stderr


def test_the_look_alike_falls_back_as_the_real_one_does(server: SqlServer) -> None:
    """A certificate that mssql cannot read keeps it from starting; without one it makes its own."""
    server.base = msgspec.structs.replace(server.base, names=("localhost",))
    server.configure(NAMED)
    assert server.lab is None
    server.configure("")
    assert server.cause() == "self-generated-certificate"
