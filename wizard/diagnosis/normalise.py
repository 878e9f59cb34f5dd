"""Brings pasted text into a form in which line breaks, quoting and punctuation no longer matter.

People paste from terminals that wrap inside words, from mails that quote with `>`, from JSON that escapes, and
from consoles that lost the accents. What survives all of that are the letters and digits in their order.
"""

from __future__ import annotations

import re
import struct
import unicodedata
from bisect import bisect_right
from functools import cache, cached_property
from operator import itemgetter

GAP = 400
"""Bytes of squeezed text that a ` … ` in a phrase may stand for."""

_BLOCK = 512
_SHORT = 12
_GRAM = 5
_MOST_PLACES = 500
"""Places at which a phrase is tried, so that no paste can make the search slow."""
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

    @cached_property
    def _grams(self) -> frozenset[bytes]:
        """The letters cut into pieces: what a phrase must be made of to stand in this text at all."""
        whole = len(self.letters) // _GRAM * _GRAM
        pieces = struct.iter_unpack(f"{_GRAM}s", memoryview(self.letters)[:whole])
        return frozenset(map(itemgetter(0), pieces))

    def may_hold(self, part: bytes) -> bool:
        """Says whether `part` can be in the text, from the pieces alone; a plain search takes 1 ms for each MB.

        Wherever `part` stands, the cuts through the text fall into it at one of `_GRAM` offsets.
        """
        if len(part) < 2 * _GRAM - 1:
            return True
        grams = self._grams
        return any(
            all(part[place : place + _GRAM] in grams for place in range(offset, len(part) - _GRAM + 1, _GRAM))
            for offset in range(_GRAM)
        )

    def words(self, start: int, end: int) -> str:
        """Returns the part of the text that the bytes from `start` to `end` came from, on one line."""
        return " ".join(self.text[self.place(start) : self.place(end - 1) + 1].split())

    def is_whole(self, start: int, end: int) -> bool:
        """Says whether the bytes from `start` to `end` are whole words: no letter stands directly before or after."""
        first, last = self.place(start), self.place(end - 1)
        return not squeeze(self.text[max(first - 1, 0) : first]) and not squeeze(
            self.text[last + 1 : last + 2]
        )

    def place(self, offset: int) -> int:
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

    def find(self, text: Squeezed) -> tuple[int, int] | None:
        """Returns where the phrase starts and ends among the letters of `text`, or None."""
        if not all(map(text.may_hold, self.parts)):
            return None
        first, *others = self.parts
        place = 0
        for _ in range(_MOST_PLACES):
            start = _find(text, first, place, len(text.letters))
            if start < 0:
                return None
            end = start + len(first)
            for part in others:
                found = _find(text, part, end, end + GAP + len(part))
                if found < 0:
                    break
                end = found + len(part)
            else:
                return start, end
            place = start + 1
        return None


@cache
def prepared(words: str) -> Phrase:
    """Returns the phrase of these words. They come from the knowledge, so they are few and come again."""
    return Phrase(words)


def squeeze(text: str) -> bytes:
    """Returns the letters and digits of `text` in lower case, as UTF-8, without Latin letters that have accents."""
    if not text.isascii():
        text = _MARKS.sub("", unicodedata.normalize("NFKC", text).lower())
    return text.encode("utf-8", "ignore").translate(_FOLD, _DROP)


def _find(text: Squeezed, part: bytes, start: int, end: int) -> int:
    """Finds `part`; short ones must be whole words, for `SSL on` is not in `SSL only`."""
    short = len(part) <= _SHORT and part.isascii()
    for _ in range(_MOST_PLACES):
        found = text.letters.find(part, start, end)
        if found < 0 or not short or text.is_whole(found, found + len(part)):
            return found
        start = found + 1
    return -1


def _unescaped(text: str) -> str:
    if "\\" not in text and "&" not in text and "\x1b" not in text:
        return text
    return _ESCAPES.sub(lambda found: chr(int(found[1], 16)) if found[1] else " ", text)
