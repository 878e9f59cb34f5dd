"""Describe one certificate, however badly it is made."""

from __future__ import annotations

import functools
import hashlib
import ipaddress
import re
from datetime import UTC, datetime, timedelta
from itertools import islice

from wizard.errors import FileError
from wizard.model.certificate import Certificate
from wizard.model.text import printable
from wizard.pki import der as asn1
from wizard.pki import structure
from wizard.pki.algorithms import Key, describe_key, signature_name, signed_by_own_key
from wizard.pki.der import DerError, Element
from wizard.pki.distinguished_name import common_name, rfc4514
from wizard.pki.structure import Fields

_REST_OF_TIME = r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?([.,]\d+)?(Z|[+-]\d{4})?"
_TIMES = {
    asn1.UTC_TIME: re.compile(r"(\d\d)" + _REST_OF_TIME, re.ASCII),
    asn1.GENERALIZED_TIME: re.compile(r"(\d{4})" + _REST_OF_TIME, re.ASCII),
}

_LONGEST_SERIAL = 64
"""Octets. A longer number is listed as malformed and not shown."""

_MOST_NAMES, _MOST_USAGES = 10_000, 1_000
"""More are not read: a hostile certificate may have 250,000 names of no letters."""

_NAME_KINDS = {0x81: "email", 0x82: "DNS", 0x86: "URI"}


# A chain is described several times over, and a hostile one is slow to read.
@functools.lru_cache(maxsize=128)
def describe(der: bytes) -> Certificate:
    """Returns what one DER certificate says, with the faults of its encoding in `malformed`.

    Reads on past every fault that leaves the outer structure whole: negative serials, version 1, odd times,
    broken extensions, names that are not text.

    Raises:
        FileError: these bytes are not a certificate at all.
    """
    fields = structure.take_apart(der)
    problems = list(fields.problems)
    subject, issuer = rfc4514(fields.subject), rfc4514(fields.issuer)
    if subject.broken:
        problems.append("subject cannot be read as text")
    if issuer.broken:
        problems.append("issuer cannot be read as text")
    not_before = _time(fields.not_before, "notBefore", problems)
    not_after = _time(fields.not_after, "notAfter", problems)
    if not_before and not_after and not_after < not_before:
        problems.append("notAfter is earlier than notBefore")
    key, signature = _key(fields, problems), _signature(fields, problems)
    serial = _serial(fields, problems)
    version = _version(fields, problems)
    return Certificate(
        der=der,
        subject=subject.text,
        issuer=issuer.text,
        common_name=common_name(fields.subject),
        sans=_sans(fields, problems),
        not_before=not_before,
        not_after=not_after,
        sha1=hashlib.sha1(der, usedforsecurity=False).hexdigest(),
        sha256=hashlib.sha256(der).hexdigest(),
        key=key.text,
        key_bits=key.bits,
        signature=signature,
        version=version,
        serial=serial,
        self_signed=fields.subject == fields.issuer and signed_by_own_key(fields),
        is_ca=_is_ca(fields, problems),
        usages=_usages(fields, problems),
        malformed=tuple(problems),
    )


def describe_if_readable(der: bytes) -> Certificate | None:
    """Returns what `describe` does, and None where the bytes are no certificate."""
    try:
        return describe(der)
    except FileError:
        return None


def _version(fields: Fields, problems: list[str]) -> int | None:
    version = fields.version + 1
    if version != 3:
        # RFC 5280 section 4.1.2.1: with extensions, and so with names, it must be version 3.
        problems.append(f"version {version}" if version in (1, 2) else "unknown version")
    if version in (1, 2) and fields.extensions:
        problems.append(f"extensions in a version {version} certificate")
    return version if version in (1, 2, 3) else None


def _serial(fields: Fields, problems: list[str]) -> int | None:
    """Reads the serial number: positive and at most 20 octets (RFC 5280 section 4.1.2.2)."""
    content = fields.serial
    if not content:
        problems.append("serial number cannot be read")
        return None
    if len(content) > 1 and (content[0], content[1] >> 7) in ((0x00, 0), (0xFF, 1)):
        problems.append("serial number with illegal padding")
    if len(content) > 20:
        problems.append("serial number longer than 20 octets")
    if len(content) > _LONGEST_SERIAL:
        return None
    serial = int.from_bytes(content, signed=True)
    if serial < 0:
        # Go 1.23 and newer refuse it even when nothing is verified: https://go.dev/doc/go1.23
        # (x509negativeserial).
        problems.append("negative serial number")
    elif serial == 0:
        problems.append("serial number zero")
    return serial


def _time(element: Element | None, which: str, problems: list[str]) -> datetime | None:
    """Reads UTCTime or GeneralizedTime; RFC 5280 section 4.1.2.5 allows only the form with seconds and Z."""
    if element is None:
        return None
    pattern = _TIMES.get(element.tag)
    match = pattern.fullmatch(element.content.decode("ascii", "replace")) if pattern else None
    if match is None:
        problems.append(f"{which} is not a time")
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    if fraction or zone != "Z" or not second:
        problems.append(f"{which} is written in a form that certificates may not use")
    full_year = int(year) if len(year) == 4 else int(year) + (1900 if int(year) >= 50 else 2000)
    try:
        local = datetime(
            full_year, int(month), int(day), int(hour), int(minute), int(second or 0), tzinfo=UTC
        )
        if zone in (None, "Z"):
            return local
        ahead = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
        return local - ahead if zone[0] == "+" else local + ahead
    except (ValueError, OverflowError):
        problems.append(f"{which} is not a time")
        return None


def _key(fields: Fields, problems: list[str]) -> Key:
    try:
        return describe_key(fields.public_key)
    except ValueError:
        problems.append("public key cannot be read")
        return Key("unknown", None)


def _signature(fields: Fields, problems: list[str]) -> str:
    if fields.algorithm != fields.inner_algorithm:
        problems.append("signature algorithm inside and outside differ")
    try:
        return signature_name(fields.algorithm)
    except DerError:
        problems.append("signature algorithm cannot be read")
        return "unknown"


def _is_ca(fields: Fields, problems: list[str]) -> bool | None:
    value = fields.extensions.get(structure.BASIC_CONSTRAINTS)
    if value is None:
        return None
    try:
        parts = list(asn1.elements(asn1.only(value, asn1.SEQUENCE).content))
    except DerError:
        problems.append("basicConstraints cannot be read")
        return None
    return bool(parts and parts[0].tag == 0x01 and parts[0].content not in (b"", b"\0"))


def _usages(fields: Fields, problems: list[str]) -> tuple[str, ...] | None:
    value = fields.extensions.get(structure.EXTENDED_KEY_USAGE)
    if value is None:
        return None
    try:
        return tuple(
            asn1.oid_text(part.content)
            for part in islice(asn1.elements(asn1.only(value, asn1.SEQUENCE).content), _MOST_USAGES)
        )
    except DerError:
        problems.append("extendedKeyUsage cannot be read")
        return None


def _sans(fields: Fields, problems: list[str]) -> tuple[str, ...]:
    """Reads the subject alternative names (RFC 5280 section 4.2.1.6), as far as they can be read."""
    value = fields.extensions.get(structure.SUBJECT_ALT_NAME)
    if value is None:
        return ()
    names: list[str] = []
    broken = False
    try:
        for name in asn1.elements(asn1.only(value, asn1.SEQUENCE).content):
            if len(names) == _MOST_NAMES:
                problems.append(f"more than {_MOST_NAMES} names")
                break
            text = _general_name(name)
            broken |= "\ufffd" in text
            names.append(text)
    except DerError:
        broken = True
    if broken or not names:
        problems.append("subjectAltName cannot be read" if broken else "subjectAltName is empty")
    return tuple(names)


def _general_name(name: Element) -> str:
    """Returns one name as `kind:value`, with U+FFFD for what cannot be read."""
    if kind := _NAME_KINDS.get(name.tag):
        return f"{kind}:{printable(name.content.decode('ascii', 'replace'))}"
    if name.tag == 0x87:
        readable = len(name.content) in (4, 16)
        return f"IP:{ipaddress.ip_address(name.content) if readable else chr(0xFFFD)}"
    if name.tag == 0xA4:
        return f"DirName:{rfc4514(name.content).text}"
    if name.tag == 0x88:
        return f"RID:{asn1.oid_text(name.content)}"
    return f"otherName:{asn1.first_oid(name.content)}" if name.tag == 0xA0 else "other:\ufffd"
