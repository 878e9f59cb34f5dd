"""A small tolerant reader of DER (X.690), enough for certificates.

It is the only reader of certificate structure in the program, because the certificates people ask about are
those that strict readers refuse: negative serials, version 1 with extensions, broken times
(pyca/cryptography refuses most of them and announces to refuse the rest).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x02, 0x03, 0x04, 0x05, 0x06
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31


class DerError(ValueError):
    """The bytes are not DER, or not the structure that was asked for."""


class Element(NamedTuple):
    """One value: its tag byte, what it holds, and the whole encoding with tag and length."""

    tag: int
    content: bytes
    raw: bytes


def read(data: bytes, start: int = 0) -> tuple[Element, int]:
    """Returns the element that begins at `start`, and where the next one begins.

    Raises:
        DerError: the element is cut off, has an indefinite length or a tag number above 30.
    """
    if len(data) - start < 2:
        raise DerError("cut off")
    tag, length, begin = data[start], data[start + 1], start + 2
    if tag & 0x1F == 0x1F:
        raise DerError("tag number above 30")
    if length >= 0x80:
        count = length - 0x80
        if not 1 <= count <= 4 or len(data) - begin < count:
            raise DerError("unreadable length")
        length = int.from_bytes(data[begin : begin + count])
        begin += count
    end = begin + length
    if end > len(data):
        raise DerError("cut off")
    return Element(tag, data[begin:end], data[start:end]), end


def elements(content: bytes) -> Iterator[Element]:
    """Yields the elements that follow one another in `content`; DerError where one cannot be read."""
    position = 0
    while position < len(content):
        element, position = read(content, position)
        yield element


def only(data: bytes, tag: int) -> Element:
    """Returns the element that `data` begins with; DerError unless it has this tag."""
    element, _ = read(data)
    if element.tag != tag:
        raise DerError(f"tag 0x{element.tag:02x} where 0x{tag:02x} belongs")
    return element


def oid_text(content: bytes) -> str:
    """Returns an object identifier in dotted form (X.690 section 8.19); DerError where it is cut off."""
    if not content or content[-1] & 0x80 or len(content) > 64:
        raise DerError("unreadable object identifier")
    arcs: list[int] = []
    value = 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def first_oid(content: bytes) -> str:
    """Returns the object identifier that `content` begins with, as in an AlgorithmIdentifier."""
    return oid_text(only(content, OID).content)


def bit_length(integer: bytes) -> int:
    """Returns how many bits an unsigned integer of this content has."""
    return int.from_bytes(integer).bit_length()
