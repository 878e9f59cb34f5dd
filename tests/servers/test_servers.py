"""The real servers of the tests do what the other tests take for granted, held against real drivers."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import mysql.connector
import psycopg
import pytest

from tests.servers.certificates import make_certificate
from tests.servers.mariadb import Mariadb, MariadbServer
from tests.servers.postgresql import Postgresql, PostgresqlServer
from tests.servers.programs import find
from tests.servers.running import RunningServer


@pytest.fixture(scope="module")
def postgresql(postgres_server: Postgresql) -> Iterator[PostgresqlServer]:
    """A PostgreSQL that has a certificate for the loopback and refuses to do without TLS."""
    with postgres_server(require_tls=True) as server:
        yield server


@pytest.fixture(scope="module")
def mariadb(mariadb_server: Mariadb) -> Iterator[MariadbServer]:
    """A MariaDB that has a certificate for the loopback and refuses to do without TLS."""
    with mariadb_server(require_tls=True) as server:
        yield server


@pytest.fixture
def other_ca(tmp_path: Path) -> Path:
    """A root that issued none of the servers' certificates, though it bears the same name."""
    file = tmp_path / "other-ca.pem"
    # The lab's maker keeps its keys for a process, so only a self-signed leaf has another one.
    file.write_bytes(make_certificate("self-signed").anchor)
    return file


def psycopg_user(server: RunningServer, **options: str) -> str:
    """Logs in by psycopg; returns the user that the server sees."""
    with psycopg.connect(
        host=server.host,
        port=server.port,
        user=server.user,
        password=server.password,
        dbname="postgres",
        **options,  # type: ignore[arg-type]
    ) as connection:
        row = connection.execute("SELECT current_user").fetchone()
        assert row is not None
        return str(row[0])


def connector_cipher(server: RunningServer, **options: object) -> str:
    """Logs in by mysql-connector-python; returns the session's cipher, empty without TLS."""
    with contextlib.closing(
        mysql.connector.connect(
            host=server.host,
            port=server.port,
            user=server.user,
            password=server.password,
            use_pure=True,
            **options,
        )
    ) as connection:
        cursor = connection.cursor()
        cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
        ((_, cipher),) = cursor.fetchall()
        return str(cipher)


def test_psycopg_verifies_postgresql(postgresql: PostgresqlServer) -> None:
    """A client that knows the root logs in with full verification."""
    assert psycopg_user(postgresql, sslmode="verify-full", sslrootcert=str(postgresql.ca_file)) == "app"


def test_psycopg_refuses_the_wrong_ca(postgresql: PostgresqlServer, other_ca: Path) -> None:
    """The same login fails when the client knows another root."""
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        psycopg_user(postgresql, sslmode="verify-full", sslrootcert=str(other_ca))


def test_postgresql_demands_tls(postgresql: PostgresqlServer) -> None:
    """With `hostssl` only, a login without TLS finds no entry."""
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        psycopg_user(postgresql, sslmode="disable")


def test_postgresql_without_tls(postgres_server: Postgresql) -> None:
    """A server with TLS off takes a plain login and cannot give an encrypted one."""
    with postgres_server(tls=False) as server:
        assert psycopg_user(server, sslmode="disable") == "app"
        with pytest.raises(psycopg.OperationalError, match="server does not support SSL"):
            psycopg_user(server, sslmode="require")


def test_postgresql_presents_another_certificate(postgres_server: Postgresql, tmp_path: Path) -> None:
    """A new certificate is served without a restart: who trusted the old one is refused, then trusts again."""
    with postgres_server() as server:
        old = tmp_path / "old.pem"
        old.write_bytes(server.ca_file.read_bytes())
        server.present(make_certificate("self-signed"))
        assert psycopg_user(server, sslmode="verify-full", sslrootcert=str(server.ca_file)) == "app"
        with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
            psycopg_user(server, sslmode="verify-full", sslrootcert=str(old))


def test_connector_verifies_mariadb(mariadb: MariadbServer) -> None:
    """A client that knows the root logs in with full verification, and the session is encrypted."""
    assert connector_cipher(
        mariadb, ssl_ca=str(mariadb.ca_file), ssl_verify_cert=True, ssl_verify_identity=True
    )


def test_connector_refuses_the_wrong_ca(mariadb: MariadbServer, other_ca: Path) -> None:
    """The same login fails when the client knows another root."""
    with pytest.raises(mysql.connector.Error, match="CERTIFICATE_VERIFY_FAILED"):
        connector_cipher(mariadb, ssl_ca=str(other_ca), ssl_verify_cert=True)


def test_mariadb_demands_tls(mariadb: MariadbServer) -> None:
    """With `require_secure_transport`, the right password is refused without TLS and taken with it."""
    # MariaDB 10.11 says no more than 1045, "Access denied", as for a wrong password; MySQL says 3159.
    with pytest.raises(mysql.connector.Error, match=r"1045|3159"):
        connector_cipher(mariadb, ssl_disabled=True)
    assert connector_cipher(mariadb)


def test_mariadb_without_tls(mariadb_server: Mariadb) -> None:
    """A server with TLS off gives a session without a cipher."""
    with mariadb_server(tls=False) as server:
        assert connector_cipher(server, ssl_disabled=True) == ""


def test_mariadb_presents_another_certificate(mariadb_server: Mariadb, tmp_path: Path) -> None:
    """A new certificate is served without a restart: who trusted the old one is refused, then trusts again."""
    with mariadb_server() as server:
        old = tmp_path / "old.pem"
        old.write_bytes(server.ca_file.read_bytes())
        server.present(make_certificate("self-signed"))
        assert connector_cipher(server, ssl_ca=str(server.ca_file), ssl_verify_cert=True)
        with pytest.raises(mysql.connector.Error, match="CERTIFICATE_VERIFY_FAILED"):
            connector_cipher(server, ssl_ca=str(old), ssl_verify_cert=True)


def test_mariadb_counts_what_hangs_up(mariadb: MariadbServer) -> None:
    """`Aborted_connects` grows by a connection that leaves at the greeting, and not by reading it."""
    before = mariadb.aborted_connects()
    assert mariadb.aborted_connects() == before
    with socket.create_connection((mariadb.host, mariadb.port)) as connection:
        assert connection.recv(1)
    # The server may count it a moment after the client has gone; each look is a process of its own.
    assert any(mariadb.aborted_connects() == before + 1 for _ in range(100))


@pytest.mark.real_server("openssl")
@pytest.mark.parametrize("newest", [False, True], ids=["oldest", "newest"])
@pytest.mark.parametrize("protocol", ["postgres", "mysql"])
def test_version_limits_hold(
    protocol: str, newest: bool, postgres_server: Postgresql, mariadb_server: Mariadb
) -> None:
    """A server for TLS 1.0 and 1.1 takes those and refuses TLS 1.2; openssl says so too."""
    start = postgres_server if protocol == "postgres" else mariadb_server
    with start(versions=("TLSv1.0", "TLSv1.1")) as server:
        assert handshakes(server, protocol, "-tls1_1" if newest else "-tls1")
        assert not handshakes(server, protocol, "-tls1_2")


@pytest.mark.real_server("openssl")
@pytest.mark.parametrize("protocol", ["postgres", "mysql"])
def test_intermediate_is_sent(protocol: str, postgres_server: Postgresql, mariadb_server: Mariadb) -> None:
    """The whole chain that a server was given goes to the client."""
    start = postgres_server if protocol == "postgres" else mariadb_server
    certificate = make_certificate(intermediate=True)
    with start(certificate) as server:
        sent = s_client(server, protocol, "-showcerts").stdout
    footer = ssl.PEM_FOOTER.encode()
    assert sent.count(footer) == certificate.chain.count(footer) == 2


def handshakes(server: RunningServer, protocol: str, version: str) -> bool:
    """Returns whether openssl gets a session with this TLS version."""
    done = s_client(server, protocol, version, "-cipher", "DEFAULT:@SECLEVEL=0")
    return b"Cipher is (NONE)" not in done.stdout and b"Cipher is" in done.stdout


def s_client(server: RunningServer, protocol: str, *options: str) -> subprocess.CompletedProcess[bytes]:
    """Runs `openssl s_client` up to the handshake, without the machine's own OpenSSL settings."""
    address = f"{server.host}:{server.port}"
    return subprocess.run(
        [str(find("openssl")), "s_client", "-connect", address, "-starttls", protocol, *options],
        env={"PATH": os.defpath, "OPENSSL_CONF": os.devnull},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
        check=False,
    )


def test_servers_run_as_an_ordinary_user(postgresql: PostgresqlServer, mariadb: MariadbServer) -> None:
    """No server runs as root, and its key is for its own account alone."""
    for server in (postgresql, mariadb):
        key = (server.home / "server.key").stat()
        assert key.st_uid == server.account.uid != 0
        assert stat.S_IMODE(key.st_mode) == 0o600
