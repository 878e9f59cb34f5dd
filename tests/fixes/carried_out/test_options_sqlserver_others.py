"""Strings for older ODBC drivers and for PHP, and options of FreeTDS 1.5, handed to what is built alike.

ODBC Driver 18 answers to the name of 17 here; pymssql brings the FreeTDS 1.5 that tsql does not have here.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest

from tests.fixes.carried_out.carrying import carries_out, rendered
from tests.fixes.carried_out.connecting import importable, shelled, taken_back, written
from tests.fixes.carried_out.test_options_sqlserver import (
    CODE,
    LOGINS,
    PYODBC,
    UNTRUSTED,
    environment_of,
    files,
    lab,
    libraries,
    says,
)
from tests.lab.test_drivers import odbc_driver
from wizard.fixes.render import RenderedFix, RenderedStep

CLIENTS = ("odbc-17", "php-sqlsrv")
PYMSSQL = RenderedStep(
    title="-",
    run_on="client",
    shell="python",
    text='import pymssql\nconnection = pymssql.connect(server="database", port={port})',
    as_administrator=False,
)
"""What a program on FreeTDS does, whose options are all in freetds.conf."""


def odbc(step: RenderedStep, place: Path, before: str = "") -> str | None:
    """Connects by a string; PHP's names no driver."""
    importable("pyodbc")
    sections = (f"[ODBC Driver {version} for SQL Server]\nDriver={odbc_driver()}\n" for version in (17, 18))
    (place / "odbcinst.ini").write_text("".join(sections))
    text = (
        step.text
        if step.text.startswith("Driver=")
        else f"Driver={{ODBC Driver 18 for SQL Server}};{step.text}"
    )
    (place / "odbc.txt").write_text(text)
    (place / "odbc.py").write_text(PYODBC)
    command = f"{before}\n{sys.executable} {place}/odbc.py {place}/odbc.txt"
    return shelled(command, place, {"ODBCSYSINI": str(place), **libraries()})


def freetds(
    section: RenderedStep, code: RenderedStep, port: int, place: Path, before: str = ""
) -> str | None:
    """Connects by pymssql with a section of freetds.conf."""
    importable("pymssql")
    (place / "freetds.conf").write_text(section.text + "\n")
    (place / "recipe.py").write_text(code.text.replace("{port}", str(port)))
    (place / "run.py").write_text(CODE.format(module="pymssql", login=LOGINS["pymssql"]))
    command = f"{before}\n{sys.executable} {place}/run.py {place}/recipe.py"
    return shelled(command, place, {"FREETDSCONF": str(place / "freetds.conf"), **libraries()})


@pytest.mark.parametrize("client", CLIENTS)
@carries_out(
    *(f"{client}-verify-full" for client in CLIENTS),
    *(f"{client}-trust-server-certificate" for client in CLIENTS),
    *(f"{client}-encryption-on" for client in CLIENTS),
)
def test_the_strings_of_older_drivers_verify(client: str, tmp_path: Path) -> None:
    """With the CA in the environment it connects, without it fails, and with the bypass it connects."""
    with lab() as server:
        values = files(server, tmp_path)
        full = rendered(f"{client}-verify-full", **values)
        trust = environment_of(full)
        assert says(odbc(written(full, "odbc"), tmp_path), UNTRUSTED)
        assert odbc(written(full, "odbc"), tmp_path, trust) is None
        bypass = rendered(f"{client}-trust-server-certificate", data_source=values["data_source"])
        assert says(odbc(taken_back(bypass, "odbc"), tmp_path), UNTRUSTED)
        assert odbc(written(bypass, "odbc"), tmp_path) is None
        asked = rendered(f"{client}-encryption-on", data_source=values["data_source"])
        assert odbc(written(asked, "odbc"), tmp_path, trust) is None


@pytest.mark.parametrize("name", ["odbc-update-for-strict", "php-sqlsrv-encrypt-strict"])
@carries_out("odbc-update-for-strict", "php-sqlsrv-encrypt-strict")
def test_strict_is_asked_for_by_the_new_driver(name: str, tmp_path: Path) -> None:
    """By the old string the server that takes Strict alone refuses; by the new one it connects."""
    with lab(policy="strict-only") as server:
        values = files(server, tmp_path)
        trust = f"export SSL_CERT_FILE={values['ca_file']}"
        fix = rendered(name, data_source=values["data_source"])
        assert odbc(taken_back(fix, "odbc"), tmp_path, trust) is not None
        assert odbc(written(fix, "odbc"), tmp_path, trust) is None


@carries_out("odbc-update-for-strict")
def test_a_driver_that_is_not_installed_is_noticed(tmp_path: Path) -> None:
    """Where odbcinst lists the new driver the check is content; else it says what to install."""
    check = rendered("odbc-update-for-strict", data_source="db").steps[0].text
    for version, good in ((18, True), (17, False)):
        program = tmp_path / "odbcinst"
        program.write_text(f"#!/bin/sh\necho '[ODBC Driver {version} for SQL Server]'\n")
        program.chmod(0o755)
        said = shelled(f'PATH="$HOME:$PATH"\n{check}', tmp_path)
        assert (said is None) == good
        assert good or "msodbcsql18" in str(said)


def step_of(fix: RenderedFix, shell: str, *, undo: bool = False) -> RenderedStep:
    """The step in a language."""
    return next(step for step in (fix.undo if undo else fix.steps) if step.shell == shell)


@carries_out("freetds-host-name-in-certificate", "freetds-encrypt-strict", "freetds-encryption-on")
def test_freetds_of_today_takes_another_name_and_strict(tmp_path: Path) -> None:
    """By the way back it fails, by the section of the recipe it connects; `system` are the machine's roots."""
    with lab(names=("db.corp.example",)) as server:
        fix = rendered("freetds-host-name-in-certificate", **files(server, tmp_path))
        assert freetds(step_of(fix, "ini", undo=True), PYMSSQL, server.port, tmp_path) is not None
        assert freetds(step_of(fix, "ini"), PYMSSQL, server.port, tmp_path) is None
    for policy, name in (("strict-only", "freetds-encrypt-strict"), ("required", "freetds-encryption-on")):
        with lab(policy=policy) as server:
            values = files(server, tmp_path)
            trust = f"export SSL_CERT_FILE={values['ca_file']}"
            fix = rendered(name, server_name="localhost", port=server.port)
            assert freetds(step_of(fix, "ini"), PYMSSQL, server.port, tmp_path, trust) is None
            assert freetds(step_of(fix, "ini"), PYMSSQL, server.port, tmp_path) is not None
            if policy == "strict-only":
                back = step_of(fix, "ini", undo=True)
                assert freetds(back, PYMSSQL, server.port, tmp_path, trust) is not None


@carries_out("pymssql-encryption-on")
def test_pymssql_asks_for_encryption(tmp_path: Path) -> None:
    """With the machine's roots it connects verified, and without the CA among them it fails."""
    with lab(policy="required") as server:
        values = files(server, tmp_path)
        fix = rendered("pymssql-encryption-on", server_name="localhost", port=server.port)
        section, code = step_of(fix, "ini"), step_of(fix, "python")
        trust = f"export SSL_CERT_FILE={values['ca_file']}"
        assert freetds(section, code, server.port, tmp_path, trust) is None
        assert freetds(section, code, server.port, tmp_path) is not None
        without = msgspec.structs.replace(section, text=section.text.replace("ca file = system\n", ""))
        assert freetds(without, code, server.port, tmp_path) is None


@carries_out("vscode-mssql-verify-full")
def test_the_editor_is_started_with_the_ca(tmp_path: Path) -> None:
    """It sees the file in its environment; where the file holds no certificate it is not started."""
    (tmp_path / "code").write_text("#!/bin/sh\nprintenv SSL_CERT_FILE\n")
    (tmp_path / "code").chmod(0o755)
    file = tmp_path / "ca.pem"
    with lab() as server:
        fix = rendered("vscode-mssql-verify-full", data_source="db,1433", ca_file=str(file))
        start = next(step.text for step in fix.steps if " code" in step.text)
        assert "ask the administrator" in str(shelled(f'PATH="$HOME:$PATH"\n{start}', tmp_path))
        files(server, tmp_path)
        assert shelled(f'PATH="$HOME:$PATH"\n({start}) | grep -q {file}', tmp_path) is None
