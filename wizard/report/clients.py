"""Which clients will connect, as plain text and as the JSON document of the command-line contract."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from wizard.report import text
from wizard.report.json import Json, of_target
from wizard.report.text import WIDTH
from wizard.report.words import REACHED

if TYPE_CHECKING:
    from wizard.diagnosis.clients.prediction import Prediction
    from wizard.forecast import Forecast, Row, Upgrade
    from wizard.live import Agreement, Seen
    from wizard.model.case import Case
    from wizard.model.knowledge import Knowledge

STATES: dict[bool | None, tuple[str, str]] = {
    True: ("✓", "connects"),
    False: ("✗", "fails"),
    None: ("?", "unknown"),
}
"""The sign and the word of what a client does."""
ENCRYPTED = {"session": "session", "login": "login only", "none": "nothing", None: "-"}
"""What is under TLS, in a word or two."""
AGREEMENTS: dict[Agreement, tuple[str, str]] = {
    "agrees": ("✓", "as predicted"),
    "disagrees": ("✗", "DISAGREES"),
    "cannot-tell": ("?", "cannot tell"),
}
VERIFIED = {True: "yes", False: "no", None: "-"}
"""Whether the certificate is verified, in a word."""


def table(found: Forecast, case: Case) -> Iterator[str]:
    """Yields the table of all clients, as `dbtls clients TARGET` prints it."""
    yield f"CLIENTS of {case.target or 'this server'}, each with its defaults"
    longest = max((len(row.now.client) for row in found.rows), default=6)
    # A narrow terminal shows what is now; the rest is in `--client ID` and in `--json`.
    fixes = longest + 43 + 5 * len(found.columns) <= WIDTH
    numbers = "".join(f"{f'({n})':>5}" for n in range(1, len(found.columns) + 1))
    head = f"  {'now':<11}{'client':<{longest}}  {'encrypted':<11}{'verified':<9}{numbers}  bypass"
    yield head if fixes else head[: longest + 34]
    for row in found.rows:
        sign, word = STATES[row.now.connects]
        after = "".join(f"{STATES[one.connects][0]:>5}" for one in row.after)
        bypass = STATES[row.bypass.connects][0] if row.bypass else "-"
        line = f"  {sign} {word:<9}{row.now.client:<{longest}}  {ENCRYPTED[row.now.encrypted]:<11}"
        line += f"{VERIFIED[row.now.verified]:<9}"
        yield f"{line}{after}  {bypass}" if fixes else line.rstrip()
    yield ""
    for number, column in enumerate(found.columns if fixes else (), 1):
        yield from _wrapped(
            f"({number}) once mended: {column.effect}. For example by: {column.title} ({column.fix})",
            "  ",
            "      ",
        )
    if fixes:
        bypass = "bypass: with the client's own options that switch verification off"
    else:
        bypass = (
            "There is no room here for what each fix and the bypass change; --client ID and --json have it."
        )
    yield from _wrapped(bypass, "  ", "      ")
    yield from _wrapped("Why: dbtls clients TARGET --client ID", "  ", "      ")


def each(found: Forecast) -> Iterator[str]:
    """Yields what each of some clients does and why."""
    for number, row in enumerate(found.rows):
        if number:
            yield ""
        yield from _one(row, found)


def _one(row: Row, found: Forecast) -> Iterator[str]:
    now = row.now
    sign, word = STATES[now.connects]
    yield f"{sign} {word}  {now.title} ({now.client})"
    if now.options:
        yield from _wrapped("with " + ", ".join(_option(*option) for option in now.options), "  ", "    ")
    yield from _wrapped(now.why, "  ", "  ")
    if now.message:
        yield from _wrapped(f"It says: {now.message}", "  ", "    ")
    if now.symptom:
        yield f"  Symptom: {now.symptom}"
    for option, lost in now.dangers:
        yield from _wrapped(f"! {option}: {lost}", "  ", "    ")
    for column, after in zip(found.columns, row.after, strict=True):
        mark, state = STATES[after.connects]
        yield from _wrapped(f"{mark} {state} once mended: {column.effect}. {after.why}", "  ", "    ")
    if row.bypass is not None and now.connects is False and row.bypass.connects is not False:
        mark, state = STATES[row.bypass.connects]
        options = ", ".join(_option(*option) for option in row.bypass.options)
        yield from _wrapped(f"{mark} {state} with the bypass {options}. {row.bypass.why}", "  ", "    ")
    yield from (line for told in rests_on(now) for line in _wrapped(told, "  ", "    "))


def rests_on(one: Prediction) -> Iterator[str]:
    """Yields what a prediction rests on, and what nobody has a source for."""
    yield (
        f"Proven with {one.proven}."
        if one.proven
        else "Taken from documents; no real attempt has confirmed it."
    )
    yield from (f"Not checked: {told}" for told in one.unverified)


def upgraded(found: Upgrade) -> Iterator[str]:
    """Yields what changes for this server when a client is upgraded."""
    before, after = found.before, found.after
    for one_, when in ((before, "Before"), (after, "After")):
        sign, word = STATES[one_.connects]
        yield from _wrapped(f"{when}: {sign} {word}  {one_.title}. {one_.why}", "", "  ")
    yield ""
    yield from _wrapped(of_upgrade(found))


def of_upgrade(found: Upgrade) -> str:
    """Returns in one sentence what an upgrade changes for this server."""
    before, after = found.before, found.after
    if None in (before.connects, after.connects):
        return "What changes is not known."
    if before.connects and not after.connects:
        lost = "nothing was verified before" if not before.verified else "the new one is stricter"
        return f"The upgrade breaks the connection: the server did not change, the client did ({lost})."
    if after.connects and not before.connects:
        return "The upgrade mends the connection."
    if not after.connects:
        return (
            "It fails before and after."
            if before.failure == after.failure
            else "It fails, for another reason."
        )
    changed = [
        name
        for name, old, new in (
            ("what is encrypted", before.encrypted, after.encrypted),
            ("whether the certificate is verified", before.verified, after.verified),
        )
        if old != new
    ]
    return (
        f"It still connects; other than before: {', '.join(changed)}."
        if changed
        else "Nothing changes for this server."
    )


def reality(seen: Sequence[Seen]) -> Iterator[str]:
    """Yields what the drivers of this machine did, beside what was predicted."""
    if seen:
        yield ""
        yield "DRIVERS of this machine"
    for one in seen:
        did, said = one.attempt, one.prediction
        sign, word = AGREEMENTS[one.agreement]
        yield f"  {sign} {word:<14}{did.client} {did.version or ''}".rstrip()
        yield from _wrapped(
            f"predicted: {STATES[said.connects][1]}, encrypted: {ENCRYPTED[said.encrypted]}",
            "      ",
            "      ",
        )
        yield from _wrapped(
            f"it did: {REACHED[did.reached]}, encrypted: {ENCRYPTED[did.encrypted]}", "      ", "      "
        )
        for label, told in (("it said", did.error), ("it leaves", did.leaves), ("note", did.limitation)):
            if told:
                yield from _wrapped(f"{label}: {told}", "      ", "        ")


def told_of_one(name: str, now: Prediction, cause: str | None) -> Iterator[str]:
    """Yields what a client does with one of many servers: its state, the cause and why."""
    sign, word = STATES[now.connects]
    yield f"{sign} {name}: {word}{f' ({cause})' if cause and cause != 'healthy' else ''}"
    if now.connects is not True:
        yield from _wrapped(now.why, "    ", "    ")


def own_view(case: Case, known: Knowledge) -> Iterator[str]:
    """Yields what the server told a login about its own TLS; nothing without a login."""
    told = list(text.own_view(case, {fact.id: fact for fact in known.facts}))
    yield from ("", "WHAT THE SERVER SAYS ITSELF", *told) if told else ()


def document(found: Forecast, case: Case, seen: Sequence[Seen] = ()) -> dict[str, Json]:
    """Returns the document of `dbtls clients --json`."""
    real = {one.prediction.client: _seen(one) for one in seen}
    return {
        "schema": "dbtls/clients/1",
        "target": of_target(case),
        "facts": case.facts(),
        "clients": [{**_row(row, found), "driver": real.get(row.now.client)} for row in found.rows],
        "fixes": [{"id": one.fix, "tier": one.tier, "title": one.title} for one in found.columns],
    }


def upgrade_document(found: Upgrade, case: Case) -> dict[str, Json]:
    """Returns the document of `dbtls clients --explain-upgrade --json`."""
    return {
        "schema": "dbtls/upgrade/1",
        "target": of_target(case),
        "before": _prediction(found.before),
        "after": _prediction(found.after),
        "meaning": of_upgrade(found),
    }


def _seen(one: Seen) -> Json:
    did = one.attempt
    return {
        "version": did.version,
        "reached": did.reached,
        "encrypted": did.encrypted,
        "error": did.error,
        "symptom": one.symptom,
        "agreement": one.agreement,
        "leaves": did.leaves,
        "limitation": did.limitation,
    }


def _row(row: Row, found: Forecast) -> dict[str, Json]:
    after = [
        {"fix": column.fix, "tier": column.tier, **_outcome(one)}
        for column, one in zip(found.columns, row.after, strict=True)
    ]
    bypass = {"options": dict(row.bypass.options), **_outcome(row.bypass)} if row.bypass else None
    return {**_prediction(row.now), "after": after, "bypass": bypass}


def _prediction(one: Prediction) -> dict[str, Json]:
    return {
        "client": one.client,
        "title": one.title,
        "options": dict(one.options),
        **_outcome(one),
        "message": one.message,
        "proven": one.proven,
        "unverified": one.unverified,
        "dangers": [{"option": option, "loses": lost} for option, lost in one.dangers],
    }


def _outcome(one: Prediction) -> dict[str, Json]:
    return {
        "connects": one.connects,
        "encrypted": one.encrypted,
        "verified": one.verified,
        "symptom": one.symptom,
        "why": one.why,
    }


def _option(key: str, value: str) -> str:
    return f"{key}={value}" if value else key


def _wrapped(text: str, first: str = "", rest: str = "") -> Sequence[str]:
    # An id or an option that is cut at a hyphen could not be copied.
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
