"""Which statements of the article the knowledge holds, and where: none of them may be left over.

The article that the project started from is split into items (article.yaml). Entries of all kinds cite an item
among their `sources` when they say what it says, and name it in `corrects` where it is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from wizard.knowledge.load import KINDS, Loaded
from wizard.model.entry import ArticleEntry, Entry
from wizard.model.knowledge import Knowledge
from wizard.model.text import nearest

_NOT_CITING = ("article", "sources")


class Citation(NamedTuple):
    """An entry's use of an item; `place` is the part of it, as in `.signatures[0].sources[1]`."""

    field: str
    id: str
    place: str
    item: str
    corrects: bool


class Covered(NamedTuple):
    """An item and the entries that hold it, each as `causes/certificate.yaml:weak-key`."""

    entry: ArticleEntry
    used: tuple[str, ...]

    @property
    def left_over(self) -> bool:
        """Says that no entry holds the item, although it may be passed on."""
        return not self.used and self.entry.verdict != "unverified"


class ArticleProblem(NamedTuple):
    """Something wrong with an item or with the use of one; the fields are those of `Citation`."""

    field: str
    id: str
    place: str
    message: str


def coverage(folder: Path, loaded: Loaded) -> tuple[Covered, ...]:
    """Returns all items in the order of article.yaml, each with the entries that cite or correct it."""
    used: dict[str, dict[str, None]] = {}
    for citation in _citations(loaded.knowledge):
        file = loaded.places[citation.field, citation.id][-1].path.relative_to(folder).as_posix()
        used.setdefault(citation.item, {})[f"{file}:{citation.id}"] = None
    return tuple(Covered(entry, tuple(used.get(entry.id, ()))) for entry in loaded.knowledge.article)


def article_problems(known: Knowledge) -> Iterator[ArticleProblem]:
    """Yields items without their truth or their source, and uses that do not fit the verdict on an item."""
    items = {entry.id: entry for entry in known.article}
    cited: set[str] = set()
    corrected: set[str] = set()
    for citation in _citations(known):
        item = items.get(citation.item)
        if message := _misused(citation, item, items):
            yield ArticleProblem(citation.field, citation.id, citation.place, message)
        (corrected if citation.corrects else cited).add(citation.item)
    for entry in known.article:
        for place, message in _amiss(entry):
            yield ArticleProblem("article", entry.id, place, message)
        if entry.verdict == "corrected" and entry.id not in corrected:
            yield ArticleProblem("article", entry.id, ".verdict", "no entry corrects this item")
        elif entry.verdict != "unverified" and entry.id not in cited | corrected:
            yield ArticleProblem("article", entry.id, ".id", "no entry uses this item")


def _misused(citation: Citation, item: ArticleEntry | None, items: dict[str, ArticleEntry]) -> str | None:
    if item is None:
        return f"the article has no item '{citation.item}'{nearest(citation.item, tuple(items))}"
    if item.verdict == "unverified":
        return f"'{item.id}' is unverified: it cannot be cited"
    if citation.corrects and item.verdict != "corrected":
        return f"'{item.id}' is {item.verdict}: there is nothing to correct"
    return None


def _amiss(entry: ArticleEntry) -> Iterator[tuple[str, str]]:
    if (entry.truth is not None) != (entry.verdict == "corrected"):
        yield ".truth", "a corrected item, and no other, says what is true (truth)"
    if entry.verdict in ("correct", "corrected") and not entry.sources:
        yield ".id", "what is correct or corrected cites a source"


def _citations(known: Knowledge) -> Iterator[Citation]:
    items = {entry.id for entry in known.article}
    for kind in KINDS:
        if kind.field in _NOT_CITING:
            continue
        entries: tuple[Entry, ...] = getattr(known, kind.field)
        for entry in entries:
            plain: dict[str, object] = msgspec.to_builtins(entry)
            for place, name, corrects in _named(plain):
                if corrects or name in items:
                    yield Citation(kind.field, str(plain["id"]), place, name, corrects)


def _named(part: object, place: str = "") -> Iterator[tuple[str, str, bool]]:
    """Yields the place and the id of each source and each correction in an entry and in the parts inside it."""
    match part:
        case {"item": str(item), "text": str()}:
            yield f"{place}.item", item, True
        case dict():
            for name, inner in part.items():
                yield from _named(inner, f"{place}.{name}")
        case list() | tuple():
            for number, inner in enumerate(part):
                if isinstance(inner, str) and place.endswith(".sources"):
                    yield f"{place}[{number}]", inner, False
                else:
                    yield from _named(inner, f"{place}[{number}]")
