"""The first screen, what the command line opens, and that a case that is over leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from textual.screen import Screen
from textual.widgets import Input

from tests.tui.driver import NOW, Driver, known, run, started
from tests.tui.faked import FakeWorkbench, faked
from tests.tui.moves import SELF_GENERATED, cause, on, rows_of
from tests.tui.tour import CONNECTION, ERROR, Paste, act
from wizard.cli import demo
from wizard.cli.options import Asked
from wizard.cli.screen import _opening
from wizard.diagnosis.proof import Outcome
from wizard.errors import UsageError
from wizard.model.case import Case
from wizard.model.options import Options
from wizard.state.recent import RecentCase, remember
from wizard.tui.journey import Opening
from wizard.tui.practise.list import PractiseScreen
from wizard.tui.screens.evidence import EvidenceScreen
from wizard.tui.screens.start import Door, StartScreen
from wizard.tui.screens.step import StepScreen
from wizard.tui.screens.symptom import SymptomScreen
from wizard.tui.screens.target import TargetScreen
from wizard.tui.screens.verdict import VerdictScreen
from wizard.tui.widgets.paste_area import PasteArea
from wizard.workbench import Workbench

DOORS: tuple[type[Screen[None]], ...] = (SymptomScreen, TargetScreen, PractiseScreen)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_door_opens_by_key_by_arrows_and_by_click(number: int) -> None:
    """Each of the three ways leads to the same screen, and Esc leads back."""

    async def scene() -> None:
        async with started() as driver:
            await driver.press(str(number))
            on(driver, DOORS[number - 1])
            await driver.press("escape")
            on(driver, StartScreen)
            await driver.press(*["down"] * (number - 1), "enter")
            on(driver, DOORS[number - 1])
            await driver.press("escape")
            door = list(driver.app.screen.query(Door))[number - 1]
            await driver.pilot.click(door)
            await driver.settle()
            on(driver, DOORS[number - 1])

    run(scene())


def test_other_keys_open_nothing() -> None:
    """A number without a door, Esc and letters leave the first screen as it is."""

    async def scene() -> None:
        async with started() as driver:
            await driver.press("4", "0", "x", "escape")
            on(driver, StartScreen)

    run(scene())


def _keep(number: int, outcome: Outcome | None, cause_id: str | None) -> None:
    kept = RecentCase(
        id=f"{number:016x}",
        opened=NOW - timedelta(days=number),
        case=Case(error=ERROR),
        typed=None,
        title=f"case-{number}",
        cause=cause_id,
        outcome=outcome,
        probing=False,
    )
    assert remember(kept) is None


def test_recent_cases_say_what_became_of_them() -> None:
    """Fixed, not fixed or not proven, each with its cause, the newest first; without any there is no list."""
    outcomes: tuple[Outcome | None, ...] = ("fixed", "still-failing", "next-fault", "unproven", None)

    async def scene() -> list[str]:
        async with started(size=(90, 40)) as driver:
            return rows_of(driver, "#recent") if driver.app.screen.query_one("#recent").display else []

    assert run(scene()) == []
    for number, outcome in enumerate(outcomes):
        _keep(number, outcome, None if number == 4 else "name-mismatch")
    rows = [row for row in run(scene()) if row]
    words = ("fixed", "not fixed", "not fixed", "not proven", "not proven")
    assert len(rows) == len(words)
    for number, (row, word) in enumerate(zip(rows, words, strict=True)):
        assert row.startswith(f"case-{number}")
        assert ("inconclusive" if number == 4 else "name-mismatch") in row
        assert f" {word} " in row
        assert ("not" in row.split()) is word.startswith("not")
    assert "12:00" in rows[0]
    assert "yesterday" in rows[1]


def test_a_recent_case_opens_by_the_arrows() -> None:
    """Down past the doors reaches the list; Enter opens the case that was told as it was left."""
    _keep(1, None, None)

    async def scene() -> StepScreen:
        async with started() as driver:
            await driver.press("down", "down", "down", "enter")
            screen = driver.app.screen
            assert isinstance(screen, StepScreen)
            return screen

    assert run(scene()).journey.inputs.error == ERROR


def test_recent_cases_can_be_forgotten() -> None:
    """The palette does it, the list goes away at once, and the next start has none."""
    _keep(1, None, None)

    async def scene(*keys: str) -> bool:
        async with started() as driver:
            await driver.press(*keys)
            return bool(driver.app.screen.query_one("#recent").display)

    assert run(scene()) is True
    assert run(scene("ctrl+p", *"Forget", "enter")) is False
    assert run(scene()) is False


def _asked(
    target: str | None = None,
    error: str | None = None,
    answers: tuple[str, ...] = (),
    pastes: tuple[Path, ...] = (),
    client: str | None = None,
) -> Asked:
    return Asked(
        target=target,
        error=error,
        server_name=None,
        client=client,
        answers=answers,
        pastes=pastes,
        options=Options(at=NOW),
    )


def test_the_command_line_says_where_to_open() -> None:
    """A server, an answer or an output opens the evidence; an error text alone its screen; a demo as well."""
    output = Path(__file__).parents[1] / "data" / "outputs" / "errorlog-self-generated.txt"
    assert _opening(_asked("sqlserver://sql01"), at_error=False).at == "evidence"
    assert _opening(_asked(error=ERROR), at_error=False).at == "error"
    assert _opening(_asked("sqlserver://sql01", error=ERROR), at_error=False).at == "evidence"
    assert _opening(_asked("sqlserver://sql01", error=ERROR), at_error=True).at == "error"
    assert _opening(_asked(error=ERROR, answers=("tls.offered=true",)), at_error=False).at == "evidence"
    told = _opening(_asked(pastes=(output,)), at_error=False)
    assert told.at == "evidence"
    assert told.case is not None
    assert told.case.value("certificate.made_by") == "server"


@pytest.mark.parametrize(
    "asked",
    [
        _asked("sqlserver://"),
        _asked("ftp://sql01"),
        _asked("sqlserver://sql01", client="no-such-client"),
        _asked("sqlserver://sql01", answers=("no.such.fact=1",)),
    ],
)
def test_a_wrong_argument_is_told(asked: Asked) -> None:
    """It ends the wizard with the error of a wrong use, which the command line shows."""

    async def scene() -> Exception | None:
        async with started(opening=lambda: _opening(asked, at_error=False)) as driver:
            return driver.app.crash

    assert isinstance(run(scene()), UsageError)


def _with(bench: type[FakeWorkbench], asked: Asked, *, at_error: bool = False) -> Opening:
    """Opens as the command line does, but with probes that ask nobody."""
    opening = _opening(asked, at_error=at_error)
    return Opening(
        inputs=opening.inputs, bench=bench(known(), asked.options), case=opening.case, at=opening.at
    )


def test_a_target_opens_its_evidence() -> None:
    """`dbtls TARGET` probes at once; Enter leads to the verdict, and Esc back to the server and the error."""
    bench = faked(SELF_GENERATED)
    asked = _asked("sqlserver://sql01.corp.example", error=ERROR)

    async def scene() -> str | None:
        async with started(bench=bench, opening=lambda: _with(bench, asked)) as driver:
            on(driver, EvidenceScreen)
            await driver.press("enter")
            return cause(driver)

    assert run(scene()) == "self-generated-certificate"
    assert bench.asked == 1


def test_an_error_opens_recognised() -> None:
    """`dbtls --error` shows what was recognised, and Enter asks for the server."""
    bench = faked(SELF_GENERATED)

    async def scene() -> str:
        async with started(bench=bench, opening=lambda: _with(bench, _asked(error=ERROR))) as driver:
            assert on(driver, SymptomScreen).query_one(PasteArea).value == ERROR
            shown = driver.text()
            await driver.press("enter")
            on(driver, TargetScreen)
            return shown

    assert "✓" in run(scene())


def test_the_demo_tells_its_whole_story() -> None:
    """It opens at the error text, knows the server already, and Enter alone leads to the right verdict."""
    with ExitStack() as lab:
        asked = demo._broken(lab)

        async def scene() -> tuple[str | None, str]:
            opening = lambda: _opening(asked, at_error=True)  # noqa: E731
            async with started(bench=Workbench, opening=opening) as driver:
                on(driver, SymptomScreen)
                await driver.press("enter")
                server = on(driver, TargetScreen).query_one("#server", Input).value
                await driver.press("enter", "enter")
                return cause(driver), server

        found, server = run(scene())
    assert found == "self-generated-certificate"
    assert "127.0.0.1" in server


def _alive() -> Counter[str]:
    """Returns how many screens, workbenches and cases are still held, by kind."""
    # The event loop keeps what a timer that was cancelled was for until its time would have come.
    scheduled = getattr(asyncio.get_running_loop(), "_scheduled", [])
    scheduled[:] = [handle for handle in scheduled if not handle.cancelled()]
    gc.collect()
    kinds = (StepScreen, Workbench, Case)
    return Counter(type(one).__name__ for one in gc.get_objects() if isinstance(one, kinds))


async def _one_case(driver: Driver) -> None:
    await driver.press("2", settle=False)
    await driver.until(lambda: isinstance(driver.app.screen, TargetScreen))
    await driver.until(lambda: driver.app.focused is not None)
    driver.send_paste(CONNECTION)
    await driver.press("enter", settle=False)
    await driver.until(lambda: isinstance(driver.app.screen, EvidenceScreen))
    await driver.until(lambda: not driver._busy(None) and driver.app.focused is not None)
    await driver.press("enter", settle=False)
    await driver.until(lambda: isinstance(driver.app.screen, VerdictScreen))
    driver.app.flow.start_over()
    await driver.until(lambda: isinstance(driver.app.screen, StartScreen))


def test_cases_that_are_over_leave_nothing_behind() -> None:
    """After many cases in one run no more screens and workbenches are held than after a few."""

    async def scene() -> tuple[Counter[str], Counter[str]]:
        async with started(bench=faked(SELF_GENERATED)) as driver:
            for _ in range(3):
                await _one_case(driver)
            await driver.settle()
            few = _alive()
            for _ in range(5):
                await _one_case(driver)
            await driver.settle()
            return few, _alive()

    few, many = run(scene())
    # Some of the last case may be held; of eight cases, no more than of three.
    assert many["VerdictScreen"] <= 2
    assert sum(many.values()) <= sum(few.values()) + 2, (few, many)


def test_the_first_error_of_a_case_is_gone_with_it() -> None:
    """A new case at the error door does not show the text of the one before."""

    async def scene() -> str:
        async with started() as driver:
            await act(driver, "1", Paste(ERROR), "escape", "1")
            return on(driver, SymptomScreen).query_one(PasteArea).value

    assert run(scene()) == ""
