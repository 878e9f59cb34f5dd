"""The figures in the documents are those of the knowledge and of the record of the real drivers."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.fixes.carried_out.test_all_carried_out import excused, runs_on_linux
from tests.readme.printed import ROOT, documents
from tests.readme.stage import known
from tests.reality.compared import read_rows
from wizard.cli.terminal import Exit

REALITY = ROOT / "tests" / "reality"
Figures = tuple[int, ...]


def clients() -> Figures:
    """The clients of SQL Server, of MySQL or MariaDB, and of PostgreSQL."""
    groups = ({"sqlserver"}, {"mysql", "mariadb"}, {"postgresql"})
    return tuple(sum(bool(group & set(one.engines)) for one in known().clients) for group in groups)


def fixes() -> Figures:
    """All fixes, those that can run on Linux, and those of them that tests carry out."""
    linux = [fix for fix in known().fixes if runs_on_linux(fix)]
    return len(known().fixes), len(linux), sum(not excused(fix) for fix in linux)


@cache
def record() -> Figures:
    """The drivers, attempts and servers of the record."""
    rows = list(read_rows(REALITY / "recorded.jsonl.gz"))
    servers = {(row.engine, row.fault) for row in rows}
    return len({row.driver for row in rows}), len(rows), len(servers)


def results() -> Figures:
    """What was left unknown, the refusals whose symptom was predicted, and all refusals."""
    last = (REALITY / "RESULTS.md").read_text(encoding="utf-8").splitlines()[-1]
    unknown, other, refusals = map(int, re.findall(r"\| (\d+) \| (\d+) of (\d+) \|$", last)[0])
    return unknown, refusals - other, refusals


CLAIMS: dict[str, Callable[[], Figures]] = {
    r"(\d+) for SQL Server, (\d+) for MySQL and MariaDB, (\d+) for PostgreSQL": clients,
    r"(\d+) clients": lambda: (len(known().clients),),
    r"(\d+) (?:broken servers|scenarios)": lambda: (len(known().scenarios),),
    r"(\d+) causes": lambda: (len(known().causes),),
    r"There are (\d+) fixes": lambda: fixes()[:1],
    r"(\d+) have steps that can run on Linux, and the tests carry out (\d+)": lambda: fixes()[1:],
    r"Of the other (\d+),": lambda: (fixes()[1] - fixes()[2],),
    r"(\d+) drivers and versions": lambda: record()[:1],
    r"([\d,]+) attempts": lambda: record()[1:2],
    r"to connect to (\d+) servers": lambda: record()[2:],
    r"([\d,]+) were left unknown": lambda: results()[:1],
    r"([\d,]+) of ([\d,]+) refusals": lambda: results()[1:],
}
"""How a figure stands in a sentence, and what it is. Change both when a sentence changes."""


def flat(text: str) -> str:
    """The text in one line, without what makes it bold."""
    return re.sub(r"\s+", " ", text.replace("*", ""))


def said(pattern: str, text: str) -> list[Figures]:
    """The figures of each sentence of that form."""
    found = re.finditer(rf"(?<![\d,]){pattern}", flat(text))
    return [tuple(int(group.replace(",", "")) for group in one.groups()) for one in found]


def documents_of_figures() -> dict[str, str]:
    """The texts of the documents that name figures."""
    files: tuple[Path, ...] = (*documents(), ROOT / "CHANGELOG.md")
    return {file.name: file.read_text(encoding="utf-8") for file in files}


@pytest.mark.parametrize("pattern", CLAIMS)
def test_a_figure_is_what_can_be_counted(pattern: str) -> None:
    """Wherever it stands; a claim that no document makes any more is too much here."""
    right = CLAIMS[pattern]()
    found = {(name, one) for name, text in documents_of_figures().items() for one in said(pattern, text)}
    assert found
    assert {(name, one) for name, one in found if one != right} == set(), f"it is {right}"


def test_figures_are_read_from_sentences() -> None:
    """Over the end of a line, in bold, with a comma in thousands; a part of a number is none."""
    text = "It made **24,016\nattempts**, and 5 attempts."
    assert said(r"([\d,]+) attempts", text) == [(24016,), (5,)]
    assert said(r"(\d+) attempts", text) == [(5,)]


def test_the_exit_statuses_are_those_of_the_program() -> None:
    """The table of the README has every one, and no other."""
    readme = documents_of_figures()["README.md"]
    table = re.search(r"^\| exit status \|.*\n(?:\|.*\n)+", readme, flags=re.MULTILINE | re.IGNORECASE)
    assert table is not None
    assert [int(one) for one in re.findall(r"^\| (\d+) \|", table[0], flags=re.MULTILINE)] == sorted(Exit)


def test_the_oldest_python_is_the_one_of_the_project() -> None:
    """What the README asks for is what pip would."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = re.findall(r"Python (3\.\d+) or newer", flat(documents_of_figures()["README.md"]))
    assert asked
    assert {f">={one}" for one in asked} == {project["requires-python"]}
