"""The entries by which an error text is recognised: symptoms, signatures, wordings, clients, engines."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from wizard.model.entry import Correction, Entry, FactId, Id, Sources, Text
from wizard.model.evidence import Value
from wizard.model.target import Engine


class Part(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A stretch of letters without a gap, and whether a word must start and end where it does."""

    letters: str
    starts_word: bool
    ends_word: bool


class PreparedPhrase(msgspec.Struct, frozen=True, array_like=True):
    """A phrase as the search takes it: its parts between the gaps."""

    phrase: str
    """As the knowledge spells it."""
    first: Part
    rest: tuple[Part, ...]


Prepared = dict[str, msgspec.Raw]
"""All phrases by the letters of their first part: a JSON list of `PreparedPhrase` each, read when they are met."""


class Wording(Entry, frozen=True, kw_only=True):
    """One sentence, or one kind of word, in all the languages and spellings that it is met in (wordings/).

    In a signature `<id>` stands for any of its phrases.
    """

    id: Id
    phrases: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
    sources: Sources


class Established(Entry, frozen=True, kw_only=True):
    """A fact that an error text establishes by itself."""

    fact: FactId
    value: Value


class Signature(Entry, frozen=True, kw_only=True):
    """The pattern that recognises a symptom in an error text (signatures/, a file for each library or system).

    A phrase or code matches regardless of case, accents, white space, line breaks and punctuation between its
    letters and digits; ` … ` in it stands for a gap. A signature matches when one of `phrases` is found, one
    of `with` too (where there are any), and none of `unless`. Of several the heaviest decides.
    """

    id: Id
    symptom: Id
    phrases: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
    """Sentences, codes such as `-2146893019` and `UNABLE_TO_VERIFY_LEAF_SIGNATURE`, or wordings as `<id>`."""
    with_: tuple[Text, ...] = msgspec.field(default=(), name="with")
    unless: tuple[Text, ...] = ()
    kind: Literal["reason", "wrapper"] = "reason"
    """A wrapper decides only when no inner reason is found."""
    weight: Annotated[int, msgspec.Meta(ge=1, le=100)] = 80
    """How surely this pattern means this symptom, 1 to 100."""
    engine: Engine | None = None
    establishes: tuple[Established, ...] = ()
    go_to: Text | None = None
    """For `not-tls`: one line on where to go instead."""
    ask_for: Text | None = None
    """For `ambiguous`: what to paste, where it is more exact than the symptom's own."""
    examples: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
    """Short machine texts, each seen in one of the sources."""
    sources: Sources


class SymptomEntry(Entry, frozen=True, kw_only=True):
    """What a person sees, in one id of the contract (symptoms/)."""

    id: Id
    title: Text
    meaning: Text
    ask_for: Text | None = None
    """For `ambiguous`: the exact thing to ask for."""
    likely_causes: tuple[Id, ...]
    corrects: tuple[Correction, ...] = ()
    sources: Sources


class ClientEntry(Entry, frozen=True, kw_only=True):
    """A driver or tool of one version range (clients/)."""

    id: Id
    title: Text
    engines: Annotated[tuple[Engine, ...], msgspec.Meta(min_length=1)]
    marks: tuple[Text, ...] = ()
    """Phrases, matched like those of a signature, that show that this client wrote a text; the longest decides."""
    notes: tuple[Text, ...] = ()
    """What this version does about encryption and since when, one sentence or two each."""
    corrects: tuple[Correction, ...] = ()
    sources: Sources


class EngineWords(Entry, frozen=True, kw_only=True):
    """Words that tell the database where neither the signature nor the client does (engines.yaml)."""

    id: Id
    engine: Engine
    words: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
    """Matched like the phrases of a signature."""
