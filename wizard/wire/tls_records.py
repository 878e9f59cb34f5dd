"""The layers below a TLS hello: records, handshake messages and length-prefixed fields."""

from __future__ import annotations

from collections.abc import Iterator

from wizard.errors import HandshakeError

ALERT = 21
HANDSHAKE = 22
_CONTENT_TYPES = (20, ALERT, HANDSHAKE, 23)

MAX_RECORD = 2**14 + 2048
"""The longest record of any version, in bytes (RFC 5246 section 6.2.3)."""
MAX_MESSAGE = 2**20
"""The longest handshake message that is read, in bytes. Real chains stay below 100 KiB."""


class RecordReader:
    """Cuts a byte stream into TLS records. Holds at most one unfinished record."""

    def __init__(self, peer: str) -> None:
        self._peer = peer
        self._buffer = bytearray()
        self._started = False

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yields content type and payload of each record that `data` completes.

        Every byte is judged as soon as it is there, so the outcome does not depend on how the stream is cut.

        Raises:
            HandshakeError: the bytes are not TLS, or a record is longer than `MAX_RECORD`.
        """
        self._buffer += data
        while self._buffer:
            if not self._is_tls():
                return
            if len(self._buffer) < 5:
                return
            size = int.from_bytes(self._buffer[3:5])
            if size > MAX_RECORD:
                raise HandshakeError(
                    f"The {self._peer} sent a TLS record of {size} bytes; at most {MAX_RECORD} are allowed."
                )
            if len(self._buffer) < 5 + size:
                return
            kind, payload = self._buffer[0], bytes(self._buffer[5 : 5 + size])
            del self._buffer[: 5 + size]
            self._started = True
            yield kind, payload

    def _is_tls(self) -> bool:
        """Says whether the record header so far is that of TLS; False while it may still be SSL 2.0."""
        start = self._buffer
        if start[0] in _CONTENT_TYPES and (len(start) < 2 or start[1] == 3):
            return True
        if self._started:
            raise HandshakeError(f"The {self._peer} stopped speaking TLS in the middle of the handshake.")
        if start[0] & 0x80:
            if len(start) < 5:
                return False
            # SERVER-HELLO or ERROR of the SSL 2.0 draft: two bytes of length, then the message type.
            if (start[2] == 4 and start[3] < 2) or (start[:3] == b"\x80\x03\x00"):
                raise HandshakeError(f"The {self._peer} speaks SSL 2.0, which is older than any TLS.")
        raise HandshakeError(
            f"What the {self._peer} sent is not TLS: it starts with the byte 0x{start[0]:02x}."
        )


class MessageReader:
    """Joins handshake messages that span records and parts those that share one; holds at most one."""

    def __init__(self, peer: str) -> None:
        self._peer = peer
        self._buffer = bytearray()

    def feed(self, payload: bytes) -> Iterator[tuple[int, bytes]]:
        """Yields type and body of each handshake message that `payload` completes.

        Raises:
            HandshakeError: a message declares more than `MAX_MESSAGE` bytes.
        """
        self._buffer += payload
        while len(self._buffer) >= 4:
            size = int.from_bytes(self._buffer[1:4])
            if size > MAX_MESSAGE:
                raise HandshakeError(
                    f"The {self._peer} announced a handshake message of {size} bytes; "
                    f"more than {MAX_MESSAGE} are not read."
                )
            if len(self._buffer) < 4 + size:
                return
            kind, body = self._buffer[0], bytes(self._buffer[4 : 4 + size])
            del self._buffer[: 4 + size]
            yield kind, body


class Fields:
    """A cursor over the fields of one message. Every read past the end is a HandshakeError."""

    def __init__(self, data: bytes, message: str) -> None:
        self._data = data
        self._message = message
        self._at = 0

    def __bool__(self) -> bool:
        """Says whether there are bytes left."""
        return self._at < len(self._data)

    def take(self, size: int) -> bytes:
        """Returns the next `size` bytes."""
        if self._at + size > len(self._data):
            raise HandshakeError(f"The {self._message} is malformed: it ends too early.")
        self._at += size
        return self._data[self._at - size : self._at]

    def number(self, size: int) -> int:
        """Returns an unsigned big-endian number of `size` bytes."""
        return int.from_bytes(self.take(size))

    def block(self, size: int) -> bytes:
        """Returns the bytes behind a length of `size` bytes."""
        return self.take(self.number(size))

    def fields(self, size: int) -> Fields:
        """Returns a cursor over the block behind a length of `size` bytes."""
        return Fields(self.block(size), self._message)

    def extensions(self) -> dict[int, Fields]:
        """Returns the extensions by type (RFC 8446 section 4.2), none where the message ends before them."""
        if not self:
            return {}
        block = self.fields(2)
        found: dict[int, Fields] = {}
        while block:
            kind = block.number(2)
            found[kind] = block.fields(2)
        return found


def escaped(data: bytes) -> str:
    """Returns a name that a peer sent as text that is safe to show: all but printable ASCII is escaped."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in data)
