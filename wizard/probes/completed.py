"""Completes one TLS handshake with OpenSSL: to see a chain that TLS 1.3 encrypts, and whether the server is content."""

from __future__ import annotations

import time
from typing import NamedTuple

from OpenSSL import SSL, crypto

from wizard.errors import ConnectError, HandshakeError, PreambleError
from wizard.probes.connection import Connection
from wizard.probes.exchange import Exchange
from wizard.wire.preamble import Preamble

_PORTION = 1 << 16
_LAST_WORD = 0.3
"""Seconds to wait for an alert after the handshake: in TLS 1.3 it comes after the client has finished."""
_ASKED = b"read server certificate request"
"""The end of what OpenSSL calls the state in which it has read a CertificateRequest (SSL_state_string_long)."""


class Completed(NamedTuple):
    """What a handshake without a client certificate showed.

    Attributes:
        chain: the certificates in DER as the server sent them, leaf first.
        refused: the server asked for a client certificate, and ended the handshake when it had seen that there is
            none.
    """

    chain: tuple[bytes, ...]
    refused: bool


def complete_handshake(
    first: Exchange, preamble: Preamble, seconds: float, *, at_most_tls1_2: bool = False
) -> Completed:
    """Shakes hands to the end, trusting everything and showing no certificate. Judges nothing.

    `first` is an earlier exchange with the same server, `preamble` a fresh one for it. With TLS 1.2 a server that
    insists on a certificate says so before the handshake is over (RFC 5246, 7.4.6), so that there is nothing to wait
    for afterwards; the server has to take that version.

    pyOpenSSL, because the standard library shows the peer's chain only from Python 3.13 on.

    Raises:
        HandshakeError: the handshake did not come as far as the certificate.
    """
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_verify(SSL.VERIFY_NONE)
    if at_most_tls1_2:
        context.set_max_proto_version(SSL.TLS1_2_VERSION)
    context.set_cipher_list(b"ALL:@SECLEVEL=0")
    if preamble.alpn:
        context.set_alpn_protos([preamble.alpn.encode()])
    asked = False

    def passed(tls: SSL.Connection, where: int, value: int) -> None:
        # TLS 1.3 encrypts the request. Whoever did not ask hangs up for some other reason.
        nonlocal asked
        asked = asked or tls.get_state_string().endswith(_ASKED)

    context.set_info_callback(passed)
    tls = SSL.Connection(context, None)
    server_name = first.offered.server_name
    if _is_host_name(server_name):
        tls.set_tlsext_host_name(server_name.encode("idna"))
    tls.set_connect_state()
    refused = False
    try:
        with Connection(first.address, first.port, time.monotonic() + seconds) as connection:
            connection.send(preamble.start())
            while not preamble.ready:
                data = connection.receive()
                if not data or preamble.greeting is not None:
                    raise HandshakeError("The server ended the connection before TLS.")
                connection.send(preamble.receive(data))
            try:
                _shake(tls, connection, preamble)
                refused = _takes_it_back(tls, connection)
            except (HandshakeError, SSL.Error, ConnectionError):
                if not tls.get_peer_cert_chain(as_cryptography=False):
                    raise
                refused = True
    except (ConnectError, PreambleError) as error:
        raise HandshakeError(error.message) from error
    except TimeoutError as error:
        raise HandshakeError("The server did not finish the handshake in time.") from error
    except (OSError, OverflowError, SSL.Error) as error:
        raise HandshakeError("The handshake broke off.") from error
    chain = tls.get_peer_cert_chain(as_cryptography=False) or []
    ders = (crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate) for certificate in chain)
    return Completed(tuple(ders), refused and asked)


def _takes_it_back(tls: SSL.Connection, connection: Connection) -> bool:
    """Says whether the server ends a TLS 1.3 connection that the client takes for established."""
    if tls.get_protocol_version_name() != "TLSv1.3":
        return False
    until = time.monotonic() + _LAST_WORD
    while True:
        try:
            tls.recv(1)
        except SSL.WantReadError:
            pass
        except SSL.Error:
            return True
        try:
            data = connection.receive(until)
        except (TimeoutError, OverflowError):
            return False  # the server waits for the client to go on, or talks on by itself
        except ConnectionError:
            return True
        if not data:
            return True
        tls.bio_write(data)


def _shake(tls: SSL.Connection, connection: Connection, preamble: Preamble) -> None:
    while True:
        try:
            tls.do_handshake()
        except SSL.WantReadError:
            _flush(tls, connection, preamble)
            data = connection.receive()
            if not data:
                raise HandshakeError("The server closed the connection during the handshake.") from None
            tls.bio_write(preamble.unwrap(data))
        else:
            _flush(tls, connection, preamble)
            return


def _flush(tls: SSL.Connection, connection: Connection, preamble: Preamble) -> None:
    try:
        connection.send(preamble.wrap(tls.bio_read(_PORTION)))
    except SSL.WantReadError:
        return  # nothing to send


def _is_host_name(name: str) -> bool:
    """Says whether SNI may carry the name: not an address (RFC 6066 section 3)."""
    return ":" not in name and not name.replace(".", "").isdigit()
