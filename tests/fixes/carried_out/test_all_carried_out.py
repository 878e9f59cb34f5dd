"""Every recipe that can run on Linux is carried out by some test, as it is printed."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

from tests.fixes.carried_out.carrying import FIXES
from wizard.model.knowledge import FixEntry, Platform, Shell

HERE = Path(__file__).parent
ELSEWHERE: frozenset[Platform] = frozenset({"windows", "windows-server", "macos", "hosted-server"})
"""Where no Linux machine can stand in: another system, or a provider's account."""
NOT_HERE: frozenset[Shell] = frozenset({"screen", "powershell", "cmd", "tsql", "ole-db"})
"""A fix of nothing but these is for a person, for Windows, or for a SQL Server, which is not to be had."""
NOT_TO_BE_HAD = {
    "npgsql": "a package of .NET from a registry that is not one of those that tests/reality installs from",
    "npgsql-7": "likewise",
    "mysqlconnector": "likewise",
    "mysql-data": "likewise",
    "sqlclient-6": "likewise; version 5 is there",
}
"""Clients that no Linux machine of the tests can run, and why."""
EXCUSED = {
    "jtds-replace": "it puts another driver in the place of jTDS, whose own recipes are carried out",
    "mariadb-cli-pin-certificate": "its --ssl-fp came with the client of MariaDB 11.4",
    "mariadb-client-pin-mysql": "likewise",
    "go-sqlcmd-pin-certificate": "its -J is the pin of go-mssqldb, whose recipe is carried out",
}
"""Fixes that are excused one by one."""


def runs_on_linux(fix: FixEntry) -> bool:
    """Says whether a Linux machine can carry out some step of a fix."""
    return fix.platform not in ELSEWHERE and any(step.shell not in NOT_HERE for step in fix.steps)


def excused(fix: FixEntry) -> bool:
    """Says whether a fix is one of those, or all of its clients are."""
    clients = {fix.client, *fix.also_clients}
    return fix.id in EXCUSED or (fix.client is not None and clients <= set(NOT_TO_BE_HAD))


def modules() -> Iterator[ModuleType]:
    """Imports the tests of fixes."""
    for file in sorted(HERE.parent.rglob("test_*.py")):
        if file == Path(__file__):
            continue
        name = f"carried_out_by_{file.stem}"
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        yield module


@cache
def carried_out() -> frozenset[str]:
    """The ids of the fixes that tests say they carry out; of those that are alike, all but one in the thorough run."""
    return frozenset(
        str(fix)
        for module in modules()
        for _, test in inspect.getmembers(module, inspect.isfunction)
        for mark in getattr(test, "pytestmark", [])
        if mark.name == "carries_out"
        for fix in mark.args
    )


def test_every_recipe_for_linux_is_carried_out() -> None:
    """None is left that only a parser has seen."""
    done = carried_out()
    wanted = {name for name, fix in FIXES.items() if runs_on_linux(fix) and not excused(fix)}
    assert sorted(wanted - done) == []


def test_what_is_excused_is_little_and_needed() -> None:
    """A recipe that is carried out, or gone, needs no excuse; no more than one in fifteen has one."""
    names = {name for name, fix in FIXES.items() if runs_on_linux(fix) and excused(fix)}
    assert names & carried_out() == set()
    assert set(EXCUSED) <= names
    assert len(names) * 15 <= sum(map(runs_on_linux, FIXES.values()))


def test_what_nobody_carries_out_would_be_noticed() -> None:
    """The twin: the rule takes in most fixes, and a mark that nobody has is not found."""
    assert sum(map(runs_on_linux, FIXES.values())) > 150
    assert "no-such-fix" not in carried_out()
