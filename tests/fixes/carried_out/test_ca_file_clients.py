"""CA files and trust stores that a client cannot use: mended by the steps, and as they were after the undo."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixes.carried_out.carrying import Root, carries_out, rendered
from tests.fixes.carried_out.client_machine import HOOK, client_root, fails, needs
from tests.servers.certificates import make_certificate
from tests.servers.mariadb import Mariadb
from tests.servers.postgresql import Postgresql
from tests.servers.running import RunningServer
from wizard.fixes.values import Given

FORMATS = {
    "PEM": "cp /tmp/ca.pem /tmp/given",
    "DER": "openssl x509 -in /tmp/ca.pem -outform DER -out /tmp/given",
    "PKCS 7": "openssl crl2pkcs7 -nocrl -certfile /tmp/ca.pem -out /tmp/given",
    "PKCS 7 in DER": "openssl crl2pkcs7 -nocrl -certfile /tmp/ca.pem -outform DER -out /tmp/given",
    "PowerShell's UTF-16": "{ printf '\\377\\376'; iconv -t UTF-16LE /tmp/ca.pem; } > /tmp/given",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Root]:
    """A client's machine."""
    with client_root(tmp_path_factory.mktemp("client") / "root") as made:
        made.file("/opt/admin/.my.cnf").unlink(missing_ok=True)
        yield made


def psql(root: Root, server: RunningServer, options: str) -> str:
    """What psql answers to SELECT 1, or its error."""
    line = f"host={server.host} port={server.port} user={server.user} dbname=postgres {options}"
    done = root.run(
        f"psql -XAt {shlex.quote(line)} -c 'SELECT 1'",
        check=False,
        environment={"PGPASSWORD": server.password},
    )
    return done.stdout.strip()


def mariadb(root: Root, server: RunningServer, *options: str) -> str:
    """What the command line of MariaDB answers to SELECT 1 with the option files of its user, or its error."""
    words = ["mariadb", "-NB", f"--host={server.host}", f"--port={server.port}", f"--user={server.user}"]
    text = shlex.join([*words, *options, "-e", "SELECT 1"])
    return root.run(text, check=False, environment={"MYSQL_PWD": server.password}).stdout.strip()


def place(server: RunningServer) -> dict[str, Given]:
    """Where the server is."""
    return {"host": server.host, "port": server.port}


@needs("psql")
@carries_out("libpq-place-root-file", "libpq-system-bundle-as-file", "libpq-update-for-system-roots")
def test_libpq_finds_the_root_where_it_is_put(root: Root, postgres_server: Postgresql) -> None:
    """verify-full wants a file, works with the steps, and wants it again after the undo; a bundle does as well."""
    with postgres_server() as server:
        root.write("/tmp/a ca.pem", server.ca_file.read_bytes())
        fix = rendered("libpq-place-root-file", ca_file="/tmp/a ca.pem", **place(server))
        assert "does not exist" in psql(root, server, "sslmode=verify-full")
        for _ in range(2):
            root.steps(fix.steps)
            assert psql(root, server, "sslmode=verify-full") == "1"
        root.steps(fix.undo)
        assert "does not exist" in psql(root, server, "sslmode=verify-full")
        missing = rendered("libpq-place-root-file", ca_file="/tmp/none.pem", **place(server))
        assert "The CA file is missing" in fails(root, missing.steps[1].text)
        root.steps(missing.undo)
        bundle = rendered("libpq-system-bundle-as-file", bundle="/tmp/a ca.pem", **place(server))
        assert root.step(bundle.steps[0]).strip().endswith("1")
        assert psql(root, server, bundle.steps[1].text) == "1"
        none = rendered("libpq-system-bundle-as-file", bundle="/tmp/none.pem", **place(server))
        assert "There is no such bundle" in fails(root, none.steps[0].text)
        assert "psql" in root.steps(rendered("libpq-update-for-system-roots", **place(server)).steps)


@needs("psql")
@carries_out("libpq-renew-leftover-root", "libpq-remove-leftover-root")
def test_a_leftover_root_is_renewed_or_set_aside(root: Root, postgres_server: Postgresql) -> None:
    """A foreign root breaks even require; the right one mends it, and so does none at all; the undo breaks it."""
    with postgres_server() as server:
        root.write("/opt/admin/.postgresql/root.crt", make_certificate("self-signed").anchor)
        root.write("/tmp/ca.pem", server.ca_file.read_bytes())
        assert "certificate verify failed" in psql(root, server, "sslmode=require")
        renew = rendered("libpq-renew-leftover-root", ca_file="/tmp/ca.pem", **place(server))
        for _ in range(2):
            root.steps(renew.steps)
            assert psql(root, server, "sslmode=verify-full") == "1"
        root.steps(renew.undo)
        assert "certificate verify failed" in psql(root, server, "sslmode=require")
        aside = rendered("libpq-remove-leftover-root")
        root.step(aside.steps[0])
        assert "There is no such file." in root.step(aside.steps[0])
        assert psql(root, server, "sslmode=require") == "1"
        root.step(aside.undo[0])
        assert "certificate verify failed" in psql(root, server, "sslmode=require")
        assert "No file was set aside" in fails(root, aside.undo[0].text)
        root.run("rm -r /opt/admin/.postgresql")


@carries_out("client-name-existing-ca-file")
def test_a_file_that_a_user_cannot_read_is_told(root: Root) -> None:
    """The user who runs the program reads the file, or learns where the way ends."""
    root.write("/tmp/open.pem", make_certificate().anchor)
    fix = rendered("client-name-existing-ca-file", ca_file="/tmp/open.pem")
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "bash")
    root.place.chmod(0o755)
    said = root.run(fix.steps[0].text, shell=nobody).stdout
    assert "This user can read the file" in said
    root.run("mkdir -m 700 -p /tmp/closed && cp /tmp/open.pem /tmp/closed/ca.pem")
    closed = rendered("client-name-existing-ca-file", ca_file="/tmp/closed/ca.pem")
    done = root.run(closed.steps[0].text, shell=nobody, check=False)
    assert "where the way ends" in done.stdout
    assert done.returncode != 0


@needs("mariadb")
@carries_out("mysql-ssl-ca-path", "mysql-client-allow-tls-1-2")
@pytest.mark.parametrize("before", ["[client]\nssl_ca = /nowhere/ca.pem\n", ""])
def test_the_option_file_names_the_right_ca(root: Root, mariadb_server: Mariadb, before: str) -> None:
    """A client with a wrong path connects verified after the steps; the undo brings the old file back, or none."""
    option_file = root.file("/opt/admin/.my.cnf")
    if before:
        root.write("/opt/admin/.my.cnf", before)
    with mariadb_server() as server:
        root.write("/tmp/a ca.pem", server.ca_file.read_bytes())
        fix = rendered("mysql-ssl-ca-path", ca_file="/tmp/a ca.pem")
        refused = mariadb(root, server, "--ssl-verify-server-cert")
        assert "ERROR 2026" in refused
        for _ in range(2):
            root.steps(fix.steps)
            assert mariadb(root, server, "--ssl-verify-server-cert") == "1"
        root.steps(fix.undo)
        assert mariadb(root, server, "--ssl-verify-server-cert") == refused
    assert (option_file.read_text() if before else option_file.exists()) == (before or False)
    missing = rendered("mysql-ssl-ca-path", ca_file="/tmp/none.pem")
    assert "The right file is missing" in fails(root, missing.steps[0].text)
    option_file.unlink(missing_ok=True)


@needs("mariadb")
@carries_out("mysql-client-allow-tls-1-2")
def test_a_pinned_version_is_overruled(root: Root, mariadb_server: Mariadb) -> None:
    """A client that is told to use TLS 1.1 alone gets through after the steps, and not after the undo."""
    root.write("/opt/admin/.my.cnf", "[client]\nssl\ntls_version = TLSv1.1\n")
    fix = rendered("mysql-client-allow-tls-1-2")
    with mariadb_server() as server:
        assert "ERROR 2026" in mariadb(root, server, "--ssl")
        for _ in range(2):
            root.steps(fix.steps)
            assert mariadb(root, server, "--ssl") == "1"
        root.steps(fix.undo)
        assert "ERROR 2026" in mariadb(root, server, "--ssl")
    root.file("/opt/admin/.my.cnf").unlink()


@carries_out("client-convert-ca-file")
@pytest.mark.parametrize("name", FORMATS)
def test_a_ca_file_of_any_format_becomes_pem(root: Root, name: str) -> None:
    """Each format becomes a file with one certificate, which OpenSSL verifies with; the undo removes it."""
    root.write("/tmp/ca.pem", make_certificate().anchor)
    root.run(FORMATS[name])
    fix = rendered("client-convert-ca-file", ca_file="/tmp/given")
    for _ in range(2):
        root.step(fix.steps[1])
    assert "/tmp/ca.pem: OK" in root.run("openssl verify -CAfile /tmp/given.pem /tmp/ca.pem").stdout
    root.run(fix.steps[0].text, check=False)
    root.steps(fix.undo)
    assert not root.file("/tmp/given.pem").exists()


def test_what_is_no_certificate_stays_none(root: Root) -> None:
    """The twin: a web page is not turned into a CA file."""
    root.write("/tmp/given", "<html>Please log in</html>\n")
    fix = rendered("client-convert-ca-file", ca_file="/tmp/given")
    assert "There is no certificate in this file" in fails(root, fix.steps[1].text)


@needs("keytool", "java")
@carries_out("java-mend-trust-store")
def test_java_gets_a_store_that_it_can_open(root: Root) -> None:
    """An unreadable store makes way for one with the CA, an empty cacerts is filled; the undo brings the old one."""
    if not Path(HOOK).exists():
        pytest.skip("this system does not make cacerts itself (ca-certificates-java)")
    root.write(HOOK, Path(HOOK).read_bytes(), 0o755)
    root.write("/tmp/ca.pem", make_certificate().anchor)
    root.write("/opt/trust.p12", "no store\n")
    root.run(
        "rm -f /etc/ssl/certs/java/cacerts; keytool -genkeypair -keyalg EC -alias a -dname CN=a -storetype JKS "
        "-keystore /etc/ssl/certs/java/cacerts -storepass changeit -keypass changeit; "
        "keytool -delete -alias a -keystore /etc/ssl/certs/java/cacerts -storepass changeit"
    )
    fix = rendered(
        "java-mend-trust-store",
        ca_file="/tmp/ca.pem",
        trust_store="/opt/trust.p12",
        store_password="pass word",
    )
    assert "contains 0 entries" in root.step(fix.steps[0])
    assert re.search(r"contains [1-9]\d+ entries", root.step(fix.steps[1]))
    assert "nothing is done" in root.step(fix.steps[1])
    for _ in range(2):
        assert "trustedCertEntry" in root.step(fix.steps[2])
    root.steps(fix.undo)
    assert root.file("/opt/trust.p12").read_text() == "no store\n"
    short = rendered(
        "java-mend-trust-store", ca_file="/tmp/ca.pem", trust_store="/opt/other.p12", store_password="abc"
    )
    assert "The password has six signs or more" in fails(root, short.steps[2].text)
    root.file(HOOK).unlink()


@carries_out("client-install-public-roots")
def test_a_slim_system_gets_the_public_roots(root: Root) -> None:
    """The bundle comes with the package, once, and goes with the undo. apt-get is a stand-in that has it at hand."""
    bundle = root.file("/etc/ssl/certs/ca-certificates.crt")
    root.run("cp /etc/ssl/certs/ca-certificates.crt /srv/bundle")
    root.write(
        "/usr/local/bin/apt-get",
        """#!/bin/sh
case $1 in
  install) cp /srv/bundle /etc/ssl/certs/ca-certificates.crt ;;
  remove) rm /etc/ssl/certs/ca-certificates.crt ;;
esac
""",
        0o755,
    )
    fix = rendered("client-install-public-roots")
    assert "The public roots are there." in root.step(fix.steps[1])
    assert "so they stay" in root.steps(fix.undo)
    bundle.unlink()
    root.run(fix.steps[0].text, check=False)
    for _ in range(2):
        assert "ca-certificates.crt" in root.step(fix.steps[1])
    assert bundle.exists()
    root.steps(fix.undo)
    assert not bundle.exists()
    root.write("/usr/local/bin/apt-get", "#!/bin/sh\nexit 100\n", 0o755)
    assert "The package did not arrive" in fails(root, fix.steps[1].text)
