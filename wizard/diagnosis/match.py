"""From a pasted error text to the symptom: what the person saw, and what that alone establishes."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from wizard.diagnosis.codes import codes_in
from wizard.diagnosis.normalise import Squeezed, prepared, squeeze
from wizard.model.evidence import Evidence
from wizard.model.knowledge import ClientEntry, Knowledge, Signature, SymptomEntry
from wizard.model.target import Engine
from wizard.model.text import printable

UNRECOGNISED = 0.1
"""The confidence where nothing in the text is known."""
_LONGEST_WORDS = 200
# Words that tell the engine where neither the signature nor the client does; the first that is found decides.
_ENGINE_WORDS: tuple[tuple[Engine, tuple[str, ...]], ...] = (
    # Not "SqlClient" alone: it also stands in "MySqlClient".
    ("sqlserver", ("Data.SqlClient", "Microsoft SqlClient", "Net SqlClient", "mssql", "jdbc:sqlserver", "microsoft.sqlserver", "tedious", "DB-Lib", "SQLOLEDB",
                   "MSOLEDBSQL", "SQLNCLI", "TDSSNIClient", "adaptive server", "database.windows.net", "TinyTds",
                   "dbatools", "tiberius", "TCP Provider", "SSL Provider", "ODBC Driver 17", "ODBC Driver 18",
                   "Error: 18456")),
    ("postgresql", ("postgres", "psql", "pg_hba", "Npgsql", "psycopg", "asyncpg", "libpq", "pg8000", "pgbouncer",
                    "port 5432", "valid client certificate", "password authentication failed for user")),
    ("mariadb", ("mariadb",)),
    ("mysql", ("mysql", "require_secure_transport", "ERROR 2026", "SSL connection error", "port 3306",
               "HANDSHAKE_SSL_ERROR", "caching_sha2_password", "Access denied for user")),
    # Last, because it also stands in "MySQL server".
    ("sqlserver", ("SQL Server", "port 1433", "sqlcmd", "Login failed for user", "pyodbc")),
)  # fmt: skip
# Java and .NET write the root cause last; Python writes it first.
_INNERMOST_LAST = ("Caused by", "End of inner exception", "inner exception is")


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


class _Hit(NamedTuple):
    symptom: SymptomEntry
    signature: Signature
    start: int
    end: int


def match(text: str, knowledge: Knowledge) -> Match:
    """Returns what `text` means, for any text of any length; `ambiguous` where it is not recognised.

    A reason decides before a wrapper, then the heavier signature, then the root cause of the trace.

    Args:
        text: what the person pasted: a sentence, a dialog, a log, a stack trace.
        knowledge: its symptoms and clients; it must hold the symptom `ambiguous`.
    """
    pasted = Squeezed(text)
    last = _first(_INNERMOST_LAST, pasted) is not None
    hits = [
        hit
        for symptom in knowledge.symptoms
        for signature in symptom.signatures
        if (hit := _hit(symptom, signature, pasted)) is not None
    ]
    hits.sort(
        key=lambda hit: (
            hit.signature.kind == "wrapper",
            -hit.signature.weight,
            -hit.start if last else hit.start,
        )
    )
    client = _client(pasted, knowledge.clients)
    candidates = _candidates(hits)
    best = hits[0] if hits else None
    symptom = best.symptom if best else knowledge.symptom("ambiguous")
    signature = best.signature if best else None
    words = printable(pasted.words(best.start, best.end), longest=_LONGEST_WORDS) if best else None
    because = f"“{words}”" if words else "nothing in it is known"
    facts = signature.establishes if signature else ()
    return Match(
        symptom=symptom.id,
        confidence=_confidence(candidates) if best else UNRECOGNISED,
        engine=_engine(pasted, client, signature),
        client=client.id if client else None,
        codes=codes_in(pasted.text, pasted.place(best.start) if best else 0),
        signature=signature.id if signature else None,
        words=words,
        meaning=symptom.meaning,
        likely_causes=symptom.likely_causes,
        candidates=candidates,
        establishes=tuple(
            Evidence(fact, value, "error-text", because)
            for fact, value in (("symptom", symptom.id), *((item.fact, item.value) for item in facts))
        ),
        go_to=signature.go_to if signature else None,
        ask_for=(signature.ask_for if signature else None) or symptom.ask_for,
    )


def _hit(symptom: SymptomEntry, signature: Signature, text: Squeezed) -> _Hit | None:
    found = _first(signature.phrases, text)
    if found is None or _first(signature.unless, text):
        return None
    if signature.with_ and not _first(signature.with_, text):
        return None
    return _Hit(symptom, signature, *found)


def _first(phrases: tuple[str, ...], text: Squeezed) -> tuple[int, int] | None:
    """Returns the place of the first of the phrases that is found."""
    return next((place for words in phrases if (place := prepared(words).find(text))), None)


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


def _client(text: Squeezed, clients: tuple[ClientEntry, ...]) -> ClientEntry | None:
    found = [
        (phrase.length, client)
        for client in clients
        for mark in client.marks
        if (phrase := prepared(mark)).find(text)
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _engine(text: Squeezed, client: ClientEntry | None, signature: Signature | None) -> Engine | None:
    if client is not None and len(client.engines) == 1:
        return client.engines[0]
    said = signature.engine if signature else None
    if said is None or said == "mysql":
        for engine, words in _ENGINE_WORDS:
            if any(text.may_hold(word) and word in text.letters for word in map(squeeze, words)):
                return engine
    if said is None and client is not None:
        return client.engines[0]
    return said
