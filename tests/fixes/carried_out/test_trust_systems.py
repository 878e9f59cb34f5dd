"""The CA in the store of Debian, Red Hat and SUSE: a driver that verifies is refused before, and let in after."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.fixes.carried_out.carrying import Root, carries_out, rendered
from tests.fixes.carried_out.client_machine import (
    CONNECTED,
    client_root,
    fails,
    left_out,
    tree,
    with_openssl,
    with_pymysql,
)
from tests.servers.certificates import make_certificate
from tests.servers.mariadb import Mariadb
from tests.servers.postgresql import Postgresql
from wizard.fixes.render import RenderedFix
from wizard.lab.certificates import identity_for
from wizard.lab.server import serve
from wizard.model.knowledge import ScenarioEntry

REFUSED = "certificate verify failed"
# Red Hat's and SUSE's commands need p11-kit. What they do with the folder of the administrator's anchors is this: the
# bundle that OpenSSL reads is written anew from the distribution's roots and from every file in that folder.
UPDATE = """#!/bin/sh
cat /etc/ssl/certs/distribution.pem > {bundle}
cat {anchors}/* >> {bundle} 2> /dev/null || true
"""


class System(NamedTuple):
    """A distribution: its command, where it looks for anchors, and the bundle that it makes."""

    command: str
    anchors: str
    bundle: str


REDHAT = System("update-ca-trust", "/etc/pki/ca-trust/source/anchors", "/etc/pki/tls/certs/ca-bundle.crt")
SUSE = System("update-ca-certificates", "/etc/pki/trust/anchors", "/etc/ssl/ca-bundle.pem")
MSSQL = """
import sys, mssql_python
try:
    mssql_python.connect(f"Server=localhost,{sys.argv[1]};UID=sa;PWD=any;Encrypt=yes;TrustServerCertificate=no")
    print("connected")
except Exception as error:
    print(error)
"""
ANCHORS = ("/usr/local/share/ca-certificates", "/etc/ssl/certs")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Root]:
    """One root for all of these tests, each of which undoes what it did."""
    with client_root(tmp_path_factory.mktemp("systems") / "root") as made:
        made.run("update-ca-certificates --fresh")
        yield made


def stands_in(root: Root, system: System) -> dict[str, str]:
    """Makes the root look like another distribution; returns the variables by which OpenSSL reads its bundle."""
    bundle = root.file("/etc/ssl/certs/ca-certificates.crt").read_bytes()
    root.write("/etc/ssl/certs/distribution.pem", bundle)
    root.file(system.anchors).mkdir(parents=True, exist_ok=True)
    root.write(system.bundle, bundle)
    text = UPDATE.format(anchors=system.anchors, bundle=system.bundle)
    root.write(f"/usr/local/bin/{system.command}", text, 0o755)
    return {"SSL_CERT_FILE": system.bundle, "SSL_CERT_DIR": "/nowhere"}


@carries_out("trust-debian")
def test_debian_trusts_the_ca(
    root: Root, mariadb_server: Mariadb, postgres_server: Postgresql, tmp_path: Path
) -> None:
    """PyMySQL and OpenSSL connect verified after the fix, not before it and not after the undo."""
    made = make_certificate()
    root.write("/tmp/it's a ca.pem", made.anchor)
    before = tree(root, *ANCHORS)
    fix = rendered("trust-debian", ca_file="/tmp/it's a ca.pem")
    with mariadb_server(made) as mariadb, postgres_server(made) as postgres:
        assert REFUSED in with_pymysql(root, mariadb)
        assert "unable to get local issuer certificate" in with_openssl(root, postgres)
        assert ": OK" in root.steps(fix.steps)
        assert with_pymysql(root, mariadb) == CONNECTED
        assert with_openssl(root, postgres) == CONNECTED
        after = tree(root, *ANCHORS)
        root.steps(fix.steps)
        assert tree(root, *ANCHORS) == after
        root.steps(fix.undo)
        assert REFUSED in with_pymysql(root, mariadb)
        assert "unable to get local issuer certificate" in with_openssl(root, postgres)
    assert tree(root, *ANCHORS) == before


@carries_out("trust-debian")
def test_odbc_driver_18_reads_debians_store(root: Root) -> None:
    """mssql-python, whose ODBC driver takes the system's OpenSSL, is let in by a server of the lab after the fix."""
    pytest.importorskip("mssql_python", reason="mssql-python is not installed")
    scenario = ScenarioEntry(id="sqlserver/healthy", title="in order", cause="healthy", engine="sqlserver")
    identity = identity_for(scenario)
    assert identity is not None
    root.write("/tmp/sql ca.pem", identity.anchor_pem())
    root.write("/opt/sql.py", MSSQL)
    fix = rendered("trust-debian", ca_file="/tmp/sql ca.pem")
    with serve(scenario, identity=identity) as server:
        asks = f"{sys.executable} /opt/sql.py {server.port}"
        assert REFUSED in root.run(asks).stdout
        root.steps(fix.steps)
        assert root.run(asks).stdout.strip() == CONNECTED
        root.steps(fix.undo)
        assert REFUSED in root.run(asks).stdout


@carries_out("trust-debian-certificate")
def test_debian_trusts_a_self_signed_certificate(root: Root, mariadb_server: Mariadb) -> None:
    """A copy of the server's own certificate does, until the undo."""
    made = make_certificate("self-signed")
    root.write("/tmp/server.pem", made.anchor)
    fix = rendered("trust-debian-certificate", ca_file="/tmp/server.pem")
    with mariadb_server(made) as mariadb:
        assert "self-signed certificate" in with_pymysql(root, mariadb)
        root.steps(fix.steps)
        assert with_pymysql(root, mariadb) == CONNECTED
        root.steps(fix.undo)
        assert "self-signed certificate" in with_pymysql(root, mariadb)


@carries_out("trust-debian-certificate")
def test_debian_learns_a_missing_intermediate(root: Root, mariadb_server: Mariadb) -> None:
    """A file with intermediate and root becomes two files of the store, and the chain is whole."""
    made, file = left_out()
    root.write("/tmp/chain.pem", file)
    fix = rendered("trust-debian-certificate", ca_file="/tmp/chain.pem")
    with mariadb_server(made) as mariadb:
        assert "unable to get local issuer certificate" in with_pymysql(root, mariadb)
        root.steps(fix.steps)
        assert len(list(root.file(ANCHORS[0]).glob("database-ca-*.crt"))) == 2
        assert with_pymysql(root, mariadb) == CONNECTED
        root.steps(fix.undo)
        assert "unable to get local issuer certificate" in with_pymysql(root, mariadb)


@carries_out("trust-rhel", "trust-rhel-certificate", "trust-suse", "trust-suse-certificate")
@pytest.mark.parametrize(
    ("name", "system"),
    [
        ("trust-rhel", REDHAT),
        ("trust-rhel-certificate", REDHAT),
        ("trust-suse", SUSE),
        ("trust-suse-certificate", SUSE),
    ],
)
def test_other_systems_trust_the_ca(root: Root, mariadb_server: Mariadb, name: str, system: System) -> None:
    """The file reaches the folder of the anchors and from there the bundle, and leaves both with the undo.

    The system's command is a stand-in that does with that folder what the real one does.
    """
    kept = root.file("/usr/local/bin/update-ca-certificates")
    environment = stands_in(root, system)
    made = make_certificate("self-signed" if name.endswith("certificate") else "private-ca")
    root.write("/tmp/ca.pem", made.anchor)
    before = tree(root, system.anchors, system.bundle.rpartition("/")[0])
    fix = rendered(name, ca_file="/tmp/ca.pem")
    with mariadb_server(made) as mariadb:
        assert REFUSED in with_pymysql(root, mariadb, environment=environment)
        root.steps(fix.steps)
        root.steps(fix.steps)
        assert with_pymysql(root, mariadb, environment=environment) == CONNECTED
        root.steps(fix.undo)
        assert REFUSED in with_pymysql(root, mariadb, environment=environment)
    assert tree(root, system.anchors, system.bundle.rpartition("/")[0]) == before
    kept.unlink(missing_ok=True)
    root.file("/etc/ssl/certs/distribution.pem").unlink()


@pytest.mark.parametrize("name", ["trust-debian", "trust-rhel", "trust-suse"])
def test_what_is_no_ca_is_refused(root: Root, name: str) -> None:
    """The twin: without a file, and with a file that holds no certificate, the step says so and fails."""
    fix: RenderedFix = rendered(name, ca_file="/tmp/nothing.pem")
    assert "holds no certificate in PEM form" in fails(root, fix.steps[0].text)
    assert "does not vouch for it" in fails(root, fix.steps[1].text)
    assert "The CA file is gone" in fails(root, fix.undo[0].text)
    root.write("/tmp/page.pem", "<html>Please log in</html>\n")
    page = rendered(name, ca_file="/tmp/page.pem")
    assert "holds no certificate in PEM form" in fails(root, page.steps[0].text)


@carries_out("clock-set-right")
def test_the_clock_is_set_by_the_network(root: Root) -> None:
    """A stand-in for timedatectl keeps whether a time service runs: it is switched on, and off again by the undo."""
    root.write(
        "/usr/local/bin/timedatectl",
        """#!/bin/sh
case $1 in
  show) cat /run/ntp ;;
  set-ntp) case $2 in true) echo yes ;; *) echo no ;; esac > /run/ntp ;;
esac
""",
        0o755,
    )
    root.write("/run/ntp", "no\n")
    fix = rendered("clock-set-right", not_after="2027-11-20; id")
    linux, undo = fix.steps[0].text, fix.undo[0].text
    assert "2027-11-20; id" in root.run(linux).stdout
    root.run(linux)
    assert root.file("/run/ntp").read_text() == "yes\n"
    root.run(undo)
    assert root.file("/run/ntp").read_text() == "no\n"
    root.write("/run/ntp", "yes\n")
    root.run(linux)
    assert "so it stays on" in root.run(undo).stdout
    assert root.file("/run/ntp").read_text() == "yes\n"
    root.write("/usr/local/bin/timedatectl", "#!/bin/sh\nexit 1\n", 0o755)
    assert "No time service runs here" in fails(root, linux)
