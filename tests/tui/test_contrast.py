"""Every character can be read: in both themes, without colours, and in the terminal's own."""

from __future__ import annotations

import unicodedata

import pytest
from rich.style import Style
from textual.color import Color

from tests.tui.driver import Cell
from tests.tui.tour import ANSI, DARK, LIGHT, NAMES, NO_COLOUR, Look, picture, seen_in

LEAST = 4.5
"""WCAG 2.1, success criterion 1.4.3, for text of ordinary size."""


def luminance(colour: Color) -> float:
    """Returns the relative luminance as WCAG 2.1 defines it."""
    parts = (part / 255 for part in colour.rgb)
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Color, other: Color) -> float:
    """Returns the contrast ratio of two colours, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def is_drawing(character: str) -> bool:
    """Says whether a character only decorates: a line, a block (U+2500 to U+259F), or a picture in its own colours."""
    return 0x2500 <= ord(character) <= 0x259F or ord(character) >= 0x1F300


def too_faint(cells: list[list[Cell]], behind: frozenset[tuple[int, int]] = frozenset()) -> list[str]:
    """Returns what cannot be read, one entry for each line and style; what is `behind` a dialog need not be."""
    found: dict[tuple[int, Style], str] = {}
    for y, row in enumerate(cells):
        for x, cell in enumerate(row):
            if cell.character.strip() and not is_drawing(cell.character) and (x, y) not in behind:
                ratio = contrast(cell.foreground, cell.background)
                if ratio < LEAST:
                    at = (y, cell.style)
                    found[at] = found.get(at, f"line {y}, {ratio:.2f}, {cell.style}: ") + cell.character
    return list(found.values())


@seen_in(DARK, LIGHT)
def test_every_character_can_be_read(name: str, look: Look) -> None:
    """Each visible character that is no decoration stands out from what is behind it."""
    seen = picture(look, name)
    assert too_faint(seen.cells, seen.behind) == []


def test_faint_text_is_found() -> None:
    """The check itself works: grey on grey fails, turned round and faded too, and black on white does not."""
    for style in ("#777777 on #666666", "reverse #777777 on #666666", "dim #8a8a8a on #ffffff"):
        assert too_faint([[Cell("x", Style.parse(style))]]), style
    assert not too_faint(
        [[Cell("x", Style.parse("#000000 on #ffffff")), Cell("─", Style.parse("#777777 on #666666"))]]
    )
    assert contrast(Color(0, 0, 0), Color(255, 255, 255)) == pytest.approx(21)
    assert contrast(Color(119, 119, 119), Color(255, 255, 255)) == pytest.approx(4.48, abs=0.01)


def hues(cells: list[list[Cell]]) -> set[str]:
    """Returns the colours that are no shade of grey."""
    shown = {colour for row in cells for cell in row for colour in (cell.foreground, cell.background)}
    return {colour.hex for colour in shown if len(set(colour.rgb)) > 1}


@pytest.mark.parametrize("name", NAMES)
def test_without_colours_the_same_is_told(name: str) -> None:
    """With NO_COLOR every cell is grey, and the words are those of the coloured screen."""
    plain, coloured = picture(NO_COLOUR, name), picture(DARK, name)
    assert not hues(plain.cells)
    assert hues(coloured.cells)  # the check itself works
    assert plain.text == coloured.text


@pytest.mark.parametrize("name", NAMES)
def test_without_colours_every_character_can_be_read(name: str) -> None:
    """Shades of grey alone are enough."""
    seen = picture(NO_COLOUR, name)
    assert too_faint(seen.cells, seen.behind) == []


@seen_in(*ANSI)
def test_the_terminals_own_colours_tell_the_same(name: str, look: Look) -> None:
    """With a theme of the terminal's own colours nothing breaks, and the words stay."""
    assert picture(look, name).text == picture(DARK, name).text


def test_only_letters_and_signs_tell_something() -> None:
    """What counts as decoration is a line or a block; no letter and no sign of a state does."""
    assert all(is_drawing(one) for one in "─│╭╮╰╯━╸╺█░▁▏▐▌🔎")
    assert not any(is_drawing(one) for one in "a1✓✗?…–·●›←→▼")
    assert unicodedata.name("▼") == "BLACK DOWN-POINTING TRIANGLE"
