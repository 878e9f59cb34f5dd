"""What a match costs, counted in function calls: it grows no faster than the text, whatever the text is."""

from __future__ import annotations

import sys
from types import FrameType

import pytest

from tests.known import KNOWN
from wizard.diagnosis.match import Matcher

MATCHER = Matcher(KNOWN)
LETTERS = 20_000
"""More than what is searched phrase by phrase."""

HOSTILE = [
    "a",
    "ssl ",
    "error SSL on ",
    "certificate … ",
    "pg_hba.conf entry ",
    "Caused by: javax.net.ssl.SSLHandshakeException: ",
    "SSL Provider, error: 0 - ",
    "could not load server certificate file ",
    "private key file ",
    "\\n&gt;",
    "证书链",
    "\x1b[31m",
    "é",
    "0x80090325 -2146893019 ",
    "(((((((((([[[[[[[",
]


def calls(text: str) -> int:
    """Returns how many functions a match of the text calls, of Python and of C."""
    count = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    MATCHER.match(text)  # what is made once is not counted
    sys.setprofile(note)
    try:
        MATCHER.match(text)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("filler", HOSTILE)
def test_the_cost_grows_no_faster_than_the_text(filler: str) -> None:
    """Twice the text takes at most twice the work, plus what every text takes."""
    text = filler * (2 * LETTERS // len(filler))
    whole, half, nothing = calls(text), calls(text[: len(text) // 2]), calls("x")
    assert whole <= 2.2 * half + nothing + 2_000


def test_a_cost_that_grows_faster_would_be_seen() -> None:
    """The count sees the work: a long text of phrases costs far more than an empty one."""
    assert calls("error SSL on " * LETTERS) > 20 * calls("x")
