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
