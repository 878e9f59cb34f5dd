"""Foreign text made safe."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.model.text import LONGEST, excerpt, printable


@pytest.mark.parametrize(
    "unsafe",
    [
        "\x1b[31m",
        "a\nb",
        "a\rb",
        "\t",
        "\x00",
        "\x7f",
        "\x9b",
        "\u202e",
        "\u2066",
        "\u200b",
        "\u200f",
        "\ufeff",
        "\u2028",
        "\ud800",
    ],
)
def test_unsafe_characters_are_replaced(unsafe: str) -> None:
    """Escape codes, line breaks, direction marks and invisible characters become U+FFFD."""
    assert "\ufffd" in printable(unsafe)


@pytest.mark.parametrize(
    "safe", ["db.example.com", "Müller GmbH & Söhne", "例え", "قاعدة", "CN=a\\,b;$(x)", "😀"]
)
def test_ordinary_text_is_kept(safe: str) -> None:
    """Text in any script stays as it is; quoting for a shell is not this function's task."""
    assert printable(safe) == safe


def test_long_text_is_cut() -> None:
    """Text beyond the limit ends with an ellipsis; text at the limit does not."""
    assert printable("a" * LONGEST) == "a" * LONGEST
    cut = printable("a" * (LONGEST + 1))
    assert len(cut) == LONGEST
    assert cut.endswith("…")


@given(st.text(alphabet=st.characters()))
def test_result_is_stable_and_free_of_controls(text: str) -> None:
    """Cleaning twice equals cleaning once, and no control or format mark that acts on a screen is left."""
    clean = printable(text)
    assert printable(clean) == clean
    assert not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in clean)
    assert not any(
        unicodedata.bidirectional(char) in {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
        for char in clean
    )


def test_an_excerpt_holds_the_words_that_matter() -> None:
    """Of a long text the part around the words is kept, whether it has lines or not; what is left out shows."""
    lines = excerpt("before\n" * 1000 + "HERE it is\n" + "after\n" * 1000, "HERE", 200)
    assert "HERE it is" in lines
    assert lines.startswith("…before\n")
    assert lines.endswith("…")
    one_line = excerpt("x" * 1000 + "HERE" + "y" * 1000, "HERE", 40)
    assert "HERE" in one_line
    assert len(one_line) == 42


def test_an_excerpt_of_a_short_text_is_all_of_it() -> None:
    """Nothing is cut off where there is room, and the beginning is kept where nothing matters more."""
    assert excerpt("short", "short", 5) == "short"
    assert excerpt("abcdef", None, 3) == "abc…"
    assert excerpt("abcdef", "not in it", 3) == "abc…"
