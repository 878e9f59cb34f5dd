"""Finds all phrases of the knowledge in a text at once, in time that grows with the text alone.

One pass of an Aho-Corasick automaton finds every part of every phrase, however many there are; no pattern can
make it slow.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import ahocorasick

from wizard.diagnosis.normalise import Squeezed, squeeze_all

GAP = 400
"""Letters that a ` … ` in a phrase may stand for."""

_SHORT = 12
_SHORT_TEXT = 4_000
"""Letters up to which looking for each part is faster than building the automaton."""
_MOST_PLACES = 500
"""Places at which a phrase with gaps is tried, so that no paste can make the search slow."""


class Part(NamedTuple):
    """A stretch of letters without a gap, and whether a word must start and end where it does."""

    letters: str
    starts_word: bool
    ends_word: bool


class Phrases:
    """Phrases made ready for searching: the parts between their gaps, squeezed.

    A short part must be whole words, for `SSL on` is not in `SSL only`; a `*` before or after it lifts that, as in
    `*mysql*`. Other scripts than Latin are left out of this: many have no spaces between words.
    """

    def __init__(self, phrases: Iterable[str]) -> None:
        self._parts = _prepared(tuple(dict.fromkeys(phrases)))
        self._starting_with: dict[Part, list[str]] = {}
        for phrase, parts in self._parts.items():
            self._starting_with.setdefault(parts[0], []).append(phrase)

    @cached_property
    def _variants(self) -> dict[str, list[Part]]:
        """The parts by their letters; two of the same letters differ in whether they are whole words."""
        same: dict[str, list[Part]] = {}
        for part in {part for parts in self._parts.values() for part in parts}:
            same.setdefault(part.letters, []).append(part)
        return same

    @cached_property
    def _automaton(self) -> ahocorasick.Automaton:
        automaton = ahocorasick.Automaton()
        for letters in self._variants:
            automaton.add_word(letters, letters)
        automaton.make_automaton()
        return automaton

    def length(self, phrase: str) -> int:
        """Returns the number of letters that must match."""
        return sum(len(part.letters) for part in self._parts[phrase])

    def find(self, text: Squeezed) -> Found:
        """Returns the phrases that stand in the text."""
        ends: dict[Part, list[int]] = {}
        edges = text.edges
        for last, letters in self._occurrences(text.letters):
            end = last + 1
            for part in self._variants[letters]:
                if part.ends_word and end not in edges:
                    continue
                if part.starts_word and end - len(letters) not in edges:
                    continue
                ends.setdefault(part, []).append(end)
        return Found(
            {
                phrase: place
                for first in ends
                for phrase in self._starting_with.get(first, ())
                if (place := _place(self._parts[phrase], ends)) is not None
            }
        )

    def _occurrences(self, letters: str) -> Iterable[tuple[int, str]]:
        """Yields the position of the last letter of each part that occurs, with the part's letters."""
        if len(letters) > _SHORT_TEXT:
            yield from self._automaton.iter(letters)
            return
        for part in self._variants:
            place = letters.find(part)
            while place >= 0:
                yield place + len(part) - 1, part
                place = letters.find(part, place + 1)


class Found:
    """The phrases that stand in one text: where each starts and ends among its letters."""

    def __init__(self, places: dict[str, tuple[int, int]]) -> None:
        self._places = places

    def __iter__(self) -> Iterator[str]:
        """Iterates over the phrases that stand in the text."""
        return iter(self._places)

    def any_of(self, phrases: Iterable[str]) -> bool:
        """Says whether one of the phrases stands in the text."""
        return not self._places.keys().isdisjoint(phrases)

    def first_of(self, phrases: Iterable[str]) -> tuple[int, int] | None:
        """Returns the place of the first of the phrases that is found, in the phrases' order."""
        return next((self._places[phrase] for phrase in phrases if phrase in self._places), None)


def _prepared(phrases: Sequence[str]) -> dict[str, tuple[Part, ...]]:
    """Returns the parts of each phrase. All are squeezed at once: there are thousands, at every start."""
    pieces = [phrase.split(" … ") for phrase in phrases]
    squeezed = iter(squeeze_all([piece for split in pieces for piece in split]))
    return {
        phrase: tuple(_part(piece, next(squeezed)) for piece in split)
        for phrase, split in zip(phrases, pieces, strict=True)
    }


def _part(piece: str, letters: str) -> Part:
    short = len(letters) <= _SHORT and letters.isascii()
    return Part(letters, short and piece[0] != "*", short and piece[-1] != "*")


def _place(parts: tuple[Part, ...], ends: dict[Part, list[int]]) -> tuple[int, int] | None:
    """Returns the first place at which the parts follow each other with gaps that are allowed."""
    first, *others = parts
    for start in ends[first][:_MOST_PLACES]:
        end = start
        for part in others:
            following = ends.get(part, [])
            nearest = bisect_left(following, end + len(part.letters))
            if nearest == len(following) or following[nearest] > end + GAP + len(part.letters):
                break
            end = following[nearest]
        else:
            return start - len(first.letters), end
    return None
