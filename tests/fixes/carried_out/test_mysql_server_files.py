"""Files that MySQL and MariaDB cannot load, intermediates that they do not send, and their port, on a real MariaDB."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.fixes.carried_out.carrying import carries_out, rendered
from tests.fixes.carried_out.mariadb_root import DROP_INS, MariadbRoot, debian_mariadb, symptom
from tests.servers.certificates import Certificate, make_certificate
from tests.servers.mariadb import Mariadb

CA = "/opt/admin/anchor.pem"
KEPT = "/srv/it's tls"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, mariadb_server: Mariadb) -> Iterator[MariadbRoot]:
    """The server that the tests of this file share."""
    with debian_mariadb(tmp_path_factory.mktemp("files") / "root", mariadb_server) as server:
        yield server


@pytest.fixture
def server(made: MariadbRoot) -> MariadbRoot:
    """The same, with nothing left of other tests."""
    made.root.run(f"rm -rf {DROP_INS}/zz* {DROP_INS}/61* /var/lib/mysql/issued-* /etc/mysql/tls /srv/*")
    return made


def kept(server: MariadbRoot, certificate: Certificate, mode: int = 0o644) -> None:
    """Writes certificate and key where an administrator would, and what a client trusts."""
    server.root.write(f"{KEPT}/cert.pem", certificate.chain)
    server.root.write(f"{KEPT}/key.pem", certificate.key, mode)
    server.write(CA, certificate.anchor)


def not_loaded(server: MariadbRoot) -> bool:
    """Whether the server does not start, because it cannot load its files, and its log says so."""
    failed = server.root.run("systemctl restart mariadb", check=False).returncode != 0
    log = server.root.file("/var/log/mariadbd.log").read_text()
    return (
        failed
        and symptom("\n".join(line for line in log.splitlines() if "SSL" in line))
        == "server-certificate-not-loaded"
    )


def blocks(pem: bytes) -> list[bytes]:
    """The certificates of a PEM file, each with its end."""
    return [part + b"-----END CERTIFICATE-----\n" for part in pem.split(b"-----END CERTIFICATE-----\n")[:-1]]


@carries_out("mysql-append-intermediate")
def test_an_intermediate_is_sent(server: MariadbRoot) -> None:
    """The chain verifies, again after a second run, and not any more after the undo; a stranger's is refused."""
    certificate = make_certificate(intermediate=True)
    leaf, intermediate = blocks(certificate.chain)
    server.present(Certificate(leaf, certificate.key, certificate.anchor))
    server.write(CA, certificate.anchor)
    server.write("/srv/it's.pem", intermediate)
    server.write("/srv/other.pem", make_certificate().anchor)
    fix = rendered("mysql-append-intermediate", intermediate_file="/srv/it's.pem")
    assert symptom(server.attempt(CA)) in ("incomplete-chain", "chain-not-trusted")
    stranger = rendered("mysql-append-intermediate", intermediate_file="/srv/other.pem")
    refused = server.root.run(stranger.steps[0].text, check=False)
    assert refused.returncode == 1
    assert "did not issue" in refused.stdout
    first = server.root.file("/etc/mysql/tls/server.pem").read_bytes()
    assert first == leaf
    for _ in range(2):
        server.root.steps(fix.steps)
        assert server.attempt(CA) == "verified"
        assert server.root.file("/etc/mysql/tls/server.pem").read_bytes().count(b"BEGIN CERTIFICATE") == 2
    server.root.steps(fix.undo)
    assert server.root.file("/etc/mysql/tls/server.pem").read_bytes() == first
    assert symptom(server.attempt(CA)) in ("incomplete-chain", "chain-not-trusted")
    assert "nothing to put back" in server.root.steps(fix.undo)


@carries_out("mysql-key-rights")
def test_a_key_that_the_server_may_not_read(server: MariadbRoot) -> None:
    """Copies are readable where the original is root's alone; the undo takes them away."""
    kept(server, make_certificate(), 0o600)
    server.option_file("61-own", f'ssl_cert = "{KEPT}/cert.pem"', f'ssl_key = "{KEPT}/key.pem"')
    assert not_loaded(server)
    fix, first = (
        rendered("mysql-key-rights", certificate_file=f"{KEPT}/cert.pem", key_file=f"{KEPT}/key.pem"),
        server.state(),
    )
    denied = server.root.run(fix.steps[0].text, shell=("bash",)).stdout
    assert "Permission denied" in denied
    for _ in range(2):
        said = server.root.steps(fix.steps[1:])
        assert "presents the certificate" in said
        assert "PRIVATE KEY" in said.replace("-----", "")
        assert server.attempt(CA) == "verified"
    assert server.root.file("/var/lib/mysql/issued-key.pem").stat().st_mode & 0o777 == 0o600
    assert "does not start" in server.root.run(fix.undo[0].text, check=False).stdout
    assert server.state() == first
    assert not_loaded(server)


@carries_out("mysql-find-files")
def test_files_that_the_server_did_not_find(server: MariadbRoot) -> None:
    """The right names are read last; wrong ones, and keys of another certificate, are refused beforehand."""
    kept(server, make_certificate())
    server.option_file("61-own", 'ssl_cert = "/srv/gone/cert.pem"', 'ssl_key = "/srv/gone/key.pem"')
    assert not_loaded(server)
    fix, first = (
        rendered("mysql-find-files", certificate_file=f"{KEPT}/cert.pem", key_file=f"{KEPT}/key.pem"),
        server.state(),
    )
    assert "/srv/gone/cert.pem" in server.root.run(fix.steps[0].text, shell=("bash",)).stdout
    for _ in range(2):
        assert "presents the certificate" in server.root.steps(fix.steps[1:])
        assert server.attempt(CA) == "verified"
    server.root.run("openssl genpkey -algorithm RSA -out /srv/other.key && chmod 644 /srv/other.key")
    for key, says in (("/srv/other.key", "another key"), ("/srv/none.key", "cannot read")):
        wrong = rendered("mysql-find-files", certificate_file=f"{KEPT}/cert.pem", key_file=key)
        refused = server.root.run(wrong.steps[1].text, check=False)
        assert refused.returncode == 1
        assert says in refused.stdout
    assert "does not start" in server.root.run(fix.undo[0].text, check=False).stdout
    assert server.state() == first
    assert not_loaded(server)


@carries_out("network-mysql-open-port")
def test_the_port_is_opened(server: MariadbRoot) -> None:
    """A stopped server that listened to this machine alone listens to the network; the undo closes it again."""
    server.present(None, "skip_networking")
    fix, first = rendered("network-mysql-open-port", host="localhost", port=server.port), server.state()
    assert not heard(server)
    server.root.run("systemctl stop mariadb")
    assert "It listens on the network.\n" in server.root.steps(fix.steps[:1])
    assert heard(server)
    assert "listens on the network already" in server.root.steps(fix.steps[:1])
    other = rendered("network-mysql-open-port", host="localhost", port=1)
    wrong = server.root.run(other.steps[0].text, check=False)
    assert wrong.returncode == 1
    assert str(server.port) in wrong.stdout
    server.root.steps(fix.undo)
    assert not heard(server)
    assert server.state() == first


@carries_out("network-mysql-open-port")
def test_the_port_is_tried_from_the_client(server: MariadbRoot) -> None:
    """The step from the client tells an open port from a closed one."""
    server.root.write(
        "/usr/local/bin/nc", '#!/bin/bash\nshift 3; (: < "/dev/tcp/$1/$2") 2> /dev/null\n', 0o755
    )
    server.present(None)
    for port, status in ((server.port, 0), (1, 1)):
        fix = rendered("network-mysql-open-port", host="127.0.0.1", port=port)
        assert server.root.run(fix.steps[1].text, check=False).returncode == status


def heard(server: MariadbRoot) -> bool:
    """Whether the port takes a connection."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", server.port)) == 0
