"""Certificates that no CA would make, byte by byte: what a server may show that wants to do harm."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import pairwise
from typing import NamedTuple

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

Chain = tuple[bytes, ...]

NASTY = (
    "\x1b[2J\x1b[31mred", "\x1b]52;c;ZXZpbA==\x07", "\x1b]8;;http://evil.example\x1b\\here", "\x07bell\x08\x7f",
    "\x9b31mC1\x9d0;title\x9c", "left\u202eright\u2066x\u200f", "zero\u200bwidth\ufeff\u2060",
    "first\r\nVERDICT  ✓ healthy\n", "tab\tstop\x0b\x0c\x85\u2028\u2029", "[bold]markup[/] [/bad] [link=http://e.example]x",
    "[@click=app.quit]press[/] $primary", "$(touch evil) `touch evil` ${IFS} %PATH% !x! && rm -rf ~ | sh",
    "it's \"quoted\" \\ ; -- DROP", "--evil -rf /", "nul\0nul", "a,b+c=d<e>;f#g", "\U000e0041tag", "é漢🔑",
)  # fmt: skip
"""Words of a server that act on a terminal, hide, lie, or break out of markup, a shell or a statement."""

SHORT = "db01.corp.example"
HALF_A_MEGABYTE = 500_000
"""Octets: about as much as one connection takes."""

EC_KEY = bytes.fromhex(
    "3059301306072a8648ce3d020106082a8648ce3d030107034200"
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
"""The base point of P-256: a valid public key, though everybody knows its secret, which is 1."""


def tlv(tag: int, *parts: bytes) -> bytes:
    """Returns one DER element."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def oid(dotted: str) -> bytes:
    """Returns an object identifier."""
    first, second, *rest = (int(part) for part in dotted.split("."))
    out = bytearray()
    for arc in (40 * first + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.insert(0, 0x80 | arc & 0x7F)
        out += bytes(groups)
    return tlv(0x06, bytes(out))


def integer(value: int) -> bytes:
    """Returns an INTEGER, negative ones too."""
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, signed=True))


def attribute(text: str | bytes, kind: str = "2.5.4.3", tag: int = 0x0C) -> bytes:
    """Returns one part of a name: the common name in UTF-8 if nothing else is said."""
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return tlv(0x31, tlv(0x30, oid(kind), tlv(tag, raw)))


def name(*parts: bytes) -> bytes:
    """Returns a distinguished name."""
    return tlv(0x30, *parts)


def extension(kind: str, content: bytes) -> bytes:
    """Returns one extension."""
    return tlv(0x30, oid(kind), tlv(0x04, content))


def sans(*names: str | bytes) -> bytes:
    """Returns the alternative names, all of them as dNSName."""
    return extension("2.5.29.17", tlv(0x30, *(tlv(0x82, _raw(one)) for one in names)))


def _raw(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8")


def rsa_key(bits: int, exponent: int = 65537) -> bytes:
    """Returns an RSA key of some size; nobody knows its factors."""
    modulus = (1 << bits) - 159
    algorithm = tlv(0x30, oid("1.2.840.113549.1.1.1"), tlv(0x05))
    return tlv(0x30, algorithm, tlv(0x03, b"\0", tlv(0x30, integer(modulus), integer(exponent))))


def certificate(
    subject: bytes | None = None,
    *,
    issuer: bytes | None = None,
    extensions: Sequence[bytes] | None = None,
    serial: bytes | None = None,
    times: tuple[bytes, bytes] = (b"\x17\x0d250101000000Z", b"\x17\x0d350101000000Z"),
    key: bytes = EC_KEY,
    algorithm: bytes | None = None,
    signature: bytes = b"\x30\x06\x02\x01\x01\x02\x01\x01",
) -> bytes:
    """Returns a certificate with a signature of nobody; what is not given is harmless."""
    signed_by = algorithm or tlv(0x30, oid("1.2.840.10045.4.3.2"))
    wanted = (sans(SHORT),) if extensions is None else extensions
    signed = tlv(
        0x30,
        tlv(0xA0, integer(2)),
        serial or integer(4711),
        signed_by,
        issuer or name(attribute("Corp Root")),
        tlv(0x30, *times),
        subject or name(attribute(SHORT)),
        key,
        tlv(0xA3, tlv(0x30, *wanted)) if wanted else b"",
    )
    return tlv(0x30, signed, signed_by, tlv(0x03, b"\0", signature))


def pem(chain: Chain) -> str:
    """Returns a chain as a file holds it."""
    blocks = (base64.encodebytes(one).decode() for one in chain)
    return "".join(f"-----BEGIN CERTIFICATE-----\n{block}-----END CERTIFICATE-----\n" for block in blocks)


def with_key(chain: Chain) -> str:
    """Returns a file with the chain and the key that belongs to `EC_KEY`, as a server reads it."""
    key = ec.derive_private_key(1, ec.SECP256R1())
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem(chain) + secret.decode()


def speaking(text: str | bytes) -> Chain:
    """Returns a certificate that says a text wherever a certificate can say something."""
    raw = _raw(text)
    who = name(attribute(raw), attribute(raw, "2.5.4.10"), attribute(raw, "2.5.4.11", 0x14))
    names = tlv(
        0x30, tlv(0x82, raw), tlv(0x81, raw), tlv(0x86, raw), tlv(0xA4, who), tlv(0x82, SHORT.encode())
    )
    return (certificate(who, issuer=who, extensions=[extension("2.5.29.17", names)]),)


def _ring(length: int) -> Chain:
    """Returns certificates that all name the same issuer, which is also the subject of them all."""
    who = name(attribute("Ring"))
    return tuple(certificate(who, issuer=who, serial=integer(number)) for number in range(1, length + 1))


def _ladder(length: int) -> Chain:
    """Returns certificates each of which names the next one as its issuer."""
    names = [name(attribute(f"CA {number}")) for number in range(length + 1)]
    ca = extension("2.5.29.19", tlv(0x30, b"\x01\x01\xff"))
    return tuple(certificate(below, issuer=above, extensions=[ca]) for below, above in pairwise(names))


def _rsa_signed(bits: int, exponent: int = 65537) -> bytes:
    """Returns a certificate that claims to have signed itself with a monstrous key."""
    who = name(attribute("Huge"))
    algorithm = tlv(0x30, oid("1.2.840.113549.1.1.11"), tlv(0x05))
    return certificate(
        who,
        issuer=who,
        key=rsa_key(bits, exponent),
        algorithm=algorithm,
        signature=b"\x01" + bytes(bits // 8 - 1),
    )


def _dsa_key(bits: int) -> bytes:
    prime = integer((1 << bits) - 1)
    algorithm = tlv(0x30, oid("1.2.840.10040.4.1"), tlv(0x30, prime, prime, integer(2)))
    return tlv(0x30, algorithm, tlv(0x03, b"\0", prime))


def _key(kind: str, *parameters: bytes, point: bytes = b"\x04" + bytes(64)) -> bytes:
    return tlv(0x30, tlv(0x30, oid(kind), *parameters), tlv(0x03, b"\0", point))


def _time(text: str) -> bytes:
    return tlv(0x17 if len(text) == 13 else 0x18, text.encode())


def _between(first: str, last: str) -> Chain:
    return (certificate(times=(_time(first), _time(last))),)


def _usages(number: int) -> bytes:
    return extension("2.5.29.37", tlv(0x30, *(number * [oid("1.3.6.1.5.5.7.3.9")])))


def _nested(depth: int) -> bytes:
    """Returns names inside of names, as DirName."""
    inside = name(attribute("core"))
    for _ in range(depth):
        inside = tlv(0xA4, inside)
    return extension("2.5.29.17", tlv(0x30, inside))


class Monster(NamedTuple):
    """A chain, and one of the causes that have to be found; None where the chain tells nothing."""

    cause: str | None
    build: Callable[[], Chain]


UNKNOWN_CA, BAD, NAME = "private-ca-not-trusted", "malformed-certificate", "name-mismatch"


def _one(
    subject: bytes | None = None,
    *,
    extensions: Sequence[bytes] | None = None,
    serial: bytes | None = None,
    key: bytes = EC_KEY,
) -> Chain:
    return (certificate(subject, extensions=extensions, serial=serial, key=key),)


MONSTERS: dict[str, Monster] = {
    "ring of 100": Monster(UNKNOWN_CA, lambda: _ring(100)),
    "ladder of 100": Monster(UNKNOWN_CA, lambda: _ladder(100)),
    "ladder of 101": Monster("handshake-reset", lambda: _ladder(101)),
    "the same one 100 times": Monster(UNKNOWN_CA, lambda: 100 * _one()),
    "10,000 names": Monster(
        NAME, lambda: _one(extensions=[sans(*(f"n{at}.example" for at in range(10_000)))])
    ),
    "100,000 empty names": Monster(BAD, lambda: _one(extensions=[sans(*(100_000 * [b""]))])),
    "a subject of half a megabyte": Monster(UNKNOWN_CA, lambda: _one(name(attribute("x" * HALF_A_MEGABYTE)))),
    "escape codes": Monster(UNKNOWN_CA, lambda: _one(name(attribute("\x1b[2J" * (HALF_A_MEGABYTE // 4))))),
    "a name of half a megabyte": Monster(NAME, lambda: _one(extensions=[sans("x" * HALF_A_MEGABYTE)])),
    "more than is read": Monster("handshake-reset", lambda: _one(name(attribute("x" * 2 * HALF_A_MEGABYTE)))),
    "a subject of 30,000 parts": Monster(BAD, lambda: _one(name(*(30_000 * [attribute("x")])))),
    "40,000 extensions": Monster(BAD, lambda: _one(extensions=40_000 * [extension("2.5.29.9", b"")])),
    "40,000 usages": Monster("wrong-usage", lambda: _one(extensions=[_usages(40_000)])),
    "400 extensions each": Monster(BAD, lambda: 100 * _one(extensions=400 * [extension("2.5.29.9", b"")])),
    "2,000 names each": Monster(NAME, lambda: 100 * _one(extensions=[sans(*(2_000 * [b""]))])),
    "names in names": Monster(UNKNOWN_CA, lambda: _one(extensions=[_nested(5_000)])),
    "an RSA key of 16384 bits": Monster(UNKNOWN_CA, lambda: (_rsa_signed(16_384),)),
    "an RSA key of 1,000,000 bits": Monster(UNKNOWN_CA, lambda: (_rsa_signed(1_000_000),)),
    "an exponent as long as the key": Monster(UNKNOWN_CA, lambda: (_rsa_signed(16_384, (1 << 16_383) + 1),)),
    "a ring of RSA keys": Monster(UNKNOWN_CA, lambda: 100 * (_rsa_signed(16_384),)),
    "an RSA key of no bits": Monster("weak-key", lambda: _one(key=rsa_key(8, 0))),
    "a DSA key of 100,000 bits": Monster(UNKNOWN_CA, lambda: _one(key=_dsa_key(100_000))),
    "an unknown key": Monster(UNKNOWN_CA, lambda: _one(key=_key("1.2.3.4.5"))),
    "an unknown curve": Monster(UNKNOWN_CA, lambda: _one(key=_key("1.2.840.10045.2.1", oid("1.2.3.4")))),
    "a curve of its own": Monster(
        UNKNOWN_CA, lambda: _one(key=_key("1.2.840.10045.2.1", tlv(0x30, integer(1))))
    ),
    "a point off the curve": Monster(UNKNOWN_CA, lambda: _one(key=EC_KEY[:-64] + bytes(64))),
    "an Ed25519 key of no bytes": Monster(UNKNOWN_CA, lambda: _one(key=_key("1.3.101.112", point=b""))),
    "serial zero": Monster(BAD, lambda: _one(serial=integer(0))),
    "a negative serial": Monster(BAD, lambda: _one(serial=integer(-(1 << 70)))),
    "a serial of half a megabyte": Monster(BAD, lambda: _one(serial=tlv(0x02, b"\x7f" * HALF_A_MEGABYTE))),
    "an empty serial": Monster(BAD, lambda: _one(serial=tlv(0x02))),
    "the year 9999": Monster(UNKNOWN_CA, lambda: _between("20000101000000Z", "99991231235959Z")),
    "the year 0000": Monster(BAD, lambda: _between("00000101000000Z", "00000101000000Z")),
    "the year 0001": Monster(UNKNOWN_CA, lambda: _between("00010101000000Z", "99991231235959Z")),
    "a time zone past the end": Monster(BAD, lambda: _between("00010101000000+2359", "99991231235959-2359")),
    "the end before the beginning": Monster(
        "certificate-expired", lambda: _between("350101000000Z", "250101000000Z")
    ),
    "no time": Monster(BAD, lambda: _between("x" * 13, "\x1b[2J" + "y" * 11)),
    "a leaf of a byte": Monster(BAD, lambda: (b"0",)),
    "an empty leaf": Monster(BAD, lambda: (b"",)),
    "no leaf at all": Monster(None, lambda: ()),
    "a leaf of zeros": Monster(BAD, lambda: (bytes(2_000),)),
    "a leaf that ends too early": Monster(BAD, lambda: (certificate()[:-40],)),
    "no name anywhere": Monster(NAME, lambda: _one(name(), extensions=[])),
    "invalid UTF-8": Monster(BAD, lambda: speaking(b"\xff\xfe\xc3(\xed\xa0\x80db")),
    "half a character in UTF-16": Monster(BAD, lambda: _one(name(attribute(b"\xd8\x00\x00", tag=0x1E)))),
    "UTF-32 past the end": Monster(BAD, lambda: _one(name(attribute(b"\x7f\xff\xff\xff" * 4, tag=0x1C)))),
    **{f"words {at}": Monster(UNKNOWN_CA, partial(speaking, words)) for at, words in enumerate(NASTY)},
}
"""One line for each; made when it is asked for."""


@cache
def chain(wanted: str) -> Chain:
    """Returns the chain of one of them."""
    return MONSTERS[wanted].build()
