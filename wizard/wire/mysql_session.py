"""The server's side of a MySQL session after the greeting: login response, OK, one-column results.

MySQL source documentation, Connection Phase and Command Phase. CLIENT_DEPRECATE_EOF is never offered, so
results end by EOF packets.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from wizard.errors import PreambleError
from wizard.wire.mysql import (
    AUTOCOMMIT,
    CLIENT_CONNECT_WITH_DB,
    CLIENT_PLUGIN_AUTH,
    CLIENT_PLUGIN_AUTH_LENENC,
    CLIENT_PROTOCOL_41,
    UTF8MB4,
    packet,
)

COM_QUIT, COM_INIT_DB, COM_QUERY = 1, 2, 3
COM_PING = 14
COM_SET_OPTION = 27
COM_RESET_CONNECTION = 31

FAST_AUTH_OK = b"\x01\x03"
"""caching_sha2_password: the password's hash was in the cache, so that no more has to be sent."""

_EOF = b"\xfe" + struct.pack("<HH", 0, AUTOCOMMIT)
_INT, _TEXT = 0x08, 0xFD


@dataclass(frozen=True)
class LoginResponse:
    """The parts of a HandshakeResponse41 that a server needs to accept it blindly.

    Attributes:
        user: the user's name.
        plugin: the authentication plugin that the client used; empty where it names none.
        answered: whether a password was used.
    """

    user: bytes
    plugin: bytes
    answered: bool


def login_response(payload: bytes) -> LoginResponse:
    """Reads a HandshakeResponse41.

    Raises:
        PreambleError: it is cut off, or of the protocol before MySQL 4.1.
    """
    if len(payload) < 33 or not struct.unpack_from("<I", payload)[0] & CLIENT_PROTOCOL_41:
        raise PreambleError("The login response is cut off or older than MySQL 4.1.")
    flags = int(struct.unpack_from("<I", payload)[0])
    user, end, rest = payload[32:].partition(b"\0")
    if not end or not rest:
        raise PreambleError("The login response is cut off.")
    length = rest[0]
    if flags & CLIENT_PLUGIN_AUTH_LENENC and length >= 0xFB:
        raise PreambleError("The password's answer is longer than any plugin makes it.")
    rest = rest[1 + length :]
    if flags & CLIENT_CONNECT_WITH_DB:
        rest = rest.partition(b"\0")[2]
    plugin = rest.partition(b"\0")[0] if flags & CLIENT_PLUGIN_AUTH else b""
    return LoginResponse(user, plugin, length > 0)


def ok(sequence: int) -> bytes:
    """Returns an OK packet."""
    return packet(sequence, b"\0\0\0" + struct.pack("<HH", AUTOCOMMIT, 0))


def end_of_settings(sequence: int) -> bytes:
    """Returns the EOF packet that answers COM_SET_OPTION."""
    return packet(sequence, _EOF)


def one_row(name: str, value: str | int) -> bytes:
    """Returns the packets of a result with one row of one column."""
    kind = _INT if isinstance(value, int) else _TEXT
    column = b"".join(_lenenc(part) for part in (b"def", b"", b"", b"", name.encode(), b""))
    column += b"\x0c" + struct.pack("<HIBHB2x", UTF8MB4, 1024, kind, 0, 0)
    row = _lenenc(str(value).encode())
    payloads = (b"\x01", column, _EOF, row, _EOF)
    return b"".join(packet(sequence, payload) for sequence, payload in enumerate(payloads, start=1))


def no_rows(name: str) -> bytes:
    """Returns the packets of a result with one column and no row."""
    column = b"".join(_lenenc(part) for part in (b"def", b"", b"", b"", name.encode(), b""))
    column += b"\x0c" + struct.pack("<HIBHB2x", UTF8MB4, 1024, _TEXT, 0, 0)
    payloads = (b"\x01", column, _EOF, _EOF)
    return b"".join(packet(sequence, payload) for sequence, payload in enumerate(payloads, start=1))


def _lenenc(raw: bytes) -> bytes:
    return (bytes([len(raw)]) if len(raw) < 0xFB else b"\xfc" + struct.pack("<H", len(raw))) + raw
