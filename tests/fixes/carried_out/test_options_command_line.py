"""The command lines of the recipes are run as they are printed.

MySQL's own client and Microsoft's are not to be had here. A program of their name stands in for each: it reads the
switches, and hands them to MySQL's connector for Python, or to the ODBC Driver 18 that the real one is built on.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixes.carried_out.carrying import carries_out, rendered
from tests.fixes.carried_out.client_authority import client_certificate, trusting_clients, written_to
from tests.fixes.carried_out.connecting import importable, shelled, taken_back, written
from tests.fixes.carried_out.test_options_mariadb import LOGIN, recipe, says
from tests.fixes.carried_out.test_options_sqlserver import UNTRUSTED as ODBC_UNTRUSTED
from tests.fixes.carried_out.test_options_sqlserver import WRONG_NAME as ODBC_WRONG_NAME
from tests.fixes.carried_out.test_options_sqlserver import files, lab
from tests.lab.test_drivers import odbc_driver
from tests.servers.certificates import make_certificate
from tests.servers.mariadb import Mariadb
from tests.servers.running import RunningServer
from wizard.fixes.render import RenderedFix

MYSQL = """#!{python}
import configparser, pathlib, sys
import mysql.connector

told = configparser.ConfigParser(allow_no_value=True, interpolation=None)
told.read_string("[client]\\n")
for name in ("mysql", ".my.cnf"):
    told.read(pathlib.Path.home() / name)
given = {{key.replace("_", "-"): value for key, value in told["client"].items()}}
given |= dict(word[2:].split("=", 1) for word in sys.argv[1:] if word.startswith("--"))
mode = given.get("ssl-mode", "VERIFY_CA" if "ssl-ca" in given else "PREFERRED")
assert mode in ("DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"), mode
options = {{}}
for key in ("ssl-ca", "ssl-cert", "ssl-key"):
    if key in given and mode.startswith("VERIFY"):
        options[key.replace("-", "_")] = given[key].strip('"')
options |= {{"ssl_verify_cert": mode.startswith("VERIFY"), "ssl_verify_identity": mode == "VERIFY_IDENTITY"}}
if mode == "DISABLED":
    options["ssl_disabled"] = True
try:
    link = mysql.connector.connect(
        host=given["host"], port=int(given["port"]), user="app", password="app-password", use_pure=True, **options
    )
except mysql.connector.Error as error:
    sys.exit(str(error))
cursor = link.cursor()
cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
cipher = cursor.fetchone()[1]
if mode != "PREFERRED" and not cipher:
    sys.exit("SSL connection is required")
print("SSL: Cipher in use is", cipher)
"""
SQLCMD = """#!{python}
import sys
import pyodbc

switches = {{"-N": "Encrypt=yes", "-Nm": "Encrypt=mandatory", "-Ns": "Encrypt=strict", "-No": "Encrypt=optional",
            "-Ym": "Encrypt=mandatory", "-Ys": "Encrypt=strict", "-C": "TrustServerCertificate=yes",
            "-u": "TrustServerCertificate=yes"}}
named = {{"-F": "HostnameInCertificate", "-H": "HostnameInCertificate", "-J": "ServerCertificate", "-S": "Server"}}
words, parts, known = sys.argv[1:], ["Driver={driver}", "UID=u", "PWD=p"], ("-Q", "-c")
for word, following in zip(words, [*words[1:], ""]):
    if word in switches:
        parts.append(switches[word])
    elif word in named:
        parts.append(f"{{named[word]}}={{following}}")
    elif word.startswith("-") and word not in known:
        sys.exit(f"Sqlcmd: unknown switch {{word}}")
try:
    print(pyodbc.connect(";".join(parts), timeout=10).execute("SELECT 1").fetchone())
except pyodbc.Error as error:
    sys.exit(str(error))
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with the programs that stand in, and a login for MariaDB's client."""
    (tmp_path / "bin").mkdir()
    (tmp_path / ".my.cnf").write_text(LOGIN)
    return tmp_path


def stand_in(home: Path, name: str, text: str, **values: str) -> None:
    """Puts a program into the home."""
    program = home / "bin" / name
    program.write_text(text.format(python=sys.executable, **values))
    program.chmod(0o755)


def typed(text: str, home: Path) -> str | None:
    """Runs a command line; what it is called for a place of its own is found by its name."""
    for place in ("/opt/mssql-tools18/bin/", "/opt/mssql-tools/bin/"):
        text = text.replace(place, "")
    return shelled(f'PATH="$HOME/bin:$PATH"\n{text}', home)


@pytest.fixture(scope="module")
def server(mariadb_server: Mariadb) -> Iterator[RunningServer]:
    """A MariaDB with a certificate of a private CA: it speaks MySQL's protocol."""
    with mariadb_server(make_certificate(engine="mariadb")) as running:
        yield running


@pytest.fixture(scope="module")
def misnamed(mariadb_server: Mariadb) -> Iterator[RunningServer]:
    """One whose certificate has another name."""
    with mariadb_server(make_certificate("self-generated", engine="mysql")) as running:
        yield running


def strange(tmp_path: Path) -> Path:
    """A CA file that vouches for nobody here."""
    file = tmp_path / "strange.pem"
    file.write_bytes(make_certificate("self-signed", names=("stranger.example",)).anchor)
    return file


@carries_out(
    "mysql-cli-verify-identity", "mysql-cli-verify-ca", "mysql-cli-automatic-ca", "mysql-cli-required"
)
def test_mysqls_client_verifies_by_its_switches(
    server: RunningServer, misnamed: RunningServer, home: Path
) -> None:
    """Fully, the CA alone, and nothing: each lets in what it should and refuses the rest."""
    importable("mysql.connector")
    stand_in(home, "mysql", MYSQL)
    other = strange(home)

    def run(name: str, at: RunningServer, ca_file: Path, *, undo: bool = False) -> str | None:
        fix = recipe(name, at, ca_file)
        return typed((taken_back if undo else written)(fix, "sh").text, home)

    assert run("mysql-cli-verify-identity", server, server.ca_file) is None
    assert run("mysql-cli-verify-identity", server, other) is not None
    assert run("mysql-cli-verify-identity", server, other, undo=True) is None
    for name in ("mysql-cli-verify-ca", "mysql-cli-automatic-ca"):
        assert run(name, misnamed, misnamed.ca_file) is None
        assert run(name, misnamed, other) is not None
    assert run("mysql-cli-verify-ca", misnamed, misnamed.ca_file, undo=True) is not None
    assert run("mysql-cli-required", server, other, undo=True) is not None
    assert run("mysql-cli-required", server, other) is None


@carries_out(
    "mysql-option-file", "mysql-cli-encryption-on", "mysql-cli-preferred", "mysql-cli-client-certificate"
)
def test_mysqls_option_file_is_read(server: RunningServer, mariadb_server: Mariadb, home: Path) -> None:
    """With the group of the recipe the test line connects; with a strange CA it says that it is not verified."""
    importable("mysql.connector")
    stand_in(home, "mysql", MYSQL)
    other = strange(home)
    for name in ("mysql-option-file", "mysql-cli-encryption-on"):
        for file, good in ((server.ca_file, True), (other, False)):
            fix = recipe(name, server, file)
            (home / ".my.cnf").write_text(written(fix, "ini").text + "\n")
            assert (typed(fix.steps[-1].text, home) is None) == good, name
    (home / ".my.cnf").write_text("")
    with mariadb_server(tls=False) as plain:
        fix = rendered("mysql-cli-preferred", host="localhost", port=plain.port)
        assert typed(taken_back(fix, "sh").text, home) is not None
        assert typed(written(fix, "sh").text, home) is None
    made = client_certificate("mysql")
    with trusting_clients(mariadb_server, made) as demanding:
        fix = recipe("mysql-cli-client-certificate", demanding, demanding.ca_file, **written_to(home, made))
        for step, good in ((written(fix, "ini"), True), (taken_back(fix, "ini"), False)):
            (home / ".my.cnf").write_text(step.text + "\n")
            assert (typed(fix.steps[-1].text, home) is None) == good


@carries_out("mariadb-cli-skip-verify", "mariadb-cli-zero-configuration", "mariadb-cli-verify")
def test_mariadbs_client_takes_the_switches(server: RunningServer, home: Path) -> None:
    """The bypass connects where verifying by the wrong CA fails; a password suffices where no CA is named."""
    skip = rendered("mariadb-cli-skip-verify", host="localhost", port=server.port)
    assert typed(written(skip, "sh").text, home) is None
    assert typed(taken_back(skip, "sh").text, home) is not None
    # The lines about -p: the password comes from the option file here.
    asked = rendered("mariadb-cli-zero-configuration", host="localhost", port=server.port)
    assert typed(written(asked, "sh").text.replace(" -p ", " "), home) is None


def sqlcmd(home: Path) -> None:
    """Puts sqlcmd and bcp into the home."""
    importable("pyodbc")
    for name in ("sqlcmd", "bcp"):
        stand_in(home, name, SQLCMD, driver=odbc_driver())


TOOLS = ("sqlcmd-18", "bcp-18", "sqlcmd-17", "go-sqlcmd")
NAMES = {"go-sqlcmd-trust-server-certificate": "sqlcmd-trust-server-certificate",
         "go-sqlcmd-encryption-on": "sqlcmd-encryption-on",
         "go-sqlcmd-encrypt-strict": "sqlcmd-encrypt-strict"}  # fmt: skip


def tool(client: str, kind: str, **values: object) -> RenderedFix:
    """A recipe of a tool."""
    name = f"{client}-{kind}"
    return rendered(NAMES.get(name, name), **values)  # type: ignore[arg-type]


def the_command(fix: RenderedFix, *, undo: bool = False) -> str:
    """The line that calls the tool."""
    return next(step.text for step in (fix.undo if undo else fix.steps) if "SELECT @@SERVERNAME" in step.text)


@pytest.mark.parametrize("client", TOOLS)
@carries_out(
    *(f"{client}-verify-full" for client in (*TOOLS, "bcp-17")),
    *(f"{client}-trust-server-certificate" for client in TOOLS[:3]), "sqlcmd-trust-server-certificate",
    *(f"{client}-encryption-on" for client in (*TOOLS[:3], "bcp-17")), "sqlcmd-encryption-on",
)  # fmt: skip
def test_a_tool_verifies_by_its_switches(client: str, home: Path) -> None:
    """With the CA in the environment it connects, without it fails, and with the bypass it connects."""
    sqlcmd(home)
    with lab() as at:
        values = files(at, home)
        full = tool(client, "verify-full", **values)
        assert typed(the_command(full), home) is None
        assert says(typed(the_command(full, undo=True), home), ODBC_UNTRUSTED)
        bypass = tool(client, "trust-server-certificate", **values)
        assert says(typed(the_command(bypass, undo=True), home), ODBC_UNTRUSTED)
        assert typed(the_command(bypass), home) is None
        asked = tool(client, "encryption-on", **values)
        environment = f"export SSL_CERT_FILE={values['ca_file']}\n"
        assert typed(environment + the_command(asked), home) is None
        if client == "bcp-18":
            for kind in ("verify-full", "encryption-on"):
                assert typed(environment + the_command(tool("bcp-17", kind, **values)), home) is None


@pytest.mark.parametrize("client", ["sqlcmd-18", "bcp-18", "go-sqlcmd"])
@carries_out(
    "sqlcmd-18-host-name-in-certificate", "bcp-18-host-name-in-certificate", "go-sqlcmd-host-name-in-certificate",
    "sqlcmd-18-encrypt-strict", "bcp-18-encrypt-strict", "sqlcmd-encrypt-strict",
)  # fmt: skip
def test_a_tool_takes_another_name_and_strict(client: str, home: Path) -> None:
    """By the way back the name is wrong, or the server refuses; by the recipe the tool connects."""
    sqlcmd(home)
    with lab(names=("db.corp.example",)) as at:
        values = files(at, home)
        environment = f"export SSL_CERT_FILE={values['ca_file']}\n"
        named = tool(client, "host-name-in-certificate", **values)
        assert says(typed(environment + the_command(named, undo=True), home), ODBC_WRONG_NAME)
        assert typed(environment + the_command(named), home) is None
    with lab(policy="strict-only") as at:
        values = files(at, home)
        asked = tool(client, "encrypt-strict", **values)
        environment = f"export SSL_CERT_FILE={values['ca_file']}\n"
        assert typed(environment + the_command(asked, undo=True), home) is not None
        assert typed(environment + the_command(asked), home) is None


@pytest.mark.parametrize("client", ["sqlcmd-18", "bcp-18"])
@carries_out("sqlcmd-18-pin-certificate", "bcp-18-pin-certificate")
def test_a_tool_pins_a_certificate(client: str, home: Path) -> None:
    """With the server's certificate it connects, and without it fails."""
    sqlcmd(home)
    with lab(certificate="self-signed", names=("db.corp.example",)) as at:
        pinned = tool(client, "pin-certificate", **files(at, home))
        assert says(typed(the_command(pinned, undo=True), home), ODBC_UNTRUSTED)
        assert typed(the_command(pinned), home) is None
