"""Certificates of MariaDB, installed as the recipes say. MySQL's recipes run here too, by a stand-in for its client.

See mysql_stand_in.py for what of MySQL is real: the scripts, OpenSSL and the files; not the server.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixes.carried_out.carrying import carries_out, rendered
from tests.fixes.carried_out.mariadb_root import DROP_INS, MariadbRoot, debian_mariadb, symptom
from tests.fixes.carried_out.mysql_stand_in import with_mysql
from tests.servers.certificates import make_certificate
from tests.servers.mariadb import Mariadb
from tests.thorough import one_of_each

NAMES = ("localhost", "127.0.0.1")
PROJECT = Path(__file__).parents[3]
ROOT_OF_ISSUED = "/opt/admin/db-tls/issued-ca.pem"
each = pytest.mark.parametrize("engine", ["mariadb", "mysql"])
both = pytest.mark.parametrize("engine", one_of_each(["mariadb", "mysql"]))
"""The recipes are the same but for the engine's words, which `each` has in the short run too."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, mariadb_server: Mariadb) -> Iterator[MariadbRoot]:
    """The server that the tests of this file share."""
    with debian_mariadb(tmp_path_factory.mktemp("mariadb") / "root", mariadb_server) as server:
        yield with_mysql(server)


@pytest.fixture
def server(made: MariadbRoot) -> MariadbRoot:
    """The same, presenting what a server makes for itself; nothing is left of other tests."""
    made.root.run(f"rm -rf ~/db-tls ~/db-ca /var/lib/mysql/issued-* {DROP_INS}/zz*")
    with_mysql(made)
    made.present(make_certificate("self-generated", engine="mariadb"))
    return made


@carries_out("mariadb-own-ca", "mysql-own-ca")
@both
def test_a_ca_of_ones_own(server: MariadbRoot, engine: str) -> None:
    """A client that trusts the new root connects by each name; again; the undo brings the old certificate back."""
    fix = rendered(f"{engine}-own-ca", server_name="localhost", names=NAMES)
    first = server.state()
    assert symptom(server.attempt(None)) == "chain-not-trusted"
    server.root.steps(fix.steps)
    for name in NAMES:
        assert server.attempt(ROOT_OF_ISSUED, name) == "verified"
    root = server.root.file(ROOT_OF_ISSUED).read_bytes()
    key = server.root.file("/opt/admin/db-tls/issued-key.pem").read_bytes()
    server.root.steps(fix.steps)
    assert server.attempt(ROOT_OF_ISSUED) == "verified"
    assert server.root.file(ROOT_OF_ISSUED).read_bytes() == root
    assert server.root.file("/opt/admin/db-tls/issued-key.pem").read_bytes() == key
    for secret in (
        "/opt/admin/db-ca/root-key.pem",
        "/opt/admin/db-tls/issued-key.pem",
        "/var/lib/mysql/issued-key.pem",
    ):
        assert server.root.file(secret).stat().st_mode & 0o777 == 0o600
    assert "as before" in server.root.steps(fix.undo) or engine == "mysql"
    assert symptom(server.attempt(None)) == "chain-not-trusted"
    assert server.attempt(ROOT_OF_ISSUED) != "verified"
    assert server.state().keys() - first.keys() <= {str(server.root.file(f"{DROP_INS}/zzz-persisted.cnf"))}
    assert "nothing to bring back" in server.root.steps(fix.undo)


@carries_out("mariadb-issue-certificate", "mysql-issue-certificate")
@each
def test_a_certificate_of_a_ca(server: MariadbRoot, engine: str) -> None:
    """The CA signs the request; what does not fit the request is refused before anything is installed."""
    fix = rendered(f"{engine}-issue-certificate", server_name="localhost", names=NAMES)
    request, match, *install = [step for step in fix.steps if step.shell == "sh"]
    assert "DNS:localhost, IP Address:127.0.0.1" in server.root.step(request)
    assert "A file is missing" in server.root.run(match.text, check=False).stdout
    server.root.run(
        "cd ~/db-tls && openssl req -x509 -newkey rsa:2048 -nodes -days 9 -keyout ca.key -out issued-ca.pem "
        "-subj /CN=CA\n"
        "openssl x509 -req -in issued.csr -CA issued-ca.pem -CAkey ca.key -CAcreateserial -days 9 -out issued-cert.pem"
    )
    nameless = server.root.run(match.text, check=False)
    assert nameless.returncode == 1
    assert "lacks these names: any subjectAltName 127.0.0.1" in nameless.stdout
    server.root.run(
        "cd ~/db-tls && echo subjectAltName=DNS:localhost,IP:127.0.0.1 > ext\n"
        "openssl x509 -req -in issued.csr -CA issued-ca.pem -CAkey ca.key -days 9 -extfile ext -out issued-cert.pem"
    )
    server.root.steps((match, *install))
    assert server.attempt(ROOT_OF_ISSUED) == "verified"
    server.root.run("cd ~/db-tls && openssl genpkey -algorithm RSA -out issued-key.pem")
    other = server.root.run(match.text, check=False)
    assert other.returncode == 1
    assert "another key" in other.stdout
    server.root.steps(fix.undo)
    assert symptom(server.attempt(None)) == "chain-not-trusted"


@carries_out("mariadb-install-certificate-files", "mysql-install-certificate-files")
@both
def test_files_that_one_has(server: MariadbRoot, engine: str) -> None:
    """A chain with an intermediate and its key are installed; then the server's own files are back."""
    certificate = make_certificate(names=NAMES, intermediate=True)
    server.write("/srv/it's/chain.pem", certificate.chain)
    server.write("/srv/it's/key.pem", certificate.key)
    server.write("/opt/admin/anchor.pem", certificate.anchor)
    fix = rendered(
        f"{engine}-install-certificate-files",
        certificate_file="/srv/it's/chain.pem",
        key_file="/srv/it's/key.pem",
        names=NAMES,
    )
    assert server.attempt("/opt/admin/anchor.pem") != "verified"
    for _ in range(2):
        server.root.steps(fix.steps)
        assert server.attempt("/opt/admin/anchor.pem") == "verified"
    server.root.steps(fix.undo)
    assert symptom(server.attempt("/opt/admin/anchor.pem")) == "chain-not-trusted"


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("key", "another key"),
        ("expired", "expired"),
        ("names", "lacks these names: localhost"),
        ("missing", "not PEM"),
    ],
)
def test_unfit_files_are_refused(server: MariadbRoot, fault: str, says: str) -> None:
    """The twin: what the server could not use, or clients would refuse, is not even copied."""
    names = ("db.example",) if fault == "names" else ("localhost",)
    certificate = make_certificate(names=names, valid_days=(-30, -1) if fault == "expired" else (-30, 30))
    server.write("/srv/cert.pem", certificate.chain)
    server.write("/srv/key.pem", certificate.key)
    if fault == "key":
        server.root.run("openssl genpkey -algorithm RSA -out /srv/key.pem")
    key_file = "/srv/none.pem" if fault == "missing" else "/srv/key.pem"
    fix = rendered(
        "mariadb-install-certificate-files",
        certificate_file="/srv/cert.pem",
        key_file=key_file,
        names=("localhost",),
    )
    done = server.root.run(fix.steps[0].text, check=False)
    assert done.returncode == 1
    assert says in done.stdout
    assert not server.root.file("/opt/admin/db-tls").exists()


@carries_out("mariadb-self-signed-certificate", "mysql-self-signed-certificate")
@both
def test_a_self_signed_certificate(server: MariadbRoot, engine: str) -> None:
    """A client that was handed it verifies the server by each name; the undo takes it back."""
    fix = rendered(f"{engine}-self-signed-certificate", server_name="localhost", names=NAMES)
    server.root.steps(fix.steps)
    for name in NAMES:
        assert server.attempt(ROOT_OF_ISSUED, name) == "verified"
    server.root.steps(fix.undo)
    assert symptom(server.attempt(ROOT_OF_ISSUED)) == "chain-not-trusted"


def test_a_server_that_cannot_use_the_files_keeps_the_old_ones(server: MariadbRoot) -> None:
    """MySQL goes on with what it had where the reload fails, and the step says so."""
    fix = rendered("mysql-self-signed-certificate", server_name="localhost", names=NAMES)
    make, _, install, use = [step for step in fix.steps if step.shell == "sh"]
    server.root.steps((make, install))
    server.root.run("openssl genpkey -algorithm RSA -out /var/lib/mysql/issued-key.pem")
    done = server.root.run(use.text, check=False)
    assert done.returncode == 1
    assert "goes on with the former ones" in done.stdout
    assert symptom(server.attempt(None)) == "chain-not-trusted"


@carries_out("mysql-trust-automatic-ca")
def test_the_ca_that_mysql_made_for_itself(server: MariadbRoot) -> None:
    """With its ca.pem at hand the certificate is verified; its name is not, which the recipe says."""
    certificate = make_certificate(names=("mysql.example",))
    server.present(certificate)
    server.write("/var/lib/mysql/ca.pem", certificate.anchor)
    scp = '#!/bin/sh\n[ "$2" = admin@app01:mysql-ca.pem ] && cat "$1" > /srv/sent.pem\n'
    server.root.write("/usr/local/bin/scp", scp, 0o755)
    fix = rendered("mysql-trust-automatic-ca", client_login="admin@app01")
    for _ in range(2):
        server.root.steps(fix.steps)
    assert server.root.file("/srv/sent.pem").read_bytes() == certificate.anchor
    assert symptom(server.attempt("/etc/mysql/mysql-ca.pem")) == "name-mismatch"
    assert server.attempt("/etc/mysql/mysql-ca.pem", check_hostname=False) == "verified"
    server.root.steps(fix.undo)
    assert not server.root.file("/etc/mysql/mysql-ca.pem").exists()
    server.root.file("/var/lib/mysql/ca.pem").unlink()
    failed = server.root.run(fix.steps[0].text, check=False)
    assert failed.returncode == 1
    assert "did not make its certificate itself" in failed.stdout


@carries_out("mariadb-own-ca")
def test_copied_and_pasted(server: MariadbRoot) -> None:
    """What `dbtls fix` prints is pasted step by step, each into a new shell, and then a client connects verified."""
    target = f"mariadb://localhost:{server.port}"
    document = json.loads(
        dbtls("fix", "self-generated-certificate", target, "--platform", "linux-server", "--json")
    )
    alone = next(
        fix
        for fix in document["fixes"]
        if fix["tier"] == "permanent"
        and not any(
            "<" in step["text"] or "to your CA" in step["text"]
            for step in fix["steps"]
            if step["shell"] == "sh"
        )
        and not any("to your CA" in step["text"] for step in fix["steps"])
    )
    assert alone["id"] == "mariadb-own-ca"
    printed = dbtls("fix", "self-generated-certificate", target, "--id", "mariadb-own-ca")
    assert server.attempt(None) != "verified"
    for step in alone["steps"]:
        if step["shell"] == "sh":
            assert step["text"] in printed
            server.root.run(step["text"], shell=("bash",))
    assert server.attempt(ROOT_OF_ISSUED) == "verified"
    confirmed = dbtls("check", target, "--ca-file", str(server.root.file(ROOT_OF_ISSUED)), "--json")
    assert json.loads(confirmed)["verdict"]["cause"] == "healthy"


def dbtls(*arguments: str) -> str:
    """What the program prints."""
    command = [sys.executable, "-m", "wizard", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=PROJECT).stdout


@pytest.fixture
def red_hat(server: MariadbRoot) -> Iterator[MariadbRoot]:
    """The same server with its option files where RHEL and SUSE have them, and a stand-in for SELinux's restorecon."""
    copy = f"cp {DROP_INS}/50-server.cnf {DROP_INS}/55* {DROP_INS}/60-own* /etc/my.cnf.d/"
    server.root.run(
        f"mkdir /etc/my.cnf.d; {copy}; cp -a /etc/mysql /etc/mysql.aside; rm -r /etc/mysql/*.d /etc/mysql/*.cnf"
    )
    server.write(
        "/etc/my.cnf", "[client-server]\nsocket = /run/mysqld/mysqld.sock\n!includedir /etc/my.cnf.d\n"
    )
    server.root.write("/usr/local/bin/restorecon", '#!/bin/sh\necho "$@" >> /srv/relabelled\n', 0o755)
    yield server
    server.root.run(
        "rm -rf /etc/my.cnf* /etc/mysql /usr/local/bin/restorecon /srv/relabelled; mv /etc/mysql.aside /etc/mysql"
    )


@carries_out("mariadb-self-signed-certificate")
def test_on_rhel(red_hat: MariadbRoot) -> None:
    """The option file lands in /etc/my.cnf.d, the files get their SELinux labels, and the undo leaves nothing."""
    server = red_hat
    fix = rendered("mariadb-self-signed-certificate", server_name="localhost", names=NAMES)
    first = {file.name for file in server.root.file("/etc/my.cnf.d").iterdir()}
    server.root.steps(fix.steps)
    assert server.attempt(ROOT_OF_ISSUED) == "verified"
    assert server.root.file("/etc/my.cnf.d/zz-dbtls-tls.cnf").exists()
    relabelled = server.root.file("/srv/relabelled").read_text().split()
    assert "/var/lib/mysql/issued-key.pem" in relabelled
    assert "/etc/my.cnf.d/zz-dbtls-tls.cnf" in relabelled
    server.root.steps(fix.undo)
    assert {file.name for file in server.root.file("/etc/my.cnf.d").iterdir()} == first
    assert symptom(server.attempt(ROOT_OF_ISSUED)) == "chain-not-trusted"


def test_a_folder_that_is_not_read(red_hat: MariadbRoot) -> None:
    """The twin: where /etc/my.cnf includes no folder, the step says which line is missing, before any restart."""
    red_hat.write("/etc/my.cnf", "[client-server]\nsocket = /run/mysqld/mysqld.sock\n")
    fix = rendered("mariadb-self-signed-certificate", server_name="localhost", names=NAMES)
    red_hat.root.steps(fix.steps[:2])
    done = red_hat.root.run(fix.steps[2].text, check=False)
    assert done.returncode == 1
    assert "does not read /etc/my.cnf.d: name that folder in an includedir line" in done.stdout


def test_the_undo_starts_a_server_again(server: MariadbRoot) -> None:
    """A key that OpenSSL finds too short stops MariaDB: the step says so, and the undo brings the server back."""
    server.root.run(
        "cd /srv && openssl req -x509 -newkey rsa:1024 -nodes -days 9 -keyout short.key -out short.pem "
        "-subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    first = server.state()
    fix = rendered(
        "mariadb-install-certificate-files",
        certificate_file="/srv/short.pem",
        key_file="/srv/short.key",
        names=("localhost",),
    )
    server.root.steps(fix.steps[:2])
    failed = server.root.run(fix.steps[2].text, check=False)
    assert failed.returncode == 1
    assert "The undo brings the former state back" in failed.stdout
    assert symptom(server.attempt(None)) == "not-tls"
    server.root.steps(fix.undo)
    assert server.state() == first
    assert symptom(server.attempt(None)) == "chain-not-trusted"


def test_the_stand_ins_fail_as_the_real_ones_do(made: MariadbRoot) -> None:
    """A unit that is not there, and SQL that is wrong, are errors in the root too."""
    assert made.root.run("systemctl restart mysqld", check=False).returncode == 5
    assert made.root.run("mysql -e 'SELECT nothing FROM nowhere'", check=False).returncode != 0
