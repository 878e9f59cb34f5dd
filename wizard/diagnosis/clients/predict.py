"""Whether a client connects to a server, how the connection is encrypted, and whether the certificate is verified.

A pure function of what is known of the server, the client's profile and its options. What nobody knows, of the server
or of the client, makes the answer unknown; it is never guessed.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from wizard.diagnosis.clients.certificate import Unknown
from wizard.diagnosis.clients.handshake import Attempt, no_version, problems
from wizard.diagnosis.clients.options import Behaviour, Given, behaviour, unlisted
from wizard.diagnosis.clients.server import Server
from wizard.model.client import FailureId, ProfileEntry, StackEntry

Encrypted = Literal["session", "login", "none"]

_REACHED = {"connect.status": ("open",), "preamble.status": ("ok",), "resolve.status": ("ok",)}

_UNPROVEN = (
    "untrusted", "self-signed", "missing-intermediate", "invalid-chain", "expired", "not-yet-valid", "wrong-usage",
    "weak-key", "weak-signature",
)  # fmt: skip
"""What zero configuration may make up for."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How one attempt to connect ends."""

    connects: bool | None
    encrypted: Encrypted | None = None
    verified: bool | None = None
    failure: FailureId | None = None
    """What ends it, where something does."""
    fell_back: FailureId | None = None
    """What ended TLS before the client went on in plaintext."""
    because: str | None = None
    """Why the outcome is not known: a phrase."""


def predict(server: Server, profile: ProfileEntry, stack: StackEntry, options: tuple[Given, ...]) -> Outcome:
    """Returns how the connection ends of a client with these options.

    Args:
        server: what is known of it.
        profile: the client's.
        stack: the TLS library of the profile.
        options: those that are set; the client's defaults hold for the others.
    """
    does = behaviour(profile, _with_effect(server, profile, options))
    attempt = Attempt(server, profile, stack, does)
    if does.fails is not None:
        return _fails(does.fails)
    if (because := unlisted(options)) is not None:
        return _unknown(because)
    if does.roots_missing == "at-once" and _without_roots(does):
        return _fails("no-roots")
    if (failure := _before_connecting(server, does)) is not None:
        return _fails(failure)
    if any(server.value(fact) not in (None, *good) for fact, good in _REACHED.items()):
        if server.value("preamble.status") == "closed":
            if does.encryption == "strict" and server.value("strict.offered") is None:
                return _unknown("a server that takes TDS 8.0 alone ends TDS 7 without a word, as others do")
            return _fails("handshake-broken" if does.encryption == "strict" else "closed-early")
        return _fails("unreachable")
    if does.encryption == "unverified":
        return _unknown("nobody has checked whether it asks for encryption by itself")
    outcome = _sql_server(attempt) if server.engine == "sqlserver" else _starttls(attempt)
    if outcome.connects and any(one.entry.handed_on for one in options):
        return _fails("bad-option")
    return outcome


def _with_effect(server: Server, profile: ProfileEntry, options: tuple[Given, ...]) -> tuple[Given, ...]:
    """Leaves out the options of which the client takes no notice, since their files cannot be read.

    OpenSSL, Go and Node.js go on with the roots that they know otherwise, or with none, where the file of an
    environment variable (`store`) is not there or holds nothing.
    """
    does = behaviour(profile, options)
    file = server.files.get(does.roots_file) if does.roots_file else None
    if file is None or file.usable is not False:
        return options
    stores = {one.value for one in options if one.entry.role == "store"}
    if does.roots_file not in stores and not (file.missing and does.roots_file_missing == "passed-over"):
        return options
    return _with_effect(server, profile, tuple(one for one in options if one.value != does.roots_file))


def _before_connecting(server: Server, does: Behaviour) -> FailureId | None:
    pinned = server.files.get(does.pin_file) if does.pins and does.pin_file else None
    if pinned is not None and pinned.usable is False and does.roots_file_missing == "fails-at-once":
        return "ca-file-missing" if pinned.missing else "ca-file-empty"
    follows, failure = _without_file(server, does)
    first = follows == "fails-at-once" or (follows == "fails-first" and does.wants_ca)
    return failure if first else None


def _without_file(server: Server, does: Behaviour) -> tuple[str, FailureId] | tuple[None, None]:
    """Returns what follows from a file of roots that is not there or holds none, and how it is called."""
    file = server.files.get(does.roots_file) if does.roots_file else None
    if file is None or file.usable is not False:
        return None, None
    missing = (does.roots_file_missing, "ca-file-missing")
    return missing if file.missing else (does.roots_file_unusable, "ca-file-empty")  # type: ignore[return-value]


def _sql_server(attempt: Attempt) -> Outcome:
    """Goes through PRELOGIN's ENCRYPTION option (MS-TDS 2.2.6.5) or TDS 8.0."""
    server, wanted = attempt.server, attempt.does.encryption
    policy, offered = server.value("policy"), server.value("tls.offered")
    if wanted == "follows":
        wanted = {"strict-only": "strict", "required": "require"}.get(str(policy), "login")  # type: ignore[assignment]
        return _sql_server(attempt._replace(does=msgspec.structs.replace(attempt.does, encryption=wanted)))
    if wanted == "strict":
        if server.value("strict.offered") is None and no_version(attempt):
            return _tls(attempt, "session", asked=True)
        if policy != "strict-only" and server.value("strict.offered") is not True:
            refused = server.value("strict.offered") is False or offered is False
            return _fails("strict-not-supported") if refused else _unknown("whether the server takes TDS 8.0")
        return _tls(attempt, "session", asked=True)
    if policy == "strict-only":
        return _fails("strict-required")
    if offered is False or policy == "not-offered":
        if wanted == "login" and attempt.does.login_not_offered == "tls":
            return _fails("handshake-broken")
        return _fails("tls-not-offered") if wanted == "require" else _plain()
    if offered is None and policy is None:
        return _unknown("whether the server offers TLS is not known")
    if wanted in ("require", "prefer"):
        return _tls(attempt, "session", asked=True)
    if policy is None:
        return _unknown("whether the server demands encryption is not known")
    if wanted == "none":
        if policy != "required":
            return _plain()
        return (
            _fails("client-will-not-encrypt")
            if attempt.does.forced == "refuses"
            else _tls(attempt, "session")
        )
    return _tls(attempt, "session" if policy == "required" else "login")


def _starttls(attempt: Attempt) -> Outcome:
    """Goes through the upgrade to TLS of PostgreSQL (SSLRequest) and of MySQL and MariaDB (CLIENT_SSL)."""
    server, does = attempt.server, attempt.does
    offered = server.value("tls.offered")
    if does.encryption == "direct":
        return _direct(attempt)
    if does.encryption == "none":
        return _plaintext(server)
    if does.encryption == "allow":
        plain = _plaintext(server)
        if plain.connects or offered is False:
            return plain
        tls = _tls(attempt, "session")
        if plain.connects is False:
            return plain if does.two_refusals == "plaintext" and tls.connects is False else tls
        known = tls.connects is True  # it connects either way
        return _unknown(plain.because) if not known else Outcome(connects=True, because=plain.because)
    if offered is None:
        return _unknown("whether the server offers TLS is not known")
    if offered is False:
        return _plaintext(server) if does.encryption == "prefer" else _fails("tls-not-offered")
    tls = _tls(attempt, "session", asked=True)
    refused = does.refused_login if tls.failure == "client-certificate" else does.refused_tls
    if does.encryption == "prefer" and refused == "plaintext" and tls.connects is not True:
        plain = _plaintext(server)
        if tls.connects is None or plain.connects is None:
            return _unknown(tls.because or plain.because)
        if plain.connects is False:
            return plain if does.two_refusals == "plaintext" else tls
        return msgspec.structs.replace(plain, fell_back=tls.failure)
    return tls


def _direct(attempt: Attempt) -> Outcome:
    """Begins with TLS at once: PostgreSQL takes that since version 17, and only where it offers TLS (PG-CONN)."""
    server = attempt.server
    number = re.search(r"\d+", str(server.value("server.version") or ""))
    if server.value("tls.offered") is False or (number and int(number[0]) < 17):
        return _fails("direct-not-supported")
    if number is None:
        return _unknown("whether the server takes TLS at once, as PostgreSQL 17 does, shows when it is tried")
    return _tls(attempt, "session", asked=True)


def _plaintext(server: Server) -> Outcome:
    policy = server.value("policy")
    if policy == "required":
        return _fails("plaintext-refused")
    # In MySQL and MariaDB the account demands the certificate (REQUIRE X509), and TLS with it (MYSQL-USER).
    of_account = server.engine in ("mysql", "mariadb")
    if of_account and server.value("handshake.client_certificate") == "demanded":
        return _fails("client-certificate")
    if policy is None and server.value("tls.offered") is not False:
        return _unknown(
            "it does not encrypt here, and whether the server lets that in shows only with a login"
        )
    return _plain()


def _tls(attempt: Attempt, session: Literal["session", "login"], *, asked: bool = False) -> Outcome:
    """Shakes hands; `asked` says that the client itself wants the whole session under TLS."""
    does, server = attempt.does, attempt.server
    if does.verifies == "unverified" or does.verifies_when == "unverified":
        return _unknown("nobody has checked when it validates the certificate")
    when = {"asked": asked, "session": asked or session == "session", "any": True}[does.verifies_when]
    validating = does.wants_ca and when
    if validating and _without_roots(does):
        return _fails("no-roots")
    follows, failure = _without_file(server, does)
    if failure is not None and follows != "no-roots" and (validating or follows == "fails-in-tls"):
        return _fails(failure)
    unknown: Unknown | None = None
    for finding in problems(attempt, validating=validating):
        if finding in _UNPROVEN and _may_confirm(attempt):
            return _unknown("the server may prove itself by the account's password instead of a CA")
        if not isinstance(finding, Unknown):
            return _fails(finding)
        unknown = unknown or finding
    if unknown is not None:
        return _unknown(unknown.because)
    return Outcome(connects=True, encrypted=session, verified=validating)


def _may_confirm(attempt: Attempt) -> bool:
    """Says whether zero configuration may make up for the missing CA: MariaDB has it since 11.4 (MARIADOC)."""
    if attempt.does.confirms != "password" or attempt.server.engine != "mariadb":
        return False
    version = re.search(r"(\d+)\.(\d+)\.\d+-MariaDB", str(attempt.server.value("server.version") or ""))
    return version is None or (int(version[1]), int(version[2])) >= (11, 4)


def _without_roots(does: Behaviour) -> bool:
    return does.wants_ca and does.roots == "none" and does.roots_file is None


def _plain() -> Outcome:
    return Outcome(connects=True, encrypted="none", verified=False)


def _fails(failure: FailureId) -> Outcome:
    return Outcome(connects=False, failure=failure)


def _unknown(because: str | None) -> Outcome:
    return Outcome(connects=None, because=because)
