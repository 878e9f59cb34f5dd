"""A certificate taken apart into its fields (RFC 5280 section 4.1), without judging them."""

from __future__ import annotations

from dataclasses import dataclass

from wizard.errors import FileError
from wizard.pki import der as asn1
from wizard.pki.der import DerError, Element

BASIC_CONSTRAINTS = "2.5.29.19"
KEY_USAGE = "2.5.29.15"
EXTENDED_KEY_USAGE = "2.5.29.37"
SUBJECT_ALT_NAME = "2.5.29.17"
AUTHORITY_KEY_ID = "2.5.29.35"
CERTIFICATE_POLICIES = "2.5.29.32"
SIGNED_TIMESTAMPS = "1.3.6.1.4.1.11129.2.4.2"
"""RFC 6962 section 3.3."""
_MOST_EXTENSIONS = 200
"""More are not read: real certificates have some twenty, and a hostile one may have 40,000."""


@dataclass(frozen=True)
class Fields:
    """The raw fields of one certificate. Every `bytes` is a complete DER element unless it says content."""

    signed: bytes
    """tbsCertificate: what the signature covers."""
    version: int
    """As encoded: 0 for version 1."""
    serial: bytes
    """Content of the INTEGER, two's complement."""
    inner_algorithm: bytes
    issuer: bytes
    not_before: Element | None
    not_after: Element | None
    subject: bytes
    public_key: bytes
    """subjectPublicKeyInfo."""
    algorithm: bytes
    signature: bytes
    extensions: dict[str, bytes]
    """extnValue content by dotted OID; the first of several."""
    problems: tuple[str, ...]
    """What could not be read, or is there twice."""


def take_apart(certificate: bytes) -> Fields:
    """Returns the fields of one DER certificate.

    Raises:
        FileError: these bytes are not a certificate at all, or only the beginning of one.
    """
    try:
        return _fields(certificate)
    except DerError as error:
        raise FileError(
            "These bytes are not a certificate.",
            hint="The file may be cut off." if str(error) == "cut off" else None,
        ) from error


def _fields(certificate: bytes) -> Fields:
    whole, end = asn1.read(certificate)
    if whole.tag != asn1.SEQUENCE:
        raise DerError("no sequence")
    problems: list[str] = []
    if end != len(certificate):
        problems.append("extra bytes after the certificate")
    outer = list(asn1.elements(whole.content))
    if [element.tag for element in outer] != [asn1.SEQUENCE, asn1.SEQUENCE, asn1.BIT_STRING]:
        raise DerError("not the three parts of a certificate")
    signed, algorithm, signature = outer
    fields = list(asn1.elements(signed.content))
    version = 0
    if fields and fields[0].tag == 0xA0:
        version = int.from_bytes(asn1.only(fields.pop(0).content, asn1.INTEGER).content[:8], signed=True)
    tags = [element.tag for element in fields[:6]]
    if tags != [asn1.INTEGER] + 5 * [asn1.SEQUENCE]:
        raise DerError("not the fields of a certificate")
    serial, inner, issuer, validity, subject, public_key = fields[:6]
    before, after = _validity(validity, problems)
    return Fields(
        signed=signed.raw, version=version, serial=serial.content, inner_algorithm=inner.raw,
        issuer=issuer.raw,
        not_before=before, not_after=after, subject=subject.raw, public_key=public_key.raw,
        algorithm=algorithm.raw, signature=signature.content[1:],
        extensions=_extensions(fields[6:], problems), problems=tuple(problems),
    )  # fmt: skip


def _validity(validity: Element, problems: list[str]) -> tuple[Element | None, Element | None]:
    try:
        before, after = asn1.elements(validity.content)
    except ValueError:
        problems.append("validity cannot be read")
        return None, None
    return before, after


def _extensions(optional: list[Element], problems: list[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for element in optional:
        if element.tag != 0xA3:
            continue
        try:
            listed = asn1.elements(asn1.only(element.content, asn1.SEQUENCE).content)
            for number, extension in enumerate(listed, 1):
                if number > _MOST_EXTENSIONS:
                    problems.append(f"more than {_MOST_EXTENSIONS} extensions")
                    break
                parts = list(asn1.elements(extension.content))
                if len(parts) < 2 or parts[0].tag != asn1.OID or parts[-1].tag != asn1.OCTET_STRING:
                    raise DerError("not an extension")
                oid = asn1.oid_text(parts[0].content)
                twice = f"extension {oid} appears twice"
                if oid in found and twice not in problems:
                    # RFC 5280 section 4.2 forbids it; Go refuses such a certificate as a whole.
                    problems.append(twice)
                found.setdefault(oid, parts[-1].content)
        except DerError:
            problems.append("extensions cannot be read")
    return found
