"""A server's first answer, written without any cryptography: a flight up to TLS 1.2, or an alert.

So the lab can show a server whose ciphers no TLS library of today knows. No client can complete the handshake.
"""

from __future__ import annotations

import os

from wizard.wire.tls_names import Version
from wizard.wire.tls_records import ALERT, HANDSHAKE

HANDSHAKE_FAILURE = 40
PROTOCOL_VERSION = 70
"""Alerts (RFC 5246 section 7.2)."""

_SERVER_HELLO, _CERTIFICATE, _SERVER_HELLO_DONE = 2, 11, 14
_FATAL = 2
_ROOM = 2**14
"""The most bytes that one record carries (RFC 5246 section 6.2.1)."""


def first_flight(version: Version, suite: int, chain: tuple[bytes, ...]) -> bytes:
    """Returns the records of ServerHello, Certificate and ServerHelloDone (RFC 5246 sections 7.4.1.3 to 7.4.5).

    Args:
        version: what the server chooses, TLS 1.2 at most.
        suite: the number of a cipher suite with RSA key exchange; any other needs one more message.
        chain: DER certificates, leaf first.

    Raises:
        ValueError: `version` is TLS 1.3, which encrypts all but its hello.
    """
    if version > Version.TLS_1_2:
        raise ValueError("A flight of TLS 1.3 cannot be written without cryptography.")
    no_session, no_compression = b"\0", b"\0"
    hello = version.to_bytes(2) + os.urandom(32) + no_session + suite.to_bytes(2) + no_compression
    certificates = _block(b"".join(_block(one) for one in chain))
    flight = (
        _message(_SERVER_HELLO, hello)
        + _message(_CERTIFICATE, certificates)
        + _message(_SERVER_HELLO_DONE, b"")
    )
    parts = (flight[at : at + _ROOM] for at in range(0, len(flight), _ROOM))
    return b"".join(_record(HANDSHAKE, version, part) for part in parts)


def fatal_alert(code: int, version: Version = Version.TLS_1_2) -> bytes:
    """Returns the record of a fatal alert."""
    return _record(ALERT, version, bytes([_FATAL, code]))


def _record(kind: int, version: Version, payload: bytes) -> bytes:
    return bytes([kind]) + version.to_bytes(2) + len(payload).to_bytes(2) + payload


def _message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + _block(body)


def _block(content: bytes) -> bytes:
    return len(content).to_bytes(3) + content
