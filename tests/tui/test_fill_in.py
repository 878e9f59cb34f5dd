"""The dialog that asks for what the commands of a fix still need."""

from __future__ import annotations

from collections.abc import Callable

from tests.tui.driver import Driver, run, started
from tests.tui.faked import faked
from tests.tui.moves import SELF_GENERATED, on, to_the_fixes
from wizard.fixes.render import RenderedFix
from wizard.knowledge.load import load
from wizard.knowledge.locate import knowledge_folder
from wizard.tui.screens.fill_in import FillIn
from wizard.tui.screens.fix import FixScreen
from wizard.tui.widgets.field import FormInput

FIXES = load(knowledge_folder()).fixes


def _shown(driver: Driver) -> RenderedFix:
    fix = on(driver, FixScreen)._shown
    assert fix is not None
    return fix


async def _until(driver: Driver, holds: Callable[[RenderedFix], bool]) -> None:
    """Goes down the list to the first fix of which that holds."""
    for _ in range(40):
        if holds(_shown(driver)):
            return
        await driver.press("down")
    raise AssertionError("there is no such fix")


def _lacks(fix: RenderedFix) -> bool:
    return bool(fix.missing)


def _asks_for_nothing(fix: RenderedFix) -> bool:
    names = {one.id for entry in FIXES if entry.id == fix.id for one in entry.parameters} & {"names"}
    return not fix.missing and not names


def _lacks_a_name(fix: RenderedFix) -> bool:
    kinds = {one.id: one.kind for entry in FIXES if entry.id == fix.id for one in entry.parameters}
    return any(kinds[name] != "text" for name in fix.missing)


def test_what_is_filled_in_stands_in_the_commands() -> None:
    """One value after the other; afterwards nothing is missing, and the same fix is shown."""

    async def scene() -> None:
        async with started(size=(100, 40), bench=faked(SELF_GENERATED)) as driver:
            await to_the_fixes(driver)
            await _until(driver, _lacks)
            before = _shown(driver)
            await driver.press("f")
            dialog = on(driver, FillIn)
            for parameter in dialog._parameters:
                assert parameter.meaning in driver.words()
                await driver.paste(parameter.example)
                await driver.press("enter")
            after = _shown(driver)
            assert (after.id, after.missing) == (before.id, ())
            assert "<" not in "".join(step.text for step in after.steps if step.shell == "sh")

    run(scene())


def test_names_can_be_added_to_those_that_are_known() -> None:
    """The field holds the names of the case; what is added stands in the request."""

    async def scene() -> None:
        async with started(size=(100, 40), bench=faked(SELF_GENERATED)) as driver:
            await to_the_fixes(driver)
            await _until(driver, lambda fix: not _asks_for_nothing(fix))
            await driver.press("f")
            field = on(driver, FillIn).query_one("#value-names", FormInput)
            assert field.value
            field.value += ", listener.corp.example"
            while isinstance(driver.app.screen, FillIn):
                await driver.press("enter")
            assert "listener.corp.example" in "".join(step.text for step in _shown(driver).steps)

    run(scene())


def test_what_cannot_stand_there_is_said_and_nothing_is_taken() -> None:
    """A value with the syntax of a shell is marked with what is asked for; leaving changes nothing."""

    async def scene() -> None:
        async with started(size=(100, 40), bench=faked(SELF_GENERATED)) as driver:
            await to_the_fixes(driver)
            await _until(driver, _lacks_a_name)
            before = _shown(driver)
            await driver.press("f")
            for parameter in on(driver, FillIn)._parameters:
                await driver.paste(parameter.example if parameter.kind == "text" else "-x; $(id)")
                await driver.press("enter")
            assert on(driver, FillIn).query(".-wrong")
            await driver.press("escape")
            assert _shown(driver) == before

    run(scene())


def test_where_nothing_is_missing_nothing_is_asked() -> None:
    """The key does nothing on a fix that has all of its values."""

    async def scene() -> None:
        async with started(size=(100, 40), bench=faked(SELF_GENERATED)) as driver:
            await to_the_fixes(driver)
            await _until(driver, _asks_for_nothing)
            await driver.press("f")
            on(driver, FixScreen)

    run(scene())
