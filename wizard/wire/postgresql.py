"""PostgreSQL's preamble, both sides: SSLRequest and direct TLS (PostgreSQL manual, Message Flow, 55.2.10).

https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL
"""

from __future__ import annotations

import struct

from wizard.errors import PreambleError, RefusalError
from wizard.wire.preamble import LIMIT, Bare, Greeting, recognise, unlike

SSL_REQUEST = 80877103
GSS_REQUEST = 80877104
CANCEL_REQUEST = 80877102
PROTOCOL_3 = 3
"""The major version in the upper half of a start-up message's code."""

ALPN = "postgresql"


def ssl_request() -> bytes:
    """Returns the SSLRequest packet."""
    return struct.pack(">ii", 8, SSL_REQUEST)


class StartupReader:
    """The server's side: reads untyped start-up packets that arrive in any portions."""

    def __init__(self) -> None:
        self._raw = bytearray()

    def feed(self, data: bytes) -> tuple[int, bytes] | None:
        """Returns the code and the body of the packet once it is complete; at most one.

        Raises:
            PreambleError: the length is impossible, or more bytes came than one packet holds. A client must
                wait for the answer to its SSLRequest.
        """
        self._raw += data
        if len(self._raw) < 4:
            return None
        (length,) = struct.unpack_from(">i", self._raw)
        if not 8 <= length <= LIMIT:
            raise PreambleError(f"A start-up packet claims a length of {length} bytes.")
        if len(self._raw) < length:
            return None
        if len(self._raw) > length:
            raise PreambleError("More bytes came than the start-up packet holds.")
        (code,) = struct.unpack_from(">i", self._raw, 4)
        body = bytes(self._raw[8:])
        self._raw.clear()
        return code, body


class PostgresSslRequest(Bare):
    """Asks for TLS by SSLRequest. The server says only yes or no, so `version` and `policy` stay unknown."""

    def __init__(self) -> None:
        self.greeting: Greeting | None = None
        self.ready = False

    def start(self) -> bytes:
        """Returns the SSLRequest."""
        return ssl_request()

    def receive(self, data: bytes) -> bytes:
        """Reads the one byte of the answer; there is nothing to send back.

        Bytes after it are refused: they could be planted before TLS to be read after it (CVE-2021-23222). The
        words of an error are not repeated, since anybody on the way could have written them (CVE-2024-10977).

        Raises:
            PreambleError: see `Preamble.receive`.
        """
        if not data:
            return b""
        if self.greeting is not None:
            raise PreambleError("The server sent more than its answer to the TLS request.")
        answer, rest = data[:1], data[1:]
        if answer not in (b"S", b"N") or recognise(data) is not None:
            if answer == b"E" and recognise(data) in (None, "PostgreSQL"):
                raise RefusalError("The server answered the TLS request with an error.")
            raise unlike("PostgreSQL", data)
        if rest:
            raise PreambleError("The server sent more than its answer to the TLS request.")
        self.ready = answer == b"S"
        self.greeting = Greeting("postgresql", None, self.ready, None if self.ready else "not-offered")
        return b""


class PostgresDirect(Bare):
    """TLS comes first with ALPN `postgresql` (PostgreSQL 17 and newer, `sslnegotiation=direct`)."""

    alpn: str | None = ALPN

    def __init__(self) -> None:
        self.greeting: Greeting | None = None
        self.ready = True

    def start(self) -> bytes:
        """Returns nothing: TLS begins at once."""
        return b""

    def receive(self, data: bytes) -> bytes:
        """Takes nothing: no byte may come before TLS.

        Raises:
            PreambleError: a byte came.
        """
        if data:
            raise unlike("PostgreSQL", data)
        return b""
