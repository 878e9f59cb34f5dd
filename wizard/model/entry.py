"""What all entries of the knowledge folder share, and the documents that they cite."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Id = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]+([.-][a-z0-9]+)*$", description="kebab-case and stable")]
FactId = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]*(\.[a-z0-9_]+)?$", description="area.noun")]
Text = Annotated[str, msgspec.Meta(min_length=1)]
ArticleItem = Annotated[str, msgspec.Meta(pattern=r"^A[0-9]+[a-f]?$", description="item of article.yaml")]
Sources = Annotated[tuple[str, ...], msgspec.Meta(min_length=1, description="ids of sources.yaml")]

ArticleVerdict = Literal["correct", "corrected", "unverified", "judgement"]


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every kind of entry shares: unknown fields are refused, nothing is changed after loading."""


class SourceEntry(Entry, frozen=True, kw_only=True):
    """A document that knowledge is taken from (sources.yaml)."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]+(-[A-Z0-9]+)*$")]
    title: Text
    url: Text | None = None


class ArticleEntry(Entry, frozen=True, kw_only=True):
    """One statement of the article that the project started from, and whether it holds (article.yaml).

    `correct` agrees with its sources, `corrected` is wrong or misleading as it stands, `unverified` has no source
    and is never passed on, `judgement` is advice.
    """

    id: ArticleItem
    claim: Text
    """What the article says, in our own words."""
    verdict: ArticleVerdict
    truth: Text | None = None
    """What is true instead; only of a corrected item."""
    sources: tuple[str, ...] = ()


class Correction(Entry, frozen=True, kw_only=True):
    """What is true where the article that the project started from is wrong."""

    item: ArticleItem
    text: Text
    """What is true, in one or two sentences."""
