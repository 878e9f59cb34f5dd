"""What one client finds wrong with a server's certificate, in the order in which its TLS library looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from wizard.diagnosis.clients.names import carries
from wizard.diagnosis.clients.options import Behaviour
from wizard.diagnosis.clients.server import Facts, Server
from wizard.model.client import Check, FailureId, NameRule, ProfileEntry, Refusal, Refusals, StackEntry
from wizard.pki.names import address_of
from wizard.pki.usage import ANY_USAGE, SERVER_AUTH


class Unknown(NamedTuple):
    """Whether this fails is not known; `because` is a phrase."""

    because: str


Finding = FailureId | Unknown
"""A fault that ends the connection, or one of which nobody knows whether it does."""

_CHAIN: dict[str, FailureId] = {
    "unknown-issuer": "untrusted",
    "self-signed": "self-signed",
    "missing-intermediate": "missing-intermediate",
    "invalid-chain": "invalid-chain",
}
_ENCODINGS: dict[str, FailureId] = {
    "negative serial number": "negative-serial",
    "serial number longer than 20 octets": "long-serial",
    "version 1": "version-1",
}


class Examined(NamedTuple):
    """What is examined, by whom."""

    server: Server
    facts: Facts
    """Judged by the roots that the client has."""
    behaviour: Behaviour
    names: NameRule
    refuses: Refusals
    validating: bool


def findings(examined: Examined, order: tuple[Check, ...]) -> Iterator[Finding]:
    """Yields everything that ends the connection, first what the client's library notices first."""
    for check in order:
        yield from _CHECKS[check](examined)


def rules_of(profile: ProfileEntry, stack: StackEntry) -> tuple[NameRule, Refusals]:
    """Returns the client's rule of names and what it refuses: its own, else those of its TLS library."""
    return profile.names or stack.names, profile.refuses or stack.refuses


def _refused(examined: Examined, refusal: Refusal, failure: FailureId) -> Iterator[Finding]:
    if refusal == "always" or (refusal == "validating" and examined.validating):
        yield failure
    elif refusal == "unverified" and examined.validating:
        yield Unknown(f"nobody has checked what it makes of this fault of the certificate ({failure})")


def _chain(examined: Examined) -> Iterator[Finding]:
    if not examined.validating:
        return
    status = examined.facts.get("trust.status")
    if status is None:
        yield Unknown("whether a trusted CA vouches for the certificate is not known")
    elif status in _CHAIN:
        yield _CHAIN[str(status)]
    if examined.facts.get("revocation.status") == "revoked":
        yield Unknown("whether it looks at revocation depends on the machine")


def _usage(examined: Examined) -> Iterator[Finding]:
    if examined.server.leaf is not None and examined.server.leaf.is_ca:
        yield from _refused(examined, examined.refuses.ca_as_server, "wrong-usage")
    if examined.facts.get("usage.status") == "wrong-usage":
        leaf, refuses = examined.server.leaf, examined.refuses
        refusal = refuses.usage
        if leaf is not None and (leaf.usages is None or SERVER_AUTH in leaf.usages):
            refusal = refuses.key_usage
        elif leaf is not None and leaf.usages is not None and ANY_USAGE in leaf.usages:
            refusal = refuses.any_usage
        yield from _refused(examined, refusal, "wrong-usage")


def _key(examined: Examined) -> Iterator[Finding]:
    if examined.facts.get("key.strength") == "weak":
        yield from _refused(examined, examined.refuses.key, "weak-key")


def _signature(examined: Examined) -> Iterator[Finding]:
    if examined.facts.get("signature.strength") == "weak":
        leaf, refuses = examined.server.leaf, examined.refuses
        refusal = refuses.signature
        if leaf is not None and leaf.signature.startswith("md5") and refuses.md5 != "always":
            refusal = refuses.md5
        yield from _refused(examined, refusal, "weak-signature")


def _validity(examined: Examined) -> Iterator[Finding]:
    status = examined.facts.get("validity.status")
    looks = examined.validating or examined.behaviour.verifies == "dates"
    if looks and status in ("expired", "not-yet-valid"):
        yield "expired" if status == "expired" else "not-yet-valid"


def _encoding(examined: Examined) -> Iterator[Finding]:
    if examined.facts.get("encoding.status") != "malformed":
        return
    leaf = examined.server.leaf
    faults = [_ENCODINGS[one] for one in leaf.malformed if one in _ENCODINGS] if leaf else []
    if not faults and examined.validating:
        yield Unknown("what is wrong with the encoding of the certificate is not known exactly")
    for fault in faults:
        refusal = {
            "negative-serial": examined.refuses.negative_serial,
            "long-serial": examined.refuses.long_serial,
            "version-1": examined.refuses.version_1,
        }[fault]
        yield from _refused(examined, refusal, fault)


def _name(examined: Examined) -> Iterator[Finding]:
    verifies = examined.behaviour.verifies
    if verifies != "name-alone" and not (examined.validating and verifies in ("name", "host-name")):
        return
    expected = _expected(examined.server.name, examined.behaviour)
    if verifies == "host-name" and any(address_of(name) for name in expected):
        return
    if not expected:
        yield Unknown("the name that the client uses is not known")
        return
    matches = [_carries(examined, name) for name in expected]
    if any(matches):
        return
    if None in matches:
        yield Unknown("nobody has checked how it compares this name with the certificate")
    elif _only_common_name(examined, expected[0]):
        yield "common-name-only"
    else:
        yield "address" if address_of(expected[0]) else "name"


def _expected(name: str | None, behaviour: Behaviour) -> list[str]:
    other = behaviour.expected_name
    if other is not None and behaviour.names == "replaced":
        return [other]
    names = [name] if name else []
    return [*names, other] if other is not None and behaviour.names == "added" else names


def _carries(examined: Examined, name: str) -> bool | None:
    leaf, facts = examined.server.leaf, examined.facts
    if leaf is not None:
        return carries(examined.names, name, leaf.sans, leaf.common_name)
    if facts.get("names.used") not in (None, name) and name != examined.server.name:
        return None
    # Without the certificate itself only its comparison is known, by the rule of most clients.
    match facts.get("names.status"), facts.get("names.matched_by"):
        case "match", "common-name":
            return carries(examined.names, name, (), name)
        case "match", _:
            return True
        case "mismatch", _:
            return False
    return None


def _only_common_name(examined: Examined, name: str) -> bool:
    leaf = examined.server.leaf
    rule = NameRule(common_name="without-alternative-names", address=examined.names.address)
    if leaf is None:
        return examined.facts.get("names.matched_by") == "common-name"
    return carries(rule, name, leaf.sans, leaf.common_name) is True


_CHECKS: dict[Check, Callable[[Examined], Iterator[Finding]]] = {
    "key": _key,
    "chain": _chain,
    "usage": _usage,
    "signature": _signature,
    "name": _name,
    "validity": _validity,
    "encoding": _encoding,
}
