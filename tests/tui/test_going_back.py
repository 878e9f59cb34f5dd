"""Esc goes back and nothing is lost: texts, answers and evidence are there again, and nothing is asked twice."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from tests.tui.driver import NOW, Driver, known, run, started
from tests.tui.faked import FakeWorkbench, faked
from tests.tui.moves import (
    HEALTHY,
    SELF_GENERATED,
    asked,
    cause,
    click,
    key_for,
    on,
    rows_of,
    to_the_evidence,
    to_the_fixes,
    to_the_questions,
)
from tests.tui.tour import CONNECTION, ERROR, Paste, act
from wizard.diagnosis.target import read_target
from wizard.model.options import Options
from wizard.tui.journey import Inputs, Opening
from wizard.tui.screens.evidence import EvidenceScreen
from wizard.tui.screens.fix import FixScreen
from wizard.tui.screens.proof import ProofScreen
from wizard.tui.screens.question import QuestionScreen
from wizard.tui.screens.start import StartScreen
from wizard.tui.screens.step import StepScreen
from wizard.tui.screens.symptom import SymptomScreen
from wizard.tui.screens.target import TargetScreen
from wizard.tui.screens.verdict import VerdictScreen
from wizard.tui.widgets.field import Tick
from wizard.tui.widgets.paste_area import PasteArea

STEPS: tuple[type[StepScreen], ...] = (
    SymptomScreen,
    TargetScreen,
    EvidenceScreen,
    VerdictScreen,
    FixScreen,
)


def _facts(driver: Driver) -> int:
    case = on(driver, EvidenceScreen).journey.case
    return sum(one.known for one in case.evidence) if case else 0


def test_back_to_the_server_and_forward_again() -> None:
    """Esc back to the server and Enter through all again: the case is as it was, and no server is asked."""
    bench = faked(SELF_GENERATED)

    async def scene() -> None:
        async with started(bench=bench) as driver:
            await to_the_fixes(driver)
            before = on(driver, FixScreen).journey
            for step in reversed(STEPS[1:-1]):
                await driver.press("escape")
                on(driver, step)
            assert "sql01.corp.example" in on(driver, TargetScreen).query_one("#server", Input).value
            for step in STEPS[2:]:
                await driver.press("enter")
                on(driver, step)
            after = on(driver, FixScreen).journey
            assert after.case == before.case
            assert after.id == before.id

    run(scene())
    assert bench.asked == 1


def test_back_to_the_error_keeps_the_server() -> None:
    """The server that was entered is there again, after a look at the error text; and nobody is asked twice."""
    bench = faked(SELF_GENERATED)

    async def scene() -> None:
        async with started(bench=bench) as driver:
            await to_the_evidence(driver)
            await driver.press("enter", "escape", "escape", "escape")
            assert on(driver, SymptomScreen).query_one(PasteArea).value == ERROR
            await driver.press("enter")
            assert "sql01.corp.example" in on(driver, TargetScreen).query_one("#server", Input).value
            await driver.press("enter")

    run(scene())
    assert bench.asked == 1


@pytest.mark.parametrize("change", ["server", "error"])
def test_other_inputs_are_asked_for_again(change: str) -> None:
    """A server or an error text that was changed makes another case: the probes run once more, with nothing kept."""
    bench = faked(SELF_GENERATED, HEALTHY)

    async def scene() -> tuple[str | None, str | None]:
        async with started(bench=bench) as driver:
            await to_the_evidence(driver)
            await driver.press("enter")
            before = cause(driver)
            await driver.press("escape", "escape")
            if change == "error":
                await driver.press("escape")
                driver.app.screen.query_one(PasteArea).action_clear()
                await driver.settle()
                await act(driver, "enter", Paste(CONNECTION), "enter", "enter")
            else:
                driver.app.screen.query_one("#port", Input).value = "1444"
                await driver.press("enter", "enter")
            return before, cause(driver)

    before, after = run(scene())
    assert bench.asked == 2
    assert before == "self-generated-certificate"
    assert after != before


def test_back_before_the_verdict_was_seen() -> None:
    """What the probes found is kept from the moment they are done, not only once the verdict has shown."""
    bench = faked(SELF_GENERATED)

    async def scene() -> int:
        async with started(bench=bench) as driver:
            await to_the_evidence(driver)
            before = _facts(driver)
            await driver.press("escape", "enter")
            assert _facts(driver) == before
            return bench.asked

    assert run(scene()) == 1


def test_back_from_the_second_question_drops_the_first_answer() -> None:
    """Esc asks the question before once more, without the answer; another one leads another way."""

    async def scene() -> None:
        async with started() as driver:
            await to_the_questions(driver)
            first = asked(driver)
            await driver.press(key_for(first, "other"))
            assert asked(driver).id != first.id
            await driver.press("escape")
            assert asked(driver).id == first.id
            case = on(driver, QuestionScreen)._case
            assert case.evidence_for(first.id) is None
            await driver.press(key_for(first, "server"))
            assert cause(driver) == "self-generated-certificate"
            await driver.press("escape")
            assert asked(driver).id == first.id
            await driver.press("escape")
            assert on(driver, TargetScreen).query_one(Tick).value
            await driver.press("escape")
            assert on(driver, SymptomScreen).query_one(PasteArea).value == ERROR

    run(scene())


@pytest.mark.parametrize(
    ("place", "step"), [("error", SymptomScreen), ("server", TargetScreen), ("evidence", EvidenceScreen)]
)
def test_a_click_on_the_trail_goes_back(place: str, step: type[StepScreen]) -> None:
    """Several steps at once, and forward again nothing is asked twice."""
    bench = faked(SELF_GENERATED)

    async def scene() -> None:
        async with started(bench=bench) as driver:
            await to_the_fixes(driver)
            await click(driver, "#trail", place)
            on(driver, step)
            await driver.press("enter")
            assert not isinstance(driver.app.screen, step)

    run(scene())
    assert bench.asked == 1


def test_steps_ahead_are_no_links() -> None:
    """What the case has not come to yet cannot be clicked on."""

    async def scene() -> None:
        async with started() as driver:
            await act(driver, "1", Paste(ERROR), "enter")
            target = on(driver, TargetScreen)
            for place in ("fix", "verdict", "server"):
                await click(driver, "#trail", place)
                assert driver.app.screen is target

    run(scene())


def test_a_click_on_the_evidence_of_a_case_that_was_told() -> None:
    """Such a case had only questions there; the click does not throw the case away."""

    async def scene() -> None:
        async with started() as driver:
            await to_the_questions(driver)
            await driver.press("1")
            await click(driver, "#trail", "evidence")
            assert isinstance(driver.app.screen, StepScreen), "the case is gone"

    run(scene())


def test_a_click_on_the_error_of_a_case_that_began_at_the_server() -> None:
    """The error text can be added later; the click does not throw the case away."""

    async def scene() -> None:
        async with started() as driver:
            await act(driver, "2", Paste(CONNECTION), "enter")
            await click(driver, "#trail", "error")
            assert isinstance(driver.app.screen, StepScreen), "the case is gone"

    run(scene())


def _opening(bench: type[FakeWorkbench], target: str, client: str | None = None) -> Opening:
    options = Options(at=NOW)
    inputs = Inputs(options=options, error=ERROR, read=read_target(target), client=client)
    return Opening(inputs=inputs, bench=bench(known(), options), at="evidence")


@pytest.mark.parametrize("target", ["sqlserver://sql01.corp.example:1433", r"sql01\PAYROLL", CONNECTION])
def test_a_case_from_the_command_line_can_go_back(target: str) -> None:
    """Opened at its evidence, it has a server and an error text all the same, and they are not asked for again."""
    bench = faked(SELF_GENERATED)

    async def scene() -> None:
        async with started(bench=bench, opening=lambda: _opening(bench, target)) as driver:
            on(driver, EvidenceScreen)
            await driver.press("enter", "escape", "escape")
            assert on(driver, TargetScreen).query_one("#server", Input).value
            await driver.press("escape")
            assert on(driver, SymptomScreen).query_one(PasteArea).value == ERROR
            await driver.press("enter", "enter")
            on(driver, EvidenceScreen)
            await driver.press("escape", "escape", "escape")
            on(driver, StartScreen)

    run(scene())
    assert bench.asked == 1


def test_a_client_from_a_connection_string_is_no_change() -> None:
    """The form shows the client that the string is for; going back and forth with it asks nobody again."""
    bench = faked(SELF_GENERATED)
    target = "jdbc:sqlserver://sql01.corp.example:1433;encrypt=true"

    async def scene() -> None:
        async with started(bench=bench, opening=lambda: _opening(bench, target)) as driver:
            await driver.press("enter", "escape", "escape", "enter")
            on(driver, EvidenceScreen)

    assert read_target(target).client is not None
    run(scene())
    assert bench.asked == 1


def test_a_recent_case_can_go_back() -> None:
    """A case of lately opens with its evidence, without asking the server, and has its server and its error text."""
    bench = faked(SELF_GENERATED)

    async def scene() -> None:
        async with started(bench=bench) as driver:
            await to_the_evidence(driver)
            await driver.press("enter")
            found = cause(driver)
            driver.app.flow.start_over()
            await driver.settle()
            driver.app.screen.query_one("#recent").focus()
            await driver.press("down", "enter")
            assert _facts(driver) > 20
            await driver.press("escape")
            on(driver, TargetScreen)
            await driver.press("escape")
            assert on(driver, SymptomScreen).query_one(PasteArea).value == ERROR
            await driver.press("enter", "enter", "enter")
            assert cause(driver) == found

    run(scene())
    assert bench.asked == 1


def test_a_new_case_from_the_palette() -> None:
    """It leads to the first screen, and the next case has nothing of this one."""

    async def scene() -> None:
        async with started(bench=faked(SELF_GENERATED)) as driver:
            await to_the_evidence(driver)
            await driver.press("ctrl+p", *"New case", "enter")
            on(driver, StartScreen)
            assert any("sql01.corp" in row for row in rows_of(driver, "#recent")) is False
            await driver.press("1")
            assert on(driver, SymptomScreen).query_one(PasteArea).value == ""

    run(scene())


def test_esc_leaves_a_proof_and_a_first_screen_alone() -> None:
    """From the proof Esc leads to the commands; on the first screen it does nothing."""

    async def scene() -> None:
        async with started(bench=faked(SELF_GENERATED)) as driver:
            await driver.press("escape")
            on(driver, StartScreen)
            await to_the_fixes(driver)
            await driver.press("p")
            on(driver, ProofScreen)
            await driver.press("escape")
            on(driver, FixScreen)

    run(scene())
