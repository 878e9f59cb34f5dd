"""A file of the state that cannot be used, or written, is told of on the first screen, and everything works without."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tui.driver import run, started


@pytest.mark.parametrize("name", ["recent.json", "settings.json", None])
def test_a_damaged_file_is_told_of_on_the_first_screen(name: str | None) -> None:
    """The sentence names where it was put; with files in order there is none."""
    folder = Path(os.environ["DBTLS_STATE_DIR"])
    folder.mkdir(mode=0o700)
    if name:
        (folder / name).write_bytes(b"{")

    async def scene() -> str:
        async with started(size=(120, 40)) as driver:
            await driver.settle()
            return " ".join(driver.text().split())

    shown = run(scene())
    assert ("is damaged" in shown) is (name is not None)
    assert ("I have an error message") in shown
    if name:
        assert (folder / f"{name}.damaged-1").read_bytes() == b"{"
        assert not (folder / name).exists()
