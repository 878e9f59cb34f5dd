"""A hostile server in the full-screen wizard: from its bytes, through the real probes, to what the terminal gets."""

from __future__ import annotations

from textual.widgets import Input

from tests.hostile.asked import acting
from tests.hostile.monsters import NASTY, attribute, certificate, name, sans
from tests.hostile.server import HOST, Script, listening
from tests.tui.conftest import same_place_and_time as same_place_and_time
from tests.tui.driver import Driver, run, started
from wizard.workbench import Workbench

WORDS = "".join(NASTY)
PRESENTED = certificate(
    name(attribute(WORDS)), extensions=[sans(*NASTY, *(f"n{at}.example" for at in range(9_000)))]
)


async def looked_at(driver: Driver, *keys: str) -> None:
    """Presses keys, and fails where what the terminal gets then could act."""
    for key in keys:
        await driver.press(key)
        assert not acting("\n".join(driver.sent())), key


def test_a_hostile_certificate_does_not_act() -> None:
    """In the evidence, its details and the verdict; what is wrong with it can be read there."""

    async def scene() -> None:
        with listening(Script("postgresql", chain=(PRESENTED,))) as port:
            async with started(size=(90, 48), bench=Workbench) as driver:
                await driver.press("2")
                driver.app.screen.query_one("#server", Input).value = f"postgresql://{HOST}:{port}"
                await looked_at(driver, "enter")
                await driver.press(*["down"] * 5, settle=False)
                await looked_at(driver, "space")
                assert "malformed" in driver.text().casefold()
                assert "[bold]markup[/]" in driver.text()
                await looked_at(driver, "enter")

    run(scene())
