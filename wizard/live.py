"""The drivers of this machine, asked for real, beside what was predicted of them.

A driver that does otherwise than predicted is the most valuable thing that this program can be told: it is shown as
such, and can be saved as a bug report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from threading import Event
from typing import Literal

import msgspec

from wizard.diagnosis.clients.options import given
from wizard.diagnosis.clients.prediction import Prediction
from wizard.diagnosis.clients.profiles import profile_of
from wizard.diagnosis.clients.promise import Promise, promise
from wizard.diagnosis.connection_string import Pairs
from wizard.diagnosis.proof import DriverProof
from wizard.errors import UsageError
from wizard.forecast import forecast_of
from wizard.model.evidence import Value
from wizard.model.knowledge import Knowledge
from wizard.model.login import Login
from wizard.model.options import Options
from wizard.probes.drivers.attempts import Attempt, attempt
from wizard.probes.drivers.dialect import DIALECTS
from wizard.probes.drivers.present import Driver, present
from wizard.workbench import Diagnosis, engine_of

Explain = Callable[[str], str]
Agreement = Literal["agrees", "disagrees", "cannot-tell"]


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One driver: what was predicted, and what it did."""

    prediction: Prediction
    attempt: Attempt
    symptom: str | None
    """What the driver's own words are recognised as, where it failed."""
    agreement: Agreement


def drivers_here(done: Diagnosis, known: Knowledge) -> tuple[Driver, ...]:
    """Returns the drivers of this machine that a prediction can be made for; asks programs for their version.

    Raises:
        UsageError: the database is not known.
    """
    engine = engine_of(done.case)
    if engine is None:
        raise UsageError("Which database it is, is not known.")
    return tuple(driver for driver in present(engine) if _has_profile(driver, known))


def ask(
    done: Diagnosis,
    known: Knowledge,
    options: Options,
    drivers: Sequence[Driver],
    *,
    pairs: Pairs = (),
    login: Login | None = None,
    unverified_ok: bool = False,
    explain: Explain,
    cancelled: Event,
) -> Iterator[Seen]:
    """Lets each driver connect, one after the other, and yields what it did beside what was predicted.

    Args:
        done: the diagnosis of the server.
        known: the knowledge.
        options: how the server was examined.
        drivers: of `drivers_here`.
        pairs: options, as the drivers spell them; empty: their defaults.
        login: of the person; None stops at the login.
        unverified_ok: the person agreed to send the login over a channel that is not verified.
        explain: recognises an error text and returns its symptom.
        cancelled: set from elsewhere to end it at once.

    Raises:
        UsageError: a driver has no such option.
    """
    target = done.case.target
    if target is None:
        raise UsageError(
            "There is no server to connect to.", hint="Name one, as in: dbtls clients postgresql://db01"
        )
    for driver in drivers:
        if cancelled.is_set():
            return
        predicted = forecast_of(done, known, options, [driver.client], pairs).rows[0].now
        own, promised = wish(driver.client, predicted.options, options.ca_file, known)
        seen = attempt(
            driver,
            target,
            own,
            login,
            channel=promised.channel,
            verified=promised.verified,
            port=done.case.port,
            ca_file=options.ca_file,
            seconds=max(options.seconds, 5.0),
            unverified_ok=unverified_ok,
            cancelled=cancelled,
        )
        symptom = explain(seen.error) if seen.error and seen.reached == "refused" else None
        yield Seen(
            prediction=predicted,
            attempt=seen,
            symptom=symptom,
            agreement=_agreement(predicted, seen, symptom),
        )


def driver_proofs(before: Sequence[Seen], after: Sequence[Seen]) -> tuple[DriverProof, ...]:
    """Returns what each driver did before and after a fix."""
    earlier = {one.attempt.client: one.attempt.reached for one in before}
    return tuple(
        DriverProof(
            client=one.attempt.client,
            version=one.attempt.version,
            before=earlier.get(one.attempt.client),
            after=one.attempt.reached,
            error=one.attempt.error if one.attempt.reached == "refused" else None,
        )
        for one in after
    )


def wish(client: str, pairs: Pairs, ca_file: Path | None, known: Knowledge) -> tuple[Pairs, Promise]:
    """Returns the options that a driver is given, and what they promise.

    A CA file for a driver that OpenSSL's own variable does not reach becomes an option of it where it verifies by a CA
    and was given none. Elsewhere it would change what the options mean: with a root file, libpq's `require` verifies.

    Raises:
        UsageError: the client has no such option.
    """
    profile = profile_of(client, None, known)
    promised = promise(profile, pairs)
    roots = DIALECTS[client].roots_option
    named = any(one.entry.role == "roots" for one in given(profile, pairs, strictly=True))
    if ca_file is None or roots is None or named or not promised.asks_for_roots:
        return pairs, promised
    rooted = (*pairs, (roots, str(ca_file)))
    return rooted, promise(profile, rooted)


def bug_report(seen: Seen, facts: Mapping[str, Value | None], known: Knowledge) -> str:
    """Returns a disagreement as Markdown for this project's issue tracker: no host, no user, no name, no path.

    Of the facts only those are in it whose values are words of this program, and of the options that hold a name or a
    file only the key.
    """
    did, said = seen.attempt, seen.prediction
    roles = {option.key for option in profile_of(said.client, None, known).options if option.role}
    options = (key if key in roles else f"{key}={value}" for key, value in said.options)
    own_words = {fact.id for fact in known.facts if fact.type in ("choice", "bool")}
    lines = [
        f"# {did.client} does otherwise than predicted",
        "",
        f"- driver: {did.client} {did.version or '(version unknown)'}",
        f"- options: {', '.join(options) or 'its defaults'}",
        f"- predicted: {_words(said.connects)}, encrypted {said.encrypted}, failure {said.failure}, {said.symptom}",
        f"- it did: {did.reached}, encrypted {did.encrypted}, symptom {seen.symptom}",
        "",
        "Facts of the server:",
        "",
        *(f"- {fact}: {value}" for fact, value in facts.items() if fact in own_words),
    ]
    return "\n".join(lines) + "\n"


def _words(connects: bool | None) -> str:
    return {True: "connects", False: "fails", None: "not known"}[connects]


def _has_profile(driver: Driver, known: Knowledge) -> bool:
    try:
        profile_of(driver.client, None, known)
    except UsageError:
        return False
    return True


def _agreement(said: Prediction, did: Attempt, symptom: str | None) -> Agreement:
    if did.reached is None or said.connects is None:
        return "cannot-tell"
    through = did.reached in ("connected", "login-refused")
    if through != said.connects:
        return "disagrees"
    if not through:
        return "agrees" if symptom in (said.symptom, None) else "disagrees"
    told = did.encrypted is not None and said.encrypted in ("session", "none")
    return "disagrees" if told and did.encrypted != said.encrypted else "agrees"
