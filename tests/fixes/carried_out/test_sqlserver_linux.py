"""The certificate recipes of SQL Server on Linux, carried out with stand-ins for its tools and the lab's server."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fixes.carried_out.carrying import carries_out, rendered
from tests.fixes.carried_out.sqlserver_on_linux import (
    NAMED,
    SqlServer,
    admitted,
    ca_of,
    carry_out,
    corp_signs,
    failing,
    given_files,
    presents,
    refused,
    undone,
)
from tests.servers.certificates import Certificate, make_certificate
from wizard.fixes.render import RenderedFix
from wizard.fixes.values import Given

NAMES = ("localhost", "127.0.0.1")
UNTRUSTED = "unable to get local issuer certificate"


@pytest.fixture
def server(running_sql_server: SqlServer) -> SqlServer:
    """The server as its package makes it."""
    running_sql_server.fresh()
    return running_sql_server


def fix(name: str, **values: Given) -> RenderedFix:
    """A recipe for this server."""
    return rendered(name, server_name="localhost", names=NAMES, **values)


def mode(file: Path) -> tuple[int, int]:
    """Owner and rights of a file."""
    return file.stat().st_uid, file.stat().st_mode & 0o777


@carries_out("sqlserver-linux-own-ca")
def test_a_ca_of_ones_own_replaces_the_self_generated_certificate(server: SqlServer, tmp_path: Path) -> None:
    """Drivers that trust the new CA are refused before and let in after; the undo brings the first state back."""
    own = fix("sqlserver-linux-own-ca")
    before = server.state()
    ca_file = server.root.file("/opt/admin/mssql-tls/ca.pem")
    assert server.cause() == "self-generated-certificate"
    said = carry_out(server, own)
    assert "PRIVATE" not in said
    admitted(server, ca_file, tmp_path)
    assert server.cause(ca_file) == "healthy"
    for name in ("/opt/admin/mssql-tls/ca.key", "/opt/admin/mssql-tls/mssql.key"):
        assert mode(server.root.file(name)) == (0, 0o600)
    assert mode(server.root.file("/var/opt/mssql/tls/mssql.key")) == (10001, 0o600)
    undone(server, own, before)
    refused(server, ca_file, tmp_path, "self-signed certificate")
    assert server.cause() == "self-generated-certificate"


@carries_out("sqlserver-linux-own-ca")
def test_the_ca_signs_again_only_where_it_has_to(server: SqlServer) -> None:
    """A second run keeps CA and certificate, another name makes another certificate of the same CA."""
    make = fix("sqlserver-linux-own-ca").steps[0]
    server.root.step(make)
    folder = server.root.file("/opt/admin/mssql-tls")
    ca, first = (folder / "ca.pem").read_bytes(), (folder / "mssql.pem").read_bytes()
    assert "there already" in server.root.step(make)
    assert (folder / "mssql.pem").read_bytes() == first
    more = rendered("sqlserver-linux-own-ca", server_name="localhost", names=("localhost", "sql.example"))
    server.root.step(more.steps[0])
    assert (folder / "mssql.pem").read_bytes() != first
    assert (folder / "ca.pem").read_bytes() == ca


@carries_out("sqlserver-linux-issue-certificate")
def test_a_request_is_signed_and_its_answer_installed(server: SqlServer, tmp_path: Path) -> None:
    """An expired certificate is replaced by the company's one; the undo brings the expired one back."""
    expired = make_certificate(valid_days=(-30, -1))
    presents(server, expired)
    before = server.state()
    refused(server, ca_of(expired, tmp_path), tmp_path, "certificate has expired")
    issue = fix("sqlserver-linux-issue-certificate")
    request, _, match, *rest = issue.steps
    assert "DNS:localhost, IP Address:127.0.0.1" in server.root.step(request)
    key = server.root.file("/opt/admin/mssql-tls/mssql.key").read_bytes()
    assert "is missing" in failing(server, match)
    server.root.step(request)
    assert server.root.file("/opt/admin/mssql-tls/mssql.key").read_bytes() == key
    corp_signs(server)
    for step in (match, *rest, *rest):
        server.root.step(step)
    admitted(server, server.root.file("/opt/admin/mssql-tls/corp.pem"), tmp_path)
    undone(server, issue, before)
    assert server.cause(ca_of(expired, tmp_path)) == "certificate-expired"


@carries_out("sqlserver-linux-issue-certificate")
def test_what_is_no_answer_to_the_request_is_not_installed(server: SqlServer) -> None:
    """The twin: the certificate of another key, and one that has expired, are told in a sentence."""
    request, _, match, *_ = fix("sqlserver-linux-issue-certificate").steps
    server.root.step(request)
    server.root.write("/opt/admin/mssql-tls/mssql.pem", make_certificate().chain)
    assert "belongs to another key" in failing(server, match)
    server.root.write("/opt/admin/mssql-tls/mssql.pem", make_certificate(valid_days=(-30, -1)).chain)
    assert "has expired" in failing(server, match)


@carries_out("sqlserver-linux-install-certificate-files")
def test_given_files_are_installed(server: SqlServer, tmp_path: Path) -> None:
    """A wrong name is mended by a certificate with the right one, whose chain is sent whole."""
    wrong = make_certificate(names=("old.example",))
    presents(server, wrong)
    before = server.state()
    refused(server, ca_of(wrong, tmp_path), tmp_path, "does not match host name")
    good = make_certificate(intermediate=True)
    install = rendered("sqlserver-linux-install-certificate-files", **given_files(server, good))
    carry_out(server, install)
    admitted(server, ca_of(good, tmp_path), tmp_path)
    undone(server, install, before)
    assert server.cause(ca_of(wrong, tmp_path)) == "name-mismatch"


@carries_out("sqlserver-linux-install-certificate-files")
def test_files_that_are_not_there_change_nothing(server: SqlServer) -> None:
    """The twin: a missing file and a key of another certificate are told, and nothing is installed."""
    before = server.state()
    values = given_files(server, make_certificate())
    missing = rendered("sqlserver-linux-install-certificate-files", **{**values, "key_file": "/tmp/none.key"})
    assert "could not be read" in failing(server, missing.steps[0])
    assert not server.root.file("/opt/admin/mssql-tls/mssql.pem").exists()
    other = rendered("sqlserver-linux-install-certificate-files", **values)
    # Keys of the lab are made once for a process: this one is another.
    server.root.run("openssl genpkey -algorithm RSA -out '/tmp/the server.key' 2> /dev/null")
    server.root.step(other.steps[0])
    assert "belongs to another key" in failing(server, other.steps[1])
    assert server.state() == before


@carries_out("sqlserver-linux-self-signed-certificate")
def test_a_self_signed_certificate_is_trusted_by_itself(server: SqlServer, tmp_path: Path) -> None:
    """A driver that was given the certificate verifies it with its name; the undo takes it away."""
    own = fix("sqlserver-linux-self-signed-certificate")
    before = server.state()
    carry_out(server, own)
    certificate = server.root.file("/opt/admin/mssql-tls/mssql.pem")
    first = certificate.read_bytes()
    server.root.step(own.steps[0])
    assert certificate.read_bytes() == first
    admitted(server, certificate, tmp_path)
    undone(server, own, before)
    assert server.cause() == "self-generated-certificate"


@carries_out("sqlserver-linux-append-intermediate")
def test_a_missing_intermediate_is_appended_once(server: SqlServer, tmp_path: Path) -> None:
    """Without it the chain breaks, with it drivers connect; a second run adds nothing, a leaf is refused."""
    whole = make_certificate(intermediate=True)
    marker = b"-----BEGIN CERTIFICATE-----"
    leaf, between = (marker + one for one in whole.chain.split(marker)[1:])
    presents(server, Certificate(leaf, whole.key, whole.anchor))
    before = server.state()
    refused(server, ca_of(whole, tmp_path), tmp_path, UNTRUSTED)
    server.root.write("/tmp/the intermediate.pem", between)
    append = rendered("sqlserver-linux-append-intermediate", intermediate_file="/tmp/the intermediate.pem")
    carry_out(server, append)
    assert server.root.file("/var/opt/mssql/old.pem").read_bytes().count(marker) == 2
    admitted(server, ca_of(whole, tmp_path), tmp_path)
    undone(server, append, before)
    assert server.cause(ca_of(whole, tmp_path)) == "missing-intermediate"
    server.root.write("/tmp/the intermediate.pem", make_certificate(names=("x.example",)).chain)
    assert "no certificate of a CA" in failing(server, append.steps[0])
    server.root.write("/tmp/the intermediate.pem", b"no certificate")
    assert "Nothing was changed" in failing(server, append.steps[0])
    assert server.state() == before


@carries_out("sqlserver-linux-restart-for-certificate")
def test_a_restart_loads_the_certificate_of_the_settings(server: SqlServer, tmp_path: Path) -> None:
    """New files are not used before the restart; files that would keep the server down are told before it."""
    presents(server, make_certificate(valid_days=(-30, -1)))
    good = make_certificate()
    server.root.file("/var/opt/mssql/old.pem").write_bytes(good.chain)
    restart = rendered("sqlserver-linux-restart-for-certificate")
    refused(server, ca_of(good, tmp_path), tmp_path, "certificate has expired")
    carry_out(server, restart)
    admitted(server, ca_of(good, tmp_path), tmp_path)
    server.root.run("openssl genpkey -algorithm RSA -out /var/opt/mssql/old.key 2> /dev/null")
    assert "do not belong together" in failing(server, restart.steps[0])
    server.root.run("chown root /var/opt/mssql/old.key; chmod 600 /var/opt/mssql/old.key")
    assert "cannot read both" in failing(server, restart.steps[0])


@carries_out("sqlserver-linux-certificate-files")
def test_files_that_mssql_cannot_read_are_copied_for_it(server: SqlServer, tmp_path: Path) -> None:
    """A key that belongs to root keeps the server down; a copy for mssql brings it up."""
    good = make_certificate()
    presents(server, good)
    os.chown(server.root.file("/var/opt/mssql/old.key"), 0, 0)
    server.restart()
    assert server.cause(ca_of(good, tmp_path)) == "port-closed"
    before = server.state()
    give = rendered(
        "sqlserver-linux-certificate-files",
        certificate_file="/var/opt/mssql/old.pem",
        key_file="/var/opt/mssql/old.key",
    )
    assert "cannot read both" in server.root.step(give.steps[0])
    carry_out(server, give)
    admitted(server, ca_of(good, tmp_path), tmp_path)
    for step in give.undo:
        assert "does not run" in failing(server, step)
    assert server.state() == before
    missing = rendered(
        "sqlserver-linux-certificate-files", certificate_file="/tmp/none", key_file="/tmp/none"
    )
    assert "is not there" in failing(server, missing.steps[1])


@carries_out("sqlserver-linux-unset-certificate")
def test_a_server_starts_without_the_certificate_that_it_cannot_load(server: SqlServer) -> None:
    """A key of another certificate keeps it down; without both names it runs, and the undo brings them back."""
    good = make_certificate()
    presents(server, good)
    before = server.state()
    server.root.run("openssl genpkey -algorithm RSA -out /var/opt/mssql/old.key 2> /dev/null")
    server.restart()
    assert server.cause() == "port-closed"
    unset = rendered("sqlserver-linux-unset-certificate")
    carry_out(server, unset)
    assert server.cause() == "self-generated-certificate"
    server.root.file("/var/opt/mssql/old.key").write_bytes(good.key)
    undone(server, unset, before)
    assert server.cause() == "private-ca-not-trusted"


@carries_out("sqlserver-linux-own-ca")
def test_a_log_without_the_certificate_fails_the_check(server: SqlServer) -> None:
    """The twin of the last check: a self-generated certificate is not taken for the new one."""
    log = fix("sqlserver-linux-own-ca").steps[4]
    assert "error log" in log.title
    assert "made itself" in failing(server, log)
    server.configure(NAMED)
    assert "No line says" in failing(server, log)
