"""A diagnosis and its parts as plain text: for terminals without a screen, for screen readers and for tickets.

No boxes, no colour, no movement; the state comes first, as a symbol and a word.
"""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING

from wizard.report.selected import AT_FIRST, most_useful
from wizard.report.words import (
    RUN_ON,
    SHELLS,
    SOURCES,
    TIERS,
    inconclusive,
    of_days,
    of_driver,
    of_proof,
    of_questions,
    of_value,
)

if TYPE_CHECKING:
    from wizard.diagnosis.match import Match
    from wizard.diagnosis.proof import Proof
    from wizard.diagnosis.walk import Trailmark
    from wizard.fixes.render import RenderedFix, RenderedStep
    from wizard.made_certificate import Made
    from wizard.model.case import Case
    from wizard.model.certificate import Certificate
    from wizard.model.evidence import Evidence, Value
    from wizard.model.knowledge import FactEntry, HowTo, Knowledge, Recognition
    from wizard.workbench import Diagnosis

WIDTH = min(78, max(32, shutil.get_terminal_size().columns - 2))
"""Columns of a line, commands aside; narrower where the terminal is."""

ON_PLATFORM = {"windows": "on Windows", "linux": "on Linux", "macos": "on macOS", "any": "from any client"}


def explanation(match: Match, knowledge: Recognition) -> Iterator[str]:
    """Yields the lines of `dbtls explain`."""
    entry = knowledge.symptom(match.symptom)
    if match.signature is None:
        yield "Not recognised: nothing in this text is known as an error of a database connection."
        yield ""
        yield from _wrapped(f"Next: {match.ask_for}")
        return
    yield from _wrapped(f"Recognised  {entry.title} ({entry.id}, {match.confidence:.0%} sure)", "", "  ")
    if match.words:
        yield from _field("Decided by", f"“{match.words}”")
    about = [word for word in (match.engine, match.client) if word]
    if about:
        yield from _field("Said by", " · ".join(about))
    if match.codes:
        yield from _field("Codes", ", ".join(match.codes[:8]))
    yield ""
    yield from _wrapped(match.meaning)
    if match.likely_causes:
        titles = {cause.id: cause.title for cause in knowledge.causes}
        yield ""
        yield "Likely causes, most likely first:"
        for cause in match.likely_causes:
            yield from _wrapped(f"- {titles.get(cause, cause)} ({cause})", "  ", "    ")
    for advice in (match.ask_for, match.go_to):
        if advice:
            yield ""
            yield from _wrapped(f"Next: {advice}")


def diagnosis(done: Diagnosis, knowledge: Knowledge, at: datetime) -> Iterator[str]:
    """Yields the lines of `dbtls check`, from the trail to the fixes."""
    facts = {fact.id: fact for fact in knowledge.facts}
    yield "TRAIL"
    told = {mark.fact: mark for mark in done.verdict.trail}  # each fact once, however often the tree asks
    nobody = [mark for mark in told.values() if mark.value is None and mark.source == "assumed"]
    for mark in told.values():
        if mark not in nobody:
            yield from _mark(mark, facts[mark.fact])
    if nobody:
        yield f"  ? {len(nobody)} more that nothing has told yet"
    server = list(_server(done.case, facts))
    if server:
        yield from ("", "SERVER", *server)
    own = list(own_view(done.case, facts))
    if own:
        yield from ("", "WHAT THE SERVER SAYS ITSELF", *own)
    if done.case.certificates:
        yield ""
        yield "CERTIFICATE"
        yield from certificates(done.case.certificates, at)
    yield ""
    yield from _verdict(done, knowledge)
    others = [
        one for one in done.findings if done.verdict.cause is None or one.cause.id != done.verdict.cause.id
    ]
    if others:
        yield ""
        yield "ALSO FOUND"
        for one in others:
            symbol = "·" if one.cause.severity == "note" else "!"
            yield from _wrapped(f"{symbol} {one.cause.title} ({one.cause.id})", "  ", "    ")
    if done.fixes:
        yield from ("", *fixes(done.fixes, whole := most_useful(done.fixes, AT_FIRST)), *_recap(done, whole))


def evidence(entries: Iterable[Evidence], knowledge: Knowledge) -> Iterator[str]:
    """Yields one line for each fact that a probe has just established, and one for all that it could not."""
    facts = {fact.id: fact for fact in knowledge.facts}
    lacking: dict[str | None, int] = {}
    for entry in entries:
        fact = facts.get(entry.fact)
        if fact is None:
            continue
        if not entry.known:
            lacking[entry.because] = lacking.get(entry.because, 0) + 1
        elif fact.normal is not None:
            yield from _fact(fact, entry.value, entry.because)
    for because, number in lacking.items():
        what = "1 fact stays unknown" if number == 1 else f"{number} facts stay unknown"
        yield from _wrapped(f"{what}: {of_value(because or 'without a reason')}", "  ? ", "    ")


def certificates(chain: Sequence[Certificate], at: datetime) -> Iterator[str]:
    """Yields the lines that describe a chain, leaf first."""
    for depth, one in enumerate(chain):
        if len(chain) > 1:
            yield f"  {depth + 1} of {len(chain)}"
        yield from _field("subject", one.subject or "(empty)")
        yield from _field("issuer", "itself" if one.self_signed else one.issuer or "(empty)")
        if depth == 0:
            yield from _field(
                "names", ", ".join(one.sans) or f"none (common name {one.common_name or 'also none'})"
            )
        if one.not_before and one.not_after:
            dates = f"{one.not_before:%Y-%m-%d} to {one.not_after:%Y-%m-%d}, {of_days(one.not_after, at)}"
            yield from _field("valid", dates)
        yield from _field("key", f"{one.key}, signed with {one.signature}")
        yield from _field("SHA-1", one.sha1)
        if one.malformed:
            yield from _field("malformed", ", ".join(one.malformed))


def fixes(rendered: Sequence[RenderedFix], whole: Collection[str] | None = None) -> Iterator[str]:
    """Yields the fixes, tier by tier, with commands that can be copied: unwrapped and flush left.

    Args:
        rendered: the fixes.
        whole: the ids of those that are shown with their commands, the others by their title; None: all are.
    """
    for tier, group in groupby(rendered, key=lambda fix: fix.tier):
        yield f"FIX · {TIERS[tier]}"
        of_tier = list(group)
        brief = [fix for fix in of_tier if whole is not None and fix.id not in whole]
        for fix in (fix for fix in of_tier if fix not in brief):
            yield ""
            yield from _heading(fix)
            for label, text in (
                ("needs", fix.rights),
                ("restarts", fix.restarts),
                ("gives up", fix.gives_up),
                ("good when", fix.when_ok),
                ("not when", fix.when_not),
            ):
                if text:
                    yield from _field(label, text)
            for number, step in enumerate(fix.steps, start=1):
                yield from _step(f"{number}", step)
            for step in fix.undo:
                yield from _step("undo", step)
            yield "  confirm:"
            yield fix.confirm
            if len(rendered) == 1 and fix.sources:  # of many fixes they would be half of the text
                yield "  sources:"
                yield from (f"    {source}" for source in fix.sources)
        if brief:
            yield from ("", "  Also:")
            for fix in brief:
                yield from _heading(fix)
        yield ""


def _heading(fix: RenderedFix) -> Iterator[str]:
    yield from _wrapped(f"[{fix.id}] {fix.title} ({fix.platform})", "  ", "    ")


def told_by_time(at: datetime, words: str) -> str:
    """Returns what happened at a moment, given in UTC, with the time of day of this machine."""
    return f"{at.astimezone():%H:%M:%S}  {words}"


def proven(proof: Proof, done: Diagnosis, knowledge: Knowledge) -> Iterator[str]:
    """Yields what became of a fault: in a sentence, then what was measured before and after."""
    facts = {fact.id: fact for fact in knowledge.facts}
    symbol = "✓" if proof.outcome == "fixed" else "?" if proof.outcome == "unproven" else "✗"
    yield from _wrapped(f"PROOF  {symbol} {of_proof(proof)}", "", "  ")
    for change in proof.changes:
        before, after = (of_value(value, facts.get(change.fact)) for value in (change.before, change.after))
        title = facts[change.fact].title if change.fact in facts else change.fact
        yield from _wrapped(f"{title}: {before} → {after}", "  ", "    ")
    for one in proof.drivers:
        yield from _wrapped(of_driver(one), "  ", "    ")
    if proof.outcome == "next-fault" and done.fixes:
        yield from _wrapped(f"Go on with [{done.fixes[0].id}]: {done.fixes[0].title}.", "  ")


def made(one: Made) -> Iterator[str]:
    """Yields the files of a certificate that was made, and what to do with them."""
    yield f"MADE  {'a root, and by it' if one.new_root else 'by the root that was there,'} a certificate for the server"
    yield from _field("names", ", ".join(one.names))
    yield from _field("valid to", f"{one.not_after:%Y-%m-%d}")
    for file, purpose in one.files.items():
        yield f"    {file}"
        yield f"               {purpose}"
    yield from _wrapped(
        "Take the server's files to the server, by the commands below. Give the root, and never its key, to every "
        "client: dbtls fix private-ca-not-trusted has the commands for that.",
        "  ",
    )


def how_to(how: HowTo) -> Iterator[str]:
    """Yields the lines that say how to find a fact out: where, the command, and what to look for."""
    yield f"{where(how)}, {SHELLS[how.shell]}:"
    yield from (f"  {line}" for line in how.text.splitlines())
    yield from (f"  {line}" for line in textwrap.wrap(how.look_for, WIDTH - 8))


def where(how: HowTo) -> str:
    """Returns where a command runs, in words."""
    place = ON_PLATFORM[how.platform]
    return f"{place}, on the server itself" if how.run_on == "server" else place


def _verdict(done: Diagnosis, knowledge: Knowledge) -> Iterator[str]:
    verdict = done.verdict
    if verdict.cause is None:
        yield f"VERDICT  ? inconclusive: {inconclusive(verdict)}"
        advice = done.match and (done.match.ask_for or done.match.go_to)
        if advice:
            yield from _wrapped(advice, "  ")
    else:
        symbol = "✓" if verdict.cause.severity == "none" else "✗"
        yield f"VERDICT  {symbol} {verdict.cause.title}"
        yield f"  {verdict.cause.id}, {verdict.confidence}"
        yield from _wrapped(verdict.cause.summary, "  ")
        yield from _wrapped(f"In detail: {verdict.cause.precise}", "  ", "  ")
        if verdict.cause.advice:
            yield from _wrapped(verdict.cause.advice, "  ")
    if verdict.open_questions:
        yield "  Open questions; find these out and run again with --answer FACT=VALUE:"
        questions = zip(verdict.open_questions, of_questions(verdict.open_questions, knowledge), strict=True)
        yield from (f"  ? {question} ({fact})" for fact, question in questions)


def _server(case: Case, facts: Mapping[str, FactEntry]) -> Iterator[str]:
    """Yields what the server told about itself."""
    for label, fact in (
        ("product", "server.engine"),
        ("version", "server.version"),
        ("policy", "policy"),
        ("negotiated", "handshake.version"),
        ("cipher", "handshake.cipher"),
        ("strict", "strict.offered"),
    ):
        entry = case.evidence_for(fact)
        if entry is not None:
            reason = f" ({entry.because})" if entry.because else ""
            yield from _field(label, f"{of_value(entry.value, facts[fact])}{reason}")
    versions = {fact: case.value(fact) for fact in facts if fact.startswith("versions.tls")}
    if any(value is not None for value in versions.values()):
        shown = (
            f"{facts[fact].title.removesuffix(' accepted')} {of_value(value)}"
            for fact, value in versions.items()
        )
        yield from _field("accepts", " · ".join(shown))


def own_view(case: Case, facts: Mapping[str, FactEntry]) -> Iterator[str]:
    """Yields what the server told a login about its own TLS, and what it did not tell, with the reason.

    A login that failed is told once, not for each thing that it did not show.
    """
    login = case.evidence_for("view.login")
    failed = login is not None and login.value != "accepted"
    for fact in facts:
        entry = case.evidence_for(fact) if fact.startswith("view.") else None
        if entry is not None and (entry is login or entry.known or not failed):
            reason = f" ({entry.because})" if entry.because else ""
            told = f"{facts[fact].title}: {of_value(entry.value, facts[fact])}{reason}"
            yield from _wrapped(told, "  ", "    ")


def _recap(done: Diagnosis, whole: Collection[str]) -> Iterator[str]:
    """Yields the verdict and where to start once more: on a terminal the end is what people see."""
    first = done.fixes[0]
    yield f"IN SHORT  ✗ {done.verdict.cause.title if done.verdict.cause else ''}"
    yield from _wrapped(f"Start with [{first.id}] above: {first.title}.", "  ")
    if len(whole) < len(done.fixes):
        cause = done.verdict.cause.id if done.verdict.cause else ""
        target = f" {done.case.target}" if done.case.target else ""
        yield from _wrapped(
            "For other commands add --client and your client, or --id and an id from above:", "  "
        )
        yield f"dbtls fix {cause}{target}"
    yield from _wrapped("Afterwards, prove it:", "  ")
    yield first.confirm


def _mark(mark: Trailmark, fact: FactEntry) -> Iterator[str]:
    source = SOURCES[mark.source]
    yield from _fact(fact, mark.value, f"{source}: {mark.because}" if mark.because else source)


def _fact(fact: FactEntry, value: Value | None, because: str | None) -> Iterator[str]:
    if value is None:
        symbol = "?"
    elif fact.normal is None:
        symbol = "·"
    else:
        symbol = "✓" if fact.is_normal(value) else "✗"
    reason = f" ({of_value(because)})" if because else ""
    yield from _wrapped(f"{fact.title}: {of_value(value, fact)}{reason}", f"  {symbol} ", "    ")


def _step(number: str, step: RenderedStep) -> Iterator[str]:
    where = f"{SHELLS[step.shell]}, {RUN_ON[step.run_on]}"
    rights = ", as administrator" if step.as_administrator else ""
    yield from _wrapped(f"{number}. {step.title} - {where}{rights}:", "  ", "     ")
    if step.shell == "screen":
        for line in step.text.splitlines():
            yield from _wrapped(line, "     ")
    else:
        yield from step.text.splitlines()


def _field(label: str, text: str) -> Iterator[str]:
    yield from _wrapped(of_value(text), f"    {label:<10} ", " " * 15)


def _wrapped(text: str, first: str = "", rest: str | None = None) -> Iterator[str]:
    yield from textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]
