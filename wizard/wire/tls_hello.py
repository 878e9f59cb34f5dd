"""The ClientHello: written, so that a probe can ask in its own words; read, so that the lab can log it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from wizard.errors import HandshakeError, TargetError
from wizard.wire.tls_names import GROUPS, SUITES, Extension, Version
from wizard.wire.tls_records import HANDSHAKE, Fields, MessageReader, RecordReader, escaped

_CLIENT_HELLO = 1
# RFC 5746 section 3.3: says the same as an empty renegotiation_info, in a form that every old server accepts.
_RENEGOTIATION_SIGNAL = 0x00FF
_X25519 = 29
_SIGNATURES = (
    *(0x0403, 0x0503, 0x0603),  # ECDSA with SHA-256, SHA-384, SHA-512
    *(0x0807, 0x0808),  # Ed25519, Ed448
    *(0x0809, 0x080A, 0x080B),  # RSA-PSS with an RSASSA-PSS key
    *(0x0804, 0x0805, 0x0806),  # RSA-PSS with an ordinary RSA key
    *(0x0401, 0x0501, 0x0601),  # RSA PKCS #1 v1.5 with SHA-256, SHA-384, SHA-512
    *(0x0303, 0x0301, 0x0302),  # SHA-224
    *(0x0203, 0x0201, 0x0202),  # SHA-1
    *(0x0402, 0x0502, 0x0602),  # DSA
    0x0101,  # RSA with MD5: Schannel sends no chain with a signature outside this list
)


def client_hello(
    server_name: str | None,
    *,
    lowest: Version,
    highest: Version,
    alpn: tuple[str, ...] = (),
    modern_only: bool = False,
    random: bytes | None = None,
    key_share: bytes | None = None,
) -> bytes:
    """Returns the bytes of one record with a ClientHello (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2).

    Below TLS 1.3 a client cannot state its lowest version, so the server may still choose an older one:
    compare what it chose. The key share belongs to no private key: the handshake is never completed.

    Args:
        server_name: the name for SNI; None or an IP address sends none (RFC 6066 section 3).
        lowest: the oldest version to offer, TLS 1.0 or newer.
        highest: the newest version to offer.
        alpn: application protocols in order of preference, such as `tds/8.0` or `postgresql`.
        modern_only: leaves out the cipher suites that current clients refuse.
        random: 32 bytes, for a repeatable hello.
        key_share: 32 bytes in place of an x25519 public key, for a repeatable hello.

    Raises:
        TargetError: `server_name` is not a name that DNS can hold.
        ValueError: the versions are not in order or include SSLv3, or a number of bytes is not 32.
    """
    if not Version.TLS_1_0 <= lowest <= highest:
        raise ValueError("Offer TLS 1.0 or newer, the lowest version first.")
    random = os.urandom(32) if random is None else random
    key_share = os.urandom(32) if key_share is None else key_share
    if len(random) != 32 or len(key_share) != 32:
        raise ValueError("The random and the key share take 32 bytes each.")
    body = (
        _number(min(highest, Version.TLS_1_2), 2)
        + random
        + _block(1, b"")  # no session to resume
        + _block(2, _suites(lowest, highest, modern_only))
        + _block(1, b"\x00")  # no compression
        + _block(2, _extensions(server_name, lowest, highest, alpn, key_share))
    )
    message = _number(_CLIENT_HELLO, 1) + _block(3, body)
    # RFC 8446 appendix E.3: the record says TLS 1.0, because some servers refuse anything newer there.
    return _number(HANDSHAKE, 1) + _number(Version.TLS_1_0, 2) + _block(2, message)


def _suites(lowest: Version, highest: Version, modern_only: bool) -> bytes:
    offered = [
        suite.code
        for suite in SUITES
        if suite.since <= highest and (lowest < Version.TLS_1_3 or suite.since is Version.TLS_1_3)
        if not (modern_only and suite.legacy)
    ]
    if lowest < Version.TLS_1_3:
        offered.append(_RENEGOTIATION_SIGNAL)
    return _numbers(offered)


def _extensions(
    server_name: str | None, lowest: Version, highest: Version, alpn: tuple[str, ...], key_share: bytes
) -> bytes:
    extensions: list[tuple[int, bytes]] = []
    if name := _dns_name(server_name):
        extensions.append((Extension.SERVER_NAME, _block(2, b"\x00" + _block(2, name))))
    # The empty ones stand early: WebSphere 7 refuses a hello that ends in one (noted in NSS, ssl3ext.c).
    extensions.append((Extension.EXTENDED_MASTER_SECRET, b""))
    extensions.append((Extension.SESSION_TICKET, b""))
    extensions.append((Extension.SUPPORTED_GROUPS, _block(2, _numbers(tuple(GROUPS)))))
    extensions.append((Extension.POINT_FORMATS, _block(1, b"\x00")))
    if alpn:
        extensions.append(
            (Extension.ALPN, _block(2, b"".join(_block(1, protocol.encode("ascii")) for protocol in alpn)))
        )
    if highest >= Version.TLS_1_2:
        extensions.append((Extension.SIGNATURE_ALGORITHMS, _block(2, _numbers(_SIGNATURES))))
    if highest is Version.TLS_1_3:
        offered = [version for version in reversed(Version) if lowest <= version]
        extensions.append((Extension.SUPPORTED_VERSIONS, _block(1, _numbers(offered))))
        extensions.append((Extension.PSK_MODES, _block(1, b"\x01")))
        extensions.append((Extension.KEY_SHARE, _block(2, _number(_X25519, 2) + _block(2, key_share))))
    return b"".join(_number(kind, 2) + _block(2, content) for kind, content in extensions)


def _dns_name(server_name: str | None) -> bytes | None:
    """Returns the name as SNI carries it, or None for an IP address."""
    name = (server_name or "").removesuffix(".")
    # A last label of digits only is an IPv4 address in some notation; no top-level domain looks like that.
    if not name or ":" in name or name.rpartition(".")[2].isdecimal():
        return None
    try:
        encoded = name.encode("ascii") if name.isascii() else name.encode("idna")
    except UnicodeError as error:
        raise TargetError("The server name cannot be written as a DNS name.") from error
    if len(encoded) > 253 or any(byte <= 0x20 or byte >= 0x7F for byte in encoded):
        raise TargetError("The server name cannot be written as a DNS name.")
    return encoded


def _number(value: int, size: int) -> bytes:
    return value.to_bytes(size)


def _numbers(values: list[int] | list[Version] | tuple[int, ...]) -> bytes:
    return b"".join(_number(value, 2) for value in values)


def _block(size: int, content: bytes) -> bytes:
    return _number(len(content), size) + content


@dataclass(frozen=True)
class ClientHelloSeen:
    """What a client offered. Names are free of control characters."""

    versions: tuple[Version, ...]
    """As listed by the client; one that lists none states only its newest. Unknown ones are left out."""
    server_name: str | None
    alpn: tuple[str, ...]
    suites: tuple[int, ...]
    """Numbers of the cipher suites in the client's order, signals included."""


def read_client_hello(data: bytes) -> ClientHelloSeen | None:
    """Returns what the ClientHello at the start of `data` offers, or None while it is incomplete.

    Raises:
        HandshakeError: the bytes are not TLS, or do not start with a well-formed ClientHello.
    """
    messages = MessageReader("client")
    for kind, payload in RecordReader("client").feed(data):
        if kind != HANDSHAKE:
            raise HandshakeError("The client sent something other than a ClientHello.")
        for message, body in messages.feed(payload):
            if message != _CLIENT_HELLO:
                raise HandshakeError("The client sent something other than a ClientHello.")
            return _seen(Fields(body, "client's hello"))
    return None


def _seen(hello: Fields) -> ClientHelloSeen:
    newest = hello.number(2)
    hello.take(32)  # random
    hello.block(1)  # session
    listed_suites = hello.fields(2)
    suites = []
    while listed_suites:
        suites.append(listed_suites.number(2))
    hello.block(1)  # compression
    extensions = hello.extensions()

    versions = [newest]
    if listed := extensions.get(Extension.SUPPORTED_VERSIONS):
        choices = listed.fields(1)
        versions = []
        while choices:
            versions.append(choices.number(2))
    server_name = None
    if named := extensions.get(Extension.SERVER_NAME):
        entry = named.fields(2)
        entry.number(1)  # the only type of name there is
        server_name = escaped(entry.block(2))
    alpn = []
    if protocols := extensions.get(Extension.ALPN):
        entries = protocols.fields(2)
        while entries:
            alpn.append(escaped(entries.block(1)))
    known = tuple(Version(version) for version in versions if version in set(Version))
    return ClientHelloSeen(known, server_name, tuple(alpn), tuple(suites))
