"""Distinguished names as text (RFC 4514)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from wizard.model.text import printable
from wizard.pki import der as asn1
from wizard.pki.der import DerError, Element

COMMON_NAME = "2.5.4.3"

_SHORT = {
    COMMON_NAME: "CN", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.6": "C",
    "2.5.4.9": "STREET", "0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.1": "UID",
}  # fmt: skip
"""RFC 4514 section 3; every other attribute keeps its dotted OID."""

_ENCODINGS = {
    0x0C: "utf-8", 0x12: "ascii", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1A: "ascii",
    0x1C: "utf-32-be", 0x1E: "utf-16-be",
}  # fmt: skip

_SPECIAL = re.compile(r'[,+"\\<>;]')

_TEXT_LIMIT = 4 * 4096
"""Octets of one value that are decoded; the rest could not be shown anyway."""

_MOST_PARTS, _MOST_PAIRS = 200, 20
"""Parts of a name, the most specific ones, and pairs of one part that are read; real names have some ten."""


class NameText(NamedTuple):
    """A distinguished name as text, and whether some of it could not be read as text."""

    text: str
    broken: bool


def rfc4514(name: bytes) -> NameText:
    """Returns a DER Name as RFC 4514 text, most specific part first; unreadable parts become U+FFFD."""
    parts: list[str] = []
    broken = False
    try:
        relatives = list(asn1.elements(asn1.only(name, asn1.SEQUENCE).content))
        if len(relatives) > _MOST_PARTS:
            broken = True
            parts.append("…")
        for relative in relatives[-_MOST_PARTS:]:
            pairs: list[str] = []
            for oid, value in islice(_attributes(relative), _MOST_PAIRS):
                text = _value_text(value)
                broken |= text is None
                pairs.append(f"{_SHORT.get(oid, oid)}={_escape(chr(0xFFFD) if text is None else text)}")
            parts.append("+".join(pairs))
    except DerError:
        broken = True
    return NameText(printable(",".join(reversed(parts))), broken)


def common_name(name: bytes) -> str | None:
    """Returns the most specific commonName of a DER Name; None where there is none or it is not text."""
    try:
        relatives = list(asn1.elements(asn1.only(name, asn1.SEQUENCE).content))
        found = [
            value
            for relative in relatives[-_MOST_PARTS:]
            for oid, value in islice(_attributes(relative), _MOST_PAIRS)
            if oid == COMMON_NAME
        ]
    except DerError:
        return None
    return _value_text(found[-1]) if found else None


def _attributes(relative: Element) -> Iterator[tuple[str, Element]]:
    for pair in asn1.elements(relative.content):
        parts = list(asn1.elements(pair.content))
        if len(parts) != 2 or parts[0].tag != asn1.OID:
            raise DerError("not an attribute")
        yield asn1.oid_text(parts[0].content), parts[1]


def _value_text(value: Element) -> str | None:
    """Returns the cleaned text of an attribute value; None where it does not decode as its tag says."""
    encoding = _ENCODINGS.get(value.tag)
    if encoding is None:
        return None
    content = value.content
    if len(content) > _TEXT_LIMIT:
        return printable(content[:_TEXT_LIMIT].decode(encoding, "replace"))
    try:
        return printable(content.decode(encoding))
    except UnicodeDecodeError:
        return None


def _escape(text: str) -> str:
    text = _SPECIAL.sub(r"\\\g<0>", text)
    if text.startswith(("#", " ")):
        text = "\\" + text
    if text.endswith(" ") and not text.endswith("\\ "):
        text = text[:-1] + "\\ "
    return text
