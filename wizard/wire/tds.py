"""SQL Server's preamble: TDS packets and the PRELOGIN exchange, both sides ([MS-TDS] 2.2.3 and 2.2.6.5).

In TDS 7.x the client and the server first agree on encryption in PRELOGIN, then the TLS handshake travels
inside PRELOGIN packets. In TDS 8.0 TLS comes first and PRELOGIN happens inside it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from wizard.errors import PreambleError
from wizard.wire.preamble import LIMIT, RECOGNISED_BY, Bare, Greeting, Policy, recognise, unlike

PRELOGIN = 0x12
REPLY = 0x04
HEADER = 8
PACKET_SIZE = 4096
"""The size of packets before the login negotiates another one ([MS-TDS] 2.2.3.1.3)."""

ENCRYPT_OFF, ENCRYPT_ON, ENCRYPT_NOT_SUP, ENCRYPT_REQ = range(4)
CLIENT_CERTIFICATE = 0x80

VERSION, ENCRYPTION, INSTANCE, THREAD, MARS = range(5)
TERMINATOR = 0xFF

ALPN = "tds/8.0"


@dataclass(frozen=True)
class Message:
    """One TDS message: its packet type and the payload of all its packets."""

    kind: int
    payload: bytes


def packets(kind: int, payload: bytes, size: int = PACKET_SIZE) -> bytes:
    """Returns one message as packets of at most `size` bytes, header included."""
    room = size - HEADER
    parts = [payload[at : at + room] for at in range(0, len(payload), room)] or [b""]
    framed = bytearray()
    for number, part in enumerate(parts, start=1):
        last = 1 if number == len(parts) else 0
        framed += struct.pack(">BBHHBB", kind, last, HEADER + len(part), 0, number % 256, 0) + part
    return bytes(framed)


class MessageReader:
    """Puts messages together from bytes that arrive in any portions."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._raw = bytearray()
        self._payload = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Yields each message that is complete now.

        Raises:
            PreambleError: a length is impossible, or a message grows over the limit.
        """
        self._raw += data
        for kind, last, part in self._packets():
            self._payload += part
            if len(self._payload) > self._limit:
                raise PreambleError(f"The message is larger than {self._limit} bytes.")
            if last:
                message = Message(kind, bytes(self._payload))
                self._payload.clear()
                yield message

    def rest(self) -> bytes:
        """Takes out the bytes that belong to no complete packet yet."""
        rest = bytes(self._raw)
        self._raw.clear()
        return rest

    def _packets(self) -> Iterator[tuple[int, bool, bytes]]:
        while len(self._raw) >= HEADER:
            kind, status, length = struct.unpack_from(">BBH", self._raw)
            if length < HEADER:
                raise PreambleError(f"A TDS packet claims a length of {length} bytes, less than its header.")
            if len(self._raw) < length:
                return
            part = bytes(self._raw[HEADER:length])
            del self._raw[:length]
            yield kind, bool(status & 1), part


def prelogin(options: Mapping[int, bytes]) -> bytes:
    """Returns the payload of a PRELOGIN message with these options, in their order."""
    offset = 5 * len(options) + 1
    table, values = bytearray(), bytearray()
    for token, value in options.items():
        table += struct.pack(">BHH", token, offset + len(values), len(value))
        values += value
    return bytes(table) + bytes([TERMINATOR]) + bytes(values)


def prelogin_options(payload: bytes) -> dict[int, bytes]:
    """Returns the options of a PRELOGIN message by their token.

    Raises:
        PreambleError: the table has no end, or an option lies outside of the message.
    """
    options: dict[int, bytes] = {}
    for at in range(0, len(payload), 5):
        if payload[at] == TERMINATOR:
            return options
        if at + 5 > len(payload):
            break
        token, offset, length = struct.unpack_from(">BHH", payload, at)
        if offset + length > len(payload):
            raise PreambleError("A PRELOGIN option lies outside of its message.")
        options[token] = payload[offset : offset + length]
    raise PreambleError("The PRELOGIN option table has no end.")


def version_bytes(version: str) -> bytes:
    """Returns a version such as `16.0.1000` as the VERSION option holds it."""
    major, minor, build = (int(part) for part in version.split("."))
    return struct.pack(">BBHH", major, minor, build, 0)


def version_text(option: bytes) -> str | None:
    """Returns a VERSION option as `major.minor.build`, or None where it is too short."""
    if len(option) < 4:
        return None
    major, minor, build = struct.unpack_from(">BBH", option)
    return f"{major}.{minor}.{build}"


def encryption_answer(client: int, policy: Policy) -> int:
    """Returns the server's ENCRYPTION value for a client's, after the table in [MS-TDS] 2.2.6.5."""
    wanted = client & ~CLIENT_CERTIFICATE
    if policy == "not-offered":
        return ENCRYPT_NOT_SUP
    if wanted in (ENCRYPT_ON, ENCRYPT_REQ):
        return ENCRYPT_ON
    if policy != "optional":
        return ENCRYPT_REQ
    return ENCRYPT_NOT_SUP if wanted == ENCRYPT_NOT_SUP else ENCRYPT_OFF


def _request(encryption: int) -> bytes:
    # The client version means nothing to the server; zero says "not one of Microsoft's drivers".
    return packets(
        PRELOGIN,
        prelogin(
            {
                VERSION: bytes(6),
                ENCRYPTION: bytes([encryption]),
                INSTANCE: b"\0",
                THREAD: bytes(4),
                MARS: b"\0",
            }
        ),
    )


class _ReplyReader:
    """Reads the server's PRELOGIN reply, and nothing after it."""

    def __init__(self) -> None:
        self._first = bytearray()
        self._messages = MessageReader()

    def feed(self, data: bytes) -> dict[int, bytes] | None:
        if len(self._first) < RECOGNISED_BY:
            self._first += data[:RECOGNISED_BY]
            service = recognise(bytes(self._first))
            strange = len(self._first) >= HEADER and self._first[0] != REPLY
            if strange or (service is not None and service != "SQL Server"):
                raise unlike("SQL Server", bytes(self._first))
        for message in self._messages.feed(data):
            if message.kind != REPLY:
                raise unlike("SQL Server", bytes(self._first))
            options = prelogin_options(message.payload)
            if self._messages.rest():
                raise PreambleError("The server sent more than its PRELOGIN reply before TLS.")
            return options
        return None


class TdsPrelogin:
    """TDS 7.x: asks by PRELOGIN; the handshake travels inside type 0x12 packets.

    Args:
        encryption: the client's ENCRYPTION value. Only ENCRYPT_OFF tells `optional` from `required`, since a
            server answers ENCRYPT_ON to ENCRYPT_ON in both cases.
    """

    alpn: str | None = None

    def __init__(self, encryption: int = ENCRYPT_OFF) -> None:
        self.greeting: Greeting | None = None
        self.ready = False
        self._encryption = encryption
        self._reply = _ReplyReader()
        self._handshake = MessageReader()

    def start(self) -> bytes:
        """Returns the PRELOGIN request."""
        return _request(self._encryption)

    def receive(self, data: bytes) -> bytes:
        """Reads the PRELOGIN reply; there is nothing to send back.

        Raises:
            PreambleError: see `Preamble.receive`.
        """
        if not data:
            return b""
        if self.greeting is not None:
            raise PreambleError("The server sent more than its PRELOGIN reply before TLS.")
        options = self._reply.feed(data)
        if options is not None:
            self.greeting = self._read(options)
            self.ready = self.greeting.tls_offered
        return b""

    def _read(self, options: Mapping[int, bytes]) -> Greeting:
        answer = options.get(ENCRYPTION, b"")
        if not answer:
            raise PreambleError("The PRELOGIN reply says nothing about encryption.")
        version = version_text(options.get(VERSION, b""))
        policy = self._policy(answer[0] & ~CLIENT_CERTIFICATE)
        return Greeting("sqlserver", version, policy != "not-offered", policy)

    def _policy(self, answer: int) -> Policy | None:
        if answer == ENCRYPT_NOT_SUP:
            return "not-offered"
        if answer not in (ENCRYPT_OFF, ENCRYPT_ON, ENCRYPT_REQ):
            raise PreambleError(f"The PRELOGIN reply holds the unknown encryption value {answer}.")
        if self._encryption != ENCRYPT_OFF:
            return None
        return "optional" if answer == ENCRYPT_OFF else "required"

    def wrap(self, tls: bytes) -> bytes:
        """Returns `tls` inside PRELOGIN packets."""
        return packets(PRELOGIN, tls) if tls else b""

    def unwrap(self, data: bytes) -> bytes:
        """Returns the TLS bytes of all messages that are complete.

        Raises:
            PreambleError: a packet is of another type, or its framing is broken.
        """
        tls = bytearray()
        for message in self._handshake.feed(data):
            if message.kind not in (PRELOGIN, REPLY):
                raise PreambleError(f"A TDS packet of type {message.kind:#04x} came during the handshake.")
            tls += message.payload
        return bytes(tls)


class TdsStrict(Bare):
    """TDS 8.0: TLS comes first with ALPN `tds/8.0`; the server tells its version only inside it."""

    alpn: str | None = ALPN

    def __init__(self) -> None:
        self.greeting: Greeting | None = None
        self.ready = True
        self._reply = _ReplyReader()

    def start(self) -> bytes:
        """Returns nothing: TLS begins at once."""
        return b""

    def receive(self, data: bytes) -> bytes:
        """Takes nothing: no byte may come before TLS.

        Raises:
            PreambleError: a byte came.
        """
        if data:
            raise unlike("SQL Server", data)
        return b""

    def request_inside(self) -> bytes:
        """Returns the PRELOGIN request to send inside of TLS."""
        return _request(ENCRYPT_NOT_SUP)

    def receive_inside(self, data: bytes) -> None:
        """Reads the PRELOGIN reply that came inside of TLS and sets `greeting`.

        Its policy stays None: a server that accepts TDS 8.0 may accept TDS 7.x as well.

        Raises:
            PreambleError: the bytes are not those of SQL Server.
        """
        if not data:
            return
        options = self._reply.feed(data)
        if options is not None:
            self.greeting = Greeting("sqlserver", version_text(options.get(VERSION, b"")), True, None)
