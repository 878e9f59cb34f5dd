"""A prediction in words: what a client will do with a server, its message where it fails, and one sentence why."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import msgspec

from wizard.diagnosis.clients.options import Behaviour, Given, behaviour, dangers
from wizard.diagnosis.clients.predict import Encrypted, Outcome, predict
from wizard.diagnosis.clients.server import Server
from wizard.diagnosis.connection_string import Pairs
from wizard.model.client import FailureEntry, FailureId, ProfileEntry, ServerWords, StackEntry, Words
from wizard.model.knowledge import Knowledge


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """What one client with its options will do. None is unknown, never a guess."""

    client: str
    title: str
    options: Pairs
    """Those that were given; the client's defaults hold for the others."""
    connects: bool | None
    encrypted: Encrypted | None
    verified: bool | None
    """None where it does not connect, too."""
    failure: FailureId | None
    symptom: str | None
    message: str | None
    """The client's own words for the failure, as far as they are known."""
    why: str
    dangers: tuple[tuple[str, str], ...] = ()
    """The options that give protection up, each with what is lost."""
    proven: str | None = None
    """The version whose real attempts agree with the predictions; None: only its documents are known."""
    unverified: tuple[str, ...] = ()
    """What nobody has a source for."""


_ENCRYPTED: dict[Encrypted | None, str] = {
    "session": "The whole session is under TLS",
    "login": "Only the login is under TLS",
    "none": "Nothing is encrypted",
    None: "It connects either way",
}


def prediction(
    server: Server, profile: ProfileEntry, options: tuple[Given, ...], known: Knowledge
) -> Prediction:
    """Returns what a client with these options will do with a server."""
    stack = known.stack(profile.stack)
    outcome = predict(server, profile, stack, options)
    failure = known.failure(outcome.failure) if outcome.failure else None
    does = behaviour(profile, options)
    name = _name(server, does)
    words = _words(failure, server, profile, stack, does) if failure else None
    return Prediction(
        client=profile.id,
        title=known.client(profile.id).title,
        options=tuple((one.entry.key, one.value) for one in options),
        connects=outcome.connects,
        encrypted=outcome.encrypted,
        verified=outcome.verified,
        failure=outcome.failure,
        symptom=(words.symptom if words else None) or (failure.symptom if failure else None),
        # What it says of an option depends on which one it is; only what that is taken for is the same.
        message=_filled(words, name, does) if words and outcome.failure != "bad-option" else None,
        why=_why(outcome, known, stack, name),
        dangers=dangers(options),
        proven=profile.proven,
        unverified=profile.unverified,
    )


def _filled(words: Words | ServerWords, name: str, does: Behaviour) -> str:
    return words.text.replace("NAME", name).replace("FILE", does.roots_file or "FILE")


def _name(server: Server, does: Behaviour) -> str:
    replaced = does.expected_name if does.names == "replaced" else None
    return replaced or server.name or "the server"


def _words(
    failure: FailureEntry,
    server: Server,
    profile: ProfileEntry,
    stack: StackEntry,
    does: Behaviour,
) -> Words | ServerWords | None:
    newest = does.encryption == "strict" or server.engine != "sqlserver"  # TDS 7 has no TLS 1.3 (TDS8)
    newest = (
        newest and server.value("versions.tls1_3") is True and "TLSv1.3" in (does.versions or stack.versions)
    )

    def said(says: tuple[Words, ...]) -> Iterator[Words]:
        return (
            one
            for one in says
            if failure.id in one.failures
            and one.verifies in (None, does.wants_ca)
            and one.tls_1_3 in (None, newest)
        )

    by_server = (one for one in failure.says if server.engine in one.engines)
    known: Iterator[Words | ServerWords] = chain(said(profile.says), by_server, said(stack.says))
    return next(known, None)


def _why(outcome: Outcome, known: Knowledge, stack: StackEntry, name: str) -> str:
    if outcome.failure is not None:
        return _because(known.failure(outcome.failure), stack, name)
    if outcome.connects is None:
        return f"Not known: {outcome.because}."
    said = _ENCRYPTED[outcome.encrypted]
    if outcome.fell_back is not None:
        why = _because(known.failure(outcome.fell_back), stack, name)
        return f"{said}: TLS failed, and it went on without. {why}"
    if outcome.encrypted is None:
        return f"{said}; {outcome.because}."
    if outcome.encrypted == "none":
        return f"{said}."
    return f"{said}, and the certificate is {'verified' if outcome.verified else 'not verified'}."


def _because(failure: FailureEntry, stack: StackEntry, name: str) -> str:
    return failure.why.replace("NAME", name).replace("STACK", stack.title)
