"""A PostgreSQL that demands the client's certificate, mended on a real Debian cluster and in its container."""

from __future__ import annotations

import pytest

from tests.fixes.carried_out.carrying import carries_out, rendered
from tests.fixes.carried_out.postgresql_cluster import (
    CONTAINER,
    Cluster,
    carry_out,
)
from tests.known import KNOWN
from tests.servers.certificates import make_certificate
from tests.thorough import one_of_each
from wizard.diagnosis.match import Matcher
from wizard.fixes.values import Given

MATCHER = Matcher(KNOWN)
HBA = """\
local all postgres peer  # not the clientcert=verify-full of others
hostssl all all 127.0.0.1/32 {how}
"""
DEMANDS = ("scram-sha-256 clientcert=verify-full", "cert map=staff", "scram-sha-256  clientcert=verify-ca")


@pytest.fixture
def cluster(running_cluster: Cluster) -> Cluster:
    """The cluster with a certificate that is in order; it trusts some CA for clients."""
    running_cluster.fresh()
    running_cluster.present(make_certificate())
    running_cluster.owned(
        f"{running_cluster.data}/some-ca.pem", make_certificate("self-signed").anchor, 0o644
    )
    running_cluster.sql("ALTER SYSTEM SET ssl_ca_file = 'some-ca.pem'", "SELECT pg_reload_conf()")
    return running_cluster


def demand(cluster: Cluster, how: str) -> str:
    """Demands the client's certificate in pg_hba.conf; returns the file's path."""
    path = f"/etc/postgresql/{cluster.version}/dbtls/pg_hba.conf"
    cluster.owned(path, HBA.format(how=how).encode(), 0o640)
    cluster.sql("SELECT pg_reload_conf()")
    cluster.sql("SELECT pg_sleep(0.1)")
    return path


def demanded(text: str) -> bool:
    """Says whether an error text is understood as the demand of a certificate."""
    return MATCHER.match(text).likely_causes == ("client-certificate-required",)


@carries_out("postgresql-own-client-ca", "postgresql-issue-client-certificate")
def test_a_ca_for_clients_opens_the_server(cluster: Cluster) -> None:
    """With the certificate of the new CA the user is let in, and no more after the undo; the first CA stays trusted."""
    demand(cluster, DEMANDS[0])
    settings = cluster.settings()
    root = cluster.root.write("/opt/admin/root.pem", make_certificate().anchor)
    assert demanded(cluster.connect(root))
    own = rendered("postgresql-own-client-ca", database_user="app", port=cluster.port)
    issue = rendered("postgresql-issue-client-certificate", database_user="app")
    assert "verify-full" not in cluster.paste(issue.steps[0]).splitlines()[-1]
    cluster.root.step(issue.steps[1])
    for _ in range(2):
        cluster.root.step(own.steps[0])
        cluster.root.run("mkdir -p /opt/admin/pg-tls")
        cluster.root.run("cp /opt/admin/client-tls/client.csr /opt/admin/pg-tls/")
        cluster.root.step(own.steps[2])
        cluster.root.step(own.steps[3])
        cluster.root.run("cp /opt/admin/pg-tls/client.crt /opt/admin/client-tls/")
    assert "belong together" in cluster.root.step(issue.steps[3])
    place = cluster.root.file("/opt/admin/client-tls")
    mine = {"sslcert": str(place / "client.crt"), "sslkey": str(place / "client.key")}
    assert cluster.connect(root, **mine).startswith("TLSv1")
    assert demanded(cluster.connect(root))
    trusted = next(cluster.root.file(cluster.data).glob("clients-*.crt")).read_bytes()
    assert trusted.count(b"BEGIN CERTIFICATE") == 2
    cluster.root.step(own.undo[0])
    assert cluster.settings() == settings
    assert cluster.root.step(own.undo[0]) == "There is nothing to undo.\n"
    cluster.sql("SELECT pg_sleep(0.1)")
    assert "unknown ca" in cluster.connect(root, **mine)
    cluster.root.step(issue.undo[0])
    assert not place.exists()


@carries_out("postgresql-issue-client-certificate")
def test_a_certificate_for_servers_is_refused_before_use(cluster: Cluster) -> None:
    """The twin: an answer for another purpose, for another key, and none at all are told, each with its reason."""
    issue = rendered("postgresql-issue-client-certificate", database_user="app")
    cluster.root.step(issue.steps[1])
    make = "cd /opt/admin/client-tls && openssl req -x509 -days 5 -subj /CN=app -addext extendedKeyUsage=serverAuth"
    for command, says in (
        ("true", "No certificate in PEM"),
        (f"{make} -newkey rsa:2048 -nodes -keyout other.key -out client.crt 2> /dev/null", "another key"),
        (f"{make} -key client.key -out client.crt", "A server will refuse"),
    ):
        cluster.root.run(command)
        done = cluster.root.run(issue.steps[3].text, shell=("bash",), check=False)
        assert (done.returncode, says in done.stdout) == (1, True), done.stdout


@carries_out("postgresql-without-client-certificate", "postgresql-without-client-certificate-container")
@pytest.mark.parametrize("where", one_of_each(["", "-container"]))
@pytest.mark.parametrize("how", DEMANDS)
def test_the_demand_is_taken_back(cluster: Cluster, where: str, how: str) -> None:
    """A password alone is enough after the fix, comments stay, and the undo demands the certificate again."""
    path = demand(cluster, how)
    hba = cluster.root.file(path)
    before = hba.read_bytes()
    root = cluster.root.write("/opt/admin/root.pem", make_certificate().anchor)
    assert demanded(cluster.connect(root))
    values: dict[str, Given] = {"container": CONTAINER} if where else {"port": cluster.port}
    without = rendered(f"postgresql-without-client-certificate{where}", **values)
    assert "demand a password only now" in carry_out(cluster.root, without)
    cluster.sql("SELECT pg_sleep(0.1)")
    assert hba.read_text() == HBA.format(how="scram-sha-256")
    assert hba.owner() == "postgres"
    assert cluster.connect(root).startswith("TLSv1")
    assert "No line demands" in cluster.root.step(without.steps[0])
    cluster.root.step(without.undo[0])
    cluster.sql("SELECT pg_sleep(0.1)")
    assert hba.read_bytes() == before
    assert not cluster.connect(root).startswith("TLSv1")
    assert "There is nothing to undo." in cluster.root.step(without.undo[0])


@carries_out("postgresql-without-client-certificate")
def test_a_user_without_a_password_is_named(cluster: Cluster) -> None:
    """Where the certificate was the only proof, the user who has no password is told."""
    cluster.sql("CREATE ROLE certified LOGIN")
    without = rendered("postgresql-without-client-certificate", port=cluster.port)
    assert "without a password: certified" in cluster.root.step(without.steps[1])
    cluster.sql("DROP ROLE certified")
