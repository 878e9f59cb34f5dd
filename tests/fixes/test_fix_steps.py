"""Steps of the fixes, run for real: by the shell, OpenSSL, Java's keytool, psql and MariaDB's client."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.servers.certificates import make_certificate
from tests.servers.mariadb import Mariadb
from tests.servers.postgresql import Postgresql, PostgresqlServer
from wizard.fixes.render import RenderedFix, render_fix
from wizard.fixes.values import Given
from wizard.knowledge.load import read_folder

FIXES = {fix.id: fix for fix in read_folder(Path(__file__).parents[2] / "knowledge").knowledge.fixes}

# Nothing here may need root or reach the internet: sudo runs its command, curl copies a prepared file.
STUBS = """
sudo() { while [ "$1" = -u ]; do shift 2; done; "$@"; }
curl() { cp fetched.pem "$3"; }
"""

ROOT = "openssl req -x509 -newkey rsa:2048 -nodes -days 5 -keyout root.key -out root.pem -subj /CN=Root"
ISSUER = "openssl req -newkey rsa:2048 -nodes -keyout issuer.key -out issuer.csr -subj /CN=Issuer"
LEAF = "openssl req -newkey rsa:2048 -nodes -keyout leaf.key -out leaf.csr -subj /CN=db.example"
SIGN_ISSUER = (
    "printf 'basicConstraints=CA:{ca}' > extensions; openssl x509 -req -in issuer.csr -CA root.pem "
    "-CAkey root.key -CAcreateserial -days 5 -extfile extensions -out {out}"
)
SIGN_LEAF = "openssl x509 -req -in leaf.csr -CA {by} -CAkey issuer.key -CAcreateserial -days 5 -out leaf.pem"

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
needs_keytool = pytest.mark.skipif(shutil.which("keytool") is None, reason="keytool is not installed")
needs_psql = pytest.mark.skipif(shutil.which("psql") is None, reason="psql is not installed")


def fix(name: str, **values: Given) -> RenderedFix:
    """A fix with all of its values."""
    rendered = render_fix(FIXES[name], values)
    assert rendered.missing == ()
    return rendered


def sh(text: str, folder: Path, typed: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a step in a folder, without a terminal; what a person would type comes from `typed`."""
    return subprocess.run(
        ["sh", "-c", STUBS + text],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **environment},
        input=typed,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
        start_new_session=True,
    )


def made(folder: Path, *commands: str) -> None:
    """Runs commands that prepare a test."""
    for command in commands:
        subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, check=True)


def psql(connection: str, sql: str, password: str, **environment: str) -> str:
    """What psql answers, or its error."""
    done = subprocess.run(
        ["psql", "-XAt", connection, "-c", sql],
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "PGPASSWORD": password, **environment},
        capture_output=True,
        check=False,
        text=True,
        timeout=30,
    )
    return (done.stdout + done.stderr).strip()


@needs_openssl
def test_the_key_of_a_certificate_is_found(tmp_path: Path) -> None:
    """Among other keys, one of them locked, the right one is named; without it nothing is."""
    made(
        tmp_path,
        ROOT,
        ISSUER,
        "mkdir keys",
        "cp root.key 'keys/the right.key'",
        "cp issuer.key keys/other.key",
    )
    made(tmp_path, "openssl genpkey -algorithm RSA -aes256 -pass pass:secret -out keys/locked.key")
    found = fix("server-find-matching-key", certificate_file="root.pem", key_file="issuer.key", folder="keys")
    assert "They do not belong together." in sh(found.steps[0].text, tmp_path).stdout
    assert sh(found.steps[1].text, tmp_path).stdout == "This one belongs to it: keys/the right.key\n"
    (tmp_path / "keys" / "the right.key").unlink()
    assert sh(found.steps[1].text, tmp_path).stdout == ""
    pair = fix("server-find-matching-key", certificate_file="root.pem", key_file="root.key", folder="keys")
    assert "They belong together." in sh(pair.steps[0].text, tmp_path).stdout


@needs_openssl
def test_a_locked_key_becomes_readable(tmp_path: Path) -> None:
    """A DER certificate and a key with a passphrase become PEM that a server reads by itself, for its owner only."""
    made(tmp_path, ROOT, "openssl x509 -in root.pem -outform DER -out root.der")
    made(tmp_path, "openssl pkey -in root.key -aes256 -passout pass:secret -out locked.key")
    convert = fix("server-convert-to-pem", certificate_file="root.der", key_file="locked.key")
    assert "CN = Root" in sh(convert.steps[1].text, tmp_path).stdout
    done = sh(convert.steps[2].text, tmp_path, typed="secret\n")
    assert "readable without a passphrase" in done.stdout
    assert (tmp_path / "locked.key.pem").stat().st_mode & 0o777 == 0o600
    wrong = sh(convert.steps[2].text, tmp_path, typed="wrong\n")
    assert "readable without a passphrase" not in wrong.stdout


@needs_openssl
@pytest.mark.parametrize(
    "command",
    [
        "cp root.pem given",
        "openssl x509 -in root.pem -outform DER -out given",
        "openssl crl2pkcs7 -nocrl -certfile root.pem -out given",
        "openssl crl2pkcs7 -nocrl -certfile root.pem -outform DER -out given",
    ],
)
def test_a_ca_file_of_any_format_becomes_pem(tmp_path: Path, command: str) -> None:
    """PEM, DER and both forms of PKCS 7 are read."""
    made(tmp_path, ROOT, command)
    done = sh(fix("client-convert-ca-file", ca_file="given").steps[1].text, tmp_path)
    assert "subject=CN = Root" in done.stdout
    assert (tmp_path / "given.pem").read_text().count("BEGIN CERTIFICATE") == 1


@needs_openssl
def test_what_is_no_certificate_stays_none(tmp_path: Path) -> None:
    """The twin: a web page is not turned into a CA file."""
    (tmp_path / "given").write_text("<html>Please log in</html>\n")
    done = sh(fix("client-convert-ca-file", ca_file="given").steps[1].text, tmp_path)
    assert done.returncode != 0
    assert "subject=" not in done.stdout


@needs_openssl
def test_the_breaker_of_a_chain_is_named(tmp_path: Path) -> None:
    """An issuer that is no CA is found at its depth; a proper one passes."""
    for ca, says in (("FALSE", "at 1 depth lookup: invalid CA certificate"), ("TRUE", "chain.pem: OK")):
        made(tmp_path, ROOT, ISSUER, SIGN_ISSUER.format(ca=ca, out="issuer.pem"), LEAF)
        made(tmp_path, SIGN_LEAF.format(by="issuer.pem"), "cat leaf.pem issuer.pem > chain.pem")
        steps = fix("chain-find-breaker", chain_file="chain.pem", ca_file="root.pem").steps
        done = sh(steps[0].text, tmp_path)
        assert says in done.stdout + done.stderr
        assert f"CA:{ca}" in sh(steps[1].text, tmp_path).stdout


@needs_openssl
def test_a_renewed_issuer_replaces_the_old_one(tmp_path: Path) -> None:
    """The file holds the server's certificate and the renewed issuer; again, and back."""
    made(tmp_path, ROOT, ISSUER, LEAF, SIGN_ISSUER.format(ca="TRUE", out="old.pem"))
    made(tmp_path, SIGN_LEAF.format(by="old.pem"), "cat leaf.pem old.pem > server.pem")
    made(tmp_path, SIGN_ISSUER.format(ca="TRUE", out="new.pem"), "cp server.pem first.pem")
    renewed = fix(
        "server-renew-issuer-in-file",
        certificate_file="server.pem",
        intermediate_file="new.pem",
        ca_file="root.pem",
    )
    assert "OK" in sh(renewed.steps[0].text, tmp_path).stdout
    for _ in range(2):
        assert sh(renewed.steps[1].text, tmp_path).stdout == "2\n"
        expected = (tmp_path / "leaf.pem").read_text() + (tmp_path / "new.pem").read_text()
        assert (tmp_path / "server.pem").read_text() == expected
    sh(renewed.undo[0].text, tmp_path)
    assert (tmp_path / "server.pem").read_text() == (tmp_path / "first.pem").read_text()


@needs_openssl
def test_a_lower_security_level_is_for_one_program(tmp_path: Path) -> None:
    """Keys of 1024 bits are taken with the file and not without it."""
    said = sh(fix("client-openssl-lower-security-level").steps[0].text, tmp_path)
    assert said.stdout == "The file is valid.\n"
    settings = Path(os.environ["HOME"]) / "old-database-openssl.cnf"
    made(tmp_path, ROOT.replace("rsa:2048", "rsa:1024"))
    # s_client loads its own certificate before it connects, and nothing listens there.
    client = "openssl s_client -cert root.pem -key root.key -connect 127.0.0.1:1"
    usual = sh(client, tmp_path, OPENSSL_CONF=str(tmp_path / "none.cnf")).stderr
    if "too small" not in usual:
        pytest.skip("this OpenSSL takes short keys anyway")
    lower = sh(client, tmp_path, OPENSSL_CONF=str(settings)).stderr
    assert "too small" not in lower
    assert "connect" in lower.lower()


@needs_openssl
def test_a_revoked_key_is_set_aside(tmp_path: Path) -> None:
    """The next request makes a new key; where there is none, nothing happens."""
    step = fix("revoked-make-new-key").steps[1].text
    assert sh(step, tmp_path).returncode == 0
    folder = Path(os.environ["HOME"]) / "pg-tls"
    folder.mkdir()
    (folder / "issued.key").write_text("old")
    sh(step, tmp_path)
    assert [file.name for file in folder.iterdir()] == ["issued.key.revoked"]


@needs_openssl
@needs_keytool
def test_every_root_of_a_bundle_reaches_java(tmp_path: Path) -> None:
    """Java's keytool takes one certificate a file, so the bundle is divided first."""
    bundle = b"".join(make_certificate("self-signed", names=(f"root{n}.example",)).anchor for n in range(3))
    (tmp_path / "fetched.pem").write_bytes(bundle)
    java = fix(
        "trust-amazon-rds-roots-java",
        bundle="bundle.pem",
        trust_store="trust.p12",
        store_password="changeit",
    )
    done = sh(java.steps[0].text, tmp_path)
    assert done.stdout.endswith("3\n"), done


@needs_openssl
@needs_keytool
def test_a_client_certificate_for_java_is_one_file(tmp_path: Path) -> None:
    """Certificate and key become one entry that keytool lists, for its owner only."""
    made(tmp_path, ROOT)
    step = fix(
        "pgjdbc-client-certificate",
        ca_file="ca.pem",
        client_certificate="root.pem",
        client_key="root.key",
        key_store="user.p12",
    ).steps[0]
    text = step.text.replace("-export", "-export -passout pass:secret1")
    done = sh(text.replace("-storetype", "-storepass secret1 -storetype"), tmp_path)
    assert "PrivateKeyEntry" in done.stdout
    assert (tmp_path / "user.p12").stat().st_mode & 0o777 == 0o600


def connect(server: PostgresqlServer) -> dict[str, Given]:
    """Where the server is."""
    return {"host": server.host, "port": server.port}


@needs_psql
def test_libpq_finds_the_root_where_it_is_put(postgres_server: Postgresql, tmp_path: Path) -> None:
    """Without a root verify-full fails, with the steps it works; a foreign root breaks even require."""
    with postgres_server(require_tls=True) as server:
        base = f"host={server.host} port={server.port} user=app dbname=postgres"

        def ask(options: str) -> str:
            return psql(f"{base} {options}", "SELECT 1", server.password)

        assert "no encryption" in ask("sslmode=disable")
        place = fix("libpq-place-root-file", ca_file=str(server.ca_file), **connect(server))
        assert "does not exist" in ask("sslmode=verify-full")
        sh(place.steps[1].text, tmp_path)
        assert ask("sslmode=verify-full") == "1"
        root = Path(os.environ["HOME"]) / ".postgresql" / "root.crt"
        root.write_bytes(make_certificate("self-signed").anchor)
        assert "certificate verify failed" in ask("sslmode=require")
        renew = fix("libpq-renew-leftover-root", ca_file=str(server.ca_file), **connect(server))
        sh(renew.steps[1].text, tmp_path)
        assert ask("sslmode=require") == "1"
        sh(renew.undo[0].text, tmp_path)
        assert "certificate verify failed" in ask("sslmode=require")
        aside = fix("libpq-remove-leftover-root")
        sh(aside.steps[0].text, tmp_path)
        assert ask("sslmode=require") == "1"
        bundle = fix("libpq-system-bundle-as-file", bundle=str(server.ca_file), **connect(server))
        assert ask(bundle.steps[1].text) == "1"


@needs_psql
@needs_openssl
def test_a_client_certificate_opens_postgresql(postgres_server: Postgresql, tmp_path: Path) -> None:
    """The request's key and the CA's answer log in where the server demands them; an open key does not."""
    with postgres_server(require_tls=True) as server:
        base = f"host={server.host} port={server.port} user=app dbname=postgres"
        issue = fix("postgresql-issue-client-certificate", database_user="app")
        assert sh(issue.steps[1].text, tmp_path).returncode == 0
        folder = Path(os.environ["HOME"]) / "client-tls"
        made(tmp_path, ROOT)
        sign = f"-in {folder}/client.csr -out {folder}/client.crt"
        made(tmp_path, f"openssl x509 -req {sign} -CA root.pem -CAkey root.key -CAcreateserial -days 5")
        assert "belong together" in sh(issue.steps[3].text, tmp_path).stdout
        roots = server.account.write(server.home / "client-ca.pem", (tmp_path / "root.pem").read_bytes())
        set_roots = f"ALTER SYSTEM SET ssl_ca_file = '{roots}'"
        assert psql(f"{base} sslmode=require", set_roots, server.password) == "ALTER SYSTEM"
        hba = "hostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-full\n"
        server.account.write(server.home / "data" / "pg_hba.conf", hba)
        server.present(make_certificate())
        assert "requires a valid client certificate" in psql(
            f"{base} sslmode=require", "SELECT 1", server.password
        )
        certificate, key = folder / "client.crt", folder / "client.key"
        give = fix(
            "libpq-client-certificate",
            ca_file=str(server.ca_file),
            client_certificate=str(certificate),
            client_key=str(key),
            **connect(server),
        )
        options = f"{give.steps[1].text} user=app dbname=postgres"
        key.chmod(0o644)
        assert "group or world access" in psql(options, "SELECT 1", server.password)
        sh(give.steps[0].text, tmp_path)
        assert psql(options, "SELECT 1", server.password) == "1"


@needs_psql
def test_postgresql_takes_the_cipher_settings(postgres_server: Postgresql) -> None:
    """Each statement is accepted, the reload finds no fault, and the undo is accepted too."""
    with postgres_server() as server:
        base = f"host={server.host} port={server.port} user=app dbname=postgres sslmode=require"
        ciphers = fix("postgresql-allow-modern-ciphers")
        for step in (*ciphers.steps, *ciphers.undo):
            for statement in step.text.split(";\n"):
                assert "ERROR" not in psql(base, statement.rstrip(";"), server.password)
        assert psql(base, ciphers.steps[2].text.rstrip(";"), server.password) == ""


def test_mariadb_takes_the_statements_about_client_certificates(mariadb_server: Mariadb) -> None:
    """An account that demands a certificate is listed, is let in by TLS alone, and the undo demands one again."""
    with mariadb_server() as server:
        loosen = fix("mysql-without-client-certificate", database_user="guest", user_host="%")
        issue = fix("mysql-issue-client-certificate", database_user="guest")
        server.query("CREATE USER guest IDENTIFIED BY 'guest' REQUIRE X509")
        seen = issue.steps[0].text.split(";\n")[0]
        assert server.query(seen).split()[:3] == ["guest", "%", "X509"]
        for step in loosen.steps:
            server.query(step.text)
        assert server.query(seen) == ""
        server.query(loosen.undo[0].text)
        assert server.query(seen).split()[:3] == ["guest", "%", "X509"]
