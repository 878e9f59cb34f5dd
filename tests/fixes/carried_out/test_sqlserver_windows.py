"""The recipes of SQL Server on Windows, which nobody can carry out here: what they have to hold, and hold alike."""

from __future__ import annotations

import re

import pytest

from tests.fixes.carried_out.carrying import FIXES, rendered
from wizard.fixes.render import RenderedStep, example_values, render_fix
from wizard.model.knowledge import FixEntry

WINDOWS = [
    fix
    for fix in FIXES.values()
    if fix.platform == "windows-server"
    and fix.engines == ("sqlserver",)
    and re.match("sqlserver-|network-sqlserver-", fix.id)
]
ISSUING = [
    fix
    for fix in WINDOWS
    if any("former-thumbprint.txt" in step.text for step in fix.steps) and "cluster" not in fix.id
]
SHARED = {
    "grant": "granted.txt') -Value",
    "bind": "-Name 'Certificate' -Value $new",
    "log": "No line says that the bound certificate",
    "import": "-importPFX",
}
"""Steps that several files have, by words that only they hold."""

every_fix = pytest.mark.parametrize("fix", WINDOWS, ids=lambda fix: fix.id)


def steps(fix: FixEntry) -> tuple[RenderedStep, ...]:
    """The PowerShell of a fix and of its undo, with its examples."""
    done = render_fix(fix, example_values(fix))
    return tuple(step for step in (*done.steps, *done.undo) if step.shell == "powershell")


def test_the_recipes_of_windows_are_found() -> None:
    """The rules below are about as many recipes as there are ways to get and to bind a certificate."""
    assert len(WINDOWS) > 20
    assert len(ISSUING) >= 9


@every_fix
def test_what_changes_something_is_one_block_that_ends_at_an_error(fix: FixEntry) -> None:
    """A throw ends only its own statement where lines are pasted one by one, so all of them are one."""
    for step in steps(fix):
        changing = re.search(
            r"\b(Set|New|Remove|Restart|Start|Import|Add)-(?!Object)[A-Z]|certreq|icacls|reg ", step.text
        )
        if changing:
            assert step.text.startswith("& {\n"), step.title
            assert step.text.endswith("\n}"), step.title
            assert "$ErrorActionPreference = 'Stop'" in step.text, step.title


@every_fix
def test_each_undo_says_where_there_is_nothing_to_undo(fix: FixEntry) -> None:
    """What the undo needs lies in a file; without the file it changes nothing."""
    changes = [step for step in fix.steps if "before" in step.text or "former" in step.text]
    assert fix.undo or not changes
    for step in fix.undo:
        if step.shell == "powershell":
            assert re.search(r"'There is nothing to (undo|remove)[^']*'; return \}", step.text), step.title


@pytest.mark.parametrize("name", SHARED)
def test_the_same_step_is_the_same_everywhere(name: str) -> None:
    """Three files hold them, since an anchor ends with its file."""
    texts = {
        step.text
        for fix in WINDOWS
        if fix.id != "sqlserver-load-certificate"
        for step in fix.steps
        if SHARED[name] in step.text
    }
    assert len(texts) == 1


@pytest.mark.parametrize("fix", ISSUING, ids=lambda fix: fix.id)
def test_a_thumbprint_is_kept_before_it_is_replaced(fix: FixEntry) -> None:
    """The former one goes into its file once, before the registry changes, and the undo reads that file."""
    kept = False
    for step in fix.steps:
        at = step.text.find("Set-Content -Path $former")
        replaced = max(
            step.text.find("'Certificate' -Value $new"), step.text.find("Set-DbaNetworkCertificate")
        )
        kept = kept or at >= 0
        assert replaced < 0 or (kept and at < replaced)
        assert at < 0 or "if (-not (Test-Path -Path $former))" in step.text
    assert kept
    assert any("Get-Content -Path $former" in step.text for step in fix.undo)


def test_the_request_of_certreq_has_all_that_sql_server_needs() -> None:
    """A legacy provider, KeySpec 1, Server Authentication, and each name by its kind, the last without an &."""
    fix = rendered(
        "sqlserver-windows-issue-certificate",
        server_name="sql01.corp.example",
        names=("sql01.corp.example", "192.0.2.10"),
        service="MSSQL$SALES",
        instance="SALES",
        ca_config="CA01\\Corp CA",
        template="SQLServerTLS",
    )
    rows = re.findall(r"^    '(.*)'$", fix.steps[0].text, re.MULTILINE)
    lines = [line for row in rows for line in row.split("','")]  # an array goes on over commas and line ends
    assert lines[:4] == [
        "[Version]",
        'Signature="$Windows NT$"',
        "[NewRequest]",
        'Subject="CN=sql01.corp.example"',
    ]
    for needed in ("KeySpec=1", "MachineKeySet=TRUE", "ProviderType=12", "HashAlgorithm=SHA256"):
        assert needed in lines
    assert 'ProviderName="Microsoft RSA SChannel Cryptographic Provider"' in lines
    assert lines[-4:] == [
        "[Extensions]",
        '2.5.29.17="{text}"',
        '_continue_="dns=sql01.corp.example&"',
        '_continue_="ipaddress=192.0.2.10"',
    ]
    assert "'NT SERVICE\\MSSQL$SALES'" in fix.steps[2].text


@pytest.mark.parametrize("name", ["sqlserver-windows-own-ca", "sqlserver-windows-self-signed-certificate"])
def test_what_powershell_makes_itself_suits_sql_server(name: str) -> None:
    """The server's certificate has its key in a legacy provider, with all names; a CA is a CA, and a leaf is none."""
    fix = rendered(
        name,
        server_name="sql01",
        names=("sql01", "2001:db8::1"),
        service="MSSQLSERVER",
        instance="MSSQLSERVER",
    )
    made = next(step.text for step in fix.steps if "-KeySpec KeyExchange" in step.text)
    assert "-Provider 'Microsoft RSA SChannel Cryptographic Provider'" in made
    assert "'2.5.29.37={text}1.3.6.1.5.5.7.3.1'" in made
    assert "'2.5.29.17={text}DNS=sql01&IPAddress=2001:db8::1'" in made
    if name == "sqlserver-windows-own-ca":
        assert "2.5.29.19={critical}{text}CA=TRUE&pathlength=0" in fix.steps[0].text
        assert "-Signer $ca" in made
        assert "2.5.29.19={text}CA=FALSE" in made
    assert not any("Export-Pfx" in step.text for step in fix.steps)
