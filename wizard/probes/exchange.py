"""One connection to the server: connect, preamble, our own ClientHello, and the server's first flight.

The handshake is never completed, so nothing is authenticated and nothing is logged in.
"""

from __future__ import annotations

import contextlib
import time
from typing import Literal

import msgspec

from wizard.errors import ConnectError, ConnectFailure, HandshakeError, PreambleError, RefusalError
from wizard.probes.connection import Connection
from wizard.wire.postgresql import ssl_request
from wizard.wire.preamble import Greeting, Preamble, recognise, unlike
from wizard.wire.tls_flight import FlightReader, ServerFlight
from wizard.wire.tls_hello import client_hello
from wizard.wire.tls_names import Version

_PATIENCE = 0.7
"""The part of the time that a server which has to speak first may stay silent before it is nudged."""

_NUDGE = ssl_request() + b"\r\n\r\n"
"""PostgreSQL answers the first part, web and other line-based services the empty lines."""

PreambleStatus = Literal["ok", "other-service", "refused", "silent", "closed"]
HandshakeStatus = Literal["ok", "refused", "silent", "closed"]


class Hello(msgspec.Struct, frozen=True):
    """What our ClientHello offers."""

    server_name: str
    lowest: Version
    highest: Version
    modern_only: bool = False
    """Leaves out the cipher suites that current clients refuse."""


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """How far one connection came. What was not reached is None; `because` says where it stopped and why."""

    address: str
    port: int
    offered: Hello
    connect: Literal["open"] | ConnectFailure
    preamble: PreambleStatus | None = None
    service: str | None = None
    """What answered instead of the database, where it was recognised."""
    greeting: Greeting | None = None
    handshake: HandshakeStatus | None = None
    flight: ServerFlight | None = None
    because: str | None = None
    connect_ms: float | None = None
    preamble_ms: float | None = None
    handshake_ms: float | None = None


def exchange(address: str, port: int, preamble: Preamble, hello: Hello, seconds: float) -> Exchange:
    """Opens one connection and returns how far it came; never raises for what a server does.

    Args:
        address: IP address.
        port: TCP port.
        preamble: a fresh client side of the database's preamble.
        hello: what to offer once TLS may begin.
        seconds: the time that the whole exchange may take.
    """
    began = time.monotonic()
    try:
        connection = Connection(address, port, began + seconds)
    except ConnectError as error:
        failed = Exchange(address=address, port=port, offered=hello, connect=error.status)
        return msgspec.structs.replace(failed, because=_phrase(error.message), connect_ms=_ms(began))
    with connection:
        reached = Exchange(address=address, port=port, offered=hello, connect="open", connect_ms=_ms(began))
        reached = _negotiate(connection, preamble, reached, seconds)
        if not preamble.ready or reached.preamble != "ok":
            return reached
        return _shake(connection, preamble, hello, reached, seconds)


def _negotiate(connection: Connection, preamble: Preamble, reached: Exchange, seconds: float) -> Exchange:
    """Goes through the preamble until the server has answered."""
    began = time.monotonic()

    def stopped(status: PreambleStatus, because: str, service: str | None = None) -> Exchange:
        return msgspec.structs.replace(
            reached, preamble=status, because=because, service=service, preamble_ms=_ms(began)
        )

    try:
        first = preamble.start()
        connection.send(first)
        while preamble.greeting is None and not preamble.ready:
            data = connection.receive() if first else _first_words(connection, began + _PATIENCE * seconds)
            first = first or data
            if not data:
                return stopped("closed", "the server closed the connection before TLS")
            connection.send(preamble.receive(data))
    except RefusalError as error:
        return stopped("refused", _phrase(error.message))
    except PreambleError as error:
        return stopped("other-service", _phrase(error.message), error.service)
    except TimeoutError:
        return stopped("silent", "the server accepted the connection, but did not answer in time")
    except OverflowError as error:
        return stopped("other-service", str(error))
    except OSError as error:
        return stopped("closed", f"the connection broke before TLS: {error.strerror}")
    return msgspec.structs.replace(reached, preamble="ok", greeting=preamble.greeting, preamble_ms=_ms(began))


def _first_words(connection: Connection, until: float) -> bytes:
    """Returns what a server that has to speak first says; a service that waits for its client gets a nudge.

    Raises:
        PreambleError: it answered the nudge, so it is another service.
    """
    with contextlib.suppress(TimeoutError):
        return connection.receive(until)
    connection.send(_NUDGE)
    answer = connection.receive()
    if answer[:1] in (b"S", b"N") and recognise(answer) is None:
        raise PreambleError("The server waits for its client as PostgreSQL does.", service="PostgreSQL")
    raise unlike("MySQL or MariaDB", answer)


def _shake(
    connection: Connection, preamble: Preamble, hello: Hello, reached: Exchange, seconds: float
) -> Exchange:
    """Sends our ClientHello and reads the server's first flight."""
    began = time.monotonic()
    reader = FlightReader()

    def stopped(status: HandshakeStatus, because: str | None) -> Exchange:
        return msgspec.structs.replace(
            reached, handshake=status, because=because, flight=reader.flight, handshake_ms=_ms(began)
        )

    alpn = (preamble.alpn,) if preamble.alpn else ()
    try:
        connection.send(
            preamble.wrap(
                client_hello(
                    hello.server_name,
                    lowest=hello.lowest,
                    highest=hello.highest,
                    alpn=alpn,
                    modern_only=hello.modern_only,
                )
            )
        )
        while not reader.done:
            data = connection.receive()
            if not data:
                return stopped("closed", "the server closed the connection during the handshake")
            reader.feed(preamble.unwrap(data))
    except (HandshakeError, PreambleError) as error:
        return stopped("closed", _phrase(error.message))
    except TimeoutError:
        return stopped("silent", f"the server did not finish its part of the handshake within {seconds:g} s")
    except OverflowError as error:
        return stopped("closed", str(error))
    except OSError as error:
        return stopped("closed", f"the connection broke during the handshake: {error.strerror}")
    if reader.flight.version is None:
        return stopped("refused", f"the server answered with the TLS alert {reader.flight.alert}")
    return stopped("ok", None)


def _phrase(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].rstrip(".")


def _ms(began: float) -> float:
    return round((time.monotonic() - began) * 1000, 1)
