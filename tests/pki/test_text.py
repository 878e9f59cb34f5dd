"""Foreign text made safe."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.model.text import LONGEST, printable


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
