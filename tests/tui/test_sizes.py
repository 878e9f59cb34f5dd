"""Every screen works in every terminal, from a phone's to a wall's, and while it changes."""

from __future__ import annotations

from itertools import cycle, islice

import pytest

from tests.tui.driver import run, started
from tests.tui.faked import faked, recording
from tests.tui.tour import CONNECTION, NAMES, SIZES, TINY, Look, Paste, act, picture, seen_in

SERVER = "sqlserver-self-generated-certificate"
ALL_SIZES = (*((look.width, look.height) for look in SIZES), *TINY)


@seen_in(*SIZES)
def test_a_screen_fits(name: str, look: Look) -> None:
    """The sentence that says where one is, what has the focus, and at least one key are on the screen."""
    seen = picture(look, name)
    assert len(seen.cells) == look.height
    assert {len(row) for row in seen.cells} == {look.width}
    assert seen.focus_shows, f"the focus is out of sight: {seen.focused}"
    if seen.lead is not None:
        words = seen.lead.split()[:3]
        assert " ".join(words) in " ".join(seen.text.split())
    if name != "palette":  # the palette is Textual's own and has no footer
        assert seen.keys


def test_a_screen_with_a_lead_has_one() -> None:
    """Not to find the leading sentence would let the test above pass for nothing."""
    assert {name for name in NAMES if picture(Look(), name).lead is None} <= {"help", "palette"}


def test_sizes_may_change_while_probes_run() -> None:
    """Between all sizes and with each probe; what the probes found is there in the end."""
    bench = faked(SERVER, pace="slow")

    async def scene() -> tuple[str, str]:
        async with started(bench=bench, frames=True) as driver:
            await act(driver, "2", Paste(CONNECTION))
            await driver.press("enter", settle=False)
            await driver.until(lambda: bench.asked > 0)
            sizes = cycle((*ALL_SIZES, *reversed(ALL_SIZES)))
            for _ in recording(SERVER).steps:
                for width, height in islice(sizes, 2):
                    await driver.resize(width, height, settle=False)
                bench.gate.set()  # one more probe tells
                await driver.until(lambda: not bench.gate.is_set())
            await driver.resize(80, 24)
            resized = driver.text()
        async with started(bench=faked(SERVER), frames=True) as driver:
            await act(driver, "2", Paste(CONNECTION), "enter")
            return resized, driver.text()

    resized, still = run(scene())
    # Where a long line is cut off may differ by the width of a scroll bar.
    assert [row[:70] for row in resized.splitlines()] == [row[:70] for row in still.splitlines()]
    assert "SSL_Self_Signed_Fallback" in still


@pytest.mark.parametrize("size", TINY, ids=str)
def test_a_wizard_starts_in_no_room_at_all(size: tuple[int, int]) -> None:
    """A terminal that tells its size late is no reason to end: the screen is there as soon as there is room."""

    async def scene() -> str:
        async with started(size=size) as driver:
            await driver.press("2", "escape", "1")
            await driver.resize(80, 24)
            return driver.text()

    assert "Paste" in run(scene())
