"""The settings of a PostgreSQL server that recipes change, carried out on a real Debian cluster."""

from __future__ import annotations

import socket
import textwrap
from collections.abc import Iterator

import pytest

from tests.fixes.carried_out.carrying import carries_out, rendered
from tests.fixes.carried_out.postgresql_cluster import (
    CONTAINER,
    Cluster,
    carry_out,
    debian_cluster,
    paste,
)
from tests.servers.certificates import make_certificate
from tests.servers.process import LAX_OPENSSL, free_port
from wizard.fixes.values import Given

# The prime of 1024 bits that servers of old share (RFC 2409 section 6.2).
DH_1024 = b"""\
-----BEGIN DH PARAMETERS-----
MIGHAoGBAP//////////yQ/aoiFowjTExmKLgNwc0SkCTgiKZ8x0Agu+pjsTmyJR
Sgh5jjQE3e+VGbPNOkMbMCsKbfJfFDdP4TVtbVHCReSFtXZiXn7G9ExC6aY37WsL
/1y29Aa37e44a/taiZ+lrp8kEXxLH+ZJKGZR7OZTgf//////////AgEC
-----END DH PARAMETERS-----
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One cluster for all tests of this file; its OpenSSL takes old versions and short keys, as old ones did."""
    with debian_cluster(tmp_path_factory.mktemp("pg") / "root") as cluster:
        cluster.root.write("/etc/postgresql/lax.cnf", LAX_OPENSSL)
        place = f"/etc/postgresql/{cluster.version}/dbtls/environment"
        cluster.root.write(place, "OPENSSL_CONF = '/etc/postgresql/lax.cnf'\n")
        cluster.control("restart")
        yield cluster


@pytest.fixture
def cluster(running: Cluster) -> Cluster:
    """The cluster with a certificate that is in order."""
    running.fresh()
    running.present(make_certificate())
    return running


def set_to(cluster: Cluster, **settings: str) -> str:
    """Sets these, waits for the server to take them, and returns all that is set."""
    statements = [f"ALTER SYSTEM SET {name} = '{value}'" for name, value in settings.items()]
    cluster.sql(*statements, "SELECT pg_reload_conf()")
    cluster.sql("SELECT pg_sleep(0.1)")
    return cluster.settings()


OLD = {
    "old-versions": (
        "postgresql-enable-tls-1-2",
        "legacy-tls-only",
        {
            "ssl_min_protocol_version": "TLSv1",
            "ssl_max_protocol_version": "TLSv1.1",
            "ssl_ciphers": "DEFAULT:@SECLEVEL=0",
        },
    ),
    "short-exchange": (
        "postgresql-allow-modern-ciphers",
        "weak-key-exchange",
        {
            "ssl_max_protocol_version": "TLSv1.2",
            "ssl_ciphers": "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0",
            "ssl_dh_params_file": "old-dh.pem",
        },
    ),
    # Instead of 3DES and RC4, which today's OpenSSL has no more. Nothing but the alert is seen of it.
    "old-ciphers": (
        "postgresql-allow-modern-ciphers",
        "handshake-reset",
        {"ssl_max_protocol_version": "TLSv1.2", "ssl_ciphers": "CAMELLIA128-SHA"},
    ),
}


@carries_out("postgresql-enable-tls-1-2", "postgresql-allow-modern-ciphers")
@pytest.mark.parametrize("old", OLD)
def test_an_old_setting_is_mended(cluster: Cluster, old: str) -> None:
    """What clients refuse is verified after the fix, which may run twice; the undo brings all settings back."""
    name, cause, settings = OLD[old]
    cluster.owned(f"{cluster.data}/old-dh.pem", DH_1024)
    before = set_to(cluster, **settings)
    root = cluster.root.write("/opt/admin/root.pem", make_certificate().anchor)
    assert cluster.cause(root) == cause
    assert "SSL error" in cluster.connect(root)
    fix = rendered(name)
    for _ in range(2):
        cluster.pasted(*fix.steps)
    assert cluster.cause(root) == "healthy"
    assert cluster.connect(root).startswith("TLSv1")
    for _ in range(2):
        cluster.pasted(*fix.undo)
        assert cluster.settings() == before
    cluster.sql("SELECT pg_sleep(0.1)")
    assert cluster.cause(root) == cause
    assert cluster.sql("SELECT count(*) FROM pg_class WHERE relname LIKE 'dbtls%'") == "0"


@carries_out("postgresql-enable-tls-1-2")
def test_a_setting_of_the_command_line_is_told(cluster: Cluster) -> None:
    """The twin: what stands in the command line wins, and the step says so."""
    cluster.control("restart", "-o", "'-c ssl_min_protocol_version=TLSv1.1'")
    fix = rendered("postgresql-enable-tls-1-2")
    cluster.paste(fix.steps[0])
    with pytest.raises(AssertionError, match="stand in its command line"):
        cluster.paste(fix.steps[1])
    cluster.pasted(*fix.undo)
    cluster.control("restart")


@carries_out("postgresql-reload-certificate")
def test_a_renewed_file_is_read(cluster: Cluster) -> None:
    """A new certificate in the old files is shown only after the reload; the old one comes back the same way."""
    fix = rendered("postgresql-reload-certificate")
    expired = make_certificate(valid_days=(-400, -10))
    cluster.present(expired)
    root = cluster.root.write("/opt/admin/root.pem", expired.anchor)
    good = make_certificate()
    for certificate, cause, steps in (
        (good, "healthy", fix.steps),
        (expired, "certificate-expired", fix.undo),
    ):
        shown = cluster.cause(root)
        assert shown != cause
        cluster.owned(f"{cluster.data}/old.crt", certificate.chain)
        cluster.owned(f"{cluster.data}/old.key", certificate.key)
        assert cluster.cause(root) == shown
        cluster.pasted(*steps)
        cluster.sql("SELECT pg_sleep(0.1)")
        assert cluster.cause(root) == cause


@carries_out("postgresql-reload-certificate")
def test_a_fault_in_the_settings_is_told(cluster: Cluster) -> None:
    """The twin: where the server cannot take its settings, the step says so."""
    fix = rendered("postgresql-reload-certificate")
    conf = f"/etc/postgresql/{cluster.version}/dbtls/conf.d/wrong.conf"
    cluster.root.write(conf, "ssl = perhaps\n")
    cluster.paste(fix.steps[0])
    with pytest.raises(AssertionError, match="There is a fault in the settings"):
        cluster.paste(fix.steps[1])
    cluster.root.file(conf).unlink()


@carries_out("postgresql-refuses-before-tls")
def test_the_limits_and_who_is_connected_are_shown(cluster: Cluster) -> None:
    """The queries answer on a real server, and change nothing."""
    settings = cluster.settings()
    said = cluster.pasted(*rendered("postgresql-refuses-before-tls").steps)
    assert "max_connections|100" in said
    assert "psql|active|1" in said
    assert cluster.settings() == settings


@carries_out("postgresql-handshake-find-who-resets")
def test_each_version_is_tried(cluster: Cluster) -> None:
    """A server with TLS 1.2 alone: one version works and the other fails, from here and on the server."""
    set_to(cluster, ssl_max_protocol_version="TLSv1.2")
    find = rendered("postgresql-handshake-find-who-resets", host="localhost", port=cluster.port)
    for step, where in zip(find.steps, ("From here", "On the server"), strict=False):
        assert cluster.root.step(step) == f"{where} tls1_2 works.\n{where} tls1_3 fails.\n"


def answers(address: str, port: int) -> bool:
    """Says whether something listens there."""
    with socket.socket() as one:
        one.settimeout(5)
        return one.connect_ex((address, port)) == 0


@carries_out("network-postgresql-open-port")
def test_a_server_of_this_machine_alone_is_opened(cluster: Cluster) -> None:
    """Debian's cluster listens on localhost only; after the fix on each address, and after the undo as before."""
    set_to(cluster, listen_addresses="127.0.0.1")
    cluster.control("restart")
    settings = cluster.settings()
    assert answers("127.0.0.1", cluster.port)
    assert not answers("127.0.0.2", cluster.port)
    opened = rendered("network-postgresql-open-port", port=cluster.port)
    said = carry_out(cluster.root, opened)
    assert "pg_hba.conf lets in: all all 127.0.0.1" in said
    assert answers("127.0.0.2", cluster.port)
    assert "already" in cluster.root.step(opened.steps[1])
    cluster.root.step(opened.undo[0])
    assert cluster.settings() == settings
    assert cluster.root.step(opened.undo[0]) == "There is nothing to undo.\n"
    assert not answers("127.0.0.2", cluster.port)


@carries_out("network-postgresql-windows-open-port")
def test_the_statements_for_windows_open_a_server(cluster: Cluster) -> None:
    """With a restart in between, which is Windows' own business, they open it and close it again."""
    set_to(cluster, listen_addresses="127.0.0.1")
    settings = cluster.settings()
    opened = rendered(
        "network-postgresql-windows-open-port", port=cluster.port, postgres_service="postgresql"
    )
    for _ in range(2):
        cluster.pasted(*opened.steps)
    cluster.control("restart")
    assert answers("127.0.0.2", cluster.port)
    for _ in range(2):
        cluster.pasted(*opened.undo)
        assert cluster.settings() == settings
    cluster.control("restart")
    assert not answers("127.0.0.2", cluster.port)


@carries_out("network-postgresql-open-port")
def test_a_wrong_port_is_told(cluster: Cluster) -> None:
    """The twin: where no PostgreSQL runs on that port, the step says so, and shows where it does."""
    done = cluster.root.run(
        rendered("network-postgresql-open-port", port=1).steps[0].text, shell=("bash",), check=False
    )
    assert (done.returncode, "It does not run on this port." in done.stdout) == (1, True)
    assert f":{cluster.port}" in done.stdout


FIREWALL = """#!/bin/sh
case "$*" in
  --state) echo running ;;
  --reload) cat /opt/admin/ports > /opt/admin/open-ports; echo success ;;
  '--permanent --add-port='*)
    echo "${2#--add-port=}" >> /opt/admin/ports
    sort -u -o /opt/admin/ports /opt/admin/ports ;;
  '--permanent --remove-port='*) sed -i "\\|^${2#--remove-port=}$|d" /opt/admin/ports ;;
  *) exit 2 ;;
esac
"""


@carries_out("network-postgresql-publish-port-container", "network-postgresql-container-firewall")
def test_a_container_publishes_its_port(cluster: Cluster) -> None:
    """The port is closed until compose.yaml names it; then the firewall lets it through; both undos close it."""
    port = free_port()
    service = "services:\n  db:\n    image: postgres:15\n"
    compose = cluster.root.write("/opt/admin/compose.yaml", service)
    values: dict[str, Given] = {"container": CONTAINER, "port": port}
    publish = rendered("network-postgresql-publish-port-container", host="localhost", **values)
    open_port = rendered("network-postgresql-container-firewall", **values)
    closed = cluster.root.run(open_port.steps[0].text, shell=("bash",), check=False)
    assert (closed.returncode, "does not publish this port" in closed.stdout) == (1, True)
    assert not answers("127.0.0.1", port)
    paste(cluster.root, publish.steps[0].text)
    compose.write_text(service + textwrap.indent(publish.steps[1].text, "    ") + "\n")
    try:
        for _ in range(2):
            for step in publish.steps[2:]:
                paste(cluster.root, step.text, folder="/opt/admin")
        assert answers("127.0.0.1", port)
        cluster.root.write("/usr/local/bin/firewall-cmd", FIREWALL, 0o755)
        carry_out(cluster.root, open_port)
        assert cluster.root.file("/opt/admin/open-ports").read_text() == f"{port}/tcp\n"
        for _ in range(2):
            cluster.root.step(open_port.undo[0])
            assert cluster.root.file("/opt/admin/open-ports").read_text() == ""
    finally:
        compose.write_text(service)
        paste(cluster.root, publish.undo[0].text, folder="/opt/admin")
    assert not answers("127.0.0.1", port)
