"""The recipes for containers, carried out with a stand-in for Docker: the container is the root itself.

What `docker exec` runs, runs in the root; `docker cp` copies there; `docker restart` restarts its MariaDB; and `docker
compose up` mounts what compose.override.yaml names by copying it, and takes it away again. The official images have
the same folders as Debian's package.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.fixes.carried_out.carrying import carries_out, rendered
from tests.fixes.carried_out.mariadb_root import MariadbRoot, debian_mariadb, symptom
from tests.servers.certificates import Certificate, make_certificate
from tests.servers.mariadb import Mariadb

NAMES = ("localhost", "127.0.0.1")
CA = "/opt/admin/anchor.pem"
CONF_D = "/etc/mysql/conf.d"
"""What the official images leave to the administrator; Debian reads it before mariadb.conf.d."""
HANDED_OUT = "/opt/admin/db-tls/issued-ca.pem"

DOCKER = r"""#!/bin/bash
# Only the container `db`, which is also the service of that name.
known() { [ "$1" = db ] || { echo "Error response from daemon: No such container: $1" >&2; exit 1; }; }
run() {
  while [[ $1 == -* ]]; do case $1 in -u) shift 2 ;; -e) export "$2"; shift 2 ;; *) shift ;; esac; done
  known "$1"; shift; cd / && exec "$@"
}
mounted() { sed -n 's/^ *- \(\.[^:]*\):\([^:]*\):ro$/\1 \2/p' compose.override.yaml 2> /dev/null; }
case $1 in
  exec) shift; run "$@" ;;
  cp) [ "$2" = -L ] && shift; case "$2 $3" in db:*|*" db:"*) ;; *) exit 1 ;; esac
      exec cp -L "${2#db:}" "${3#db:}" ;;
  start) known "$2"; systemctl start mariadb ;;
  restart) known "$2"; systemctl restart mariadb ;;
  port) known "$2"; sed -n "s/.*'\([0-9]*\):3306'/0.0.0.0:\1/p" compose.override.yaml 2> /dev/null | grep . ;;
  compose)
    case $2 in
      exec) shift 2; run "$@" ;;
      up) known "${!#}"
          while read -r to; do rm -rf "$to"; done < /dbtls/mounted 2> /dev/null
          mounted | cut -d ' ' -f 2 > /dbtls/mounted
          mounted | while read -r from to; do cp -a "$from" "$to"; done
          systemctl restart mariadb ;;
    esac ;;
esac
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, mariadb_server: Mariadb) -> Iterator[MariadbRoot]:
    """The container that the tests of this file share."""
    with debian_mariadb(tmp_path_factory.mktemp("container") / "root", mariadb_server) as server:
        server.root.write("/usr/local/bin/docker", DOCKER, 0o755)
        yield replace(server, settings=CONF_D)


@pytest.fixture
def server(made: MariadbRoot) -> MariadbRoot:
    """The same, presenting what a server makes for itself; nothing is left of other tests."""
    made.root.run(
        "rm -rf ~/db-tls ~/db-ca /var/lib/mysql/issued-* /etc/mysql/conf.d/zz* /srv/*; mkdir -p /srv/compose"
    )
    made.present(make_certificate("self-generated", engine="mariadb"))
    return made


def files(server: MariadbRoot) -> dict[str, str]:
    """Writes certificate, key and root where somebody has them, and returns the parameters that name them."""
    certificate = make_certificate(names=NAMES)
    server.write("/srv/it's.pem", certificate.chain)
    server.write("/srv/it's.key", certificate.key)
    server.write(CA, certificate.anchor)
    return {"certificate_file": "/srv/it's.pem", "key_file": "/srv/it's.key"}


@carries_out("mysql-container-install-certificate-files")
def test_files_go_into_the_container(server: MariadbRoot) -> None:
    """A client verifies the server, again after a second run; the undo takes the files out; a wrong name says so."""
    fix = rendered("mysql-container-install-certificate-files", container="db", names=NAMES, **files(server))
    first = server.state()
    assert symptom(server.attempt(CA)) == "chain-not-trusted"
    for _ in range(2):
        assert "presents the certificate" in server.root.steps(fix.steps)
        assert server.attempt(CA) == "verified"
    key = server.root.file("/var/lib/mysql/issued-key.pem").stat()
    assert key.st_mode & 0o777 == 0o600
    assert key.st_uid == server.root.file("/var/lib/mysql").stat().st_uid
    for _ in range(2):
        server.root.steps(fix.undo)
        assert server.state() == first
    assert symptom(server.attempt(CA)) == "chain-not-trusted"
    other = rendered(
        "mysql-container-install-certificate-files", container="nodb", names=NAMES, **files(server)
    )
    for step in (*other.steps[1:], *other.undo):
        failed = server.root.run(step.text, check=False)
        assert failed.returncode == 1, step.title


@carries_out("mysql-container-own-ca", "mysql-container-self-signed-certificate")
@pytest.mark.parametrize("kind", ["own-ca", "self-signed-certificate"])
def test_a_certificate_made_beside_the_container(server: MariadbRoot, kind: str) -> None:
    """A client that was handed the CA, or the certificate itself, verifies the server by each name."""
    fix = rendered(f"mysql-container-{kind}", container="db", server_name="localhost", names=NAMES)
    first = server.state()
    server.root.steps(fix.steps)
    for name in NAMES:
        assert server.attempt(HANDED_OUT, name) == "verified"
    server.root.steps(fix.undo)
    assert server.state() == first
    assert symptom(server.attempt(HANDED_OUT)) == "chain-not-trusted"


@carries_out("mysql-compose-install-certificate-files")
def test_files_are_mounted_by_compose(server: MariadbRoot) -> None:
    """The override file mounts them; the undo takes it away; one that somebody else wrote is left alone."""
    fix = rendered(
        "mysql-compose-install-certificate-files",
        compose_folder="/srv/compose",
        compose_service="db",
        names=NAMES,
        **files(server),
    )
    for _ in range(2):
        server.root.steps(fix.steps)
        assert server.attempt(CA) == "verified"
    assert server.root.file("/srv/compose/db-tls/key.pem").stat().st_mode & 0o777 == 0o600
    server.root.steps(fix.undo)
    assert symptom(server.attempt(CA)) == "chain-not-trusted"
    assert list(server.root.file("/srv/compose").iterdir()) == []
    assert "nothing to take away" in server.root.steps(fix.undo)
    server.write("/srv/compose/compose.override.yaml", "# dbtls: the port\nservices: {}\n")
    refused = server.root.run(fix.steps[1].text, check=False)
    assert refused.returncode == 1
    assert "by hand" in refused.stdout
    assert "nothing to take away" in server.root.steps(fix.undo)
    server.root.run("rm -r /srv/compose")
    for step in (fix.steps[1], fix.undo[0]):
        assert "There is no such folder" in server.root.run(step.text, check=False).stdout


@carries_out("mariadb-container-modern-tls")
def test_versions_and_suites_of_today(server: MariadbRoot) -> None:
    """A container that takes TLS 1.1 alone takes 1.2 and 1.3 afterwards, and 1.1 alone after the undo."""
    certificate = make_certificate()
    server.write(CA, certificate.anchor)
    server.present(certificate, "tls_version = TLSv1.1", "ssl_cipher = DEFAULT:@SECLEVEL=0")
    fix, first = rendered("mariadb-container-modern-tls", container="db"), server.state()
    assert symptom(server.attempt(CA)) == "handshake-failed"
    for _ in range(2):
        server.root.steps(fix.steps)
        assert server.attempt(CA) == "verified"
    server.root.steps(fix.undo)
    assert server.state() == first
    assert symptom(server.attempt(CA)) == "handshake-failed"


@carries_out("mysql-container-append-intermediate")
def test_an_intermediate_in_the_container(server: MariadbRoot) -> None:
    """The chain verifies afterwards, and not any more after the undo; a stranger's intermediate is refused."""
    certificate = make_certificate(intermediate=True)
    leaf, intermediate, _ = certificate.chain.split(b"-----END CERTIFICATE-----\n")
    end = b"-----END CERTIFICATE-----\n"
    server.present(Certificate(leaf + end, certificate.key, certificate.anchor))
    server.write(CA, certificate.anchor)
    server.write("/srv/it's.pem", intermediate + end)
    server.write("/srv/other.pem", make_certificate().anchor)
    other = rendered(
        "mysql-container-append-intermediate", container="db", intermediate_file="/srv/other.pem"
    )
    assert "did not issue" in server.root.run(other.steps[0].text, check=False).stdout
    fix = rendered("mysql-container-append-intermediate", container="db", intermediate_file="/srv/it's.pem")
    assert server.attempt(CA) != "verified"
    for _ in range(2):
        server.root.steps(fix.steps)
        assert server.attempt(CA) == "verified"
    for _ in range(2):
        server.root.steps(fix.undo)
    assert server.attempt(CA) != "verified"
    assert server.root.file("/etc/mysql/tls/server.pem").read_bytes() == leaf + end


@carries_out("mysql-container-open-port")
def test_a_port_is_published(server: MariadbRoot) -> None:
    """The override file publishes it, once; the undo takes it away; one of somebody else is left alone."""
    fix = rendered(
        "mysql-container-open-port",
        container="db",
        compose_folder="/srv/compose",
        compose_service="db",
        port=3306,
    )
    assert "not published" in server.root.step(fix.steps[0])
    assert "published now" in server.root.step(fix.steps[1])
    assert "nothing was changed" in server.root.step(fix.steps[1])
    server.root.steps(fix.undo)
    assert list(server.root.file("/srv/compose").iterdir()) == []
    server.write("/srv/compose/compose.override.yaml", "services: {}\n")
    assert server.root.run(fix.steps[1].text, check=False).returncode == 1


@carries_out("mysql-container-trust-automatic-ca")
def test_the_ca_that_mysql_in_the_container_made(server: MariadbRoot) -> None:
    """With its ca.pem at hand the certificate is verified, though not its name; without the file the step says so."""
    certificate = make_certificate(names=("mysql.example",))
    server.present(certificate)
    fix = rendered("mysql-container-trust-automatic-ca", container="db", client_login="admin@app01")
    server.root.write("/usr/local/bin/scp", '#!/bin/sh\n[ "$2" = admin@app01:mysql-ca.pem ]\n', 0o755)
    missing = server.root.run(fix.steps[0].text, check=False)
    assert missing.returncode == 1
    assert "did not make its certificate itself" in missing.stdout
    server.write("/var/lib/mysql/ca.pem", certificate.anchor)
    for _ in range(2):
        server.root.steps(fix.steps)
        assert server.attempt("/etc/mysql/mysql-ca.pem", check_hostname=False) == "verified"
    assert symptom(server.attempt("/etc/mysql/mysql-ca.pem")) == "name-mismatch"
    server.root.steps(fix.undo)
    assert not server.root.file("/etc/mysql/mysql-ca.pem").exists()
    server.root.file("/var/lib/mysql/ca.pem").unlink()
