"""Clients whose settings pin old TLS: refused with them, let in after the steps, refused again after the undo."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

import pytest

from tests.fixes.carried_out.carrying import Root, carries_out, rendered
from tests.fixes.carried_out.client_machine import CONNECTED, client_root, fails, needs, with_openssl
from tests.servers.certificates import make_certificate
from tests.servers.postgresql import Postgresql
from tests.servers.process import free_port
from tests.servers.running import RunningServer
from wizard.fixes.values import Given
from wizard.lab.server import serve
from wizard.model.knowledge import ScenarioEntry

PINNED = """openssl_conf = settings
[settings]
ssl_conf = programs
[programs]
system_default = pinned
[pinned]
  MaxProtocol = TLSv1.1
CipherString = DEFAULT:@SECLEVEL=0
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Root]:
    """A client's machine."""
    with client_root(tmp_path_factory.mktemp("handshake") / "root") as made:
        yield made


def psql(root: Root, server: RunningServer, options: str, environment: Mapping[str, str]) -> str:
    """What psql answers to SELECT 1, or its error."""
    line = f"host={server.host} port={server.port} user={server.user} dbname=postgres {options}"
    text = f"psql -XAt {shlex.quote(line)} -c 'SELECT 1'"
    return root.run(text, check=False, environment={"PGPASSWORD": server.password, **environment}).stdout


def place(server: RunningServer) -> dict[str, Given]:
    """Where the server is."""
    return {"host": server.host, "port": server.port}


@carries_out("client-openssl-remove-pin")
def test_a_pin_in_openssls_file_is_taken_out(root: Root, postgres_server: Postgresql) -> None:
    """With TLS 1.1 pinned nothing connects; without the pin it does; the undo brings the very file back."""
    made = make_certificate()
    root.write("/tmp/ca.pem", made.anchor)
    # Debian's /usr/lib/ssl/openssl.cnf is a link to it.
    file = root.file("/etc/ssl/openssl.cnf")
    kept = file.read_bytes()
    file.write_text(PINNED)
    fix = rendered("client-openssl-remove-pin")
    with postgres_server(made) as server:
        root.write("/usr/local/share/ca-certificates/test-ca.crt", made.anchor)
        root.run("update-ca-certificates")
        assert "alert protocol version" in with_openssl(root, server)
        for _ in range(2):
            assert "OpenSSL offers TLS 1.2 now." in root.steps(fix.steps)
            assert with_openssl(root, server) == CONNECTED
        root.steps(fix.undo)
        assert "alert protocol version" in with_openssl(root, server)
    assert file.read_text() == PINNED
    file.write_text(PINNED.replace("MaxProtocol = TLSv1.1", "Protocol = -TLSv1.2"))
    assert "OpenSSL still offers no TLS 1.2" in fails(root, fix.steps[2].text)
    file.write_bytes(kept)


@needs("psql")
@carries_out("libpq-allow-tls-1-2", "libpq-without-direct-tls")
def test_libpq_offers_tls_1_2(root: Root, postgres_server: Postgresql) -> None:
    """A version that the environment pins is shown and overruled by the connection string that the steps give."""
    pinned = {"PGSSLMAXPROTOCOLVERSION": "TLSv1.1", "PGSSLMINPROTOCOLVERSION": "TLSv1"}
    with postgres_server() as server:
        root.write("/opt/admin/.postgresql/root.crt", server.ca_file.read_bytes())
        assert psql(root, server, "sslmode=verify-full", pinned) != "1\n"
        fix = rendered("libpq-allow-tls-1-2", **place(server))
        said = root.step(fix.steps[0], environment=pinned)
        assert "PGSSLMAXPROTOCOLVERSION=TLSv1.1" in said
        assert psql(root, server, fix.steps[1].text, {}) == "1\n"
        assert psql(root, server, fix.undo[0].text, {}) == "1\n"
        direct = rendered("libpq-without-direct-tls", **place(server))
        login = {"PGPASSWORD": server.password, "PGUSER": server.user, "PGSSLNEGOTIATION": "direct"}
        assert "PGSSLNEGOTIATION=direct" in root.step(direct.steps[0], environment=login)
        assert psql(root, server, direct.steps[1].text, {}) == "1\n"
    root.run("rm -r /opt/admin/.postgresql")


@carries_out("client-openssl-lower-security-level")
def test_a_lower_security_level_is_for_one_program(root: Root) -> None:
    """Keys of 1024 bits are taken with the file and not without it; the undo removes it."""
    fix = rendered("client-openssl-lower-security-level")
    root.run(
        "openssl req -x509 -newkey rsa:1024 -nodes -days 5 -keyout /tmp/short.key -out /tmp/short.pem -subj /CN=a"
    )
    # s_client loads its own certificate before it connects, and nothing listens there.
    client = f"openssl s_client -cert /tmp/short.pem -key /tmp/short.key -connect 127.0.0.1:{free_port()}"
    if "too small" not in root.run(client, check=False, environment={"OPENSSL_CONF": "/nowhere"}).stdout:
        pytest.skip("this OpenSSL takes short keys anyway")
    for _ in range(2):
        assert "The file is valid." in root.step(fix.steps[0])
    lower = root.run(
        client, check=False, environment={"OPENSSL_CONF": "/opt/admin/old-database-openssl.cnf"}
    ).stdout
    assert "too small" not in lower
    assert "connect" in lower.lower()
    root.steps(fix.undo)
    assert not root.file("/opt/admin/old-database-openssl.cnf").exists()


@carries_out("sqlserver-client-update-driver", "client-java-allow-tls-1-2")
def test_what_the_client_has_is_listed(root: Root) -> None:
    """The steps that only look name OpenSSL and Java; odbcinst and java are stand-ins where they are missing."""
    root.write("/usr/local/bin/odbcinst", "#!/bin/sh\necho '[FreeTDS]'\n", 0o755)
    assert "[FreeTDS]" in root.steps(rendered("sqlserver-client-update-driver").steps)
    java = rendered("client-java-allow-tls-1-2").steps[0].text
    said = root.run(
        java, shell=("bash",), environment={"JDK_JAVA_OPTIONS": "-Djdk.tls.client.protocols=TLSv1"}
    )
    assert "JDK_JAVA_OPTIONS=-Djdk.tls.client.protocols=TLSv1" in said.stdout


@needs("nmap")
@carries_out("sqlserver-starts-tls-itself")
def test_sql_servers_own_way_is_tried(root: Root) -> None:
    """Nmap shows the certificate that a server of the lab shows in SQL Server's way; a free port shows none."""
    scenario = ScenarioEntry(id="sqlserver/healthy", title="in order", cause="healthy", engine="sqlserver")
    with serve(scenario) as server:
        step = rendered("sqlserver-starts-tls-itself", host="127.0.0.1", port=server.port).steps[0]
        assert "commonName=localhost" in root.step(step)
    step = rendered("sqlserver-starts-tls-itself", host="127.0.0.1", port=free_port()).steps[0]
    assert "No certificate came back" in fails(root, step.text)
