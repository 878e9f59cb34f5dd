"""Entries of the knowledge, to be read: with what they correct and where they come from."""

from __future__ import annotations

from collections.abc import Iterator

from textual.content import Content

from wizard.model.entry import Correction
from wizard.model.knowledge import CauseEntry, FactEntry, FixEntry, Knowledge
from wizard.model.recognition import ClientEntry, SymptomEntry
from wizard.report.words import TIERS
from wizard.tui.text import MUTED, literal, marked

Rows = tuple[Content, ...]


def of_cause(cause: CauseEntry, known: Knowledge) -> Rows:
    """Returns a cause with its fixes."""

    def rows() -> Iterator[Content]:
        yield from _paragraphs(cause.summary, cause.precise, cause.advice)
        fixes = [fix for fix in known.fixes if cause.id in fix.causes]
        for tier, title in TIERS.items():
            titles = dict.fromkeys(fix.title for fix in fixes if fix.tier == tier)
            if titles:
                yield Content("")
                yield Content.styled(title, "bold")
                yield from (marked("note", one) for one in titles)

    return article("cause", cause.id, cause.title, rows(), cause.corrects, cause.sources, known)


def of_symptom(symptom: SymptomEntry, known: Knowledge) -> Rows:
    """Returns a symptom with its likely causes and what clients say."""

    def rows() -> Iterator[Content]:
        yield from _paragraphs(symptom.meaning, symptom.ask_for)
        yield Content.styled("Likely causes", "bold")
        titles = {cause.id: cause.title for cause in known.causes}
        yield from (marked("note", titles.get(cause, cause)) for cause in symptom.likely_causes)
        yield Content("")
        yield Content.styled("What clients say", "bold")
        for signature in known.signatures:
            if signature.symptom == symptom.id:
                yield from (marked("note", example) for example in signature.examples[:1])

    return article("symptom", symptom.id, symptom.title, rows(), symptom.corrects, symptom.sources, known)


def of_client(client: ClientEntry, known: Knowledge) -> Rows:
    """Returns what a client does about TLS by itself."""
    return article(
        "client", client.id, client.title, client_notes(client.notes), client.corrects, client.sources, known
    )


def client_notes(notes: tuple[str, ...]) -> Iterator[Content]:
    """Yields what a client does, one line for each note."""
    yield from (marked("note", note) for note in notes or ("Nothing is noted about it yet.",))


def of_fact(fact: FactEntry, known: Knowledge) -> Rows:
    """Returns a fact with its possible values and the ways to find it out."""

    def rows() -> Iterator[Content]:
        yield from _paragraphs(fact.question)
        yield from (marked("note", choice.label) for choice in fact.choices)
        for how in fact.how_to:
            if how.text.count("\n") < 6:
                yield Content("")
                yield from (literal(line) for line in how.text.splitlines())
                yield literal(how.look_for, MUTED)

    return article("fact", fact.id, fact.title, rows(), fact.corrects, fact.sources, known)


def of_fix(fix: FixEntry, known: Knowledge) -> Rows:
    """Returns a fix without its commands: those need a case to be filled in."""

    def rows() -> Iterator[Content]:
        yield literal(TIERS[fix.tier])
        for label, told in (
            ("gives up", fix.gives_up),
            ("good when", fix.when_ok),
            ("not when", fix.when_not),
        ):
            if told:
                yield literal(f"{label}: {told}")
        titles = {cause.id: cause.title for cause in known.causes}
        yield Content("")
        yield Content.styled("Mends", "bold")
        yield from (marked("note", titles[cause]) for cause in fix.causes)
        yield Content("")
        yield Content.styled("Steps", "bold")
        yield from (literal(f"{number}. {step.title}") for number, step in enumerate(fix.steps, start=1))
        yield literal(f"As commands: dbtls fix {fix.causes[0]}", MUTED)

    return article("fix", fix.id, fix.title, rows(), fix.corrects, fix.sources, known)


def _paragraphs(*texts: str | None) -> Iterator[Content]:
    for text in texts:
        if text:
            yield literal(text)
            yield Content("")


def article(
    kind: str,
    entry_id: str,
    title: str,
    rows: Iterator[Content],
    corrects: tuple[Correction, ...],
    sources: tuple[str, ...],
    known: Knowledge,
) -> Rows:
    """Returns rows below their title, with what is often read of them but wrong, and their sources."""

    def all_rows() -> Iterator[Content]:
        yield literal(title, "bold")
        yield literal(f"{kind} · {entry_id}", MUTED)
        yield Content("")
        yield from rows
        if corrects:
            yield Content("")
            yield Content.styled("Often read, but wrong", "bold")
            yield from (marked("note", one.text) for one in corrects)
        documents = {source.id: source for source in known.sources}
        found = [documents[one] for one in sources if one in documents]
        if found:
            yield Content("")
            yield Content.styled("Sources", "bold")
            yield from (marked("note", f"{one.title}  {one.url or ''}".rstrip()) for one in found)

    return tuple(all_rows())
