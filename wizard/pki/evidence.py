"""What a chain says about every certificate fact. Network probes and `inspect FILE` both call this."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from wizard.model.certificate import Certificate
from wizard.model.evidence import Evidence, Source, Value
from wizard.pki.certificate import describe_if_readable
from wizard.pki.names import kind_of_name, match_names
from wizard.pki.origin import Origin, inspector, origin
from wizard.pki.strength import key_strength, signature_strength
from wizard.pki.trust import Trust, TrustStore, verify
from wizard.pki.usage import usage, usage_words
from wizard.pki.validity import days_left, validity

_NAMES_SHOWN = 5
_EXPIRED, _NOT_YET_VALID = 10, 9

_MADE_BY: dict[Origin, str] = {"none": "other", "inspector": "inspector"}

Finding = tuple[Value | None, str | None]
"""A value, or None for unknown, and the phrase that gives the reason."""


_OF_NAMES = ("names.status", "names.used", "names.kind", "names.matched_by")
_OF_A_LEAF = (
    "certificate.made_by", "certificate.subject", "certificate.issuer", "certificate.names", "certificate.is_ca",
    "trust.status", "trust.verify_code", *_OF_NAMES, "validity.status", "validity.days_left", "validity.of",
    "usage.status", "key.strength", "signature.strength",
)  # fmt: skip

FACTS = ("chain.length", "encoding.status", *_OF_A_LEAF)
"""Every fact that `chain_evidence` speaks about."""


def chain_evidence(
    chain: tuple[bytes, ...], *, server_name: str | None, store: TrustStore, at: datetime, source: Source
) -> tuple[Evidence, ...]:
    """Returns all certificate facts of one chain; what cannot be established is unknown with its reason.

    Never raises for what a server sent.

    Args:
        chain: DER as sent or as read from a file, leaf first.
        server_name: the name the client uses; None leaves the name facts unknown.
        store: the roots to judge trust by.
        at: the aware time to judge validity at.
        source: who establishes the facts: `probe` or `file`.

    Raises:
        FileError: the files of the trust store cannot be read.
    """
    facts: dict[str, Finding] = {"chain.length": (len(chain), None)}
    described = [describe_if_readable(der) for der in chain]
    leaf = described[0] if described else None
    if leaf is None:
        why = "the leaf is not a certificate" if chain else "no certificate was sent"
        facts["encoding.status"] = ("malformed", why) if chain else (None, why)
        facts |= dict.fromkeys(_OF_A_LEAF, (None, why))
    else:
        trust = verify(chain, store, at)
        facts |= _identity(leaf) | _trust(trust) | _names(leaf, server_name)
        validated = [describe_if_readable(der) for der in trust.path]
        path = [one for one in validated or described if one is not None]
        facts |= _time(leaf, trust, path, at)
        facts["usage.status"] = (usage(leaf), usage_words(leaf))
        facts |= _strength(path or [leaf])
        facts["encoding.status"] = _encoding(described, trust)
    return tuple(Evidence(fact, value, source, because) for fact, (value, because) in facts.items())


def _identity(leaf: Certificate) -> dict[str, Finding]:
    made_by = _MADE_BY.get(origin(leaf), "server")
    return {
        "certificate.made_by": (made_by, inspector(leaf) or leaf.subject or None),
        "certificate.subject": (leaf.subject, None),
        "certificate.issuer": (leaf.issuer, None),
        "certificate.is_ca": (leaf.is_ca is True, None),
        "certificate.names": (leaf.sans, None if leaf.sans else "it has no subject alternative names"),
    }


def _trust(trust: Trust) -> dict[str, Finding]:
    status = None if trust.status == "unknown" else trust.status
    return {"trust.status": (status, trust.because), "trust.verify_code": (trust.code, trust.reason)}


def _names(leaf: Certificate, server_name: str | None) -> dict[str, Finding]:
    if server_name is None:
        why = "the name that the client uses is not known"
        return dict.fromkeys(_OF_NAMES, (None, why))
    match = match_names(server_name, leaf)
    if match.by_common_name:
        because = f"only the common name {match.matched} matches, which Go clients refuse"
    elif match.matched is not None:
        because = f"{match.matched} matches"
    else:
        because = (
            f"the certificate is for {_list(match.presented)}" if match.presented else "it holds no names"
        )
    by = "common-name" if match.by_common_name else "alternative-name" if match.matched else "none"
    return {
        "names.status": (match.status, because),
        "names.used": (server_name, None),
        "names.kind": (kind_of_name(server_name), server_name),
        "names.matched_by": (by, match.matched),
    }


def _list(names: Sequence[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _time(leaf: Certificate, trust: Trust, path: list[Certificate], at: datetime) -> dict[str, Finding]:
    """Judges the leaf; where it is valid, the first certificate above it that is not.

    Of a validated path that is where OpenSSL stops; without one, the issuers that the server sent.
    """
    judged = leaf
    if validity(leaf, at) == "valid":
        if trust.status != "trusted":
            above = _issuers(leaf, path)
        elif trust.code in (_EXPIRED, _NOT_YET_VALID) and trust.depth:
            above = path[trust.depth : trust.depth + 1]
        else:
            above = []
        judged = next((one for one in above if validity(one, at) != "valid"), leaf)
    status = validity(judged, at)
    if judged.not_before is None or judged.not_after is None:
        because = "its validity cannot be read"
    else:
        because = f"valid from {judged.not_before:%Y-%m-%d %H:%M} to {judged.not_after:%Y-%m-%d %H:%M} UTC"
    if judged is not leaf:
        because = f"{judged.subject}: {because}"
    return {
        "validity.status": (status, because),
        "validity.days_left": (days_left(judged, at), because),
        "validity.of": ("leaf" if judged is leaf else "issuer", judged.subject),
    }


def _issuers(leaf: Certificate, sent: list[Certificate]) -> list[Certificate]:
    """Returns the certificates above the leaf, as far as they were sent: each the issuer of the one before."""
    by_subject = {one.subject: one for one in reversed(sent)}
    found: list[Certificate] = []
    below = leaf
    while (above := by_subject.get(below.issuer)) is not None and above not in (leaf, *found):
        found.append(above)
        below = above
    return found


def _strength(path: list[Certificate]) -> dict[str, Finding]:
    weak_key = next((one for one in path if key_strength(one) == "weak"), None)
    weak_signature = next((one for one in path if signature_strength(one) == "weak"), None)
    key, signature = weak_key or path[0], weak_signature or path[0]
    return {
        "key.strength": (key_strength(key), _which(key.key, key, path)),
        "signature.strength": (signature_strength(signature), _which(signature.signature, signature, path)),
    }


def _which(words: str, one: Certificate, path: list[Certificate]) -> str:
    return words if one is path[0] else f"{words} in {one.subject}"


def _encoding(described: list[Certificate | None], trust: Trust) -> Finding:
    for depth, one in enumerate(described):
        where = "" if depth == 0 else f" in certificate {depth + 1}"
        if one is None:
            return "malformed", f"not a certificate{where}"
        if one.malformed:
            return "malformed", ", ".join(one.malformed[:_NAMES_SHOWN]) + where
    if trust.code is None:
        return "malformed", trust.reason
    return "ok", None
