"""The server's side of TLS: by Python's `ssl` where it can, by a first flight of our own where it cannot."""

from __future__ import annotations

import ssl
import tempfile
import warnings
from pathlib import Path

from wizard.errors import HandshakeError
from wizard.lab.certificates import ServerIdentity
from wizard.lab.channel import Channel, Framing
from wizard.model.knowledge import ScenarioEntry
from wizard.wire import tls_answer
from wizard.wire.tls_hello import ClientHelloSeen, read_client_hello
from wizard.wire.tls_names import SUITES, Version

_VERSIONS = {version.label: version for version in Version}
_OUTDATED = {"3des": "DES-CBC3-SHA", "rc4": "RC4-SHA"}
"""The one cipher suite of a server with outdated ciphers, by the scenario's word for it."""
_CODES = {suite.name: suite.code for suite in SUITES}
_LENIENT = "DEFAULT:@SECLEVEL=0"
"""What OpenSSL needs to be told before it serves TLS 1.0, MD5, SHA-1 or RSA 1024 (SSL_CTX_set_security_level)."""
_WEAK_EXCHANGE = "DHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES256-SHA:@SECLEVEL=0"
_SMALL_PRIME = """\
-----BEGIN DH PARAMETERS-----
MIGHAoGBAP//////////yQ/aoiFowjTExmKLgNwc0SkCTgiKZ8x0Agu+pjsTmyJR
Sgh5jjQE3e+VGbPNOkMbMCsKbfJfFDdP4TVtbVHCReSFtXZiXn7G9ExC6aY37WsL
/1y29Aa37e44a/taiZ+lrp8kEXxLH+ZJKGZR7OZTgf//////////AgEC
-----END DH PARAMETERS-----
"""
"""The prime of 1024 bits that servers of old share (RFC 2409 section 6.2)."""
_LONGEST_HELLO = 1 << 16


async def shake_hands(
    channel: Channel,
    scenario: ScenarioEntry,
    identity: ServerIdentity,
    alpn: str | None,
    *,
    wrap: Framing,
    unwrap: Framing,
    highest: Version,
) -> ssl.SSLObject:
    """Does the handshake, or breaks it off in the scenario's way.

    Args:
        channel: the connection; its next bytes are the ClientHello.
        scenario: what is broken.
        identity: what the server presents.
        alpn: the application protocol that the server speaks.
        wrap: the framing of what the server sends.
        unwrap: the framing of what the client sends.
        highest: the highest version that the database's protocol allows here.

    Raises:
        HandshakeError: the lab broke it off, as the scenario wants.
        ssl.SSLError: it failed, for example by the client's alert.
        OSError: the connection broke.
    """
    broken_off = scenario.behaviour in ("reset-in-handshake", "alert-in-handshake")
    if not broken_off and scenario.ciphers not in _OUTDATED:
        context = _context(scenario, identity, highest)
        if alpn is not None:
            context.set_alpn_protocols([alpn])
        return await channel.start_tls(context, wrap=wrap, unwrap=unwrap)
    hello = await _client_hello(channel, unwrap)
    match scenario.behaviour:
        case "reset-in-handshake":
            channel.reset()
            raise HandshakeError("ended by a reset")
        case "alert-in-handshake":
            await channel.send(wrap(tls_answer.fatal_alert(tls_answer.HANDSHAKE_FAILURE)))
            raise HandshakeError("ended by an alert")
    await channel.send(wrap(_outdated(scenario, identity, hello)))
    # The client's next message asks for cryptography that the lab does not have.
    await channel.receive()
    raise HandshakeError(f"ended after the first flight with {scenario.ciphers}")


def _context(scenario: ScenarioEntry, identity: ServerIdentity, highest: Version) -> ssl.SSLContext:
    """Returns a fresh context: a resumed session would show no certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    lowest, newest = (_VERSIONS[label] for label in scenario.tls)
    if scenario.ciphers == "dhe-1024":
        context.set_ciphers(_WEAK_EXCHANGE)
        _load_small_prime(context)
    elif scenario.key == "rsa-1024" or scenario.signature != "sha256" or lowest < Version.TLS_1_2:
        context.set_ciphers(_LENIENT)
    with warnings.catch_warnings():
        # Python warns of TLS 1.0 and 1.1, which are the point here.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion(lowest)
        context.maximum_version = ssl.TLSVersion(min(newest, highest))
    identity.configure(context)
    if scenario.client_certificate != "not-asked":
        context.load_verify_locations(cadata=identity.anchor)
        required = scenario.client_certificate == "required"
        context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
    return context


def _load_small_prime(context: ssl.SSLContext) -> None:
    # Python's ssl reads the parameters only from a file.
    with tempfile.TemporaryDirectory(prefix="dbtls-lab-") as directory:
        file = Path(directory) / "dh.pem"
        file.write_text(_SMALL_PRIME, "ascii")
        context.load_dh_params(str(file))


async def _client_hello(channel: Channel, unwrap: Framing) -> ClientHelloSeen:
    data = b""
    while len(data) < _LONGEST_HELLO:
        raw = await channel.receive()
        if not raw:
            raise HandshakeError("the client left during the handshake")
        data += unwrap(raw)
        hello = read_client_hello(data)
        if hello is not None:
            return hello
    raise HandshakeError("the client's hello has no end")


def _outdated(scenario: ScenarioEntry, identity: ServerIdentity, hello: ClientHelloSeen) -> bytes:
    """Returns what a server answers that has one outdated cipher suite and TLS 1.2 at most."""
    lowest, newest = (min(_VERSIONS[label], Version.TLS_1_2) for label in scenario.tls)
    common = [version for version in _offered(hello) if lowest <= version <= newest]
    if not common:
        return tls_answer.fatal_alert(tls_answer.PROTOCOL_VERSION)
    suite = _CODES[_OUTDATED[scenario.ciphers]]
    if suite not in hello.suites:
        return tls_answer.fatal_alert(tls_answer.HANDSHAKE_FAILURE, max(common))
    return tls_answer.first_flight(max(common), suite, identity.chain)


def _offered(hello: ClientHelloSeen) -> tuple[Version, ...]:
    """Returns the versions of a client; one older than TLS 1.3 names only its newest (RFC 8446 section 4.2.1)."""
    if Version.TLS_1_3 in hello.versions:
        return hello.versions
    return tuple(version for version in Version if version <= max(hello.versions, default=0))
