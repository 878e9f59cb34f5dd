"""TLS settings of MariaDB, set as the recipes say; MySQL's by a stand-in for its client (mysql_stand_in.py)."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import pymysql  # type: ignore[import-untyped]
import pytest

from tests.fixes.carried_out.carrying import carries_out, rendered
from tests.fixes.carried_out.mariadb_root import MariadbRoot, debian_mariadb, symptom
from tests.fixes.carried_out.mysql_stand_in import with_mysql
from tests.servers.certificates import make_certificate
from tests.servers.mariadb import Mariadb
from tests.servers.running import PASSWORD, USER
from wizard.fixes.render import RenderedStep

CA = "/opt/admin/anchor.pem"
OLD_VERSIONS = ("tls_version = TLSv1.1", "ssl_cipher = DEFAULT:@SECLEVEL=0")
OLD_SUITES = ("tls_version = TLSv1.2", "ssl_cipher = AES128-SHA")
MODERN_SUITES = "ECDHE+AESGCM"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, mariadb_server: Mariadb) -> Iterator[MariadbRoot]:
    """The server that the tests of this file share."""
    with debian_mariadb(tmp_path_factory.mktemp("settings") / "root", mariadb_server) as server:
        yield with_mysql(server)


@pytest.fixture
def server(made: MariadbRoot) -> MariadbRoot:
    """The same, with nothing left of other tests."""
    made.root.run("rm -f /etc/mysql/mariadb.conf.d/zz*")
    made.sql("DROP DATABASE IF EXISTS dbtls_before")
    return with_mysql(made)


def start(server: MariadbRoot, *options: str) -> None:
    """Restarts the server with a proper certificate and these options."""
    certificate = make_certificate()
    server.write(CA, certificate.anchor)
    server.present(certificate, *options)


def sql(server: MariadbRoot, steps: tuple[RenderedStep, ...], client: str = "mariadb") -> str:
    """Sends the SQL steps as a client on the server would, and returns what it says."""
    return "".join(server.sql(step.text, client) for step in steps if step.shell == "mysql")


def modern(server: MariadbRoot, suites: str | None = None) -> str:
    """How a client fares that takes TLS 1.2 and 1.3 only, with these suites up to TLS 1.2."""
    context = ssl.create_default_context(cafile=str(server.root.file(CA)))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if suites:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(suites)
    try:
        with pymysql.connect(host="localhost", port=server.port, user=USER, password=PASSWORD, ssl=context):
            return "verified"
    except pymysql.err.MySQLError as error:
        return str(error)


@carries_out("mariadb-enable-tls-1-2")
def test_tls_1_2_in_mariadb(server: MariadbRoot) -> None:
    """A client of today connects, again after a second run, and does not after the undo."""
    start(server, *OLD_VERSIONS)
    fix, first = rendered("mariadb-enable-tls-1-2"), server.state()
    assert symptom(modern(server)) == "handshake-failed"
    for _ in range(2):
        assert "takes TLS 1.2 and 1.3" in server.root.steps(fix.steps)
        assert modern(server) == "verified"
    server.root.steps(fix.undo)
    assert symptom(modern(server)) == "handshake-failed"
    assert server.state() == first


@carries_out("mysql-enable-tls-1-2")
def test_tls_1_2_in_mysql(server: MariadbRoot) -> None:
    """The same by SQL, which keeps the former versions in a table for the undo."""
    start(server, *OLD_VERSIONS)
    fix = rendered("mysql-enable-tls-1-2")
    assert symptom(modern(server)) == "handshake-failed"
    for _ in range(2):
        assert "tls_version\tTLSv1.1\n" in sql(server, fix.steps, "mysql")
        assert modern(server) == "verified"
    sql(server, fix.undo, "mysql")
    assert symptom(modern(server)) == "handshake-failed"
    assert server.sql("SELECT COUNT(*) FROM dbtls_before.settings") == "0\n"


@carries_out("mariadb-allow-modern-ciphers")
def test_suites_of_today_in_mariadb(server: MariadbRoot) -> None:
    """A client that takes AES-GCM with ECDHE only connects; after the undo it does not."""
    start(server, *OLD_SUITES)
    fix, first = rendered("mariadb-allow-modern-ciphers"), server.state()
    assert symptom(modern(server, MODERN_SUITES)) == "handshake-failed"
    for _ in range(2):
        server.root.steps(fix.steps)
        assert modern(server, MODERN_SUITES) == "verified"
    server.root.steps(fix.undo)
    assert symptom(modern(server, MODERN_SUITES)) == "handshake-failed"
    assert server.state() == first


@carries_out("mysql-allow-modern-ciphers")
def test_suites_of_today_in_mysql(server: MariadbRoot) -> None:
    """The same by SQL."""
    start(server, *OLD_SUITES)
    fix = rendered("mysql-allow-modern-ciphers")
    assert symptom(modern(server, MODERN_SUITES)) == "handshake-failed"
    for _ in range(2):
        assert "ssl_cipher\tAES128-SHA\n" in sql(server, fix.steps, "mysql")
        assert modern(server, MODERN_SUITES) == "verified"
    sql(server, fix.undo, "mysql")
    assert symptom(modern(server, MODERN_SUITES)) == "handshake-failed"


@carries_out("mysql-offer-tls")
def test_mysql_offers_tls_again(server: MariadbRoot) -> None:
    """A server that takes no usable version presents its certificate again; the undo brings the version back."""
    start(server, "tls_version = TLSv1.0")
    fix = rendered("mysql-offer-tls")
    assert modern(server) != "verified"
    said = sql(server, fix.steps, "mysql")
    assert "Ssl_server_not_after" in said
    assert modern(server) == "verified"
    sql(server, fix.undo, "mysql")
    assert modern(server) != "verified"


@carries_out("mariadb-offer-tls")
def test_mariadb_offers_tls_again(server: MariadbRoot) -> None:
    """With a certificate at hand the option suffices; without one, before 11.4, the step says what is missing."""
    start(server, "skip_ssl")
    fix, first = rendered("mariadb-offer-tls"), server.state()
    assert symptom(modern(server)) == "tls-not-offered"
    for _ in range(2):
        server.root.steps(fix.steps)
        assert modern(server) == "verified"
    server.root.steps(fix.undo)
    assert symptom(modern(server)) == "tls-not-offered"
    assert server.state() == first
    server.present(None)
    without = server.root.run(fix.steps[0].text, check=False)
    assert without.returncode == 1
    assert "older than 11.4" in without.stdout


@carries_out("mariadb-reload-certificate", "mysql-reload-certificate")
@pytest.mark.parametrize(("engine", "client"), [("mariadb", "mariadb"), ("mysql", "mysql")])
def test_a_renewed_certificate_is_loaded(server: MariadbRoot, engine: str, client: str) -> None:
    """The file was renewed and the server still presents the expired one, until it is told to load it."""
    renewed, expired = make_certificate(), make_certificate(valid_days=(-60, -1))
    server.write(CA, expired.anchor)
    server.present(expired)
    fix = rendered(f"{engine}-reload-certificate")
    server.write(CA, expired.anchor + renewed.anchor)
    server.write("/etc/mysql/tls/server.pem", renewed.chain)
    server.write("/etc/mysql/tls/server.key", renewed.key)
    assert symptom(server.attempt(CA)) == "expired"
    for _ in range(2):
        sql(server, fix.steps, client)
        assert server.attempt(CA) == "verified"
    server.write("/etc/mysql/tls/server.pem", expired.chain)
    server.write("/etc/mysql/tls/server.key", expired.key)
    sql(server, fix.undo, client)
    assert symptom(server.attempt(CA)) == "expired"


@carries_out("server-refuses-before-tls")
def test_a_refused_client_is_let_in(server: MariadbRoot) -> None:
    """A server without a free place refuses before TLS; its limit is doubled, once, and put back."""
    start(server, "max_connections = 10", "extra_max_connections = 1")
    fix = rendered("server-refuses-before-tls")
    account = {"host": "127.0.0.1", "port": server.port, "user": USER, "password": PASSWORD}
    full = [
        pymysql.connect(**account) for _ in range(11)
    ]  # one more place is for administrators, which app is
    assert symptom(server.attempt(CA)) == "not-tls"
    full.pop().close()
    steps = tuple(step for step in fix.steps if "performance_schema" not in step.text)
    for _ in range(2):
        assert "max_connections\t20\n" in sql(server, steps)
    full.append(pymysql.connect(**account))
    assert server.attempt(CA) == "verified"
    full.pop().close()
    sql(server, fix.undo)
    full.pop().close()
    assert server.sql("SELECT @@GLOBAL.max_connections") == "10\n"
    for one in full:
        one.close()


@carries_out("mysql-without-client-certificate")
@pytest.mark.parametrize("demand", ["X509", "SUBJECT '/CN=it''s me' AND ISSUER '/CN=CA'"])
def test_an_account_without_a_client_certificate(server: MariadbRoot, demand: str) -> None:
    """The account logs in by TLS alone; the undo demands exactly what was demanded before."""
    start(server)
    server.sql(f"ALTER USER {USER} REQUIRE {demand}")
    shown = server.sql(f"SHOW CREATE USER {USER}")
    fix = rendered("mysql-without-client-certificate", database_user=USER, user_host="%")
    assert "Access denied" in server.attempt(CA)
    for _ in range(2):
        sql(server, fix.steps)
        assert server.attempt(CA) == "verified"
    sql(server, fix.undo)
    assert server.sql(f"SHOW CREATE USER {USER}") == shown
    server.sql(f"ALTER USER {USER} REQUIRE NONE")
