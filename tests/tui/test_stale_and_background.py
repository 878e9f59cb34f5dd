"""Work in the background: what an earlier run still says is dropped, and an error there is one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from textual.worker import WorkerFailed

import wizard.cli.screen
from tests.tui.driver import Driver, run, started
from tests.tui.faked import FakeWorkbench, faked
from tests.tui.moves import HEALTHY, SELF_GENERATED, asked, cause, on, to_the_questions, told, words_of
from tests.tui.tour import CONNECTION, ERROR, Paste, act
from wizard.cli import main
from wizard.cli.terminal import Exit
from wizard.diagnosis.match import Match
from wizard.model.case import Case
from wizard.tui import app as app_module
from wizard.tui.app import WizardApp
from wizard.tui.flow import Advanced
from wizard.tui.probing import Finished, Progressed
from wizard.tui.screens.evidence import EvidenceScreen
from wizard.tui.screens.question import QuestionScreen
from wizard.tui.screens.start import StartScreen
from wizard.tui.screens.symptom import SymptomScreen
from wizard.tui.screens.verdict import VerdictScreen
from wizard.tui.widgets.paste_area import PasteArea
from wizard.workbench import Progress

NEUTRAL = {
    "loading",
    "reading the error text",
    "asking the server",
    "asking the server again",
    "asking the tree",
    "keeping the case",
    "reading a paste",
    "waiting for more keys",
}
FOREIGN = "r4re-W0rd"


async def _while_asking(driver: Driver, bench: type[FakeWorkbench]) -> EvidenceScreen:
    """Goes to the evidence and returns while the probes still run."""
    await act(driver, "1", Paste(ERROR), "enter", Paste(CONNECTION))
    await driver.press("enter", settle=False)
    await driver.until(lambda: bench.asked > 0)
    return on(driver, EvidenceScreen)


def test_an_earlier_run_of_the_probes_is_dropped() -> None:
    """After X and R only the new run counts; what the earlier one still says changes nothing."""
    bench = faked(SELF_GENERATED, HEALTHY, pace="slow")

    async def scene() -> tuple[str | None, int]:
        async with started(bench=bench) as driver:
            screen = await _while_asking(driver, bench)
            bench.gate.set()
            await driver.until(lambda: "10.0.4.17" in driver.text())
            late = screen._probing.number
            await driver.press("x")
            bench.pace = "fast"
            await driver.press("r")
            case = screen.journey.case
            assert case is not None
            facts = sum(one.known for one in case.evidence)
            screen.post_message(Progressed(late, Progress("resolve", 1.0, Case(), ()), 6))
            screen.post_message(Finished(late, Case(), 1))
            await driver.settle()
            assert screen.journey.case is case
            assert sum(one.known for one in case.evidence) == facts
            await driver.press("enter")
            return cause(driver) if isinstance(driver.app.screen, VerdictScreen) else None, bench.asked

    found, count = run(scene())
    assert count == 2
    assert found != "self-generated-certificate"


def test_a_late_word_of_the_tree_is_dropped() -> None:
    """Whoever has gone on is not thrown back by what the tree said about an earlier answer."""

    async def scene() -> None:
        async with started() as driver:
            await to_the_questions(driver)
            question = on(driver, QuestionScreen)
            number = driver.app.flow._advancing.number
            driver.app.post_message(Advanced(number - 1, question.journey, question._ask))
            await driver.settle()
            assert driver.app.screen is question
            driver.app.post_message(Advanced(number, question.journey, question._ask))
            await driver.settle()
            assert driver.app.screen is not question, "the check itself looks at the wrong number"

    run(scene())


class SlowReader(FakeWorkbench):
    """Takes its time with the first text."""

    reading: Event
    may_go_on: Event

    def explain(self, text: str) -> Match:
        """Waits in the middle, once."""
        if "expired" in text and not self.reading.is_set():
            self.reading.set()
            assert self.may_go_on.wait(20)
        return super().explain(text)


def test_a_text_that_was_edited_is_read_anew() -> None:
    """While one text is being read another takes its place: what was found in the first never shows."""
    bench: type[SlowReader] = type(
        "Slow",
        (SlowReader, faked(HEALTHY)),
        {"reading": Event(), "may_go_on": Event()},
    )

    async def scene() -> str:
        async with started(bench=bench) as driver:
            await driver.press("1")
            driver.send_paste("certificate has expired")
            await driver.until(bench.reading.is_set)
            driver.app.screen.query_one(PasteArea).select_all()
            driver.send_paste(ERROR)
            await driver.until(lambda: "not trust" in words_of(driver, "#meaning"))
            bench.may_go_on.set()
            await driver.settle()
            return words_of(driver, "#meaning")

    assert "chain-not-trusted" in run(scene())


def test_workers_are_named_after_their_work() -> None:
    """Neither name nor description nor group holds a word of the case."""
    seen: dict[str, str] = {}

    async def scene() -> None:
        async with started(bench=faked(SELF_GENERATED)) as driver:

            def note() -> None:
                for worker in driver.app.workers:
                    seen[worker.name] = f"{worker.description} {worker.group}"

            workers = driver.app.workers
            plain = workers.add_worker

            def watched(worker: object, start: bool = True, exclusive: bool = True) -> None:
                plain(worker, start=start, exclusive=exclusive)  # type: ignore[arg-type]
                note()

            workers.add_worker = watched  # type: ignore[method-assign]
            await act(driver, "1", Paste(f"{ERROR} {FOREIGN}"), "enter", Paste(f"sqlserver://{FOREIGN}"))
            await driver.press("enter", "enter", "enter", "p")

    run(scene())
    assert set(seen) <= NEUTRAL
    assert {"asking the server", "asking the tree", "asking the server again"} <= set(seen)
    for name, rest in seen.items():
        assert rest == f"{name} {name}"
        assert FOREIGN not in rest


def test_an_error_in_the_background_is_one_sentence() -> None:
    """It says what to do, the case goes on by questions, and no line of the list still waits for an answer."""
    bench = faked(SELF_GENERATED, pace="failing")

    async def scene() -> tuple[str, str, str]:
        async with started(bench=bench) as driver:
            await _while_asking(driver, bench)
            await driver.settle()
            shown, notice = driver.text(), told(driver)
            await driver.press("enter")
            return shown, notice, asked(driver).id

    shown, notice, fact = run(scene())
    assert "The [/bad] roots of [Microsoft] cannot be read. Choose [/] others." in notice
    assert "✗ The [/bad] roots of [Microsoft]" in shown
    assert "Traceback" not in shown
    assert fact == "certificate.made_by"


def test_after_an_error_no_probe_is_shown_as_running() -> None:
    """What failed as a whole has no probe left that runs."""
    bench = faked(SELF_GENERATED, pace="failing")

    async def scene() -> str:
        async with started(bench=bench) as driver:
            await _while_asking(driver, bench)
            await driver.settle()
            return driver.text()

    assert "running" not in run(scene())


class Broken(FakeWorkbench):
    """Has a bug."""

    def probe(self, case: Case, cancelled: Event, only: frozenset[str] | None = None) -> Iterator[Progress]:
        """Fails as only a bug does."""
        raise ZeroDivisionError(FOREIGN)


def test_a_bug_in_a_thread_is_kept_for_the_command_line() -> None:
    """It is not swallowed: the application ends with it, so that the command line can log it."""
    bench = type("Bug", (Broken, faked(SELF_GENERATED)), {})

    async def scene() -> WizardApp:
        async with started(bench=bench) as driver:
            app = driver.app
            await act(driver, "2", Paste(CONNECTION))
            await driver.press("enter", settle=False)
            await driver.until(lambda: app.crash is not None)
            return app

    with pytest.raises((WorkerFailed, ZeroDivisionError)):
        run(scene())


STYLES = Path(app_module.__file__).with_name(str(WizardApp.CSS_PATH))
"""A class in another place would look for them there."""


class InTerminal(WizardApp):
    """Runs as on a real terminal, and has a bug."""

    CSS_PATH = str(STYLES)
    bug: Exception

    def run(self, **others: object) -> int | None:
        """Runs without a terminal, but does not know it."""
        return super().run(headless=True, inline=False)

    @property
    def is_headless(self) -> bool:
        """Says what it would say on a terminal."""
        return False

    def on_mount(self) -> None:
        """Meets a bug right after the first frame."""
        super().on_mount()
        self.call_after_refresh(self._meet_the_bug)

    def _meet_the_bug(self) -> None:
        raise self.bug


class Quiet(WizardApp):
    """Runs without a terminal."""

    CSS_PATH = str(STYLES)

    def run(self, **others: object) -> int | None:
        """Runs headless."""
        return super().run(headless=True)


def _real(monkeypatch: pytest.MonkeyPatch, bug: Exception) -> None:
    """Lets the command line open a wizard that meets a bug."""
    made = type("Made", (InTerminal,), {"bug": bug})
    monkeypatch.setattr(wizard.cli.screen, "WizardApp", made)
    monkeypatch.setattr(wizard.cli.main, "has_screen", lambda term: True)


def test_a_bug_ends_with_status_70_and_the_name_of_a_log(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Not a traceback but one sentence; the log names the place and holds no value."""
    _real(monkeypatch, ZeroDivisionError(FOREIGN))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert main.run(()) == Exit.BUG
    assert int(Exit.BUG) == 70
    out, err = capfd.readouterr()
    assert "Traceback" not in out + err
    assert FOREIGN not in out + err
    found = re.search(r"Its log is (\S+)", err)
    assert found is not None
    log = Path(found.group(1)).read_text("utf-8")
    assert "ZeroDivisionError" in log
    assert "_meet_the_bug" in log
    assert FOREIGN not in log


def test_an_argument_that_cannot_be_used_ends_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is read behind the first frame, and ends the wizard with the status of a wrong use."""
    monkeypatch.setattr(wizard.cli.screen, "WizardApp", Quiet)
    monkeypatch.setattr("wizard.cli.start.has_screen", lambda term: True)
    assert main.run(("sqlserver://",)) == Exit.USAGE
    out, err = capfd.readouterr()
    assert "dbtls: " in err
    assert "Traceback" not in out + err


def test_a_quit_wizard_ends_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any bug the status is 0: the test of the status above is not met by every end."""

    class Quitting(Quiet):
        def on_mount(self) -> None:
            """Leaves right after the first frame."""
            super().on_mount()
            self.call_after_refresh(self.exit)

    monkeypatch.setattr(wizard.cli.screen, "WizardApp", Quitting)
    monkeypatch.setattr(wizard.cli.main, "has_screen", lambda term: True)
    assert main.run(()) == Exit.FINE


def test_leaving_while_something_is_read_is_harmless() -> None:
    """Esc right after a paste: what was read then finds no screen, and says nothing."""

    async def scene() -> None:
        async with started() as driver:
            await driver.press("1")
            driver.send_paste(ERROR)
            await driver.press("escape", settle=False)
            await driver.settle()
            assert isinstance(driver.app.screen, StartScreen | SymptomScreen)

    run(scene())
