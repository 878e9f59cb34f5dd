"""Steps of the fixes, run for real: by the shell, OpenSSL, Java's keytool, psql and MariaDB's client."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.known import KNOWN
from tests.servers.certificates import make_certificate
from tests.servers.mariadb import Mariadb
from tests.servers.postgresql import Postgresql, PostgresqlServer
from wizard.fixes.render import RenderedFix, render_fix
from wizard.fixes.values import Given

FIXES = {fix.id: fix for fix in KNOWN.fixes}

# Nothing here may need root: sudo runs its command.
STUBS = """
sudo() { while [ "$1" = -u ]; do shift 2; done; "$@"; }
"""

ROOT = "openssl req -x509 -newkey rsa:2048 -nodes -days 5 -keyout root.key -out root.pem -subj /CN=Root"

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


def connect(server: PostgresqlServer) -> dict[str, Given]:
    """Where the server is."""
    return {"host": server.host, "port": server.port}


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
