"""The certificate recipes of the SQL Server container, carried out with a stand-in for docker and the lab's server."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fixes.carried_out.carrying import carries_out, rendered
from tests.fixes.carried_out.sqlserver_on_linux import (
    CONTAINER,
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


@pytest.fixture
def server(running_sql_server: SqlServer) -> SqlServer:
    """The container as its image makes it, which has no settings of its own."""
    running_sql_server.fresh()
    running_sql_server.root.file("/var/opt/mssql/mssql.conf").unlink()
    return running_sql_server


def fix(name: str, **values: Given) -> RenderedFix:
    """A recipe for this container."""
    return rendered(name, server_name="localhost", names=NAMES, container=CONTAINER, **values)


@carries_out("sqlserver-container-own-ca")
def test_a_ca_of_ones_own_replaces_the_self_generated_certificate(server: SqlServer, tmp_path: Path) -> None:
    """Drivers that trust the new CA are refused before and let in after; the undo leaves no settings, as before."""
    own = fix("sqlserver-container-own-ca")
    before = server.state()
    assert before == {}
    carry_out(server, own)
    ca_file = server.root.file("/opt/admin/mssql-tls/ca.pem")
    admitted(server, ca_file, tmp_path)
    key = server.root.file("/var/opt/mssql/tls/mssql.key").stat()
    assert (key.st_uid, key.st_mode & 0o777) == (10001, 0o600)
    undone(server, own, before)
    assert not server.root.file("/var/opt/mssql/tls").exists()
    refused(server, ca_file, tmp_path, "self-signed certificate")


@carries_out("sqlserver-container-issue-certificate")
def test_a_request_is_signed_and_its_answer_installed(server: SqlServer, tmp_path: Path) -> None:
    """An expired certificate is replaced by the company's one; the undo brings the expired one back."""
    expired = make_certificate(valid_days=(-30, -1))
    presents(server, expired)
    before = server.state()
    issue = fix("sqlserver-container-issue-certificate")
    request, _, match, *rest = issue.steps
    server.root.step(request)
    assert "is missing" in failing(server, match)
    corp_signs(server)
    for step in (match, *rest, *rest):
        server.root.step(step)
    admitted(server, server.root.file("/opt/admin/mssql-tls/corp.pem"), tmp_path)
    undone(server, issue, before)
    assert server.cause(ca_of(expired, tmp_path)) == "certificate-expired"


@carries_out("sqlserver-container-install-certificate-files")
def test_given_files_are_installed(server: SqlServer, tmp_path: Path) -> None:
    """A wrong name is mended; a second certificate over it does not change what the undo goes back to."""
    wrong = make_certificate(names=("old.example",))
    presents(server, wrong)
    before = server.state()
    install = fix("sqlserver-container-install-certificate-files", **given_files(server, wrong))
    for good in (make_certificate(), make_certificate(intermediate=True)):
        install = fix("sqlserver-container-install-certificate-files", **given_files(server, good))
        carry_out(server, install)
        admitted(server, ca_of(good, tmp_path), tmp_path)
    undone(server, install, before)
    assert server.cause(ca_of(wrong, tmp_path)) == "name-mismatch"


@carries_out("sqlserver-container-install-certificate-files")
def test_another_container_is_told(server: SqlServer) -> None:
    """The twin: with the name of no container each step fails with a sentence, and nothing is changed."""
    other = rendered(
        "sqlserver-container-install-certificate-files",
        container="other",
        **given_files(server, make_certificate()),
    )
    take, match, install, restart, log = other.steps
    server.root.steps((take, match))
    assert "is that its name?" in failing(server, install)
    assert "does not run" in failing(server, restart)
    assert "No line says" in failing(server, log)
    assert server.state() == {}


@carries_out("sqlserver-container-install-certificate-files")
def test_the_undo_brings_a_container_back_that_stopped(server: SqlServer) -> None:
    """A certificate that keeps the container from starting is undone, although it takes no commands."""
    install = fix("sqlserver-container-install-certificate-files", **given_files(server, make_certificate()))
    server.root.steps(install.steps)
    os.chown(server.root.file("/var/opt/mssql/tls/mssql.key"), 0, 0)
    assert "does not run" in failing(server, install.steps[3])
    assert server.cause() == "port-closed"
    server.root.steps(install.undo)
    assert server.state() == {}
    assert server.cause() == "self-generated-certificate"


@carries_out("sqlserver-container-self-signed-certificate")
def test_a_self_signed_certificate_is_trusted_by_itself(server: SqlServer, tmp_path: Path) -> None:
    """A driver that was given the certificate verifies it with its name; the undo takes it away."""
    own = fix("sqlserver-container-self-signed-certificate")
    carry_out(server, own)
    admitted(server, server.root.file("/opt/admin/mssql-tls/mssql.pem"), tmp_path)
    undone(server, own, {})
    assert server.cause() == "self-generated-certificate"


@carries_out("sqlserver-compose-certificate")
def test_compose_mounts_certificate_and_key(server: SqlServer, tmp_path: Path) -> None:
    """The container is made again with both mounts; the undo takes them away, a foreign override file stays."""
    server.root.file("/srv/sql").mkdir(parents=True)
    good = make_certificate()
    mounts = fix(
        "sqlserver-compose-certificate",
        compose_folder="/srv/sql",
        compose_service=CONTAINER,
        **given_files(server, good),
    )
    carry_out(server, mounts)
    admitted(server, ca_of(good, tmp_path), tmp_path)
    undone(server, mounts, {})
    assert server.cause() == "self-generated-certificate"
    assert list(server.root.file("/srv/sql").iterdir()) == []
    server.root.write("/srv/sql/compose.override.yaml", "services: {}\n")
    assert "by hand" in failing(server, mounts.steps[2])
    missing = fix(
        "sqlserver-compose-certificate",
        compose_folder="/srv/none",
        compose_service="none",
        **given_files(server, good),
    )
    assert "no such folder" in failing(server, missing.steps[2])
    assert "not in use" in failing(server, missing.steps[3])


@carries_out("sqlserver-container-append-intermediate")
def test_a_missing_intermediate_is_appended_once(server: SqlServer, tmp_path: Path) -> None:
    """Without it the chain breaks, with it drivers connect; a second run adds nothing, a leaf is refused."""
    whole = make_certificate(intermediate=True)
    marker = b"-----BEGIN CERTIFICATE-----"
    leaf, between = (marker + one for one in whole.chain.split(marker)[1:])
    presents(server, Certificate(leaf, whole.key, whole.anchor))
    before = server.state()
    refused(server, ca_of(whole, tmp_path), tmp_path, "unable to get local issuer certificate")
    server.root.write("/tmp/the intermediate.pem", between)
    append = rendered(
        "sqlserver-container-append-intermediate",
        intermediate_file="/tmp/the intermediate.pem",
        container=CONTAINER,
    )
    carry_out(server, append)
    assert server.root.file("/var/opt/mssql/old.pem").read_bytes().count(marker) == 2
    admitted(server, ca_of(whole, tmp_path), tmp_path)
    undone(server, append, before)
    assert server.cause(ca_of(whole, tmp_path)) == "missing-intermediate"
    server.root.write("/tmp/the intermediate.pem", make_certificate(names=("x.example",)).chain)
    assert "no certificate of a CA" in failing(server, append.steps[0])
    assert server.state() == before


@carries_out("sqlserver-container-restart-for-certificate")
def test_a_restart_loads_the_certificate_of_the_settings(server: SqlServer, tmp_path: Path) -> None:
    """New files are not used before the restart; files that would keep the server down are told before it."""
    presents(server, make_certificate(valid_days=(-30, -1)))
    good = make_certificate()
    server.root.file("/var/opt/mssql/old.pem").write_bytes(good.chain)
    restart = rendered("sqlserver-container-restart-for-certificate", container=CONTAINER)
    assert server.cause(ca_of(good, tmp_path)) == "certificate-expired"
    carry_out(server, restart)
    admitted(server, ca_of(good, tmp_path), tmp_path)
    server.root.run("openssl genpkey -algorithm RSA -out /var/opt/mssql/old.key 2> /dev/null")
    assert "do not belong together" in failing(server, restart.steps[0])
    server.root.run("chown root /var/opt/mssql/old.key; chmod 600 /var/opt/mssql/old.key")
    assert "cannot read both" in failing(server, restart.steps[0])


@carries_out("sqlserver-container-unset-certificate")
def test_a_container_starts_without_the_certificate_that_it_cannot_load(server: SqlServer) -> None:
    """A key of another certificate keeps it down; without both names it runs, and the undo brings them back."""
    good = make_certificate()
    presents(server, good)
    before = server.state()
    server.root.run("openssl genpkey -algorithm RSA -out /var/opt/mssql/old.key 2> /dev/null")
    server.restart()
    assert server.cause() == "port-closed"
    unset = rendered("sqlserver-container-unset-certificate", container=CONTAINER)
    carry_out(server, unset)
    assert server.cause() == "self-generated-certificate"
    server.root.file("/var/opt/mssql/old.key").write_bytes(good.key)
    undone(server, unset, before)
    assert server.cause() == "private-ca-not-trusted"
    other = rendered("sqlserver-container-unset-certificate", container="other")
    assert "is that its name?" in failing(server, other.steps[0]).lower()
