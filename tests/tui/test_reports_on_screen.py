"""The report of a case on the screen: four forms, copied and saved as they are shown."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from textual.widgets import Tabs, TextArea

from tests.tui.driver import Driver, run, started
from tests.tui.faked import faked
from tests.tui.moves import HEALTHY, SELF_GENERATED, on, to_the_evidence, to_the_fixes
from wizard.tui.screens.evidence import EvidenceScreen
from wizard.tui.screens.fix import FixScreen
from wizard.tui.screens.report import ReportScreen

FORMS = ("txt", "md", "html", "json")


def _preview(driver: Driver) -> str:
    return on(driver, ReportScreen).query_one(TextArea).text


def test_the_four_forms(tmp_path: Path) -> None:
    """Right leads from one to the next and round; what is copied and saved is what is shown."""

    async def scene() -> dict[str, str]:
        shown: dict[str, str] = {}
        async with started(bench=faked(SELF_GENERATED)) as driver:
            await to_the_evidence(driver)
            await driver.press("enter", "r")
            for form in FORMS:
                assert on(driver, ReportScreen).query_one(Tabs).active == form
                shown[form] = _preview(driver)
                await driver.press("c")
                assert driver.app.clipboard == shown[form]
                await driver.press("s", "enter")
                saved = tmp_path / f"dbtls-report.{form}"
                assert saved.read_text("utf-8") == shown[form]
                assert stat.S_IMODE(saved.stat().st_mode) == 0o600
                await driver.press("right")
            assert on(driver, ReportScreen).query_one(Tabs).active == FORMS[0]
            await driver.press("left")
            assert on(driver, ReportScreen).query_one(Tabs).active == FORMS[-1]
        return shown

    shown = run(scene())
    assert len(set(shown.values())) == len(FORMS)
    assert json.loads(shown["json"])["verdict"]["cause"] == "self-generated-certificate"
    assert "<html" in shown["html"]
    assert shown["md"].startswith("#")
    assert "<" not in shown["txt"].split("fix")[0]


def test_names_are_hidden_on_request(tmp_path: Path) -> None:
    """R hides the names and shows them again; what is shown is what is copied and saved; N lists the names."""

    async def scene() -> list[str]:
        seen: list[str] = []
        async with started(bench=faked(SELF_GENERATED)) as driver:
            await to_the_evidence(driver)
            await driver.press("enter", "r", "right")
            seen += [_preview(driver), driver.text()]
            await driver.press("n", "R")
            seen += [_preview(driver), driver.text()]
            await driver.press("c")
            assert driver.app.clipboard == seen[2]
            await driver.press("s", "enter")
            assert (tmp_path / "dbtls-report.md").read_text("utf-8") == seen[2]
            await driver.press("n")
            seen.append(driver.text())
            await driver.press("escape", "r")
            assert _preview(driver) == seen[0]
        return seen

    plain, plain_screen, hidden, hidden_screen, names = run(scene())
    assert "Names of servers are in it" in plain_screen
    assert "hidden; R shows them" in hidden_screen
    assert "sql01.corp.example" in plain
    assert "sql01.corp.example" not in hidden
    assert "sql01.corp.example" in names
    assert "server-1" in hidden
    assert "server-1" in names


def test_the_report_after_a_proof_tells_of_it() -> None:
    """On the fixes it does not, as there was none yet."""

    async def scene() -> tuple[str, str]:
        async with started(bench=faked(SELF_GENERATED, HEALTHY)) as driver:
            await to_the_fixes(driver)
            await driver.press("r")
            before = _preview(driver)
            await driver.press("escape")
            on(driver, FixScreen)
            await driver.press("p", "R")
            return before, _preview(driver)

    before, after = run(scene())
    assert "The fault is mended" in after
    assert "The fault is mended" not in before


def test_there_is_no_report_without_a_verdict() -> None:
    """Neither in the palette nor by a key, while the case is still open."""

    async def scene() -> None:
        async with started(bench=faked(SELF_GENERATED)) as driver:
            await to_the_evidence(driver)
            driver.app.action_report()
            await driver.settle()
            on(driver, EvidenceScreen)
            titles = {one.title for one in driver.app.get_system_commands(driver.app.screen)}
            assert "Report" not in titles
            await driver.press("enter")
            titles = {one.title for one in driver.app.get_system_commands(driver.app.screen)}
            assert "Report" in titles

    run(scene())
