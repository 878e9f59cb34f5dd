"""Names that a client gives an address, chains that break a rule, and issuers that were renewed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fixes.carried_out.carrying import Root, carries_out, rendered
from tests.fixes.carried_out.client_machine import CONNECTED, client_root, fails, with_openssl, with_pymysql
from tests.fixes.carried_out.own_ca import issue
from tests.servers.certificates import Certificate, make_certificate
from tests.servers.mariadb import Mariadb
from tests.servers.postgresql import Postgresql

# There is no service manager in the root: this one says that PostgreSQL runs, and keeps what it is told to do.
SYSTEMCTL = """#!/bin/sh
case $1 in
  is-active) [ "$3" = postgresql ] ;;
  *) echo "$@" >> /run/told ;;
esac
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Root]:
    """A client's machine."""
    with client_root(tmp_path_factory.mktemp("names") / "root") as made:
        made.write("/usr/local/bin/systemctl", SYSTEMCTL, 0o755)
        yield made


@carries_out("name-the-address", "connect-by-full-name")
def test_an_address_gets_the_name_of_the_certificate(root: Root, mariadb_server: Mariadb) -> None:
    """By the address the name does not match; by the name of the certificate it does, until the undo."""
    hosts = root.file("/etc/hosts")
    before = hosts.read_text()
    name = "db.corp.example"
    fix = rendered("name-the-address", presented_name=name, address="127.0.0.1")
    by_name = rendered("connect-by-full-name", presented_name=name)
    made = make_certificate(names=(name,))
    root.write("/tmp/ca.pem", made.anchor)
    known = {"SSL_CERT_FILE": "/tmp/ca.pem", "SSL_CERT_DIR": "/nowhere"}
    with mariadb_server(made) as server:
        assert "IP address mismatch" in with_pymysql(root, server, "127.0.0.1", known)
        assert CONNECTED not in with_pymysql(root, server, name, known)
        assert "This client knows no such name" in fails(root, by_name.steps[0].text)
        root.steps(fix.steps)
        assert with_pymysql(root, server, name, known) == CONNECTED
        assert "127.0.0.1" in root.step(by_name.steps[0])
        after = hosts.read_text()
        assert "The line is there already" in root.steps(fix.steps)
        assert hosts.read_text() == after
        root.steps(fix.undo)
        assert CONNECTED not in with_pymysql(root, server, name, known)
    assert hosts.read_text() == before
    hosts.write_text(f"{before}192.0.2.1 {name}\n")
    assert "gives the name another address" in fails(root, fix.steps[0].text)
    hosts.write_text(before)


@carries_out("chain-find-breaker")
@pytest.mark.parametrize("is_ca", [True, False])
def test_the_breaker_of_a_chain_is_named(root: Root, is_ca: bool) -> None:
    """An issuer that is no CA is found at its depth; a proper one passes."""
    top = issue("Corp Root")
    middle = issue("Corp Issuing", top, is_ca=is_ca)
    root.write("/tmp/chain.pem", issue("db.example", middle, is_ca=False).pem + middle.pem)
    root.write("/tmp/root.pem", top.pem)
    look, read, _ = rendered("chain-find-breaker", chain_file="/tmp/chain.pem", ca_file="/tmp/root.pem").steps
    if is_ca:
        assert "chain.pem: OK" in root.step(look)
    else:
        assert "at 1 depth lookup: invalid CA certificate" in fails(root, look.text)
    assert f"CA:{str(is_ca).upper()}" in root.step(read)


@carries_out("server-renew-issuer-in-file")
def test_a_renewed_issuer_replaces_the_old_one(root: Root, postgres_server: Postgresql) -> None:
    """PostgreSQL is refused with the expired issuer, and let in with the file that the steps make."""
    top = issue("Corp Root")
    old = issue("Corp Issuing", top, days=(-30, -2))
    new = issue("Corp Issuing", top, key=old.key)
    leaf = issue("localhost", old, is_ca=False)
    served = root.write("/etc/ssl/a server.pem", leaf.pem + old.pem, 0o640)
    root.write("/tmp/new.pem", new.pem)
    root.write("/tmp/other.pem", issue("Corp Issuing", top).pem)
    root.write("/tmp/root.pem", top.pem)
    root.write("/usr/local/share/ca-certificates/test-root.crt", top.pem)
    root.run("update-ca-certificates")
    values = {"certificate_file": "/etc/ssl/a server.pem", "ca_file": "/tmp/root.pem"}
    fix = rendered("server-renew-issuer-in-file", intermediate_file="/tmp/new.pem", **values)
    with postgres_server(Certificate(served.read_bytes(), leaf.key_pem, top.pem)) as server:
        assert "certificate has expired" in with_openssl(root, server)
        for _ in range(2):
            root.steps(fix.steps)
            assert served.read_bytes() == leaf.pem + new.pem
        assert served.stat().st_mode & 0o777 == 0o640
        assert "reload postgresql" in root.file("/run/told").read_text()
        server.present(Certificate(served.read_bytes(), leaf.key_pem, top.pem))
        assert with_openssl(root, server) == CONNECTED
        root.steps(fix.undo)
        assert served.read_bytes() == leaf.pem + old.pem
        server.present(Certificate(served.read_bytes(), leaf.key_pem, top.pem))
        assert "certificate has expired" in with_openssl(root, server)
    wrong = rendered("server-renew-issuer-in-file", intermediate_file="/tmp/other.pem", **values)
    assert "so nothing was changed" in fails(root, wrong.steps[1].text)
    assert served.read_bytes() == leaf.pem + old.pem


@carries_out("client-replace-expired-root", "client-clock-or-roots")
def test_an_expired_root_makes_way(root: Root, mariadb_server: Mariadb) -> None:
    """With the old CA file the root has expired, with the new one the driver connects; the undo brings the old one."""
    old = issue("Corp Root", days=(-30, -2))
    new = issue("Corp Root", key=old.key)
    leaf = issue("localhost", old, is_ca=False)
    other = issue("Other Root")
    file = root.write("/etc/ssl/the roots.pem", old.pem + other.pem)
    root.write("/tmp/new root.pem", new.pem)
    environment = {"SSL_CERT_FILE": "/etc/ssl/the roots.pem", "SSL_CERT_DIR": "/nowhere"}
    values = {"ca_file": "/etc/ssl/the roots.pem"}
    fix = rendered("client-replace-expired-root", new_root="/tmp/new root.pem", **values)
    with mariadb_server(Certificate(leaf.pem, leaf.key_pem, old.pem)) as server:
        assert "certificate has expired" in with_pymysql(root, server, environment=environment)
        for _ in range(2):
            root.steps(fix.steps)
            assert with_pymysql(root, server, environment=environment) == CONNECTED
        assert file.read_bytes().count(b"BEGIN CERTIFICATE") == 2
        root.steps(fix.undo)
        assert "certificate has expired" in with_pymysql(root, server, environment=environment)
    assert file.read_bytes() == old.pem + other.pem
    root.write("/tmp/old root.pem", old.pem)
    late = rendered("client-replace-expired-root", new_root="/tmp/old root.pem", **values)
    assert "has expired itself" in fails(root, late.steps[1].text)
    looked = rendered("client-clock-or-roots", host="localhost", **values)
    assert "Not After" in root.step(looked.steps[0])
    assert "127.0.0.1" in root.step(looked.steps[1])


@carries_out("tls-inspection-exempt", "tls-inspection-trust-box")
def test_the_fingerprint_to_compare_is_the_servers(root: Root) -> None:
    """The step on the server names the SHA-256 fingerprint of its own certificate."""
    made = issue("db.example")
    root.write("/etc/ssl/server.pem", made.pem)
    wanted = root.run("openssl x509 -in /etc/ssl/server.pem -noout -fingerprint -sha256").stdout.strip()
    for name, values in (
        ("tls-inspection-exempt", {"certificate_file": "/etc/ssl/server.pem"}),
        ("tls-inspection-trust-box", {"ca_file": "/etc/ssl/server.pem"}),
    ):
        assert wanted in root.step(rendered(name, **values).steps[0])
