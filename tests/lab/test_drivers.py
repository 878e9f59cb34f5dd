"""Real drivers against the lab: a good certificate lets them in, a bad one is refused in their own words."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from wizard.diagnosis.match import Matcher
from wizard.knowledge.load import load
from wizard.knowledge.locate import knowledge_folder
from wizard.lab.server import LabServer, serve
from wizard.model.knowledge import Knowledge, ScenarioEntry
from wizard.model.target import Engine

Run = Callable[[Sequence[str], Mapping[str, str]], subprocess.CompletedProcess[str]]

PYODBC = """
import sys, pyodbc
driver, port, encrypt = sys.argv[1:]
c = pyodbc.connect(f"Driver={driver};Server=tcp:localhost,{port};UID=u;PWD=p;Encrypt={encrypt}", timeout=10)
print(c.execute("SELECT 1").fetchone(), c.execute("SELECT @@VERSION").fetchone())
"""
MSSQL_PYTHON = """
import sys, mssql_python
port, encrypt = sys.argv[1:]
c = mssql_python.connect(f"Server=tcp:localhost,{port};UID=u;PWD=p;Encrypt={encrypt}")
k = c.cursor()
print(k.execute("SELECT 1").fetchone(), k.execute("SELECT @@VERSION").fetchone())
"""
PYMSSQL = """
import sys, pymssql
c = pymssql.connect("localhost", "u", "p", port=sys.argv[1], login_timeout=10)
k = c.cursor()
k.execute("SELECT 1")
print(k.fetchone())
k.execute("SELECT @@VERSION")
print(k.fetchone())
"""
TSQL = "printf 'SELECT 1\\ngo\\nSELECT @@VERSION\\ngo\\nexit\\n' | tsql -H localhost -p \"$0\" -U u -P p 2>&1"
CONNECTOR = """
import sys, mysql.connector
c = mysql.connector.connect(host="localhost", port=int(sys.argv[1]), user="u", password="p", use_pure=True,
                            ssl_ca=sys.argv[2], ssl_verify_cert=True, ssl_verify_identity=True)
k = c.cursor()
k.execute("SELECT 1")
print(k.fetchone())
k.execute("SELECT VERSION()")
print(k.fetchone())
"""
PSYCOPG = """
import sys, psycopg
c = psycopg.connect(sys.argv[1])
print(c.execute("SELECT 1").fetchone(), c.execute("SELECT version()", prepare=True).fetchone())
"""


def libpq(server: LabServer, ca_file: Path, more: str = "") -> str:
    """Returns a connection string that validates fully."""
    return (
        f"host=localhost port={server.port} user=u dbname=d gssencmode=disable "
        f"sslmode=verify-full sslrootcert={ca_file} {more}"
    )


def odbc_driver() -> str:
    """Returns the path of Microsoft's ODBC Driver 18, or skips the test with the reason."""
    spec = importlib.util.find_spec("mssql_python_odbc")
    places = list(spec.submodule_search_locations or ()) if spec else []
    found = [
        file for place in places for file in Path(place).glob("libs/linux/debian*/*/lib/libmsodbcsql-18*")
    ]
    if not found:
        pytest.skip("the ODBC Driver 18 of the package mssql-python-odbc is not installed")
    return str(found[0])


def python(script: str, module: str, *arguments: str) -> list[str]:
    """Returns the command that runs a script, or skips the test where its driver is missing."""
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"the driver {module} is not installed")
    return [sys.executable, "-c", script, *arguments]


def program(name: str, *arguments: str) -> list[str]:
    """Returns the command of a program, or skips the test where it is missing."""
    if shutil.which(name) is None:
        pytest.skip(f"the program {name} is not installed")
    return [name, *arguments]


def _pyodbc(encrypt: str) -> Callable[[LabServer, Path], list[str]]:
    return lambda server, _: python(PYODBC, "pyodbc", odbc_driver(), str(server.port), encrypt)


def _tsql(server: LabServer, _: Path) -> list[str]:
    program("tsql")
    return ["sh", "-c", TSQL, str(server.port)]


def _mariadb(server: LabServer, ca_file: Path) -> list[str]:
    return program(
        "mariadb",
        "--no-defaults",
        "--protocol=TCP",
        "-hlocalhost",
        f"-P{server.port}",
        "-uu",
        "-pp",
        f"--ssl-ca={ca_file}",
        "--ssl-verify-server-cert",
        "--batch",
        "-eSELECT 1; SELECT VERSION()",
    )


@dataclass(frozen=True)
class Driver:
    """A driver that validates fully, and its words for each refusal.

    Attributes:
        name: as it is shown.
        engines: the servers that it speaks to.
        command: the command that connects, reads 1 and the version.
        trust: the environment variable that names the trusted roots, or `freetds.conf`; empty: in the command.
        untrusted: its words where the root is unknown.
        wrong_name: its words where the name is another one.
        expired: its words where the certificate has expired.
    """

    name: str
    engines: tuple[Engine, ...]
    command: Callable[[LabServer, Path], list[str]]
    trust: str
    untrusted: str
    wrong_name: str
    expired: str


ODBC_WORDS = (
    "unable to get local issuer certificate",
    "subject name does not match host name",
    "certificate has expired",
)
# FreeTDS tells no reason, neither on the screen nor in its dump; only its good twin shows that trust was the reason.
FREETDS_WORDS = ("connection failed",) * 3
LIBPQ_WORDS = ("certificate verify failed", "does not match host name", "certificate verify failed")
DRIVERS = (
    Driver("pyodbc-yes", ("sqlserver",), _pyodbc("yes"), "SSL_CERT_FILE", *ODBC_WORDS),
    Driver("pyodbc-strict", ("sqlserver",), _pyodbc("strict"), "SSL_CERT_FILE", *ODBC_WORDS),
    Driver(
        "mssql-python",
        ("sqlserver",),
        lambda server, _: python(MSSQL_PYTHON, "mssql_python", str(server.port), "yes"),
        "SSL_CERT_FILE",
        *ODBC_WORDS,
    ),
    Driver(
        "pymssql",
        ("sqlserver",),
        lambda server, _: python(PYMSSQL, "pymssql", str(server.port)),
        "freetds.conf",
        *FREETDS_WORDS,
    ),
    Driver("tsql", ("sqlserver",), _tsql, "freetds.conf", *FREETDS_WORDS),
    Driver(
        "mysql-connector-python",
        ("mysql", "mariadb"),
        lambda server, ca: python(CONNECTOR, "mysql.connector", str(server.port), str(ca)),
        "",
        "unable to get local issuer certificate",
        "Hostname mismatch",
        "certificate has expired",
    ),
    Driver(
        "mariadb-cli",
        ("mysql", "mariadb"),
        _mariadb,
        "",
        "unable to get local issuer certificate",
        "Validation of SSL server certificate failed",
        "certificate has expired",
    ),
    Driver(
        "psycopg",
        ("postgresql",),
        lambda server, ca: python(PSYCOPG, "psycopg", libpq(server, ca)),
        "",
        *LIBPQ_WORDS,
    ),
    Driver(
        "psql",
        ("postgresql",),
        lambda server, ca: program("psql", "-X", libpq(server, ca), "-cSELECT 1", "-cSELECT version()"),
        "",
        *LIBPQ_WORDS,
    ),
)
SYMPTOMS = {
    "private-ca-not-trusted": "chain-not-trusted",
    "name-mismatch": "name-mismatch",
    "certificate-expired": "expired",
}
# Texts that do not tell the reason: FreeTDS gives none at all, libpq none but "certificate verify failed".
HIDDEN = {
    ("pymssql", ""): "ambiguous",
    ("tsql", ""): "ambiguous",
    ("psycopg", "certificate-expired"): "chain-not-trusted",
    ("psql", "certificate-expired"): "chain-not-trusted",
}
CASES = [pytest.param(d, engine, id=f"{d.name}-{engine}") for d in DRIVERS for engine in d.engines]
VERSIONS: dict[Engine, str] = {
    "sqlserver": "16.0.1000",
    "mysql": "8.4.3",
    "mariadb": "11.4.4-MariaDB",
    "postgresql": "PostgreSQL 17.2",
}


@pytest.fixture(scope="module")
def known() -> Knowledge:
    """The shipped knowledge."""
    return load(knowledge_folder())


def environment(driver: Driver, ca_file: Path, directory: Path) -> dict[str, str]:
    """Returns the environment that makes a driver trust only `ca_file`."""
    if driver.trust != "freetds.conf":
        return {driver.trust: str(ca_file)} if driver.trust else {}
    conf = directory / "freetds.conf"
    conf.write_text(
        f"[global]\nencryption = require\nca file = {ca_file}\ncheck certificate hostname = yes\n", "utf-8"
    )
    return {"FREETDSCONF": str(conf)}


@pytest.mark.parametrize(("driver", "engine"), CASES)
def test_a_good_certificate_lets_the_driver_in(
    driver: Driver, engine: Engine, scenarios: dict[str, ScenarioEntry], run: Run, tmp_path: Path
) -> None:
    """A validating driver that knows the root logs in over TLS, reads 1 and the server's version."""
    with serve(scenarios[f"{engine}/healthy"]) as server:
        assert server.ca_file is not None
        outcome = run(driver.command(server, server.ca_file), environment(driver, server.ca_file, tmp_path))
    assert outcome.returncode == 0, outcome.stdout
    assert "1" in outcome.stdout
    assert VERSIONS[engine] in outcome.stdout
    assert any("TLS" in line for line in server.log)


@pytest.mark.parametrize(("driver", "engine"), CASES)
@pytest.mark.parametrize("fault", ["private-ca-not-trusted", "name-mismatch", "certificate-expired"])
def test_a_bad_certificate_is_refused_in_the_drivers_own_words(
    fault: str,
    driver: Driver,
    engine: Engine,
    scenarios: dict[str, ScenarioEntry],
    run: Run,
    unrelated_ca_file: Path,
    known: Knowledge,
    tmp_path: Path,
) -> None:
    """An unknown root, another name and an expired certificate are refused, in words that `explain` recognises."""
    words = {
        "private-ca-not-trusted": driver.untrusted,
        "name-mismatch": driver.wrong_name,
        "certificate-expired": driver.expired,
    }
    with serve(scenarios[f"{engine}/{fault}"]) as server:
        ca_file = server.ca_file or unrelated_ca_file
        outcome = run(driver.command(server, ca_file), environment(driver, ca_file, tmp_path))
    assert words[fault] in outcome.stdout
    assert not any("logged in" in line for line in server.log)
    expected = HIDDEN.get((driver.name, fault)) or HIDDEN.get((driver.name, "")) or SYMPTOMS[fault]
    assert Matcher(known).match(outcome.stdout).symptom == expected


@pytest.mark.parametrize(
    ("engine", "script", "module", "arguments", "words"),
    [
        ("mysql", CONNECTOR, "mysql.connector", "", "3159"),
        ("mariadb", CONNECTOR, "mysql.connector", "", "1045"),
        ("postgresql", PSYCOPG, "psycopg", "sslmode=disable", "no pg_hba.conf entry"),
    ],
)
def test_a_required_policy_refuses_a_login_without_tls(
    engine: Engine,
    script: str,
    module: str,
    arguments: str,
    words: str,
    scenarios: dict[str, ScenarioEntry],
    run: Run,
) -> None:
    """Each server refuses plaintext in its own way: MySQL 3159, MariaDB as if the password were wrong."""
    with serve(msgspec.structs.replace(scenarios[f"{engine}/healthy"], policy="required")) as server:
        plain = script.partition("ssl_ca=")[0] + "ssl_disabled=True)" if engine != "postgresql" else script
        target = f"host=localhost port={server.port} user=u dbname=d {arguments}"
        argument = target if engine == "postgresql" else str(server.port)
        outcome = run(python(plain, module, argument), {})
    assert outcome.returncode != 0
    assert words in outcome.stdout
    assert "login without TLS refused" in server.log


def test_sql_server_offers_login_only_encryption(
    scenarios: dict[str, ScenarioEntry], run: Run, tmp_path: Path
) -> None:
    """Under an optional policy FreeTDS encrypts only its login, and goes on in plain bytes."""
    conf = tmp_path / "freetds.conf"
    conf.write_text("[global]\nencryption = request\n", "utf-8")
    with serve(scenarios["sqlserver/healthy"]) as server:
        outcome = run(_tsql(server, tmp_path), {"FREETDSCONF": str(conf)})
    assert VERSIONS["sqlserver"] in outcome.stdout
    assert "PRELOGIN: client 0, answer 0" in server.log


def test_sql_server_forces_encryption_on_a_client_that_wants_none(
    scenarios: dict[str, ScenarioEntry], run: Run
) -> None:
    """Under a required policy ODBC 18 with Encrypt=no is made to encrypt its whole session."""
    with serve(scenarios["sqlserver/healthy/forced-encryption"]) as server:
        assert server.ca_file is not None
        command = python(PYODBC, "pyodbc", odbc_driver(), str(server.port), "no")
        outcome = run(command, {"SSL_CERT_FILE": str(server.ca_file)})
    assert outcome.returncode == 0, outcome.stdout
    assert "PRELOGIN: client 0, answer 3" in server.log


@pytest.mark.parametrize(("encrypt", "logs_in"), [("yes", False), ("strict", True)])
def test_a_strict_only_server_takes_tds_8_and_nothing_older(
    encrypt: str, logs_in: bool, scenarios: dict[str, ScenarioEntry], run: Run
) -> None:
    """Force Strict resets TDS 7.x; TDS 8.0 with the right ALPN logs in."""
    with serve(msgspec.structs.replace(scenarios["sqlserver/healthy"], policy="strict-only")) as server:
        assert server.ca_file is not None
        command = python(PYODBC, "pyodbc", odbc_driver(), str(server.port), encrypt)
        outcome = run(command, {"SSL_CERT_FILE": str(server.ca_file)})
    assert (outcome.returncode == 0) is logs_in
    assert ("TLS first, TLSv1.3, ALPN tds/8.0" in server.log) is logs_in
    assert ("TDS 7.x refused by a reset" in server.log) is not logs_in


def test_postgresql_takes_direct_tls(scenarios: dict[str, ScenarioEntry], run: Run) -> None:
    """A libpq of version 17 or newer may begin with TLS and names its protocol by ALPN."""
    with serve(scenarios["postgresql/healthy"]) as server:
        assert server.ca_file is not None
        outcome = run(python(PSYCOPG, "psycopg", libpq(server, server.ca_file, "sslnegotiation=direct")), {})
    if "invalid connection option" in outcome.stdout:
        pytest.skip("this libpq is older than 17 and knows no direct TLS")
    assert outcome.returncode == 0, outcome.stdout
    assert "TLS, TLSv1.3, ALPN postgresql" in server.log
