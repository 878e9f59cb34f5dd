"""Pictures of screens as text files: the characters, below them one letter for the style of each cell, and a legend.

`DBTLS_SNAPSHOTS=update` writes the stored ones anew. Look at what changed (`git diff`) before you keep it.
"""

from __future__ import annotations

import difflib
import os
import string
from pathlib import Path

from rich.style import Style

from tests.tui.driver import Cell

FOLDER = Path(__file__).with_name("snapshots")
UPDATES = os.environ.get("DBTLS_SNAPSHOTS") == "update"
"""Read before the tests clean the environment."""
_LETTERS = "." + string.ascii_letters + string.digits + "".join(map(chr, range(0x391, 0x3A2)))
_ATTRIBUTES = ("bold", "dim", "italic", "underline", "reverse", "strike", "blink", "conceal")


def drawn(cells: list[list[Cell]]) -> str:
    """Returns the text of a snapshot."""
    letters: dict[str, str] = {}
    rows = []
    for row in cells:
        told = [described(cell.style) for cell in row]
        rows.append("".join(letters.setdefault(one, _LETTERS[len(letters)]) for one in told))
    text = "\n".join("".join(cell.character for cell in row).rstrip() for row in cells)
    legend = "\n".join(f"{letter}  {told}" for told, letter in letters.items())
    return f"{text}\n-- styles --\n{chr(10).join(rows)}\n-- legend --\n{legend}\n"


def described(style: Style) -> str:
    """Returns a style in words: colours, then what else there is."""
    colours = [colour.get_truecolor().hex if colour else "default" for colour in (style.color, style.bgcolor)]
    others = [name for name in _ATTRIBUTES if getattr(style, name)]
    return " ".join((f"{colours[0]} on {colours[1]}", *others))


def check(path: Path, shown: str, *, updates: bool = UPDATES) -> None:
    """Compares what is shown with what is stored; where it is to be updated, stores it.

    Raises:
        AssertionError: they differ, with what differs; or CI would have updated.
    """
    if updates:
        # Where nobody looks at what changed, an update would make every change right.
        assert not os.environ.get("CI"), "DBTLS_SNAPSHOTS=update is not for CI"
        path.parent.mkdir(exist_ok=True)
        path.write_text(shown, "utf-8", newline="\n")
        return
    assert path.exists(), f"{path.name} is not stored yet: run with DBTLS_SNAPSHOTS=update"
    stored = path.read_text("utf-8")
    if stored != shown:
        lines = difflib.unified_diff(
            stored.splitlines(), shown.splitlines(), "stored", "shown", lineterm="", n=1
        )
        raise AssertionError("\n".join((f"{path.parent.name}/{path.name} differs:", *lines)))
