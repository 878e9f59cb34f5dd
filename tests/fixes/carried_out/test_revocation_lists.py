"""Revocation: lists that clients were given, addresses that they cannot reach, and keys that are set aside."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest
from cryptography import x509

from tests.fixes.carried_out.carrying import Root, carries_out, rendered
from tests.fixes.carried_out.client_machine import client_root, fails, needs, tree
from tests.fixes.carried_out.own_ca import issue, revocation_list
from tests.servers.certificates import Certificate
from tests.servers.postgresql import Postgresql

CURL = """#!/bin/sh
for address; do :; done
case $address in
  *open*) printf 200 ;;
  *) printf 000; echo 'Could not connect' >&2; exit 7 ;;
esac
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Root]:
    """A client's machine."""
    with client_root(tmp_path_factory.mktemp("lists") / "root") as made:
        yield made


@needs("psql")
@carries_out("libpq-renew-crl")
def test_libpq_gets_a_new_list(root: Root, postgres_server: Postgresql) -> None:
    """With an expired list nothing connects, with the renewed one it does, after the undo it does not."""
    ca = issue("Corp CA")
    leaf = issue("localhost", ca, is_ca=False)
    old = root.write("/etc/ssl/a list.crl", revocation_list(ca, days=(-9, -2)))
    root.write("/tmp/new list.crl", revocation_list(ca, days=(-2, 9)))
    root.write("/tmp/ca.pem", ca.pem)
    before = old.read_bytes()
    with postgres_server(Certificate(leaf.pem, leaf.key_pem, ca.pem)) as server:
        line = (
            f"host=localhost port={server.port} user={server.user} dbname=postgres sslmode=verify-full "
            "sslrootcert=/tmp/ca.pem sslcrl='/etc/ssl/a list.crl'"
        )

        def asked() -> str:
            environment = {"PGPASSWORD": server.password}
            text = f"psql -XAt {shlex.quote(line)} -c 'SELECT 1'"
            return root.run(text, check=False, environment=environment).stdout

        assert "certificate verify failed" in asked()
        fix = rendered("libpq-renew-crl", crl_file="/etc/ssl/a list.crl", new_crl_file="/tmp/new list.crl")
        root.run(fix.steps[0].text, shell=("bash",), check=False)
        for _ in range(2):
            root.step(fix.steps[1])
            assert asked() == "1\n"
        root.steps(fix.undo)
        assert "certificate verify failed" in asked()
    assert old.read_bytes() == before
    none = rendered("libpq-renew-crl", crl_file="/etc/ssl/a list.crl", new_crl_file="/tmp/ca.pem")
    assert "The new file holds no list" in fails(root, none.steps[1].text)
    assert old.read_bytes() == before


@carries_out("revocation-open-way-linux")
@pytest.mark.parametrize("way", ["open", "closed"])
def test_each_address_of_a_certificate_is_tried(root: Root, way: str) -> None:
    """Every address is named with its answer, and one that cannot be reached fails the step. curl is a stand-in."""
    address = x509.UniformResourceIdentifier(f"http://{way}.example/corp.crl")
    point = x509.DistributionPoint([address], None, None, None)
    leaf = issue("db.example", is_ca=False, more=(x509.CRLDistributionPoints([point]),))
    root.write("/tmp/server.pem", leaf.pem)
    root.write("/usr/local/bin/curl", CURL, 0o755)
    step = rendered("revocation-open-way-linux", certificate_file="/tmp/server.pem").steps[0]
    if way == "open":
        assert "200 http://open.example/corp.crl" in root.step(step)
    else:
        assert "000 http://closed.example/corp.crl" in (said := fails(root, step.text))
        assert "The way to an address with 000 is closed" in said


@carries_out("revocation-publish-list")
def test_the_dates_of_a_list_are_read(root: Root) -> None:
    """PEM or DER: the list says until when it is good; what is no list is refused."""
    root.write("/tmp/list.pem", revocation_list(issue("Corp CA"), days=(-9, -2)))
    root.run("openssl crl -in /tmp/list.pem -outform DER -out /tmp/list.crl")
    for name in ("/tmp/list.pem", "/tmp/list.crl"):
        assert "nextUpdate=" in root.step(rendered("revocation-publish-list", crl_file=name).steps[0])
    root.write("/tmp/page", "<html>\n")
    page = rendered("revocation-publish-list", crl_file="/tmp/page")
    assert "This file holds no list" in fails(root, page.steps[0].text)


@carries_out("revoked-make-new-key")
def test_a_revoked_key_is_set_aside(root: Root) -> None:
    """The next request makes a new key; where there is none, nothing happens; the undo brings the old one back."""
    fix = rendered("revoked-make-new-key")
    root.steps(fix.steps)
    root.write("/opt/admin/pg-tls/issued.key", "old", 0o600)
    before = tree(root, "/opt/admin/pg-tls")
    for _ in range(2):
        root.steps(fix.steps)
        assert [file.name for file in root.file("/opt/admin/pg-tls").iterdir()] == ["issued.key.revoked"]
    root.steps(fix.undo)
    assert tree(root, "/opt/admin/pg-tls") == before
    root.steps(fix.steps)
    root.write("/opt/admin/pg-tls/issued.key", "new", 0o600)
    root.steps(fix.undo)
    assert root.file("/opt/admin/pg-tls/issued.key").read_text() == "new"


@carries_out("java-without-revocation")
def test_where_java_is_told_to_ask(root: Root) -> None:
    """The variable that switches the check on is shown; without one it says so."""
    step = rendered("java-without-revocation").steps[0]
    assert "No options come from the environment." in root.step(step)
    option = "-Dcom.sun.net.ssl.checkRevocation=true"
    assert option in root.step(step, environment={"JAVA_TOOL_OPTIONS": option})
