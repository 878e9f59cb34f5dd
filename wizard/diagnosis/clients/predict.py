"""Whether a client connects to a server, how the connection is encrypted, and whether the certificate is verified.

A pure function of what is known of the server, the client's profile and its options. What nobody knows, of the server
or of the client, makes the answer unknown; it is never guessed.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

import msgspec

from wizard.diagnosis.clients.certificate import Examined, Unknown, findings, rules_of
from wizard.diagnosis.clients.options import Behaviour, Given, behaviour
from wizard.diagnosis.clients.server import RootsFile, Server
from wizard.model.client import Check, FailureId, ProfileEntry, StackEntry

Encrypted = Literal["session", "login", "none"]

_VERSIONS = ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_REACHED = {"connect.status": ("open",), "preamble.status": ("ok",), "resolve.status": ("ok",)}

_NO_CA = ("nothing", "dates", "name-alone")
_UNPROVEN = (
    "untrusted", "self-signed", "missing-intermediate", "invalid-chain", "expired", "not-yet-valid", "wrong-usage",
    "weak-key", "weak-signature",
)  # fmt: skip
"""What zero configuration may make up for."""


_OWN_ROOT = {"vouches": "trusted", "refused": "self-signed"}
"""What a certificate that is its own root is taken for, where OpenSSL's rule does not hold."""


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


class Attempt(NamedTuple):
    """A client on its way to a server."""

    server: Server
    profile: ProfileEntry
    stack: StackEntry
    does: Behaviour


def predict(server: Server, profile: ProfileEntry, stack: StackEntry, options: tuple[Given, ...]) -> Outcome:
    """Returns how the connection ends of a client with these options.

    Args:
        server: what is known of it.
        profile: the client's.
        stack: the TLS library of the profile.
        options: those that are set; the client's defaults hold for the others.
    """
    attempt = Attempt(server, profile, stack, behaviour(profile, options))
    does = attempt.does
    if does.fails is not None:
        return _fails(does.fails)
    if does.roots_missing == "at-once" and _without_roots(does):
        return _fails("no-roots")
    file = server.files.get(does.roots_file) if does.roots_file else None
    if does.roots_file_missing == "fails-at-once" and file is not None and file.missing:
        return _fails("ca-file-missing")
    if any(server.value(fact) not in (None, *good) for fact, good in _REACHED.items()):
        if server.value("preamble.status") == "closed":
            return _fails("handshake-broken" if does.encryption == "strict" else "closed-early")
        return _fails("unreachable")
    if does.encryption == "unverified":
        return _unknown("nobody has checked whether it asks for encryption by itself")
    return _sql_server(attempt) if server.engine == "sqlserver" else _starttls(attempt)


def _sql_server(attempt: Attempt) -> Outcome:
    """Goes through PRELOGIN's ENCRYPTION option (MS-TDS 2.2.6.5) or TDS 8.0."""
    server, wanted = attempt.server, attempt.does.encryption
    policy, offered = server.value("policy"), server.value("tls.offered")
    if wanted == "follows":
        wanted = {"strict-only": "strict", "required": "require"}.get(str(policy), "login")  # type: ignore[assignment]
        return _sql_server(attempt._replace(does=msgspec.structs.replace(attempt.does, encryption=wanted)))
    if wanted == "strict":
        if server.value("strict.offered") is None and _versions(attempt):
            return _tls(attempt, "session", asked=True)
        if policy != "strict-only" and server.value("strict.offered") is not True:
            refused = server.value("strict.offered") is False or offered is False
            return _fails("strict-not-supported") if refused else _unknown("whether the server takes TDS 8.0")
        return _tls(attempt, "session", asked=True)
    if policy == "strict-only":
        return _fails("strict-required")
    if offered is False or policy == "not-offered":
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
    validating = does.verifies not in _NO_CA and when
    if validating and _without_roots(does):
        return _fails("no-roots")
    file = server.files.get(does.roots_file) if does.roots_file else None
    if validating and file is not None and file.usable is False:
        if not file.missing or does.roots_file_missing != "verifies-nothing":
            return _fails("ca-file-missing")
        validating = False
    unknown: Unknown | None = None
    for finding in _handshake(attempt, validating=validating):
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


def _handshake(attempt: Attempt, *, validating: bool) -> list[FailureId | Unknown]:
    """Returns everything that ends the handshake, first what ends it first."""
    server, stack = attempt.server, attempt.stack
    old = _versions(attempt)
    # A pinned certificate is compared once the handshake is over.
    early = (
        stack.notices_old_versions == "first"
        or "server-too-new" in old
        or attempt.does.versions is not None
        or attempt.does.pins is not None
    )
    found: list[FailureId | Unknown] = [*old] if early else []
    inside = not (attempt.does.encryption == "strict" and server.value("strict.offered") is True)
    # The handshake was tried inside of TDS 7; TDS 8.0 begins with one of its own.
    if inside and server.value("handshake.status") in ("refused", "closed", "silent") and not old:
        found.append("handshake-broken")
    if server.value("ciphers.modern") is False and stack.ciphers != "legacy-too":
        found.append("no-common-cipher" if stack.ciphers == "modern" else Unknown("which ciphers it takes"))
    if server.value("handshake.key_exchange") == "weak":
        refusal = rules_of(attempt.profile, stack)[1].weak_dh
        if refusal != "never":
            found.append(
                Unknown("nobody has checked which key exchange it takes")
                if refusal == "unverified"
                else "weak-dh"
            )
    alert_first = stack.verifies_late and _inside_tds_7(attempt)
    found += _client_certificate(attempt) if alert_first else []
    found += _certificate(attempt, validating=validating)
    found += [] if early else old
    return [*found, *([] if alert_first else _client_certificate(attempt))]


def _client_certificate(attempt: Attempt) -> list[FailureId | Unknown]:
    if attempt.server.value("handshake.client_certificate") != "demanded":
        return []
    if attempt.does.client_certificate:
        return [Unknown("whether the server accepts the client's certificate is not known")]
    return ["client-certificate"]


def _inside_tds_7(attempt: Attempt) -> bool:
    """Says whether the handshake is inside of TDS 7, where SQL Server speaks no TLS 1.3 (TDS8)."""
    return attempt.server.engine == "sqlserver" and attempt.does.encryption != "strict"


def _versions(attempt: Attempt) -> list[FailureId | Unknown]:
    server = attempt.server
    wanted = attempt.does.versions or attempt.stack.versions
    taken = [one for one in wanted if not (_inside_tds_7(attempt) and one == "TLSv1.3")]
    offered = [server.value(f"versions.{one.lower().replace('v', '').replace('.', '_')}") for one in taken]
    if not offered or any(one is not False for one in offered):
        return []
    newer = server.value("versions.tls1_3") is True and "TLSv1.3" not in taken
    return ["server-too-new" if newer else "no-common-version"]


def _certificate(attempt: Attempt, *, validating: bool) -> list[FailureId | Unknown]:
    server, does = attempt.server, attempt.does
    names, refuses = rules_of(attempt.profile, attempt.stack)
    facts = server.facts
    if does.pins and does.pin_file:
        holds = server.files[does.pin_file].holds_leaf if does.pin_file in server.files else None
        late = facts.get("validity.status") not in (None, "valid") and does.pins == "leaf-with-dates"
        unread = Examined(server, facts, does, names, refuses, validating=False)
        dates: list[FailureId | Unknown] = [*findings(unread, attempt.stack.order)]
        if late:
            dates += ["expired" if facts.get("validity.status") == "expired" else "not-yet-valid"]
        if holds is None:
            return [*dates, Unknown("whether the pinned certificate is the server's is not known")]
        if holds or does.pins != "leaf-too":
            return [*dates, *([] if holds else ["pin"])]  # type: ignore[list-item]  # a literal of FailureId
    on_top = does.option_roots == "added" and facts.get("trust.status") == "trusted"
    file = server.files.get(does.roots_file) if does.roots_file and not on_top else None
    if file is not None and file.facts:
        facts = {**facts, **file.facts}
        if file.holds_leaf and (told := _OWN_ROOT.get(attempt.stack.leaf_among_roots)):
            facts = {**facts, "trust.status": told}
    elif (
        validating
        and does.roots in ("own", "own-only")
        and not does.roots_file
        and _trusted_here_only(server)
    ):
        return [Unknown("it has roots of its own, which need not be those of this machine")]
    return list(findings(Examined(server, facts, does, names, refuses, validating), _order(attempt, file)))


def _order(attempt: Attempt, file: RootsFile | None) -> tuple[Check, ...]:
    """Returns what is looked at, and in which order."""
    stack = attempt.stack
    if file is not None and file.holds_leaf and stack.leaf_among_roots == "suffices":
        return ("name",)
    return (stack.order_alone or stack.order) if attempt.server.value("chain.length") == 1 else stack.order


def _trusted_here_only(server: Server) -> bool:
    return server.value("trust.status") == "trusted" and not server.given_roots


def _without_roots(does: Behaviour) -> bool:
    return does.verifies not in _NO_CA and does.roots == "none" and does.roots_file is None


def _plain() -> Outcome:
    return Outcome(connects=True, encrypted="none", verified=False)


def _fails(failure: FailureId) -> Outcome:
    return Outcome(connects=False, failure=failure)


def _unknown(because: str | None) -> Outcome:
    return Outcome(connects=None, because=because)
