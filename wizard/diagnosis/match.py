"""From a pasted error text to the symptom: what the person saw, and what that alone establishes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from wizard.diagnosis.codes import codes_in
from wizard.diagnosis.normalise import Squeezed
from wizard.diagnosis.phrases import Found, Phrases, prepare
from wizard.model.evidence import Evidence, Value
from wizard.model.knowledge import Recognition
from wizard.model.recognition import ClientEntry, Signature, SymptomEntry
from wizard.model.target import Engine
from wizard.model.text import printable

UNRECOGNISED = 0.1
"""The confidence where nothing in the text is known."""
_LONGEST_WORDS = 200
# Java and .NET write the root cause last; Python writes it first.
_INNERMOST_LAST = ("Caused by", "End of inner exception", "inner exception is")


Wordings = Mapping[str, tuple[str, ...]]
"""The phrases of each wording, by the way it is written in a signature: `<id>`."""


class Candidate(msgspec.Struct, frozen=True):
    """A symptom that the text may mean, and how well it fits, from 0 to 1."""

    symptom: str
    score: float


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """What an error text means."""

    symptom: str
    confidence: float
    """From 0 to 1."""
    engine: Engine | None
    client: str | None
    """Id of the client that wrote the text; the newest of its kind where no version shows."""
    codes: tuple[str, ...]
    signature: str | None
    """Id of the signature that decided; None where nothing is recognised."""
    words: str | None
    """The words of the text that decided, safe to show."""
    meaning: str
    likely_causes: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    """The best of each symptom, the best first."""
    establishes: tuple[Evidence, ...]
    go_to: str | None
    """For `not-tls`: where to go instead."""
    ask_for: str | None
    """For `ambiguous`: what to paste."""


class _Pattern(NamedTuple):
    """A signature with the phrases of its wordings written out."""

    symptom: SymptomEntry
    signature: Signature
    phrases: tuple[str, ...]
    with_: tuple[str, ...]
    unless: tuple[str, ...]


class _Hit(NamedTuple):
    symptom: SymptomEntry
    signature: Signature
    start: int
    end: int


class Matcher:
    """Recognises error texts with the symptoms and clients of one knowledge."""

    def __init__(self, knowledge: Recognition) -> None:
        """Prepares the search. The knowledge must hold the symptom `ambiguous`."""
        self._knowledge = knowledge
        wordings = {f"<{wording.id}>": wording.phrases for wording in knowledge.wordings}
        self._patterns = tuple(_patterns(knowledge, wordings))
        self._with_phrase: dict[str, list[int]] = {}
        for number, pattern in enumerate(self._patterns):
            for phrase in pattern.phrases:
                self._with_phrase.setdefault(phrase, []).append(number)
        self._engines = tuple(
            (entry.engine, _written_out(entry.words, wordings)) for entry in knowledge.engines
        )
        self.prepared = knowledge.prepared or prepare(self._all_phrases())
        """All phrases of the knowledge ready for searching, to be kept for the next start."""
        self._phrases = Phrases(self.prepared)

    def match(self, text: str) -> Match:
        """Returns what `text` means, for any text of any length; `ambiguous` where it is not recognised.

        A reason decides before a wrapper, then the heavier signature, then the root cause of the trace.

        Args:
            text: what the person pasted: a sentence, a dialog, a log, a stack trace.
        """
        pasted = Squeezed(text)
        found = self._phrases.find(pasted)
        hits = _hits(self._patterns_of(found), found)
        best = hits[0] if hits else None
        symptom = best.symptom if best else self._knowledge.symptom("ambiguous")
        signature = best.signature if best else None
        words = printable(pasted.words(best.start, best.end), longest=_LONGEST_WORDS) if best else None
        because = f"“{words}”" if words else "nothing in it is known"
        client = self._client(found)
        engine = self._engine(found, client, signature)
        candidates = _candidates(hits)
        facts = _facts(symptom, hits)
        return Match(
            symptom=symptom.id,
            confidence=_confidence(candidates) if best else UNRECOGNISED,
            engine=engine,
            client=client.id if client else None,
            codes=codes_in(pasted.text, pasted.place(best.start) if best else 0),
            signature=signature.id if signature else None,
            words=words,
            meaning=symptom.meaning,
            likely_causes=self._likely_causes(symptom, facts, engine) if best else (),
            candidates=candidates,
            establishes=tuple(
                Evidence(fact, value, "error-text", because)
                for fact, value in (("symptom", symptom.id), *facts.items())
            ),
            go_to=signature.go_to if signature else None,
            ask_for=(signature.ask_for if signature else None) or symptom.ask_for,
        )

    def _all_phrases(self) -> Iterator[str]:
        yield from _INNERMOST_LAST
        for pattern in self._patterns:
            yield from (*pattern.phrases, *pattern.with_, *pattern.unless)
        for client in self._knowledge.clients:
            yield from client.marks
        for _, words in self._engines:
            yield from words

    def _patterns_of(self, found: Found) -> Iterator[_Pattern]:
        """Yields the patterns of which a phrase is found, in the order of the knowledge."""
        numbers = {number for phrase in found for number in self._with_phrase.get(phrase, ())}
        return (self._patterns[number] for number in sorted(numbers))

    def _client(self, found: Found) -> ClientEntry | None:
        """Returns the client whose longest mark stands in the text."""
        marked = [(found.longest_of(client.marks), client) for client in self._knowledge.clients]
        longest, client = max(marked, key=lambda pair: pair[0], default=(0, None))
        return client if longest else None

    def _likely_causes(
        self, symptom: SymptomEntry, facts: dict[str, Value], engine: Engine | None
    ) -> tuple[str, ...]:
        """Returns the causes that the words prove, then the symptom's usual ones, as far as the database has them."""
        entries = {cause.id: cause for cause in self._knowledge.causes}
        proven = (
            cause.id
            for cause in entries.values()
            if any(
                all(facts.get(condition.fact) in condition.one_of for condition in sign.all)
                and not any(facts.get(condition.fact) in condition.one_of for condition in sign.unless)
                for sign in cause.signs
            )
        )
        return tuple(
            cause
            for cause in dict.fromkeys((*proven, *symptom.likely_causes))
            if engine is None or cause not in entries or engine in entries[cause].engines
        )

    def _engine(self, found: Found, client: ClientEntry | None, signature: Signature | None) -> Engine | None:
        if client is not None and len(client.engines) == 1:
            return client.engines[0]
        said = signature.engine if signature else None
        if said is None or said == "mysql":
            for engine, words in self._engines:
                if (client is None or engine in client.engines) and found.any_of(words):
                    return engine
        if said is None and client is not None:
            return client.engines[0]
        return said


def _written_out(phrases: tuple[str, ...], wordings: Wordings) -> tuple[str, ...]:
    """Returns the phrases with each wording, `<id>`, replaced by its own."""
    return tuple(one for phrase in phrases for one in wordings.get(phrase, (phrase,)))


def _patterns(knowledge: Recognition, wordings: Wordings) -> Iterator[_Pattern]:
    symptoms = {symptom.id: symptom for symptom in knowledge.symptoms}
    for signature in knowledge.signatures:
        lists = (signature.phrases, signature.with_, signature.unless)
        phrases, with_, unless = (_written_out(one, wordings) for one in lists)
        yield _Pattern(symptoms[signature.symptom], signature, phrases, with_, unless)


def _hits(patterns: Iterable[_Pattern], found: Found) -> list[_Hit]:
    """Returns the signatures that match, the one that decides first."""
    last = found.any_of(_INNERMOST_LAST)
    hits = [
        _Hit(pattern.symptom, pattern.signature, place.start, place.end)
        for pattern in patterns
        if (place := found.first_of(pattern.phrases)) is not None
        and not found.any_of(pattern.unless)
        and (not pattern.with_ or found.any_of(pattern.with_))
    ]
    hits.sort(
        key=lambda hit: (
            hit.signature.kind == "wrapper",
            -hit.signature.weight,
            -hit.start if last else hit.start,
        )
    )
    return hits


def _facts(symptom: SymptomEntry, hits: list[_Hit]) -> dict[str, Value]:
    """Returns the facts that the words of this symptom establish; of two that differ the one that decides."""
    return {
        told.fact: told.value
        for hit in reversed(hits)
        if hit.symptom is symptom
        for told in hit.signature.establishes
    }


def _candidates(hits: list[_Hit]) -> tuple[Candidate, ...]:
    best: dict[str, float] = {}
    for hit in hits:
        best.setdefault(hit.symptom.id, hit.signature.weight / 100)
    return tuple(Candidate(symptom, score) for symptom, score in best.items())


def _confidence(candidates: tuple[Candidate, ...]) -> float:
    """Returns the best score, less where another symptom fits nearly as well."""
    first, *others = candidates
    rival = max((other.score for other in others), default=0.0)
    return round(max(first.score - max(rival - first.score + 0.1, 0.0), UNRECOGNISED), 2)
