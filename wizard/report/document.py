"""A whole case as a neutral outline, which Markdown and HTML write down in their own signs.

Every text here is either our own sentence (a plain `str`) or `Foreign`: a name, reason or value that a server, a file
or a person gave. Secrets are blanked here once more; that no foreign sign acts on the reader is the writer's duty.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from wizard import __version__
from wizard.diagnosis.secrets import without_secrets
from wizard.model.target import NAMES
from wizard.model.text import excerpt, printable
from wizard.report.selected import TO_CHOOSE_FROM, most_useful
from wizard.report.words import (
    CONFIDENCES,
    PLATFORMS,
    REACHED,
    RUN_ON,
    SHELLS,
    SOURCES,
    TIERS,
    inconclusive,
    of_days,
    of_proof,
    of_questions,
    of_value,
)
from wizard.workbench import engine_of

if TYPE_CHECKING:
    from wizard.diagnosis.proof import Proof
    from wizard.diagnosis.walk import Verdict
    from wizard.fixes.render import RenderedFix, RenderedStep
    from wizard.model.certificate import Certificate
    from wizard.model.evidence import Value
    from wizard.model.knowledge import FactEntry, Knowledge, Shell
    from wizard.workbench import Diagnosis

_LANGUAGES: dict[Shell, str] = {
    "powershell": "powershell",
    "cmd": "bat",
    "sh": "sh",
    "tsql": "sql",
    "mysql": "sql",
    "postgresql": "sql",
    "ini": "ini",
    "pg-conf": "ini",
    "python": "python",
    "javascript": "javascript",
    "go": "go",
    "java": "java",
    "csharp": "csharp",
    "rust": "rust",
    "dockerfile": "dockerfile",
    "yaml": "yaml",
}
"""The names by which highlighters know them; the others are `text`."""
LONGEST_ERROR = 20_000
"""Characters of an error text that a report repeats; of a longer one, such as a log, those around what decided."""


class Foreign(msgspec.Struct, frozen=True):
    """A text from outside, on one line."""

    text: str


Words = str | Foreign | tuple[str | Foreign, ...]
"""Some words on one line."""


class Paragraph(msgspec.Struct, frozen=True):
    """One paragraph; `strong` where it is a warning."""

    words: Words
    strong: bool = False


class Fields(msgspec.Struct, frozen=True):
    """Labels with what belongs to each."""

    pairs: tuple[tuple[str, Words], ...]


class Table(msgspec.Struct, frozen=True):
    """A table; each row has as many cells as there are heads."""

    heads: tuple[str, ...]
    rows: tuple[tuple[Words, ...], ...]


class Code(msgspec.Struct, frozen=True):
    """Lines to be copied or kept as they are."""

    language: str
    text: str


class Section(msgspec.Struct, frozen=True):
    """A heading with what stands under it; the deeper it lies, the smaller the heading."""

    title: Words
    blocks: tuple[Block, ...]


Block = Paragraph | Fields | Table | Code | Section


def document(done: Diagnosis, knowledge: Knowledge, at: datetime, proof: Proof | None) -> Section:
    """Returns the whole case as the outermost section; parts of which nothing is known are left out."""
    facts = {fact.id: fact for fact in knowledge.facts}
    parts = (
        _verdict(done, knowledge),
        _complaint(done, knowledge),
        _findings(done, facts),
        _certificates(done.case.certificates, at),
        _fixes(done.fixes),
        _proof(proof, facts) if proof else None,
        _trail(done.verdict, facts),
        _evidence(done, facts),
    )
    sections = (part for part in parts if part is not None)
    target = done.case.target
    title: Words = (
        ("Database connection: ", _foreign(str(target))) if target else "Database connection: no server"
    )
    return Section(title, (_head(done, at, proof), *sections))


def one_line(text: str) -> str:
    """Returns a text without anything that acts on a screen, all on one line."""
    return printable(text, longest=sys.maxsize)


def many_lines(text: str) -> list[str]:
    """Returns the lines of a text without anything that acts on a screen; tabs are kept."""
    return ["\t".join(one_line(part) for part in line.split("\t")) for line in text.splitlines()]


def _head(done: Diagnosis, at: datetime, proof: Proof | None) -> Fields:
    case, engine = done.case, engine_of(done.case)
    pairs: list[tuple[str, Words]] = []
    if engine:
        pairs.append(("Database", NAMES[engine]))
    if case.target:
        pairs.append(("Name that the client uses", _foreign(case.target.server_name)))
    if case.client:
        pairs.append(("Client", _foreign(case.client)))
    pairs.append(("Date", f"{at:%Y-%m-%d %H:%M} UTC"))
    pairs.append(("Made by", f"dbtls {__version__}"))
    if proof:
        pairs.append(("After the fix", of_proof(proof)))
    return Fields(tuple(pairs))


def _verdict(done: Diagnosis, knowledge: Knowledge) -> Section:
    verdict, cause = done.verdict, done.verdict.cause
    blocks: list[Block] = []
    if cause is None:
        title = f"? {inconclusive(verdict)}"
        if done.match and (advice := done.match.ask_for or done.match.go_to):
            blocks.append(Paragraph(advice))
    else:
        title = f"{'✓' if cause.severity == 'none' else '✗'} {cause.title}"
        sure = CONFIDENCES[verdict.confidence] if verdict.confidence else "unknown"
        blocks += [
            Paragraph(cause.summary),
            Paragraph(f"In detail: {cause.precise}"),
            *([Paragraph(cause.advice)] if cause.advice else []),
            Fields((("How sure", sure), ("Cause", cause.id))),
        ]
    if verdict.open_questions:
        questions = of_questions(verdict.open_questions, knowledge)
        rows = zip(questions, verdict.open_questions, strict=True)
        blocks.append(Section("Open questions", (Table(("Question", "Fact for --answer"), tuple(rows)),)))
    return Section(title, tuple(blocks))


def _complaint(done: Diagnosis, knowledge: Knowledge) -> Section | None:
    case, match = done.case, done.match
    told = case.value("symptom")
    known = next((entry for entry in knowledge.symptoms if entry.id == told), None)
    if case.error is None and known is None:
        return None
    blocks: list[Block] = []
    if known:
        blocks.append(Fields((("Symptom", f"{known.title} ({known.id})"),)))
        blocks.append(Paragraph(match.meaning if match and match.symptom == known.id else known.meaning))
    elif match and match.signature is None:
        blocks.append(Paragraph("Nothing in this text is known as an error of a database connection."))
    if case.error is not None:
        words = match.words if match else None
        blocks.append(Code("text", excerpt(without_secrets(case.error), words, LONGEST_ERROR)))
    return Section("What the client says", tuple(blocks))


def _findings(done: Diagnosis, facts: dict[str, FactEntry]) -> Section | None:
    if not done.findings:
        return None
    rows: list[tuple[Words, ...]] = []
    for found in done.findings:
        shown: list[str | Foreign] = []
        for fact in found.evidence:
            shown += [
                "; " if shown else "",
                f"{facts[fact].title}: ",
                _value(done.case.value(fact), facts[fact]),
            ]
        rows.append((f"{found.cause.title} ({found.cause.id})", found.cause.severity, tuple(shown)))
    return Section("All findings", (Table(("Finding", "Severity", "Shown by"), tuple(rows)),))


def _certificates(chain: Sequence[Certificate], at: datetime) -> Section | None:
    if not chain:
        return None
    blocks: list[Block] = []
    for number, one in enumerate(chain, start=1):
        pairs: list[tuple[str, Words]] = [
            ("Subject", _foreign(one.subject) if one.subject else "(empty)"),
            ("Issuer", "itself" if one.self_signed else _foreign(one.issuer) if one.issuer else "(empty)"),
        ]
        if number == 1:
            common = _foreign(one.common_name) if one.common_name else "also none"
            none = ("none; common name: ", common)
            pairs.append(("Names", _foreign(", ".join(one.sans)) if one.sans else none))
        if one.not_before and one.not_after:
            days = of_days(one.not_after, at)
            pairs.append(("Valid", f"{one.not_before:%Y-%m-%d} to {one.not_after:%Y-%m-%d}, {days}"))
        pairs.append(("Key", _foreign(one.key)))
        pairs.append(("Signed with", _foreign(one.signature)))
        pairs.append(("SHA-1", _foreign(one.sha1)))
        pairs.append(("SHA-256", _foreign(one.sha256)))
        if one.malformed:
            pairs.append(("Malformed", _foreign(", ".join(one.malformed))))
        blocks.append(Section(f"Certificate {number} of {len(chain)}", (Fields(tuple(pairs)),)))
    return Section("Certificate chain", tuple(blocks))


def _fixes(fixes: Sequence[RenderedFix]) -> Section | None:
    if not fixes:
        return None
    whole = most_useful(fixes, TO_CHOOSE_FROM)
    tiers = [
        Section(TIERS[tier], tuple(_of_tier(list(group), whole)))
        for tier, group in groupby(fixes, key=lambda fix: fix.tier)
    ]
    return Section("Fixes", tuple(tiers))


def _of_tier(fixes: Sequence[RenderedFix], whole: Collection[str]) -> Iterator[Block]:
    """Yields the fixes of one tier; of those that are too many to read only what they are."""
    yield from (_fix(fix) for fix in fixes if fix.id in whole)
    rows = tuple((fix.title, PLATFORMS[fix.platform], fix.id) for fix in fixes if fix.id not in whole)
    if rows:
        yield Section("Others; dbtls fix prints their commands", (Table(("Fix", "Where", "Id"), rows),))


def _fix(fix: RenderedFix) -> Section:
    pairs = (
        ("Where", PLATFORMS[fix.platform]),
        ("Needs", fix.rights),
        ("Restarts", fix.restarts),
        ("Good when", fix.when_ok),
        ("Not when", fix.when_not),
        ("Id", fix.id),
        ("Sources", " ".join(fix.sources)),
    )
    blocks: list[Block] = [Paragraph(f"Gives up: {fix.gives_up}", strong=True)] if fix.gives_up else []
    blocks.append(Fields(tuple((label, text) for label, text in pairs if text)))
    for number, step in enumerate(fix.steps, start=1):
        blocks += _step(f"Step {number}", step)
    for step in fix.undo:
        blocks += _step("To undo it", step)
    blocks += [Paragraph("To confirm it:"), Code("sh", fix.confirm)]
    return Section(fix.title, tuple(blocks))


def _step(label: str, step: RenderedStep) -> Iterator[Block]:
    rights = ", as administrator" if step.as_administrator else ""
    yield Paragraph(f"{label}: {step.title} ({SHELLS[step.shell]}, {RUN_ON[step.run_on]}{rights})")
    yield Code(_LANGUAGES.get(step.shell, "text"), step.text)


def _proof(proof: Proof, facts: dict[str, FactEntry]) -> Section:
    rows = tuple(
        (
            _title(one.fact, facts),
            _value(one.before, facts.get(one.fact)),
            _value(one.after, facts.get(one.fact)),
        )
        for one in proof.changes
    )
    changed = Table(("Fact", "Before", "After"), rows) if rows else Paragraph("No fact has changed.")
    return Section("After the fix", (Paragraph(of_proof(proof)), changed, *_drivers(proof)))


def _drivers(proof: Proof) -> Iterator[Block]:
    """Yields what real drivers did."""
    if not proof.drivers:
        return
    rows = tuple(
        (
            f"{one.client} {one.version or ''}".rstrip(),
            REACHED[one.before] if one.before else "not asked",
            (REACHED[one.after], *((": ", _foreign(one.error)) if one.error else ())),
        )
        for one in proof.drivers
    )
    yield Table(("Driver", "Before", "After"), rows)


def _trail(verdict: Verdict, facts: dict[str, FactEntry]) -> Section | None:
    told = {mark.fact: mark for mark in verdict.trail}  # each fact once, however often the tree asks
    rows = tuple(
        (
            mark.question,
            _value(mark.value, facts.get(mark.fact)),
            SOURCES[mark.source],
            _foreign(mark.because) if mark.because else "",
        )
        for mark in told.values()
        if mark.value is not None or mark.source != "assumed"
    )
    if not rows:
        return None
    return Section(
        "Trail: what was asked, in this order",
        (Table(("Question", "Answer", "Who said it", "Reason"), rows),),
    )


def _evidence(done: Diagnosis, facts: dict[str, FactEntry]) -> Section | None:
    rows: list[tuple[Words, ...]] = []
    for fact in done.case.facts():
        if entry := done.case.evidence_for(fact):
            because = _foreign(entry.because) if entry.because else ""
            value = _value(entry.value, facts.get(fact))
            rows.append((_title(fact, facts), value, SOURCES[entry.source], because))
    if not rows:
        return None
    return Section("Evidence", (Table(("Fact", "Value", "Who said it", "Reason"), tuple(rows)),))


def _title(fact: str, facts: dict[str, FactEntry]) -> Foreign | str:
    return facts[fact].title if fact in facts else _foreign(fact)


def _value(value: Value | None, fact: FactEntry | None) -> str | Foreign:
    """Returns a value in words; they are ours where the knowledge has them, else those of whoever said it."""
    words = of_value(value, fact)
    ours = value is None or isinstance(value, bool | int)
    return words if ours or (fact and any(one.value == value for one in fact.choices)) else _foreign(words)


def _foreign(text: str) -> Foreign:
    return Foreign(printable(without_secrets(text)))
