"""Live attempts: real drivers against the lab and real servers; what they come to, and what they leave behind."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from threading import Event

import pytest

from tests.known import KNOWN
from tests.servers.mariadb import Mariadb
from tests.servers.postgresql import Postgresql
from wizard.errors import UsageError
from wizard.lab.server import LabServer, serve
from wizard.live import wish
from wizard.model.knowledge import ScenarioEntry
from wizard.model.login import Login
from wizard.model.target import Engine, Target
from wizard.probes.drivers.attempts import Attempt, attempt, says_login_refused
from wizard.probes.drivers.dialect import DIALECTS
from wizard.probes.drivers.present import Driver, _program, present
from wizard.probes.drivers.request import Failure
from wizard.wire import tds_session

SECONDS = 60.0
SECRET = "canary-Pa55-word"

Options = tuple[tuple[str, str], ...]
FULL: dict[str, Options] = {
    "odbc-18": (("Encrypt", "yes"), ("TrustServerCertificate", "no")),
    "mssql-python": (("Encrypt", "yes"), ("TrustServerCertificate", "no")),
    "pymssql": (("encryption", "require"), ("ca file", "CA")),
    "freetds": (("encryption", "require"), ("ca file", "CA")),
    "freetds-1.3": (("encryption", "require"), ("ca file", "CA")),
    "psycopg": (("sslmode", "verify-full"),),
    "asyncpg": (("sslmode", "verify-full"),),
    "pg8000": (("ssl_context", "create_default_context()"),),
    "libpq": (("sslmode", "verify-full"),),
    "libpq-15": (("sslmode", "verify-full"),),
    "libpq-14": (("sslmode", "verify-full"),),
    "mysql-connector-python": (("ssl_verify_cert", "True"), ("ssl_verify_identity", "True")),
    "pymysql": (("ssl_verify_cert", "True"), ("ssl_verify_identity", "True")),
    "mysqlclient": (("ssl_mode", "VERIFY_IDENTITY"),),
    "mariadb-cli-10.11": (("ssl-verify-server-cert", ""),),
    "mariadb-cli": (("ssl-verify-server-cert", ""),),
    "mysql-cli": (("ssl-mode", "VERIFY_IDENTITY"),),
}
"""Options with which each driver checks chain and name."""

PLAIN: dict[str, Options] = {
    "psycopg": (("sslmode", "disable"),),
    "libpq": (("sslmode", "disable"),),
    "libpq-15": (("sslmode", "disable"),),
    "libpq-14": (("sslmode", "disable"),),
    "asyncpg": (("sslmode", "disable"),),
    "pg8000": (("ssl_context", "False"),),
    "mysql-connector-python": (("ssl_disabled", "True"),),
    "pymysql": (("ssl_disabled", "True"),),
    "mariadb-cli-10.11": (("skip-ssl", ""),),
}
ENGINES: tuple[Engine, ...] = ("sqlserver", "postgresql", "mariadb")


@cache
def here() -> dict[str, Driver]:
    """Returns the drivers of this machine by their id."""
    return {driver.client: driver for engine in ENGINES for driver in present(engine)}


def driver_of(client: str) -> Driver:
    """Returns a driver of this machine, or skips the test."""
    if client not in here():
        pytest.skip(f"{client} is not installed")
    return here()[client]


def options_of(client: str, ca_file: Path | None) -> Options:
    """Returns the options that check everything, with the CA file where a driver takes it there alone."""
    return tuple((key, str(ca_file) if value == "CA" else value) for key, value in FULL[client])


def tried(
    client: str,
    engine: Engine,
    port: int,
    options: Options,
    login: Login | None = None,
    *,
    ca_file: Path | None = None,
    unverified_ok: bool = False,
) -> Attempt:
    """Lets a driver connect to the loopback by the name localhost."""
    host = "localhost" if DIALECTS[client].one_name else "127.0.0.1"
    own, promised = wish(client, options, ca_file, KNOWN)
    return attempt(
        driver_of(client),
        Target(engine=engine, host=host, port=port, server_name="localhost"),
        own,
        login,
        channel=promised.channel,
        verified=promised.verified,
        ca_file=ca_file,
        seconds=SECONDS,
        unverified_ok=unverified_ok,
    )


PSQL = next((driver for driver in ("libpq", "libpq-15", "libpq-14") if driver in here()), "libpq")
TSQL = "freetds-1.3" if "freetds-1.3" in here() else "freetds"
POSTGRESQL = ("psycopg", "asyncpg", "pg8000", PSQL)
# mysqlclient has to be built, with the headers of a client library, and is not among what tests/run installs.
MYSQLCLIENT = ("mysqlclient",) if importlib.util.find_spec("MySQLdb") else ()
MARIADB = ("mysql-connector-python", "pymysql", *MYSQLCLIENT, "mariadb-cli-10.11")


@pytest.mark.parametrize("client", POSTGRESQL)
def test_postgresql_drivers_stop_at_the_login(client: str, postgres_server: Postgresql) -> None:
    """Without a login TLS is proven and the login refused; an unknown root is refused before; hostssl refuses plain."""
    driver_of(client)
    with postgres_server(require_tls=True) as server:
        good = tried(
            client, "postgresql", server.port, options_of(client, server.ca_file), ca_file=server.ca_file
        )
        log = server.logged()
        unknown = tried(client, "postgresql", server.port, FULL[client])
        plain = tried(client, "postgresql", server.port, PLAIN[client])
    assert (good.reached, good.encrypted) == ("login-refused", "session"), good.error
    assert ('user "dbtls"' in log) is not DIALECTS[client].silent
    assert unknown.reached == "refused"
    assert unknown.error
    assert plain.reached == "refused"
    assert "no pg_hba.conf entry" in str(plain.error)


@pytest.mark.parametrize("client", POSTGRESQL)
def test_postgresql_drivers_log_in(client: str, postgres_server: Postgresql) -> None:
    """With the right login they connect over TLS; a wrong one is refused, and its password is nowhere."""
    driver_of(client)
    with postgres_server() as server:
        options, ca_file = options_of(client, server.ca_file), server.ca_file
        good = tried(
            client, "postgresql", server.port, options, Login("app", "app-password"), ca_file=ca_file
        )
        wrong = tried(client, "postgresql", server.port, options, Login("app", SECRET), ca_file=ca_file)
        log = server.logged()
    assert (good.reached, good.encrypted, good.error) == ("connected", "session", None)
    assert (wrong.reached, wrong.encrypted) == ("login-refused", "session")
    assert SECRET not in f"{good} {wrong} {log}"


def test_mysqlclient_is_asked_too() -> None:
    """It is among the drivers of the next tests, or is seen to be missing."""
    if not MYSQLCLIENT:
        pytest.skip("mysqlclient is not installed")
    assert "mysqlclient" in MARIADB


@pytest.mark.parametrize("client", MARIADB)
def test_mariadb_drivers_stop_at_the_login_and_log_in(client: str, mariadb_server: Mariadb) -> None:
    """Refused without a login, connected with one, refused for an unknown root."""
    driver_of(client)
    with mariadb_server() as server:
        options, ca_file = options_of(client, server.ca_file), server.ca_file
        stopped = tried(client, "mariadb", server.port, options, ca_file=ca_file)
        good = tried(client, "mariadb", server.port, options, Login("app", "app-password"), ca_file=ca_file)
        wrong = tried(client, "mariadb", server.port, options, Login("app", SECRET), ca_file=ca_file)
        unknown = tried(client, "mariadb", server.port, FULL[client])
        log = server.logged()
    assert (stopped.reached, stopped.encrypted) == ("login-refused", "session"), stopped.error
    assert (good.reached, good.encrypted, good.error) == ("connected", "session", None)
    assert wrong.reached == "login-refused"
    assert unknown.reached == "refused"
    assert SECRET not in f"{stopped} {good} {wrong} {log}"
    assert "Access denied for user 'dbtls'" in log


@pytest.mark.parametrize("client", ["mysql-connector-python", "pymysql", "mariadb-cli-10.11"])
def test_1045_without_tls_is_ambiguous_on_mariadb(client: str, mariadb_server: Mariadb) -> None:
    """It may be the login or require_secure_transport, so nothing is claimed."""
    driver_of(client)
    with mariadb_server(require_tls=True) as server:
        found = tried(client, "mariadb", server.port, PLAIN[client])
    assert found.reached is None
    assert found.encrypted == "none"
    assert "same answer" in str(found.limitation)


@pytest.mark.parametrize("client", ["mssql-python", "pymssql", TSQL, "python-tds"])
def test_sql_server_drivers_log_in_and_are_refused(client: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look-alike takes any login, or refuses each by 18456 as the real one does."""
    driver_of(client)
    full = {**FULL, "python-tds": (("cafile", "CA"),)}
    with healthy("sqlserver") as server:
        options = tuple((key, str(server.ca_file) if value == "CA" else value) for key, value in full[client])
        good = tried(client, "sqlserver", server.port, options, Login("app", SECRET), ca_file=server.ca_file)
        refusal = tds_session.failed(18456, "Login failed for user 'dbtls'.", 14)
        monkeypatch.setattr(tds_session, "login_accepted", lambda version, server_version: refusal)
        stopped = tried(client, "sqlserver", server.port, options, ca_file=server.ca_file)
        log = str(server.log)
    assert (good.reached, good.encrypted) == ("connected", "session"), good.error
    assert (stopped.reached, stopped.encrypted) == ("login-refused", "session"), stopped.error
    assert SECRET not in f"{good} {stopped} {log}"


@pytest.mark.parametrize("client", ["mssql-python", "pymssql", TSQL, "python-tds"])
def test_sql_server_drivers_refuse_an_unknown_root(client: str) -> None:
    """They end before the login."""
    driver_of(client)
    other = ScenarioEntry(
        id="sqlserver/other", title="-", cause="healthy", engine="sqlserver", certificate="self-signed"
    )
    with healthy("sqlserver") as server, serve(other) as foreign:
        full = {**FULL, "python-tds": (("cafile", "CA"),)}
        ca = str(foreign.ca_file)
        options = tuple((key, ca if value == "CA" else value) for key, value in full[client])
        found = tried(client, "sqlserver", server.port, options, ca_file=foreign.ca_file)
        assert not any("logged in" in line for line in server.log)
    assert found.reached == "refused"


def test_pyodbc_uses_the_registered_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest of Microsoft's ODBC drivers that the driver manager knows connects."""
    pytest.importorskip("pyodbc")
    spec = importlib.util.find_spec("mssql_python_odbc")
    places = list(spec.submodule_search_locations or ()) if spec else []
    found = [
        file for place in places for file in Path(place).glob("libs/linux/debian*/*/lib/libmsodbcsql-18*")
    ]
    if not found:
        pytest.skip("the ODBC Driver 18 of the package mssql-python-odbc is not installed")
    names = ("ODBC Driver 17 for SQL Server", "ODBC Driver 18 for SQL Server", "SQLite3")
    (tmp_path / "odbcinst.ini").write_text("".join(f"[{name}]\nDriver={found[0]}\n" for name in names))
    monkeypatch.setenv("ODBCSYSINI", str(tmp_path))
    drivers = [driver for driver in present("sqlserver") if driver.client.startswith("odbc-")]
    assert [driver.client for driver in drivers] == ["odbc-18", "odbc-17"]
    with healthy("sqlserver") as server:
        target = Target(engine="sqlserver", host="127.0.0.1", port=server.port, server_name="localhost")
        login = Login("app", f"{SECRET};{{}}")
        good = attempt(
            drivers[0],
            target,
            FULL["odbc-18"],
            login,
            channel="session",
            verified=True,
            ca_file=server.ca_file,
            seconds=SECONDS,
        )
        refusal = tds_session.failed(18456, "Login failed for user 'dbtls'.", 14)
        monkeypatch.setattr(tds_session, "login_accepted", lambda version, server_version: refusal)
        stopped = attempt(
            drivers[0],
            target,
            FULL["odbc-18"],
            channel="session",
            ca_file=server.ca_file,
            seconds=SECONDS,
        )
    assert (good.reached, good.encrypted) == ("connected", "session"), good.error
    assert (stopped.reached, stopped.encrypted) == ("login-refused", "session"), stopped.error


def healthy(engine: Engine) -> AbstractContextManager[LabServer]:
    """Returns a look-alike in order."""
    return serve(ScenarioEntry(id=f"{engine}/healthy", title="-", cause="healthy", engine=engine))


def test_a_login_is_kept_back_where_the_options_check_nothing(postgres_server: Postgresql) -> None:
    """Only with the person's consent does it go over a channel that is not verified."""
    with postgres_server() as server:
        kept = tried("psycopg", "postgresql", server.port, (("sslmode", "require"),), Login("app", SECRET))
        assert 'user "app"' not in server.logged()
        login = Login("app", "app-password")
        agreed = tried(
            "psycopg", "postgresql", server.port, (("sslmode", "require"),), login, unverified_ok=True
        )
    assert "do not check the certificate" in str(kept.limitation)
    assert kept.reached == "login-refused"
    assert (agreed.reached, agreed.limitation) == ("connected", None)


@pytest.mark.parametrize("client", ["psycopg", "pymysql", "mysql-connector-python", "asyncpg"])
def test_a_silent_server_is_no_answer(client: str) -> None:
    """The child is killed: nothing is known, and nothing is claimed."""
    driver = driver_of(client)
    engine: Engine = "postgresql" if client in POSTGRESQL else "mariadb"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = Target(
            engine=engine, host="127.0.0.1", port=silent.getsockname()[1], server_name="localhost"
        )
        found = attempt(driver, target, (), seconds=0.5)
        cancelled = Event()
        cancelled.set()
        ended = attempt(driver, target, (), seconds=600, cancelled=cancelled)
    assert (found.reached, found.encrypted) == (None, None)
    assert found.error == "there was no answer within 0.5 s"
    assert ended.reached is None


def test_an_unknown_option_is_refused_before_anything_runs() -> None:
    """An option that is none of TLS could change the login, or run something."""
    target = Target(engine="postgresql", host="db.invalid", port=1, server_name="db.invalid")
    for client, key in (("psycopg", "passfile"), ("libpq", "hostaddr"), ("mariadb-cli", "init-command")):
        with pytest.raises(UsageError):
            attempt(Driver(client, None), target, ((key, "x"),))
    with pytest.raises(UsageError):
        attempt(Driver("pymssql", None), target, (("ca file", "a\nb"),))


def test_a_driver_that_cannot_separate_the_names_says_so() -> None:
    """Others check the server name although they connect by an address."""
    target = Target(engine="sqlserver", host="192.0.2.1", port=1, server_name="db.corp.example")
    cancelled = Event()
    cancelled.set()
    one = attempt(Driver("pymssql", None), target, (), cancelled=cancelled)
    two = attempt(Driver("odbc-18", None), target, (), cancelled=cancelled)
    assert "192.0.2.1" in str(one.limitation)
    assert two.limitation is None


def test_what_is_present_is_found_without_an_import() -> None:
    """A fresh interpreter lists the drivers and has imported none of them."""
    script = (
        "import sys; from wizard.probes.drivers.present import present;"
        "[present(e) for e in ('sqlserver', 'mysql', 'postgresql')];"
        "bad = {'psycopg', 'pyodbc', 'mssql_python', 'mysql', 'pymysql', 'asyncpg', 'pg8000', 'pytds', 'pymssql'};"
        "print(sorted(bad & {name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=SECONDS, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("said", "client"),
    [
        ("mariadb  Ver 15.1 Distrib 10.11.19-MariaDB, for debian-linux-gnu", "mariadb-cli-10.11"),
        ("mariadb from 11.8.3-MariaDB, client 15.2 for Linux", "mariadb-cli"),
        ("mysql  Ver 8.4.3 for Linux on x86_64 (MySQL Community Server - GPL)", "mysql-cli"),
        ("Version: freetds v1.3.17", "freetds-1.3"),
        ("Version: freetds v1.5.2", "freetds"),
        ("psql (PostgreSQL) 13.4", "libpq-14"),
        ("psql (PostgreSQL) 14.9 (Debian)", "libpq-14"),
        ("psql (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", "libpq-15"),
        ("psql (PostgreSQL) 16.1", "libpq"),
        ("psql (PostgreSQL) 18.0", "libpq"),
    ],
)
def test_programs_get_their_id_by_version(said: str, client: str, tmp_path: Path) -> None:
    """What a program is is told by its version, not by its name."""
    name = "psql" if "psql" in said else "tsql" if "freetds" in said else "mysql"
    program = tmp_path / name
    program.write_text(f"#!/bin/sh\necho '{said}'\n")
    program.chmod(0o755)
    found = _program(name, str(program))
    assert found is not None
    assert found.client == client


@pytest.mark.parametrize(
    ("engine", "code", "text", "refused"),
    [
        ("sqlserver", "18456", "", True),
        ("sqlserver", "", "certificate verify failed", False),
        ("mysql", "1045", "", True),
        ("mysql", "3159", "", False),
        ("mysql", "1130", "Host is not allowed", False),
        ("postgresql", "28P01", "password authentication failed", True),
        ("postgresql", "28000", "no pg_hba.conf entry for host", False),
        ("postgresql", "28000", "connection requires a valid client certificate", False),
        ("postgresql", "", 'to server at "x", port 1 failed: FATAL:  Passwort falsch', True),
        ("postgresql", "", 'to server at "x", port 1 failed: SSL error: certificate verify failed', False),
        ("postgresql", "", "failed: fe_sendauth: no password supplied", True),
    ],
)
def test_a_refused_login_is_told_from_a_refused_channel(
    engine: Engine, code: str, text: str, refused: bool
) -> None:
    """By the numbers, and where libpq hides them by the form of the message."""
    assert says_login_refused(engine, Failure(code, text)) is refused


@pytest.mark.parametrize("ssl_context", ["create_default_context", "ssl.create_default_context()"])
def test_a_context_of_python_verifies_and_an_unverified_one_does_not(
    ssl_context: str, postgres_server: Postgresql
) -> None:
    """pg8000 and asyncpg get the context that the options describe."""
    with postgres_server(require_tls=True) as server:
        for client, key in (("pg8000", "ssl_context"), ("asyncpg", "ssl")):
            driver_of(client)
            good = tried(
                client,
                "postgresql",
                server.port,
                ((key, ssl_context), (f"{key}.cafile", str(server.ca_file))),
                Login("app", "app-password"),
            )
            unknown = tried(client, "postgresql", server.port, ((key, ssl_context),))
            lax = tried(client, "postgresql", server.port, ((key, "_create_unverified_context"),))
            assert (good.reached, good.encrypted) == ("connected", "session"), good.error
            assert unknown.reached == "refused"
            assert "verify" in str(unknown.error).lower()
            assert (lax.reached, lax.encrypted) == ("login-refused", "session"), lax.error


@pytest.mark.parametrize("client", ["pymysql", *MYSQLCLIENT])
def test_a_dictionary_of_ssl_verifies(client: str, mariadb_server: Mariadb) -> None:
    """`ssl.ca` reaches the driver: with the right root it connects, with another it ends before the login."""
    driver_of(client)
    foreign = ScenarioEntry(
        id="mysql/other", title="-", cause="healthy", engine="mysql", certificate="self-signed"
    )
    with mariadb_server() as server, serve(foreign) as other:
        good = tried(
            client, "mariadb", server.port, (("ssl.ca", str(server.ca_file)),), Login("app", "app-password")
        )
        wrong = tried(client, "mariadb", server.port, (("ssl.ca", str(other.ca_file)),))
    # mysqlclient would go on in plaintext, so that its login stays here.
    assert good.reached == ("connected" if client == "pymysql" else "login-refused"), good.error
    assert wrong.reached == "refused"


def test_python_tds_connects_to_the_host_and_checks_the_server_name() -> None:
    """A server name that no name service knows is checked, not looked up."""
    driver = driver_of("python-tds")
    with healthy("sqlserver") as server:
        target = Target(engine="sqlserver", host="127.0.0.1", port=server.port, server_name="db.invalid")
        found = attempt(
            driver, target, (("cafile", str(server.ca_file)),), ca_file=server.ca_file, seconds=SECONDS
        )
    assert found.reached == "refused"
    # With a newer pyOpenSSL it cannot read the names; either way the connection was made.
    assert "db.invalid" in str(found.error) or "get_extension" in str(found.error)
    assert "known" not in str(found.error)


MYSQL_CLIENT = next(
    (one for one in ("mariadb-cli-10.11", "mariadb-cli", "mysql-cli") if one in here()), "mysql-cli"
)


def test_no_password_remains_on_disk_after_a_hanging_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child is killed while its program waits, and nothing of it is left behind."""
    driver = driver_of(MYSQL_CLIENT)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    scenario = ScenarioEntry(
        id="mysql/hangs", title="-", cause="timed-out", engine="mysql", behaviour="silent"
    )
    with serve(scenario) as server:
        target = Target(engine="mysql", host="localhost", port=server.port, server_name="localhost")
        found = attempt(driver, target, (), Login("app", SECRET), seconds=1.5, unverified_ok=True)
    assert found.reached is None
    assert found.error == "there was no answer within 1.5 s"
    assert [*tmp_path.rglob("*")] == []


@pytest.mark.skipif(sys.platform == "win32", reason="runs a script of sh")
def test_mysql_reads_its_password_from_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It arrives through a descriptor, and while the program runs no file under the temporary folder holds it."""
    program, told = tmp_path / "mysql", tmp_path / "told"
    program.write_text(
        "#!/bin/sh\n"
        f'{{ grep -rl "{SECRET}" "$TMPDIR" || echo clean; }} > {told}\n'
        f'echo "$MYSQL_TEST_LOGIN_FILE" >> {told}\n'
        f'cat "${{1#--defaults-file=}}" >> {told}\n'
        'echo "Ssl_cipher X"\n'
    )
    program.chmod(0o755)
    target = Target(engine="mysql", host="localhost", port=1, server_name="localhost")
    driver = Driver("mysql-cli", None, str(program))
    found = attempt(driver, target, (), Login("app", f'{SECRET}"\\'), seconds=SECONDS, unverified_ok=True)
    assert found.reached == "connected", found.error
    lines = told.read_text().splitlines()
    assert lines[0] == "clean"
    assert not Path(lines[1]).exists()
    assert lines[2:] == ["[client]", f'password="{SECRET}\\"\\\\"']
