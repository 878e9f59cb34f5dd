"""Brings pasted text into a form in which line breaks, quoting and punctuation no longer matter.

People paste from terminals that wrap inside words, from mails that quote with `>`, from JSON that escapes, and
from consoles that lost the accents. What survives all of that are the letters and digits in their order.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from functools import cached_property

GAP = 400
"""Bytes of squeezed text that a ` … ` in a phrase may stand for."""

_BLOCK = 4096
_FOLD = bytes(range(256)).lower()
_DROP = bytes(code for code in range(128) if not chr(code).isalnum())
# Latin letters with accents go too, so that `ü`, `Ã¼`, `?` and nothing at all are the same. After them come
# combining marks, punctuation and symbols of all scripts. Other scripts' letters stay.
_MARKS = re.compile(
    "[\x80-\u036f\u1e00-\u1eff\u2000-\u2fff\u3000-\u3004\u3008-\u3030\u30fb\ufe00-\ufe6f\uff00-\uffef]+"
)
# A terminal's colours; `\n` and `\u0027` as JSON and logs write them; character references of HTML.
_ESCAPES = re.compile(
    r"\x1b\[[0-9;]*[A-Za-z]|\\+u([0-9a-fA-F]{4})|\\+[nrt]|&(?:[a-z]{2,4}|#x?[0-9a-fA-F]{1,4});"
)


class Squeezed:
    """A text as its lower-case letters and digits only, with the way back to the text itself."""

    def __init__(self, text: str) -> None:
        self.text = _unescaped(text)
        blocks = [squeeze(self.text[start : start + _BLOCK]) for start in range(0, len(self.text), _BLOCK)]
        self.letters = b"".join(blocks)
        self._blocks = blocks

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        for block in self._blocks:
            starts.append(starts[-1] + len(block))
        return starts

    def words(self, start: int, end: int) -> str:
        """Returns the part of the text that the bytes from `start` to `end` came from, on one line."""
        return " ".join(self.text[self._place(start) : self._place(end - 1) + 1].split())

    def _place(self, offset: int) -> int:
        """Returns the position in the text of the character that gave the byte at `offset`."""
        block = bisect_right(self._starts, offset) - 1
        seen = self._starts[block]
        first = block * _BLOCK
        for position in range(first, min(first + _BLOCK, len(self.text))):
            seen += len(squeeze(self.text[position]))
            if seen > offset:
                return position
        return len(self.text) - 1


class Phrase:
    """A phrase made ready for searching: its parts between gaps, squeezed."""

    def __init__(self, phrase: str) -> None:
        self.parts = tuple(part for part in map(squeeze, phrase.split(" … ")) if part)
        self.length = sum(map(len, self.parts))

    def find(self, letters: bytes) -> tuple[int, int] | None:
        """Returns where the phrase starts and ends in squeezed text, or None."""
        first, *others = self.parts
        start = _find(letters, first, 0, len(letters))
        while start >= 0:
            end: int = start + len(first)
            for part in others:
                found = _find(letters, part, end, end + GAP + len(part))
                if found < 0:
                    break
                end = found + len(part)
            else:
                return start, end
            start = _find(letters, first, start + 1, len(letters))
        return None


def squeeze(text: str) -> bytes:
    """Returns the letters and digits of `text` in lower case, as UTF-8, without Latin letters that have accents."""
    if not text.isascii():
        text = _MARKS.sub("", unicodedata.normalize("NFKC", text).lower())
    return text.encode("utf-8", "ignore").translate(_FOLD, _DROP)


def _find(letters: bytes, part: bytes, start: int, end: int) -> int:
    """Finds `part`; short ones that begin or end with a digit must not continue a longer number."""
    found = letters.find(part, start, end)
    if len(part) > 12:
        return found
    while found >= 0:
        before, after = letters[found - 1 : found], letters[found + len(part) : found + len(part) + 1]
        if not (part[:1].isdigit() and before.isdigit()) and not (part[-1:].isdigit() and after.isdigit()):
            return found
        found = letters.find(part, found + 1, end)
    return -1


def _unescaped(text: str) -> str:
    if "\\" not in text and "&" not in text and "\x1b" not in text:
        return text
    return _ESCAPES.sub(lambda found: chr(int(found[1], 16)) if found[1] else " ", text)
