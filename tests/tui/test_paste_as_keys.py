"""A terminal that does not mark pastes sends them as keys: their Enters are line breaks, a person's goes on."""

from __future__ import annotations

import pytest
from textual import events

from tests.tui.driver import Driver, run, started
from tests.tui.moves import on
from wizard.tui.screens.start import StartScreen
from wizard.tui.screens.symptom import SymptomScreen
from wizard.tui.screens.target import TargetScreen
from wizard.tui.widgets.paste_area import PasteArea

SLOW, QUICK = 1.0, 0.001
"""Seconds between two keys. They are written into the keys: no test depends on how fast it runs."""


def send(driver: Driver, *keys: str, apart: float) -> None:
    """Sends keys one right behind the other, which say that they came some seconds apart."""
    for number, key in enumerate(keys, start=1):
        event = events.Key(key, key if len(key) == 1 else None)
        event.time = 1 + number * apart
        driver.app.post_message(event)


async def outcome(driver: Driver) -> str | None:
    """Returns what is in the field, where a last empty line is dropped; None where the wizard has gone on."""
    await driver.settle()
    screen = driver.app.screen
    if isinstance(screen, SymptomScreen):
        return screen.query_one(PasteArea).value
    on(driver, TargetScreen)
    return None


@pytest.mark.parametrize(
    ("keys", "apart", "left"),
    [
        pytest.param(("a", "enter", "b"), SLOW, "a\nb", id="more follows"),
        pytest.param(("a", "enter"), SLOW, None, id="nothing follows"),
        pytest.param(("a", "enter"), QUICK, "a", id="the last line of a paste"),
        pytest.param(("a", "enter", "enter", "b", "enter"), QUICK, "a\n\nb", id="an empty line"),
        pytest.param(("enter", "b"), SLOW, "\nb", id="a paste that begins with an empty line"),
        pytest.param(("a", "enter", "enter"), SLOW, None, id="pressed twice"),
        pytest.param(("enter", "enter"), QUICK, None, id="pressed twice in an empty field"),
    ],
)
def test_an_enter_among_keys(keys: tuple[str, ...], apart: float, left: str | None) -> None:
    """It is a line break where other keys are close before it or right behind it; else it goes on, once."""

    async def scene() -> tuple[str | None, int]:
        async with started() as driver:
            await driver.press("1")
            send(driver, *keys, apart=apart)
            return await outcome(driver), sum(
                isinstance(one, TargetScreen) for one in driver.app.screen_stack
            )

    assert run(scene()) == (left, left is None)


def test_an_enter_after_a_paste_of_keys() -> None:
    """The line breaks of the paste keep nobody from going on afterwards."""

    async def scene() -> str | None:
        async with started() as driver:
            await driver.press("1")
            send(driver, "a", "enter", "b", "enter", apart=QUICK)
            assert await outcome(driver) == "a\nb"
            await driver.press("enter")
            return await outcome(driver)

    assert run(scene()) is None


def test_leaving_right_after_enter() -> None:
    """Esc leaves, and the Enter before it takes nobody on from the screen that is gone."""

    async def scene() -> None:
        async with started() as driver:
            await driver.press("1")
            send(driver, "enter", "escape", apart=SLOW)
            await driver.settle()
            on(driver, StartScreen)
            await driver.press("1")
            assert on(driver, SymptomScreen).query_one(PasteArea).value == ""

    run(scene())


def test_quitting_right_after_enter() -> None:
    """Ctrl+Q ends the wizard while it still waits whether more keys follow."""

    async def scene() -> int | None:
        async with started() as driver:
            await driver.press("1")
            send(driver, "enter", "ctrl+q", apart=SLOW)
            await driver.until(lambda: not driver.app.is_running)
            return driver.app.return_code

    assert run(scene()) == 0
