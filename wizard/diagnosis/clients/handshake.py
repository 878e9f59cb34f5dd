"""What ends a client's handshake with a server, in the order in which it does: versions, ciphers, certificates."""

from __future__ import annotations

from typing import NamedTuple

from wizard.diagnosis.clients.certificate import Examined, Finding, Unknown, findings, rules_of
from wizard.diagnosis.clients.options import Behaviour
from wizard.diagnosis.clients.server import RootsFile, Server
from wizard.model.client import Check, LeafAmongRoots, ProfileEntry, StackEntry, Version

_OWN_ROOT = {"vouches": "trusted", "refused": "self-signed"}
"""What a certificate that is its own root is taken for, where OpenSSL's rule does not hold."""


class Attempt(NamedTuple):
    """A client on its way to a server."""

    server: Server
    profile: ProfileEntry
    stack: StackEntry
    does: Behaviour


def problems(attempt: Attempt, *, validating: bool) -> list[Finding]:
    """Returns everything that ends the handshake, first what ends it first."""
    server, stack = attempt.server, attempt.stack
    old = no_version(attempt)
    # A pinned certificate is compared once the handshake is over.
    early = (
        stack.notices_old_versions == "first"
        or "server-too-new" in old
        or attempt.does.versions is not None
        or attempt.does.pins is not None
    )
    found: list[Finding] = [*old] if early else []
    inside = not (attempt.does.encryption == "strict" and server.value("strict.offered") is True)
    # The handshake was tried inside of TDS 7; TDS 8.0 begins with one of its own.
    if inside and server.value("handshake.status") in ("refused", "closed", "silent") and not old:
        found.append("handshake-broken")
    if server.value("ciphers.modern") is False:
        unsure = stack.ciphers == "unverified"
        found.append(
            Unknown("nobody has checked which old ciphers it takes") if unsure else "no-common-cipher"
        )
    weak_dh: list[Finding] = []
    if server.value("handshake.key_exchange") == "weak":
        refusal = rules_of(attempt.profile, stack)[1].weak_dh
        if refusal != "never":
            weak_dh.append(
                Unknown("nobody has checked which key exchange it takes")
                if refusal == "unverified"
                else "weak-dh"
            )
    # The server's key exchange comes behind its certificate.
    late_dh = weak_dh if stack.notices_old_versions == "after-certificate" else []
    found += [] if late_dh else weak_dh
    found += _md5(attempt)
    alert_first = stack.verifies_late and _inside_tds_7(attempt)
    found += _client_certificate(attempt) if alert_first else []
    found += _certificate(attempt, validating=validating)
    found += late_dh
    found += [] if early else old
    return [*found, *([] if alert_first else _client_certificate(attempt))]


def _md5(attempt: Attempt) -> list[Finding]:
    """A server looks at what the client announces (RFC 8446 section 4.2.3); OpenSSL's keeps to it."""
    server, leaf = attempt.server, attempt.server.leaf
    announced = rules_of(attempt.profile, attempt.stack)[1].md5 == "always"
    if not announced or leaf is None or not leaf.signature.startswith("md5"):
        return []
    return (
        [Unknown("whether the server minds that it takes no MD5")]
        if server.engine == "sqlserver"
        else ["md5"]
    )


def _client_certificate(attempt: Attempt) -> list[Finding]:
    if attempt.server.value("handshake.client_certificate") != "demanded":
        return []
    if attempt.does.client_certificate:
        return [Unknown("whether the server accepts the client's certificate is not known")]
    return ["client-certificate"]


def _inside_tds_7(attempt: Attempt) -> bool:
    """Says whether the handshake is inside of TDS 7, where SQL Server speaks no TLS 1.3 (TDS8)."""
    return attempt.server.engine == "sqlserver" and attempt.does.encryption != "strict"


def no_version(attempt: Attempt) -> list[Finding]:
    """Returns why client and server share no TLS version; nothing where they do, or where it is not known."""
    server = attempt.server
    wanted = attempt.does.versions or attempt.stack.versions
    taken = [one for one in wanted if not (_inside_tds_7(attempt) and one == "TLSv1.3")]
    offered = [server.value(_fact(one)) for one in taken]
    if any(one is not False for one in offered):
        return []
    if any(server.value(_fact(one)) is True for one in attempt.stack.versions_unverified):
        return [Unknown("whether it still takes the old TLS versions of this server depends on the machine")]
    newer = server.value("versions.tls1_3") is True and bool(taken) and "TLSv1.3" not in taken
    return ["server-too-new" if newer else "no-common-version"]


def _fact(version: Version) -> str:
    """Returns the fact that says whether the server takes a version: `versions.tls1_2`."""
    return f"versions.{version.lower().replace('v', '').replace('.', '_')}"


def _certificate(attempt: Attempt, *, validating: bool) -> list[Finding]:
    server, does = attempt.server, attempt.does
    names, refuses = rules_of(attempt.profile, attempt.stack)
    facts = server.facts
    if does.pins and does.pin_file:
        pinned = server.files.get(does.pin_file)
        holds = pinned.holds_leaf if pinned is not None else None
        late = facts.get("validity.status") not in (None, "valid") and does.pins == "leaf-with-dates"
        unread = Examined(server, facts, does, names, refuses, validating=False)
        dates: list[Finding] = [*findings(unread, attempt.stack.order)]
        if late:
            dates += ["expired" if facts.get("validity.status") == "expired" else "not-yet-valid"]
        if pinned is not None and pinned.usable is False and does.pins != "leaf-too":
            return [*dates, "ca-file-missing" if pinned.missing else "ca-file-empty"]
        if holds is None:
            return [*dates, Unknown("whether the pinned certificate is the server's is not known")]
        if holds or does.pins != "leaf-too":
            return [*dates, *([] if holds else ["pin"])]  # type: ignore[list-item]  # a literal of FailureId
    file = server.files.get(does.roots_file) if does.roots_file else None
    if does.option_roots == "added":
        store = server.files.get(does.store_file) if does.store_file else None
        machine = facts if store is None or not store.facts else store.facts
        file = store if machine.get("trust.status") == "trusted" else file
    if file is not None and file.facts:
        facts = {**facts, **file.facts}
        told = _OWN_ROOT.get(_leaf_among_roots(attempt))
        leaf = server.leaf
        # What .NET Core 2 refuses is a certificate that issued itself without being a CA.
        own_ca = leaf is not None and (leaf.is_ca or leaf.version == 1)
        vouches = told == "trusted" and (file.holds_leaf or file.holds_anchor)
        if vouches or (told == "self-signed" and file.holds_leaf and not own_ca):
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
    stack, leaf = attempt.stack, attempt.server.leaf
    own_root = leaf is not None and leaf.self_signed
    if file is not None and file.holds_leaf:
        match _leaf_among_roots(attempt):
            case "suffices":
                return ("name",)
            case "suffices-in-time":
                return ("validity", "name")
            case "self-signed-suffices-in-time" if own_root:
                return ("validity", "name")
            case _:
                pass
    alone = attempt.server.value("chain.length") == 1 and not own_root
    return (stack.order_alone or stack.order) if alone else stack.order


def _leaf_among_roots(attempt: Attempt) -> LeafAmongRoots:
    return attempt.profile.leaf_among_roots or attempt.stack.leaf_among_roots


def _trusted_here_only(server: Server) -> bool:
    return server.value("trust.status") == "trusted" and not server.given_roots
