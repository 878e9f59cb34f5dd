"""What a client will do, as an article: its outcome and why, its settings, and what its driver really did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual.content import Content

from wizard.diagnosis.clients.profiles import profile_of
from wizard.model.client import OptionEntry
from wizard.model.knowledge import Knowledge
from wizard.report.clients import AGREEMENTS, ENCRYPTED, STATES, rests_on
from wizard.report.words import REACHED
from wizard.tui.articles import Rows, article, client_notes
from wizard.tui.text import MUTED, State, field, literal, marked

if TYPE_CHECKING:
    from wizard.diagnosis.clients.prediction import Prediction
    from wizard.forecast import Column, Row
    from wizard.live import Agreement, Seen

SIGNS: dict[bool | None, State] = {True: "passed", False: "failed", None: "unknown"}
"""The sign of what a client does."""
AGREED: dict[Agreement, State] = {"agrees": "passed", "disagrees": "failed", "cannot-tell": "unknown"}
"""The sign of whether a driver did as predicted."""


def of_prediction(
    row: Row, columns: tuple[Column, ...], seen: Seen | None, known: Knowledge, *, told: bool = False
) -> Rows:
    """Returns what a client will do and why.

    Args:
        row: its predictions.
        columns: the fixes, in the order of the row.
        seen: what its driver really did on this machine, where it was asked.
        known: the knowledge.
        told: whether its options come from the connection string of the case.
    """
    now = row.now
    profile, client = profile_of(now.client, None, known), known.client(now.client)

    def rows() -> Iterator[Content]:
        whose = "the settings of your connection string" if told else "its usual settings"
        yield marked(SIGNS[now.connects], literal(f"{STATES[now.connects][1]}, with {whose}", "bold"))
        yield literal(now.why)
        if now.message:
            yield field("It says", now.message)
        if now.symptom:
            yield field("Symptom", _symptom(now.symptom, known))
        for option, lost in now.dangers:
            yield marked("failed", f"{option}: {lost}")
        if seen is not None:
            yield from _heading("What its driver did on this machine")
            yield from _reality(seen)
        yield from _heading("What would change it")
        yield from _changes(row, columns)
        if profile.options:
            yield from _heading("Its settings")
            given = {key.lower(): value for key, value in now.options}
            yield from (marked("note", _setting(one, given)) for one in profile.options)
        yield from _heading("About it")
        yield from client_notes((*client.notes, *rests_on(now)))

    sources = tuple(dict.fromkeys((*profile.sources, *client.sources)))
    return article("client", now.client, now.title, rows(), client.corrects, sources, known)


def spelt(prediction: Prediction) -> str:
    """Returns the options of a prediction as they are written, without the quotes that a client may want."""
    return ", ".join(f"{key}={value}" if value else key for key, value in prediction.options)


def _heading(words: str) -> Iterator[Content]:
    yield Content("")
    yield Content.styled(words, "bold")


def _symptom(symptom: str, known: Knowledge) -> Content:
    title = next((one.title for one in known.symptoms if one.id == symptom), symptom)
    return literal(title) + literal(f"  {symptom}", MUTED)


def _changes(row: Row, columns: tuple[Column, ...]) -> Iterator[Content]:
    for number, (column, after) in enumerate(zip(columns, row.after, strict=True), start=1):
        words = literal(f"({number}) {STATES[after.connects][1]} once mended: {column.effect}. {after.why}")
        yield marked(SIGNS[after.connects], words + literal(f" For example: {column.title}", MUTED))
    if row.bypass is not None:
        word = STATES[row.bypass.connects][1]
        yield marked(
            SIGNS[row.bypass.connects],
            f"{word} with the bypass {spelt(row.bypass)}, which skips the check. {row.bypass.why}",
        )
    elif not columns:
        yield literal("Nothing is known that would.", MUTED)


def _setting(option: OptionEntry, given: dict[str, str]) -> Content:
    value, whose = given.get(option.key.lower()), "given"
    if value is None:
        value, whose = option.default, "by itself"
    if value is None:
        return literal(option.key, "bold") + literal(f" is not set by itself. {option.does or ''}".rstrip())
    does = next(
        (one.does for one in option.values if value.lower() in (is_.lower() for is_ in one.is_)), None
    )
    return literal(f"{option.key}={value}", "bold") + literal(
        f" ({whose})  {does or option.does or ''}".rstrip()
    )


def _reality(seen: Seen) -> Iterator[Content]:
    did, said = seen.attempt, seen.prediction
    yield marked(AGREED[seen.agreement], literal(AGREEMENTS[seen.agreement][1], "bold"))
    yield field("predicted", f"{STATES[said.connects][1]}; encrypted: {ENCRYPTED[said.encrypted]}")
    yield field("it did", f"{REACHED[did.reached]}; encrypted: {ENCRYPTED[did.encrypted]}")
    for label, text in (
        ("version", did.version),
        ("it said", did.error),
        ("it leaves", did.leaves),
        ("note", did.limitation),
    ):
        if text:
            yield field(label, text)
