"""Finds all phrases of the knowledge in a text at once, in time that grows with the text alone.

One pass of an Aho-Corasick automaton finds every part of every phrase, however many there are; no pattern can
make it slow.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import ahocorasick

from wizard.diagnosis.normalise import Squeezed, squeeze

GAP = 400
"""Letters that a ` … ` in a phrase may stand for."""

_SHORT = 12
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
        self._parts = {phrase: tuple(_parts(phrase)) for phrase in phrases}
        self._starting_with: dict[Part, list[str]] = {}
        same: dict[str, set[Part]] = {}
        for phrase, parts in self._parts.items():
            self._starting_with.setdefault(parts[0], []).append(phrase)
            for part in parts:
                same.setdefault(part.letters, set()).add(part)
        self._automaton = ahocorasick.Automaton()
        for letters, variants in same.items():
            self._automaton.add_word(letters, tuple(variants))
        self._automaton.make_automaton()

    def length(self, phrase: str) -> int:
        """Returns the number of letters that must match."""
        return sum(len(part.letters) for part in self._parts[phrase])

    def find(self, text: Squeezed) -> Found:
        """Returns the phrases that stand in the text."""
        ends: dict[Part, list[int]] = {}
        edges = text.edges
        for last, variants in self._automaton.iter(text.letters):
            end = last + 1
            for part in variants:
                if part.ends_word and end not in edges:
                    continue
                if part.starts_word and end - len(part.letters) not in edges:
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


def _parts(phrase: str) -> Iterator[Part]:
    for piece in phrase.split(" … "):
        letters = squeeze(piece)
        short = len(letters) <= _SHORT and letters.isascii()
        if letters:
            yield Part(letters, short and piece[0] != "*", short and piece[-1] != "*")


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
