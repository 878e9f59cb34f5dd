"""Every main screen looks as it did when somebody last looked at it."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.style import Style

from tests.tui.driver import Cell
from tests.tui.snapshots import FOLDER, check, drawn
from tests.tui.tour import DARK, LIGHT, NAMES, NO_COLOUR, Look, picture, seen_in

LOOKS = (DARK, Look(120, 40), Look(60, 18), LIGHT, NO_COLOUR)
MOST_BYTES = 600_000


@seen_in(*LOOKS)
def test_a_screen_looks_as_before(name: str, look: Look) -> None:
    """Its characters and the style of every cell are those that are stored."""
    check(FOLDER / str(look) / f"{name}.txt", drawn(picture(look, name).cells))


def test_nothing_is_stored_in_vain() -> None:
    """Each stored picture belongs to a screen, and all together are small."""
    wanted = {FOLDER / str(look) / f"{name}.txt" for look in LOOKS for name in NAMES}
    stored = {path for path in FOLDER.rglob("*") if path.is_file()}
    assert stored == wanted
    assert sum(path.stat().st_size for path in stored) < MOST_BYTES


def test_a_change_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check itself works: another character and another colour both fail, and the difference is shown."""
    monkeypatch.delenv("CI", raising=False)
    cells = picture(DARK, "start").cells
    stored = tmp_path / "start.txt"
    check(stored, drawn(cells), updates=True)
    check(stored, drawn(cells), updates=False)
    row, at = next(
        (y, x) for y, line in enumerate(cells) for x, cell in enumerate(line) if cell.character == "1"
    )
    for changed in (
        Cell("7", cells[row][at].style),
        Cell("1", cells[row][at].style + Style(color="red")),
    ):
        other = [list(line) for line in cells]
        other[row][at] = changed
        with pytest.raises(AssertionError, match=r"(?m)^-.*\n(?:.*\n)*\+"):
            check(stored, drawn(other), updates=False)


def test_ci_never_updates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where CI is set, an update is refused and nothing is written."""
    monkeypatch.setenv("CI", "true")
    with pytest.raises(AssertionError, match="CI"):
        check(tmp_path / "new.txt", "text", updates=True)
    assert not list(tmp_path.iterdir())


def test_a_missing_picture_fails(tmp_path: Path) -> None:
    """A screen without a stored picture does not pass for one that looks as before."""
    with pytest.raises(AssertionError, match="not stored"):
        check(tmp_path / "new.txt", "text", updates=False)
