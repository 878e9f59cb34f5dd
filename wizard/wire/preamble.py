"""What every database's preamble has in common: the bytes before TLS, and what they tell without a login."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Protocol

from wizard.errors import PreambleError
from wizard.model.target import Engine
from wizard.model.text import printable

Policy = Literal["optional", "required", "strict-only", "not-offered"]

LIMIT = 65536
"""No packet, message or backlog larger than this many bytes is believed before TLS."""

RECOGNISED_BY = 16
"""So many first bytes suffice to recognise another service."""


@dataclass(frozen=True)
class Greeting:
    """What a server tells before TLS.

    Attributes:
        engine: the database that answered; None where the bytes do not tell.
        version: its version in its own words, free of control characters; None where it is not told.
        tls_offered: whether TLS may begin.
        policy: what it demands; None where that cannot be known without a login.
    """

    engine: Engine | None
    version: str | None
    tls_offered: bool
    policy: Policy | None


class Preamble(Protocol):
    """The client's side of one preamble, without any input or output of its own.

    Send `start()`, then feed what arrives to `receive()` and send what it returns, until `greeting` is set.
    Where `ready` is true, TLS may begin: every byte of it goes out through `wrap()` and comes in through
    `unwrap()` until the handshake is over.
    """

    greeting: Greeting | None
    ready: bool

    @property
    def alpn(self) -> str | None:
        """The application protocol that the ClientHello has to offer (RFC 7301), or None."""

    def start(self) -> bytes:
        """Returns what the client sends first; nothing where the server speaks first or TLS does."""

    def receive(self, data: bytes) -> bytes:
        """Takes the next bytes, any number of them, and returns what to send now.

        Raises:
            PreambleError: the bytes are not those of this database, or come when none may.
        """

    def wrap(self, tls: bytes) -> bytes:
        """Returns the bytes on the wire for bytes of the handshake."""

    def unwrap(self, data: bytes) -> bytes:
        """Returns the bytes of the handshake that are complete in what has arrived so far.

        Raises:
            PreambleError: the framing is broken.
        """


class Bare:
    """The parts of a preamble that are empty for a database whose TLS records travel as they are."""

    alpn: str | None = None

    def wrap(self, tls: bytes) -> bytes:
        """Returns `tls` unchanged."""
        return tls

    def unwrap(self, data: bytes) -> bytes:
        """Returns `data` unchanged."""
        return data


_FIRST_BYTES: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("TLS", re.compile(rb"[\x14-\x17]\x03[\x00-\x04]")),
    ("SSH", re.compile(rb"SSH-")),
    ("HTTP", re.compile(rb"HTTP/|<!DOCTYPE|<html", re.IGNORECASE)),
    ("SMTP or FTP", re.compile(rb"220[ -]")),
    ("POP3", re.compile(rb"\+OK")),
    ("IMAP", re.compile(rb"\* (OK|PREAUTH|BYE)")),
    ("Redis", re.compile(rb"-(ERR|NOAUTH|DENIED|WRONGPASS|MISCONF)|\+PONG")),
    ("VNC", re.compile(rb"RFB \d")),
    ("AMQP", re.compile(rb"AMQP")),
    ("MariaDB", re.compile(rb"..\x00\x00\x0a(5\.5\.5-|[^\x00]{0,80}MariaDB)", re.DOTALL | re.IGNORECASE)),
    ("MySQL", re.compile(rb"..\x00\x00(\x0a\d|\xff)", re.DOTALL)),
    ("SQL Server", re.compile(rb"\x04[\x00\x01][\x00-\x7f].\x00\x00[\x00\x01]\x00", re.DOTALL)),
    ("PostgreSQL", re.compile(rb"E\x00\x00..S|R\x00\x00\x00.\x00\x00\x00|EFATAL|EERROR", re.DOTALL)),
    ("Oracle Database", re.compile(rb"\x00.\x00\x00[\x02\x04\x05\x0b]\x00", re.DOTALL)),
)


def recognise(first_bytes: bytes) -> str | None:
    """Names the service that sends these first bytes, as people call it; None where they fit none.

    The patterns are the fixed first bytes of each protocol's specification; `5.5.5-` is the prefix that
    MariaDB before 11 puts before its version.
    """
    return next((service for service, pattern in _FIRST_BYTES if pattern.match(first_bytes)), None)


def unlike(expected: str, data: bytes) -> PreambleError:
    """Returns the error for bytes that are not those of `expected`, naming the service they look like."""
    service = recognise(data)
    if service == expected:
        service = None
    answer = f"answers like {service}" if service else f"does not answer like {expected}"
    hint = "Check the port: another service listens there." if service else None
    return PreambleError(f"The server {answer}, so this is not {expected}.", hint=hint, service=service)


def spoken(raw: bytes, longest: int = 200) -> str:
    """Returns a peer's words as text that is safe to show, at most `longest` characters."""
    return printable(raw.decode("utf-8", "replace"), longest=longest)
