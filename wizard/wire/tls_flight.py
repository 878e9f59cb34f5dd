"""The server's first flight, read without any cryptography: version, cipher suite, chain, alerts.

So a server can be described that the local TLS library refuses to talk to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from wizard.errors import HandshakeError
from wizard.wire.tls_names import ALERTS, GROUPS, SUITE_NAMES, Extension, Version
from wizard.wire.tls_records import ALERT, HANDSHAKE, Fields, MessageReader, RecordReader, escaped

MAX_CERTIFICATES = 100
MAX_WARNINGS = 16
MAX_FLIGHT = 2 * 2**20
"""Most bytes that are read before the flight has to be complete."""

_HELLO_REQUEST = 0
_SERVER_HELLO = 2
_CERTIFICATE = 11
_SERVER_KEY_EXCHANGE = 12
_CERTIFICATE_REQUEST = 13
_SERVER_HELLO_DONE = 14
_CERTIFICATE_STATUS = 22
_SUPPLEMENTAL_DATA = 23
_AFTER_SERVER_HELLO = (
    _CERTIFICATE,
    _SERVER_KEY_EXCHANGE,
    _CERTIFICATE_REQUEST,
    _SERVER_HELLO_DONE,
    _CERTIFICATE_STATUS,
    _SUPPLEMENTAL_DATA,
)

_CLOSE_NOTIFY = 0
_RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""RFC 8446 section 4.1.3: the SHA-256 of "HelloRetryRequest", in place of a random."""


@dataclass(frozen=True)
class ServerFlight:
    """What the server said before anything was encrypted. None means that it did not say."""

    version: Version | None = None
    cipher: str | None = None
    """OpenSSL name of the cipher suite, as in `ECDHE-RSA-AES256-GCM-SHA384`; unknown ones as `0x1234`."""
    alert: str | None = None
    """RFC name of the fatal alert, else of the last warning; unknown ones as `alert_123`."""
    alert_fatal: bool = False
    certificates: tuple[bytes, ...] = ()
    """DER as sent, leaf first. Always empty in TLS 1.3, which encrypts them."""
    client_certificate_requested: bool | None = None
    alpn: str | None = None
    """The application protocol that was chosen, free of control characters; encrypted in TLS 1.3."""
    dh_bits: int | None = None
    """Size of the Diffie-Hellman prime of a DHE suite, in bits."""
    group: str | None = None
    """The group of an ECDHE suite or of TLS 1.3, as in `x25519`; unknown ones as `0x1234`."""
    retry_requested: bool = False
    """The server answered with a HelloRetryRequest and names the `group` that it wants."""


class FlightReader:
    """Reads the server's answer to a ClientHello, fed in pieces of any size.

    Attributes:
        done: the flight is complete: ServerHelloDone, a TLS 1.3 ServerHello or HelloRetryRequest, a fatal
            alert or a close_notify was read. What follows is ignored.
        flight: what has been read so far.
    """

    def __init__(self) -> None:
        self.done = False
        self.flight = ServerFlight()
        self._records = RecordReader("server")
        self._messages = MessageReader("server")
        self._alert = bytearray()
        self._warnings = 0
        self._read = 0
        self._seen: set[int] = set()

    def feed(self, data: bytes) -> None:
        """Takes the next bytes from the server. After an error the reader is of no more use.

        Raises:
            HandshakeError: the bytes are not TLS or not a well-formed first flight, or exceed a limit.
        """
        if self.done:
            return
        for kind, payload in self._records.feed(data):
            self._read += 5 + len(payload)
            if self._read > MAX_FLIGHT:
                raise HandshakeError(
                    f"The server sent more than {MAX_FLIGHT} bytes without completing its first flight."
                )
            if kind == ALERT:
                self._take_alerts(payload)
            elif kind == HANDSHAKE:
                self._take_messages(payload)
            else:
                raise HandshakeError(
                    f"The server sent a TLS record of type {kind} in the middle of its first flight."
                )
            if self.done:
                return

    def _take_alerts(self, payload: bytes) -> None:
        self._alert += payload
        while len(self._alert) >= 2 and not self.done:
            level, code = self._alert[:2]
            del self._alert[:2]
            if level not in (1, 2):
                raise HandshakeError("The server sent a malformed TLS alert.")
            # A warning such as unrecognized_name does not end the handshake (RFC 6066 section 3).
            self.flight = replace(
                self.flight, alert=ALERTS.get(code, f"alert_{code}"), alert_fatal=level == 2
            )
            self.done = level == 2 or code == _CLOSE_NOTIFY
            self._warnings += 1
            if not self.done and self._warnings > MAX_WARNINGS:
                raise HandshakeError(f"The server sent more than {MAX_WARNINGS} TLS warnings.")

    def _take_messages(self, payload: bytes) -> None:
        for kind, body in self._messages.feed(payload):
            if kind == _HELLO_REQUEST:
                continue  # to be ignored during a handshake (RFC 5246 section 7.4.1.1)
            expected = _AFTER_SERVER_HELLO if _SERVER_HELLO in self._seen else (_SERVER_HELLO,)
            if kind not in expected or kind in self._seen:
                raise HandshakeError(
                    f"The server sent a handshake message of type {kind} where it does not belong."
                )
            self._seen.add(kind)
            self._take_message(kind, body)
            if self.done:
                return

    def _take_message(self, kind: int, body: bytes) -> None:
        if kind == _SERVER_HELLO:
            self.flight = _with_hello(self.flight, Fields(body, "server's hello"))
            self.done = self.flight.version is Version.TLS_1_3
        elif kind == _CERTIFICATE:
            chain = _certificates(Fields(body, "server's certificate message"))
            self.flight = replace(self.flight, certificates=chain)
        elif kind == _SERVER_KEY_EXCHANGE:
            self.flight = _with_key_exchange(self.flight, Fields(body, "server's key exchange"))
        elif kind == _CERTIFICATE_REQUEST:
            self.flight = replace(self.flight, client_certificate_requested=True)
        elif kind == _SERVER_HELLO_DONE:
            requested = _CERTIFICATE_REQUEST in self._seen
            self.flight = replace(self.flight, client_certificate_requested=requested)
            self.done = True


def _with_hello(flight: ServerFlight, hello: Fields) -> ServerFlight:
    """Adds a ServerHello or HelloRetryRequest (RFC 8446 sections 4.1.3 and 4.1.4)."""
    number = hello.number(2)
    retry = hello.take(32) == _RETRY_RANDOM
    hello.block(1)  # session
    code = hello.number(2)
    hello.number(1)  # compression
    extensions = hello.extensions()
    if chosen := extensions.get(Extension.SUPPORTED_VERSIONS):
        number = chosen.number(2)
    if number not in set(Version):
        raise HandshakeError(f"The server chose the TLS version 0x{number:04x}, which is unknown.")
    group = alpn = None
    if share := extensions.get(Extension.KEY_SHARE):
        group = _group(share.number(2))
    if protocol := extensions.get(Extension.ALPN):
        alpn = escaped(protocol.fields(2).block(1))
    return replace(
        flight,
        version=Version(number),
        cipher=SUITE_NAMES.get(code, f"0x{code:04x}"),
        group=group,
        alpn=alpn,
        retry_requested=retry,
    )


def _certificates(message: Fields) -> tuple[bytes, ...]:
    """Returns the chain of a Certificate message up to TLS 1.2 (RFC 5246 section 7.4.2)."""
    entries = message.fields(3)
    chain: list[bytes] = []
    while entries:
        chain.append(entries.block(3))
        if len(chain) > MAX_CERTIFICATES:
            raise HandshakeError(f"The server sent a chain of more than {MAX_CERTIFICATES} certificates.")
    return tuple(chain)


def _with_key_exchange(flight: ServerFlight, message: Fields) -> ServerFlight:
    """Adds the parameters of a DHE or ECDHE suite (RFC 5246 section 7.4.3, RFC 8422 section 5.4)."""
    cipher = flight.cipher or ""
    if cipher.startswith("DHE-"):
        return replace(flight, dh_bits=int.from_bytes(message.block(2)).bit_length())
    named_curve = 3
    if cipher.startswith("ECDHE-") and message.number(1) == named_curve:
        return replace(flight, group=_group(message.number(2)))
    return flight


def _group(code: int) -> str:
    return GROUPS.get(code, f"0x{code:04x}")
