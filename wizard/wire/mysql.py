"""MySQL's and MariaDB's preamble, both sides: the greeting and the SSLRequest packet.

MySQL source documentation, Connection Phase (Protocol::HandshakeV10, Protocol::SSLRequest):
https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html, and MariaDB's page
https://mariadb.com/kb/en/connection/.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from wizard.errors import PreambleError, RefusalError
from wizard.model.target import Engine
from wizard.wire.preamble import LIMIT, Bare, Greeting, Policy, recognise, spoken, unlike

CLIENT_MYSQL = 0x1
"""Set by MySQL (there: CLIENT_LONG_PASSWORD), unset by MariaDB, which uses it to tell the two apart."""
CLIENT_CONNECT_WITH_DB = 0x8
CLIENT_PROTOCOL_41 = 0x200
CLIENT_SSL = 0x800
CLIENT_TRANSACTIONS = 0x2000
CLIENT_SECURE_CONNECTION = 0x8000
CLIENT_PLUGIN_AUTH = 0x80000
CLIENT_PLUGIN_AUTH_LENENC = 0x200000
CLIENT_DEPRECATE_EOF = 0x1000000

UTF8MB4 = 45
AUTOCOMMIT = 0x2
ERR = 0xFF
PROTOCOL_10 = 10
SSL_REQUEST_SIZE = 32
MARIADB_PREFIX = b"5.5.5-"
"""MariaDB before 11 puts this before its version, because old replicas read only its first digit."""

_WANTED = CLIENT_PROTOCOL_41 | CLIENT_TRANSACTIONS | CLIENT_SECURE_CONNECTION | CLIENT_PLUGIN_AUTH


def packet(sequence: int, payload: bytes) -> bytes:
    """Returns `payload` (less than 16 MiB) with its header."""
    return struct.pack("<I", len(payload))[:3] + bytes([sequence % 256]) + payload


class PacketReader:
    """Cuts packets from bytes that arrive in any portions."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._raw = bytearray()

    def feed(self, data: bytes) -> tuple[int, bytes] | None:
        """Returns the sequence number and the payload of the next complete packet, if there is one.

        Feed nothing to get further packets that have arrived already.

        Raises:
            PreambleError: the packet is empty or larger than the limit.
        """
        self._raw += data
        if len(self._raw) < 4:
            return None
        length = int.from_bytes(self._raw[:3], "little")
        if not 0 < length <= self._limit:
            raise PreambleError(f"A packet claims a length of {length} bytes.")
        if len(self._raw) < 4 + length:
            return None
        sequence, payload = self._raw[3], bytes(self._raw[4 : 4 + length])
        del self._raw[: 4 + length]
        return sequence, payload

    def rest(self) -> bytes:
        """Takes out the bytes that belong to no complete packet yet."""
        rest = bytes(self._raw)
        self._raw.clear()
        return rest


@dataclass(frozen=True)
class Handshake:
    """The fields of a protocol 10 greeting that this program uses.

    Attributes:
        version: the version as it is sent, such as `8.4.3` or `5.5.5-10.11.14-MariaDB`.
        capabilities: the CLIENT_ flags that the server offers.
        nonce: 20 bytes for the password exchange.
        plugin: name of the authentication plugin.
        thread: connection id.
    """

    version: bytes
    capabilities: int
    nonce: bytes = bytes(20)
    plugin: bytes = b""
    thread: int = 0

    def encode(self) -> bytes:
        """Returns the payload of the greeting."""
        return (
            bytes([PROTOCOL_10])
            + self.version
            + b"\0"
            + struct.pack("<I", self.thread)
            + self.nonce[:8]
            + b"\0"
            + struct.pack("<HBHH", self.capabilities & 0xFFFF, UTF8MB4, AUTOCOMMIT, self.capabilities >> 16)
            + bytes([len(self.nonce) + 1])
            + bytes(10)
            + self.nonce[8:]
            + b"\0"
            + self.plugin
            + b"\0"
        )

    @classmethod
    def decode(cls, payload: bytes) -> Handshake:
        """Reads the payload of a greeting; a part that old servers do not send stays empty.

        Raises:
            PreambleError: it is not a protocol 10 greeting, or it is cut off.
        """
        if payload[:1] != bytes([PROTOCOL_10]):
            raise PreambleError(f"The greeting is of protocol version {payload[:1].hex() or 'none'}, not 10.")
        version, end, rest = payload[1:].partition(b"\0")
        if not end or len(rest) < 15:
            raise PreambleError("The greeting is cut off.")
        thread, first_half, capabilities = struct.unpack_from("<I8sxH", rest)
        if len(rest) < 31:
            return cls(version, capabilities, first_half, b"", thread)
        capabilities |= struct.unpack_from("<H", rest, 18)[0] << 16
        half = max(13, rest[20] - 8)
        return cls(
            version,
            capabilities,
            first_half + rest[31 : 31 + half - 1],
            rest[31 + half :].partition(b"\0")[0],
            thread,
        )

    @property
    def engine(self) -> Engine:
        """MariaDB by its version text, or by the flag that only MySQL sets."""
        named = b"mariadb" in self.version.lower() or self.version.startswith(MARIADB_PREFIX)
        return "mariadb" if named or not self.capabilities & CLIENT_MYSQL else "mysql"

    @property
    def true_version(self) -> str:
        """The version without MariaDB's prefix and without control characters."""
        return spoken(self.version.removeprefix(MARIADB_PREFIX), longest=80)


def ssl_request(capabilities: int) -> bytes:
    """Returns the payload of the SSLRequest packet for the server's `capabilities`."""
    flags = capabilities & _WANTED | CLIENT_SSL | CLIENT_PROTOCOL_41
    return struct.pack("<IIB23x", flags, LIMIT, UTF8MB4)


def is_ssl_request(payload: bytes) -> bool:
    """Tells whether the client's first packet asks for TLS (it is cut off after the fixed part)."""
    return len(payload) == SSL_REQUEST_SIZE and bool(struct.unpack_from("<I", payload)[0] & CLIENT_SSL)


def error_packet(code: int, state: str | None, message: str) -> bytes:
    """Returns the payload of an ERR packet; before the greeting it has no SQLSTATE."""
    marker = f"#{state}".encode() if state else b""
    return bytes([ERR]) + struct.pack("<H", code) + marker + message.encode()


def _refusal(payload: bytes) -> RefusalError:
    if len(payload) < 3:
        return RefusalError("The server refused the connection without a reason.")
    (code,) = struct.unpack_from("<H", payload, 1)
    words = payload[3:]
    words = words[6:] if words.startswith(b"#") else words
    return RefusalError(
        f"The server refused the connection before TLS with error {code}: {spoken(words)}",
        hint="The server itself refused: this comes before any certificate is looked at.",
    )


class MySqlGreeting(Bare):
    """Reads the greeting, then asks for TLS where the server offers it.

    A greeting does not tell whether TLS is required, so `policy` stays unknown where TLS is offered.
    """

    def __init__(self) -> None:
        self.greeting: Greeting | None = None
        self.ready = False
        self._first = bytearray()
        self._packets = PacketReader()

    def start(self) -> bytes:
        """Returns nothing: the server speaks first."""
        return b""

    def receive(self, data: bytes) -> bytes:
        """Reads the greeting and returns the SSLRequest packet where TLS is offered.

        Raises:
            PreambleError: the bytes are not a greeting, or the server refuses by an ERR packet such as 1040
                (too many connections), 1129 (host blocked) or 1130 (host not allowed).
        """
        if not data:
            return b""
        if self.greeting is not None:
            raise PreambleError("The server sent more than its greeting before TLS.")
        if len(self._first) < 5:
            self._first += data[:5]
            self._check_first(bytes(self._first + data[5:]))
        found = self._packets.feed(data)
        if found is None:
            return b""
        if self._packets.rest():
            raise PreambleError("The server sent more than its greeting before TLS.")
        return self._greeted(*found)

    @staticmethod
    def _check_first(first: bytes) -> None:
        service = recognise(first)
        foreign = service not in (None, "MySQL", "MariaDB")
        # A packet's fifth byte is the protocol version, or 0xFF where the server refuses.
        if foreign or (len(first) >= 5 and (first[3] != 0 or first[4] not in (PROTOCOL_10, ERR))):
            raise unlike("MySQL or MariaDB", first)

    def _greeted(self, sequence: int, payload: bytes) -> bytes:
        if payload[0] == ERR:
            raise _refusal(payload)
        handshake = Handshake.decode(payload)
        self.ready = bool(handshake.capabilities & CLIENT_SSL)
        policy: Policy | None = None if self.ready else "not-offered"
        self.greeting = Greeting(handshake.engine, handshake.true_version, self.ready, policy)
        return packet(sequence + 1, ssl_request(handshake.capabilities)) if self.ready else b""
