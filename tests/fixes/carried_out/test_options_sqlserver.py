"""What the recipes for SQL Server's clients print is handed to the real drivers, against the lab's look-alike."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fixes.carried_out.carrying import carries_out, rendered
from tests.fixes.carried_out.connecting import importable, ran, shelled, taken_back, written
from tests.lab.test_drivers import odbc_driver
from wizard.fixes.render import RenderedFix, RenderedStep
from wizard.fixes.values import Given
from wizard.lab.server import LabServer, serve
from wizard.model.knowledge import ScenarioEntry

UNTRUSTED = ("certificate verify failed", "unable to get local issuer", "self-signed", "self signed")
WRONG_NAME = ("subject name does not match host name",)

PYODBC = """
import sys, pyodbc
connection = pyodbc.connect(open(sys.argv[1]).read().strip() + ";UID=u;PWD=p", timeout=10)
print(connection.execute("SELECT 1").fetchone())
"""
CODE = """
import sys, {module}
real = {module}.connect
{module}.connect = {login}
exec(open(sys.argv[1]).read())
cursor = connection.cursor()
cursor.execute("SELECT 1")
print(cursor.fetchone())
"""
LOGINS = {
    "mssql_python": 'lambda text: real(text + ";UID=u;PWD=p")',
    "pymssql": 'lambda **options: real(user="u", password="p", login_timeout=10, **options)',
}
TSQL = "printf 'SELECT 1\\ngo\\nexit\\n' | tsql -S database -U u -P p 2>&1 | grep -q '(1 row affected)'"


@contextmanager
def lab(**faults: object) -> Iterator[LabServer]:
    """The look-alike, in order but for these faults."""
    fields: dict[str, object] = {
        "id": "sqlserver/options",
        "title": "-",
        "cause": "healthy",
        "engine": "sqlserver",
        **faults,
    }
    with serve(ScenarioEntry(**fields)) as server:  # type: ignore[arg-type]
        yield server


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA file that holds no root of the servers."""
    file = tmp_path_factory.mktemp("stranger") / "ca.pem"
    with lab(authority="Stranger") as other:
        assert other.identity is not None
        file.write_bytes(other.identity.anchor_pem())
    return file


def files(server: LabServer, place: Path) -> dict[str, Given]:
    """What the recipes ask for: the place of the server, its CA and its own certificate."""
    assert server.identity is not None
    ca_file, certificate = place / "ca.pem", place / "server.pem"
    ca_file.write_bytes(server.identity.anchor_pem())
    certificate.write_bytes(server.identity.chain_pem().partition(b"-----END CERTIFICATE-----")[0])
    certificate.write_bytes(certificate.read_bytes() + b"-----END CERTIFICATE-----\n")
    return {
        "data_source": f"localhost,{server.port}",
        "server_name": "localhost",
        "port": server.port,
        "ca_file": str(ca_file),
        "certificate_file": str(certificate),
        "presented_name": "db.corp.example",
    }


def odbc(step: RenderedStep, place: Path, before: str = "") -> str | None:
    """Connects by an ODBC string, with the driver's name as it is in it."""
    importable("pyodbc")
    (place / "odbcinst.ini").write_text(f"[ODBC Driver 18 for SQL Server]\nDriver={odbc_driver()}\n")
    (place / "odbc.txt").write_text(step.text)
    (place / "odbc.py").write_text(PYODBC)
    text = f"{before}\n{sys.executable} {place}/odbc.py {place}/odbc.txt"
    return shelled(text, place, {"ODBCSYSINI": str(place), **libraries()})


def coded(module: str, step: RenderedStep, place: Path, before: str = "") -> str | None:
    """Connects by the code of a recipe in a process of its own, since OpenSSL reads its variables once."""
    importable(module)
    (place / "recipe.py").write_text(step.text)
    (place / "run.py").write_text(CODE.format(module=module, login=LOGINS[module]))
    conf = {"FREETDSCONF": str(place / "freetds.conf")} if module == "pymssql" else {}
    return shelled(
        f"{before}\n{sys.executable} {place}/run.py {place}/recipe.py", place, {**conf, **libraries()}
    )


def libraries() -> dict[str, str]:
    """What the drivers need to be found."""
    return {key: os.environ[key] for key in ("LD_LIBRARY_PATH",) if key in os.environ}


def says(answer: str | None, words: tuple[str, ...]) -> bool:
    """Whether the driver failed with one of these words."""
    return answer is not None and any(word in answer for word in words)


def environment_of(fix: RenderedFix) -> str:
    """The step that puts the CA file into the environment."""
    return next(step.text for step in fix.steps if "export SSL_CERT_FILE" in step.text)


def by_odbc(fix: RenderedFix, place: Path, *, undo: bool = False, before: str = "") -> str | None:
    """Carries out what an ODBC recipe writes."""
    return odbc(taken_back(fix, "odbc") if undo else written(fix, "odbc"), place, before)


def by_python(fix: RenderedFix, place: Path, *, undo: bool = False, before: str = "") -> str | None:
    """Carries out what a recipe of mssql-python writes."""
    return coded("mssql_python", taken_back(fix, "python") if undo else written(fix, "python"), place, before)


HOW = {"odbc": by_odbc, "mssql-python": by_python}
both_drivers = pytest.mark.parametrize("client", ["odbc", "mssql-python"])


@both_drivers
@carries_out(
    "odbc-verify-full", "mssql-python-verify-full", "odbc-encryption-on", "mssql-python-encryption-on"
)
def test_the_ca_file_of_the_environment_is_verified_with(client: str, stranger: Path, tmp_path: Path) -> None:
    """Without it and with that of another CA it fails, with it it connects, and without it it fails again."""
    connect = HOW[client]
    with lab() as server:
        values = files(server, tmp_path)
        fix = rendered(f"{client}-verify-full", **values)
        strange = rendered(f"{client}-verify-full", **{**values, "ca_file": str(stranger)})
        assert says(connect(fix, tmp_path), UNTRUSTED)
        assert says(connect(fix, tmp_path, before=environment_of(strange)), UNTRUSTED)
        assert connect(fix, tmp_path, before=environment_of(fix)) is None
        unset = f"{environment_of(fix)}\n{next(one.text for one in fix.undo if one.shell == 'sh')}"
        assert says(connect(fix, tmp_path, undo=True, before=unset), UNTRUSTED)
        asked = rendered(f"{client}-encryption-on", **values)
        assert connect(asked, tmp_path, before=environment_of(fix)) is None


@both_drivers
@carries_out("odbc-host-name-in-certificate", "mssql-python-host-name-in-certificate")
def test_the_name_in_the_certificate_is_accepted(client: str, tmp_path: Path) -> None:
    """By the way back the name is wrong; with the other name it connects; without the CA it fails still."""
    connect = HOW[client]
    with lab(names=("db.corp.example",)) as server:
        values = files(server, tmp_path)
        fix = rendered(f"{client}-host-name-in-certificate", **values)
        trust = environment_of(rendered(f"{client}-verify-full", **values))
        assert says(connect(fix, tmp_path, undo=True, before=trust), WRONG_NAME)
        assert connect(fix, tmp_path, before=trust) is None
        assert says(connect(fix, tmp_path), UNTRUSTED)


@both_drivers
@carries_out("odbc-pin-certificate", "mssql-python-pin-certificate")
def test_a_pinned_certificate_is_accepted_and_no_other(client: str, tmp_path: Path) -> None:
    """With the server's certificate in the file it connects, with that of another it fails; so does the way back."""
    connect = HOW[client]
    with lab(certificate="self-signed", names=("db.corp.example",)) as server:
        values = files(server, tmp_path)
        fix = rendered(f"{client}-pin-certificate", **values)
        assert connect(fix, tmp_path) is None
        assert says(connect(fix, tmp_path, undo=True), UNTRUSTED)
        other = tmp_path / "other"
        other.mkdir()
        with lab(certificate="self-signed", authority="Stranger") as another:
            wrong = {**values, "certificate_file": files(another, other)["certificate_file"]}
        refused = connect(rendered(f"{client}-pin-certificate", **wrong), tmp_path)
        assert says(refused, ("doesn't match", "does not match"))


@both_drivers
@carries_out("odbc-trust-server-certificate", "mssql-python-trust-server-certificate")
def test_the_bypass_connects_and_can_be_taken_back(client: str, tmp_path: Path) -> None:
    """With the certificate that SQL Server makes itself it fails, connects, and fails again."""
    connect = HOW[client]
    with lab(certificate="self-generated") as server:
        fix = rendered(f"{client}-trust-server-certificate", **files(server, tmp_path))
        assert says(connect(fix, tmp_path, undo=True), UNTRUSTED)
        assert connect(fix, tmp_path) is None
        assert says(connect(fix, tmp_path, undo=True), UNTRUSTED)


@both_drivers
@carries_out("odbc-encrypt-strict", "mssql-python-encrypt-strict")
def test_a_server_that_takes_strict_alone_is_reached(client: str, tmp_path: Path) -> None:
    """By the way back it is not; with Strict it is, where the CA is known."""
    connect = HOW[client]
    with lab(policy="strict-only") as server:
        values = files(server, tmp_path)
        fix = rendered(f"{client}-encrypt-strict", **values)
        trust = environment_of(rendered(f"{client}-verify-full", **values))
        assert connect(fix, tmp_path, undo=True, before=trust) is not None
        assert connect(fix, tmp_path, before=trust) is None
        assert says(connect(fix, tmp_path), UNTRUSTED)


@both_drivers
@carries_out("odbc-encrypt-optional", "mssql-python-encrypt-optional")
def test_a_server_without_tls_is_reached_in_plain_text(client: str, tmp_path: Path) -> None:
    """By the way back the client demands encryption and fails; with the bypass it connects."""
    connect = HOW[client]
    with lab(policy="not-offered") as server:
        fix = rendered(f"{client}-encrypt-optional", data_source=f"localhost,{server.port}")
        assert says(connect(fix, tmp_path, undo=True), ("Encryption not supported",))
        assert connect(fix, tmp_path) is None


def by_tsql(step: RenderedStep, place: Path) -> bool:
    """Whether tsql connects by a section of freetds.conf."""
    (place / "freetds.conf").write_text(step.text + "\n")
    return shelled(TSQL, place, {"FREETDSCONF": str(place / "freetds.conf")}) is None


@carries_out("freetds-verify-full", "freetds-1.3-verify-ca", "freetds-without-ca-file")
def test_freetds_verifies_by_its_section(stranger: Path, tmp_path: Path) -> None:
    """Fully, without the name, and not at all: each lets in what it should, and refuses the rest."""
    if shelled("tsql -C", tmp_path) is not None:
        pytest.skip("the program tsql is not installed")
    with lab() as server:
        values = files(server, tmp_path)
        full = rendered("freetds-verify-full", **values)
        strange = rendered("freetds-verify-full", **{**values, "ca_file": str(stranger)})
        assert by_tsql(written(full, "ini"), tmp_path)
        assert not by_tsql(written(strange, "ini"), tmp_path)
        assert by_tsql(taken_back(full, "ini"), tmp_path)
    with lab(names=("db.corp.example",)) as server:
        values = files(server, tmp_path)
        chain = rendered("freetds-1.3-verify-ca", **values)
        strange = rendered("freetds-1.3-verify-ca", **{**values, "ca_file": str(stranger)})
        assert not by_tsql(taken_back(chain, "ini"), tmp_path)
        assert by_tsql(written(chain, "ini"), tmp_path)
        assert not by_tsql(written(strange, "ini"), tmp_path)
        bypass = rendered("freetds-without-ca-file", **{**values, "ca_file": str(stranger)})
        assert not by_tsql(taken_back(bypass, "ini"), tmp_path)
        assert by_tsql(written(bypass, "ini"), tmp_path)


@carries_out("pymssql-verify-full", "pymssql-host-name-in-certificate", "pymssql-without-ca-file")
def test_pymssql_verifies_by_freetds_conf(stranger: Path, tmp_path: Path) -> None:
    """With the CA it connects, with a strange one it fails; another name and no verification are told to it too."""

    def connects(fix: RenderedFix, *, undo: bool = False) -> bool:
        steps = fix.undo if undo else fix.steps
        conf = next(step for step in steps if step.shell == "ini")
        (tmp_path / "freetds.conf").write_text(conf.text + "\n")
        code = next(step for step in steps if step.shell == "python")
        return coded("pymssql", code, tmp_path) is None

    with lab() as server:
        values = files(server, tmp_path)
        fix = rendered("pymssql-verify-full", **values)
        assert connects(fix)
        assert not connects(rendered("pymssql-verify-full", **{**values, "ca_file": str(stranger)}))
        assert connects(fix, undo=True)
    with lab(names=("db.corp.example",)) as server:
        values = files(server, tmp_path)
        named = rendered("pymssql-host-name-in-certificate", **values)
        assert not connects(named, undo=True)
        assert connects(named)
        bypass = rendered("pymssql-without-ca-file", **{**values, "ca_file": str(stranger)})
        assert not connects(bypass, undo=True)
        assert connects(bypass)


@pytest.mark.filterwarnings("ignore:.*X.509 APIs:DeprecationWarning")
@carries_out("python-tds-verify-full", "python-tds-verify-ca", "python-tds-encryption-on")
def test_python_tds_verifies_by_its_arguments(stranger: Path, tmp_path: Path) -> None:
    """It has TLS only with a CA file; the name counts unless that is switched off."""

    def connect(fix: RenderedFix, *, undo: bool = False) -> str | None:
        step = taken_back(fix, "python") if undo else written(fix, "python")
        return ran(step, "pytds", user="u", password="p", login_timeout=10)

    # pyOpenSSL 26 shows no alternative names to it, so that only a common name counts.
    with lab(names=(), common_name="localhost", policy="required") as server:
        values = files(server, tmp_path)
        for name in ("python-tds-verify-full", "python-tds-encryption-on"):
            fix = rendered(name, **values)
            assert says(connect(fix, undo=True), ("required by server",))
            assert connect(fix) is None
            assert connect(rendered(name, **{**values, "ca_file": str(stranger)})) is not None
    with lab(names=(), common_name="db.corp.example") as server:
        values = files(server, tmp_path)
        fix = rendered("python-tds-verify-ca", **values)
        assert connect(fix, undo=True) is not None
        assert connect(fix) is None
        assert connect(rendered("python-tds-verify-ca", **{**values, "ca_file": str(stranger)})) is not None
