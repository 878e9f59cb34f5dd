"""The server's side of a PostgreSQL session after the start-up packet (PostgreSQL manual, Message Formats).

https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from wizard.errors import PreambleError

_INT4, _TEXT = 23, 25


class MessageReader:
    """Cuts typed messages from bytes that arrive in any portions."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._raw = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yields the type and the body of each message that is complete now.

        Raises:
            PreambleError: a message claims an impossible length.
        """
        self._raw += data
        while len(self._raw) >= 5:
            (length,) = struct.unpack_from(">i", self._raw, 1)
            if not 4 <= length <= self._limit:
                raise PreambleError(f"A message claims a length of {length} bytes.")
            if len(self._raw) < 1 + length:
                return
            kind, body = bytes(self._raw[:1]), bytes(self._raw[5 : 1 + length])
            del self._raw[: 1 + length]
            yield kind, body


def message(kind: bytes, body: bytes = b"") -> bytes:
    """Returns one typed message."""
    return kind + struct.pack(">i", 4 + len(body)) + body


def login_accepted(server_version: str) -> bytes:
    """Returns all that comes between an accepted login and the first query."""
    settings = {
        "server_version": server_version,
        "server_encoding": "UTF8",
        "client_encoding": "UTF8",
        "DateStyle": "ISO, MDY",
        "TimeZone": "UTC",
        "integer_datetimes": "on",
        "standard_conforming_strings": "on",
    }
    told = b"".join(message(b"S", _cstring(name) + _cstring(value)) for name, value in settings.items())
    return message(b"R", bytes(4)) + told + message(b"K", struct.pack(">ii", 1, 1)) + ready(b"I")


def ready(status: bytes) -> bytes:
    """Returns ReadyForQuery with a transaction status: I idle, T in a transaction."""
    return message(b"Z", status)


def row_description(name: str, value: str | int) -> bytes:
    """Returns the description of a result with one column in text form."""
    kind, size = (_INT4, 4) if isinstance(value, int) else (_TEXT, -1)
    return message(
        b"T", struct.pack(">h", 1) + _cstring(name) + struct.pack(">ihihih", 0, 0, kind, size, -1, 0)
    )


def row(value: str | int) -> bytes:
    """Returns one row with one value in text form."""
    text = str(value).encode()
    return message(b"D", struct.pack(">hi", 1, len(text)) + text)


def completed(tag: str) -> bytes:
    """Returns CommandComplete with its tag, such as `SELECT 1`."""
    return message(b"C", _cstring(tag))


def failed(state: str, words: str, severity: str = "ERROR") -> bytes:
    """Returns an ErrorResponse with an SQLSTATE."""
    fields = {b"S": severity, b"V": severity, b"C": state, b"M": words}
    return message(b"E", b"".join(code + _cstring(value) for code, value in fields.items()) + b"\0")


def _cstring(text: str) -> bytes:
    return text.encode() + b"\0"
