"""A certificate as a command describes it in words, and what follows from that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import product

import msgspec

from wizard.diagnosis.pasted.page import Page, Said
from wizard.model.certificate import Certificate
from wizard.model.text import printable
from wizard.pki.names import match_names
from wizard.pki.origin import Origin, origin
from wizard.pki.validity import days_left, validity

_PART = re.compile(r"(?:^|[,/] ?|\+ ?)([A-Za-z0-9.]{1,40}) ?= ?")
# The limits of wizard.pki.strength, which cannot be had without loading the certificate library.
_SMALLEST = {"RSA": 2048, "DSA": 2048, "EC": 224}
_BROKEN_HASH = re.compile(r"md2|md5|sha-?1(?!\d)", re.IGNORECASE)
_MADE_BY: dict[Origin, str] = {"none": "other", "inspector": "inspector"}
_MOST_NAMES = 200
_SAN = re.compile(r"(DNS|IP Address|IP) ?[:=] ?([^\s,;]{1,255})")


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """What the words tell of one certificate. None and () mean that they do not tell."""

    subject: str | None = None
    """As it was printed, in whatever notation."""
    issuer: str | None = None
    names: tuple[str, ...] | None = None
    """As `DNS:name` and `IP:address`; () where the words say that there are none."""
    names_complete: bool = True
    """False where names may have been left out: then they can prove a match, and never a mismatch."""
    not_before: tuple[datetime, ...] = ()
    """All that it may mean."""
    not_after: tuple[datetime, ...] = ()
    key: str | None = None
    """Such as `RSA 2048`."""
    signature: str | None = None
    server_use: bool | None = None
    """Whether the extended key usage names server authentication."""


def subject_names(text: str) -> tuple[str, ...]:
    """Returns the subject alternative names in `DNS:a, IP Address:b`, as `DNS:a` and `IP:b`."""
    found = _SAN.findall(text[:20_000])[:_MOST_NAMES]
    return tuple(printable(f"{'DNS' if kind == 'DNS' else 'IP'}:{name}") for kind, name in found)


def said_of(one: Described, page: Page) -> Iterator[Said]:
    """Yields the facts that follow from the words about the server's certificate."""
    subject, issuer = _rfc4514(one.subject), _rfc4514(one.issuer)
    # The judgements of the room `pki` hold for a certificate that is known from words, too.
    certificate = Certificate(
        der=b"", subject=subject or "", issuer=issuer or "", common_name=_common_name(subject),
        sans=one.names or (), not_before=None, not_after=None, sha1="", sha256="", key="",
        key_bits=None, signature="", version=None,
        serial=None, self_signed=subject is not None and subject == issuer, is_ca=None, usages=None,
    )  # fmt: skip
    if subject:
        yield Said("certificate.subject", subject, "subject")
    if issuer:
        yield Said("certificate.issuer", issuer, "issuer")
    if subject and issuer:
        made_by = _MADE_BY.get(origin(certificate), "server")
        yield Said(
            "certificate.made_by",
            made_by,
            f"issuer {issuer}" if made_by == "inspector" else f"subject {subject}",
        )
    if one.names:
        yield Said("certificate.names", one.names, "subject alternative names")
    if one.key:
        kind, _, bits = one.key.partition(" ")
        yield Said("key.strength", "weak" if int(bits) < _SMALLEST.get(kind, 0) else "ok", one.key)
    if one.signature and subject and issuer:
        # A self-signature proves nothing and never counts.
        weak = _BROKEN_HASH.search(one.signature) and subject != issuer
        yield Said("signature.strength", "weak" if weak else "ok", one.signature)
    if one.server_use is not None:
        yield Said("usage.status", "server-auth" if one.server_use else "wrong-usage", "extended key usage")
    yield from _named(one, certificate, page)
    yield from _dated(one, certificate, page)


def _named(one: Described, certificate: Certificate, page: Page) -> Iterator[Said]:
    if page.server_name is None or one.names is None or not (one.names or certificate.common_name):
        return
    match = match_names(page.server_name, certificate)
    if match.status == "mismatch" and not one.names_complete:
        return
    words = match.matched or f"for {', '.join(match.presented[:5])}"
    yield Said("names.status", match.status, words)


def _dated(one: Described, certificate: Certificate, page: Page) -> Iterator[Said]:
    if page.at is None:
        return
    possible: set[str | None] = set()
    for not_before, not_after in product(one.not_before or (None,), one.not_after or (None,)):
        if not_before and not_after and not_before > not_after:
            continue
        dated = msgspec.structs.replace(certificate, not_before=not_before, not_after=not_after)
        possible.add(validity(dated, page.at))
        if len(one.not_after) == 1 and (days := days_left(dated, page.at)) is not None and not_before in (
            None, *one.not_before[:1]
        ):  # fmt: skip
            yield Said("validity.days_left", days, "notAfter")
    if len(possible) == 1 and (status := possible.pop()) is not None:
        yield Said("validity.status", status, "notBefore and notAfter")


def _rfc4514(text: str | None) -> str | None:
    """Returns a name as RFC 4514 writes it, most specific part first.

    OpenSSL prints `C = US, CN = a` (1.1.0 and newer), `/C=US/CN=a` (before) and `C=US, CN=a` (3.2 and newer),
    general parts first; Windows and OpenSSL's RFC2253 form have no blanks around `=` and the specific part first.
    """
    if not text:
        return None
    text = text[:2_000]
    places = list(_PART.finditer(text))
    if not places or places[0].start() > 0:
        return None
    ends = [found.start() for found in places[1:]] + [len(text)]
    parts = [f"{found[1]}={text[found.end() : end].strip()}" for found, end in zip(places, ends, strict=True)]
    if len(parts) > 1 and not _specific_first(places, parts):
        parts.reverse()
    return printable(",".join(parts))


def _specific_first(places: list[re.Match[str]], parts: list[str]) -> bool:
    if places[0][0].startswith("/"):
        return False
    common = [number for number, part in enumerate(parts) if part.upper().startswith("CN=")]
    return bool(common) and common[0] < len(parts) / 2


def _common_name(subject: str | None) -> str | None:
    found = re.search(r"(?:^|,)CN=([^,]{1,300})", subject or "")
    return found[1] if found else None
