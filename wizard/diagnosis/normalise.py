"""Brings pasted text into a form in which line breaks, quoting and punctuation no longer matter.

People paste from terminals that wrap inside words, from mails that quote with `>`, from JSON that escapes, and
from consoles that lost the accents. What survives all of that are the letters and digits in their order.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate

# What is kept: the letters and digits of ASCII and of all other scripts. Latin letters with accents go, so that
# `ü`, `Ã¼`, `?` and nothing at all are the same; so do combining marks, punctuation and symbols of all scripts.
_WORD = re.compile(
    "[0-9A-Za-z\u0370-\u1dff\u1f00-\u1fff\u3005-\u3007\u3031-\u30fa\u30fc-\ufdff\ufe70-\ufeff\ufff0-\U0010ffff]+"
)
_BETWEEN = "\x1f"
_FOLD = bytes(range(256)).lower()
_DROP = bytes(code for code in range(128) if not chr(code).isalnum())
# A terminal's colours; `\n` and `\u0027` as JSON and logs write them; character references of HTML.
_ESCAPES = re.compile(
    r"\x1b\[[0-9;]*[A-Za-z]|\\+u([0-9a-fA-F]{4})|\\+[nrt]|&(?:[a-z]{2,4}|#x?[0-9a-fA-F]{1,4});"
)


class Squeezed:
    """A text as its lower-case letters and digits only, with the way back to the text itself."""

    def __init__(self, text: str) -> None:
        text = _unescaped(text)
        self.text = text if text.isascii() else unicodedata.normalize("NFKC", text)
        self.letters = squeeze(self.text)

    @cached_property
    def _runs(self) -> tuple[list[int], list[int]]:
        """The words of the text: where each starts in the text, and where it ends in `letters`."""
        starts, lengths = [], []
        for run in _WORD.finditer(self.text):
            starts.append(run.start())
            lengths.append(run.end() - run.start())
        return starts, list(accumulate(lengths))

    @cached_property
    def edges(self) -> frozenset[int]:
        """The offsets in `letters` at which a word of the text starts or ends."""
        return frozenset((0, *self._runs[1]))

    def words(self, start: int, end: int) -> str:
        """Returns the part of the text that `letters[start:end]` came from, on one line."""
        return " ".join(self.text[self.place(start) : self.place(end - 1) + 1].split())

    def place(self, offset: int) -> int:
        """Returns the position in the text of the letter at `offset`."""
        starts, ends = self._runs
        run = min(bisect_right(ends, offset), len(ends) - 1)
        return starts[run] + offset - (ends[run - 1] if run else 0)


def squeeze(text: str) -> str:
    """Returns the letters and digits of `text` in lower case, without Latin letters that have accents."""
    if text.isascii():  # the common case, and three times as fast
        return text.encode("ascii").translate(_FOLD, _DROP).decode("ascii")
    text = unicodedata.normalize("NFKC", text)
    # One letter stays one letter, so that offsets hold: those that would become two (`İ`) are not kept.
    return "".join(_WORD.findall(text)).lower()


def squeeze_all(texts: Sequence[str]) -> list[str]:
    """Returns `squeeze` of each text. One pass over all of them is many times faster than one for each."""
    joined = _BETWEEN.join(texts)
    if not joined.isascii():
        joined = unicodedata.normalize("NFKC", joined)
    # Compiled here, since only the first start after a change of the knowledge comes this way.
    all_else = re.compile(f"[^{_WORD.pattern[1:-2]}{_BETWEEN}]+")
    return all_else.sub("", joined).lower().split(_BETWEEN)


def _unescaped(text: str) -> str:
    if "\\" not in text and "&" not in text and "\x1b" not in text:
        return text
    return _ESCAPES.sub(lambda found: chr(int(found[1], 16)) if found[1] else " ", text)
