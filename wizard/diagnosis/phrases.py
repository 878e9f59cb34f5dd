"""Finds all phrases of the knowledge in a text at once, in time that grows with the text alone.

One pass of an Aho-Corasick automaton finds the beginning of every phrase, however many there are; no pattern can
make it slow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

import ahocorasick
import msgspec

from wizard.diagnosis.normalise import Squeezed, squeeze_all
from wizard.model.recognition import Part, Prepared, PreparedPhrase

GAP = 400
"""Letters that a ` … ` in a phrase may stand for."""

_SHORT = 12
_SHORT_TEXT = 4_000
"""Letters up to which looking for each phrase is faster than building the automaton."""
_MOST_PLACES = 500
"""Places at which a phrase is tried, so that no paste can make the search slow."""
_SAME = msgspec.json.Decoder(tuple[PreparedPhrase, ...])


class Place(NamedTuple):
    """Where a phrase stands among the letters of a text, and how many of its letters matched there."""

    start: int
    end: int
    matched: int


def prepare(phrases: Iterable[str]) -> Prepared:
    """Returns the phrases ready for searching: squeezed, cut at their gaps, and by the letters they begin with.

    A short part must be whole words, for `SSL on` is not in `SSL only`; a `*` before or after it lifts that, as in
    `*mysql*`. Other scripts than Latin are left out of this: many have no spaces between words.
    """
    distinct = tuple(dict.fromkeys(phrases))
    pieces = [phrase.split(" … ") for phrase in distinct]
    squeezed = iter(squeeze_all([piece for split in pieces for piece in split]))
    prepared: dict[str, list[PreparedPhrase]] = {}
    for phrase, split in zip(distinct, pieces, strict=True):
        first, *rest = (_part(piece, next(squeezed)) for piece in split)
        prepared.setdefault(first.letters, []).append(PreparedPhrase(phrase, first, tuple(rest)))
    return {letters: msgspec.Raw(msgspec.json.encode(same)) for letters, same in prepared.items()}


def _part(piece: str, letters: str) -> Part:
    short = len(letters) <= _SHORT and letters.isascii()
    return Part(letters, short and piece[0] != "*", short and piece[-1] != "*")


class Phrases:
    """Prepared phrases, and the search for them."""

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared

    @cached_property
    def _automaton(self) -> ahocorasick.Automaton:
        automaton = ahocorasick.Automaton()
        for letters in self._prepared:
            automaton.add_word(letters, letters)
        automaton.make_automaton()
        return automaton

    def find(self, text: Squeezed) -> Found:
        """Returns the phrases that stand in the text."""
        found: dict[str, Place] = {}
        for letters, starts in self._beginnings(text.letters).items():
            for phrase in _SAME.decode(self._prepared[letters]):
                if (place := _place(phrase, starts, text)) is not None:
                    found[phrase.phrase] = place
        return Found(found)

    def _beginnings(self, letters: str) -> dict[str, list[int]]:
        """Returns the first parts that occur, with the offsets at which they start."""
        if len(letters) <= _SHORT_TEXT:
            return {first: list(_occurrences(first, letters)) for first in self._prepared if first in letters}
        starts: dict[str, list[int]] = {}
        for last, first in self._automaton.iter(letters):
            starts.setdefault(first, []).append(last + 1 - len(first))
        return starts


def _occurrences(part: str, letters: str) -> Iterator[int]:
    place = letters.find(part)
    while place >= 0:
        yield place
        place = letters.find(part, place + 1)


def _place(phrase: PreparedPhrase, starts: list[int], text: Squeezed) -> Place | None:
    """Returns the first place at which the parts follow each other with gaps that are allowed."""
    tried = 0
    for start in starts:
        if not _fits(phrase.first, start, text):
            continue
        end = start + len(phrase.first.letters)
        matched = len(phrase.first.letters)
        for part in phrase.rest:
            following = _next(part, end, text)
            if following is None:
                break
            end = following + len(part.letters)
            matched += len(part.letters)
        else:
            return Place(start, end, matched)
        tried += 1
        if tried == _MOST_PLACES:
            break
    return None


def _next(part: Part, after: int, text: Squeezed) -> int | None:
    """Returns where the part stands within the gap after an offset."""
    limit = after + GAP + len(part.letters)
    place = text.letters.find(part.letters, after, limit)
    while place >= 0 and not _fits(part, place, text):
        place = text.letters.find(part.letters, place + 1, limit)
    return place if place >= 0 else None


def _fits(part: Part, start: int, text: Squeezed) -> bool:
    """Says whether a word starts and ends where the part demands it."""
    if part.starts_word and start not in text.edges:
        return False
    return not part.ends_word or start + len(part.letters) in text.edges


class Found:
    """The phrases that stand in one text."""

    def __init__(self, places: dict[str, Place]) -> None:
        self._places = places

    def __iter__(self) -> Iterator[str]:
        """Iterates over the phrases that stand in the text."""
        return iter(self._places)

    def any_of(self, phrases: Iterable[str]) -> bool:
        """Says whether one of the phrases stands in the text."""
        return not self._places.keys().isdisjoint(phrases)

    def first_of(self, phrases: Iterable[str]) -> Place | None:
        """Returns the place of the first of the phrases that is found, in the phrases' order."""
        return next((self._places[phrase] for phrase in phrases if phrase in self._places), None)

    def longest_of(self, phrases: Iterable[str]) -> int:
        """Returns the letters of the longest of the phrases that is found; 0 where none is."""
        return max((self._places[phrase].matched for phrase in phrases if phrase in self._places), default=0)
