"""What a lab server does in and before the handshake: versions, ciphers, client certificates, refusals."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import warnings
from pathlib import Path

import pytest
from cryptography import x509

from tests.lab.knobs import GOOD, with_knobs
from wizard.errors import HandshakeError, PreambleError, RefusalError
from wizard.lab.certificates import identity_for
from wizard.lab.server import LabServer, serve
from wizard.model.knowledge import ScenarioEntry
from wizard.model.target import ENGINES, Engine
from wizard.wire.mysql import MySqlGreeting
from wizard.wire.postgresql import PostgresDirect, PostgresSslRequest
from wizard.wire.preamble import Preamble
from wizard.wire.tds import TdsPrelogin, TdsStrict
from wizard.wire.tls_flight import FlightReader, ServerFlight
from wizard.wire.tls_hello import client_hello
from wizard.wire.tls_names import Version

DEADLINE = 5.0
REFUSED = r"ALERT_CERTIFICATE_REQUIRED|ALERT_HANDSHAKE_FAILURE"
"""What OpenSSL makes of a server that gets no certificate: TLS 1.3, and what was before."""
VERSIONS = (Version.TLS_1_0, Version.TLS_1_1, Version.TLS_1_2, Version.TLS_1_3)
OLD, NEW = Version.TLS_1_0, Version.TLS_1_2


def preamble_of(engine: Engine) -> Preamble:
    """Returns a fresh client's side of the engine's preamble."""
    match engine:
        case "sqlserver":
            return TdsPrelogin()
        case "mysql" | "mariadb":
            return MySqlGreeting()
        case "postgresql":
            return PostgresSslRequest()


def of(engine: Engine, **knobs: object) -> ScenarioEntry:
    """Returns a scenario of this engine with some knobs turned."""
    return with_knobs(GOOD, engine=engine, id=f"{engine}/x", **knobs)


def reach_tls(client: socket.socket, preamble: Preamble) -> None:
    """Speaks the preamble until TLS may begin."""
    client.sendall(preamble.start())
    while preamble.greeting is None and not preamble.ready:
        data = client.recv(4096)
        assert data, "the server left before TLS"
        client.sendall(preamble.receive(data))


def flight(
    server: LabServer, lowest: Version = OLD, highest: Version = NEW, preamble: Preamble | None = None
) -> ServerFlight:
    """Returns the server's answer to a hello of ours.

    Raises:
        HandshakeError: the server hung up before its flight was complete.
    """
    preamble = preamble or preamble_of(server.scenario.engine)
    reader = FlightReader()
    with socket.create_connection((server.host, server.port), DEADLINE) as client:
        reach_tls(client, preamble)
        alpn = (preamble.alpn,) if preamble.alpn else ()
        client.sendall(preamble.wrap(client_hello("localhost", lowest=lowest, highest=highest, alpn=alpn)))
        while not reader.done:
            data = client.recv(65536)
            if not data:
                raise HandshakeError("the server hung up")
            reader.feed(preamble.unwrap(data))
    return reader.flight


CHOSEN: dict[tuple[str, str], list[Version | None]] = {
    ("TLSv1.0", "TLSv1.0"): [Version.TLS_1_0, Version.TLS_1_0, Version.TLS_1_0, None],
    ("TLSv1.1", "TLSv1.1"): [None, Version.TLS_1_1, Version.TLS_1_1, None],
    ("TLSv1.0", "TLSv1.1"): [Version.TLS_1_0, Version.TLS_1_1, Version.TLS_1_1, None],
    ("TLSv1.2", "TLSv1.2"): [None, None, Version.TLS_1_2, None],
    ("TLSv1.2", "TLSv1.3"): [None, None, Version.TLS_1_2, Version.TLS_1_3],
    ("TLSv1.0", "TLSv1.3"): [*VERSIONS],
    ("TLSv1.3", "TLSv1.3"): [None, None, None, Version.TLS_1_3],
}
"""What a server with these versions chooses of 1.0, of 1.1, of 1.2, and of 1.3 alone."""


@pytest.mark.parametrize(
    ("ciphers", "tls"),
    [("modern", tls) for tls in CHOSEN] + [("rc4", tls) for tls in CHOSEN if tls[0] != "TLSv1.3"],
)
def test_a_server_takes_its_versions_and_no_other(ciphers: str, tls: tuple[str, str]) -> None:
    """It chooses the highest that it may, or says by an alert that it knows none; RC4 ended with TLS 1.2.

    A client older than TLS 1.3 cannot state its lowest version, so an old server may choose one below it.
    """
    with serve(of("postgresql", tls=tls, ciphers=ciphers)) as server:
        for version, choice in zip(VERSIONS, CHOSEN[tls], strict=True):
            expected = None if ciphers == "rc4" and choice is Version.TLS_1_3 else choice
            answer = flight(server, version, version)
            assert answer.version == expected
            assert answer.alert == ("protocol_version" if expected is None else None)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_can_be_as_old_as_tls_1_0(engine: Engine) -> None:
    """An old server shows its certificate in TLS 1.0, a new one in TLS 1.2."""
    for tls, version in ((("TLSv1.0", "TLSv1.0"), OLD), (("TLSv1.2", "TLSv1.2"), NEW)):
        with serve(of(engine, tls=tls)) as server:
            answer = flight(server)
        assert answer.version is version
        assert len(answer.certificates) == 1


def test_a_real_client_completes_the_oldest_handshake() -> None:
    """Python's ssl at security level 0 gets through TLS 1.0; with its own settings it does not."""
    lenient = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    lenient.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        lenient.minimum_version = ssl.TLSVersion.TLSv1
    usual = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with serve(of("postgresql", tls=("TLSv1.0", "TLSv1.0"))) as server:
        for context in (lenient, usual):
            assert server.ca_file is not None
            context.load_verify_locations(server.ca_file)
            with socket.create_connection((server.host, server.port), DEADLINE) as client:
                reach_tls(client, PostgresSslRequest())
                if context is usual:
                    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
                        context.wrap_socket(client, server_hostname="localhost")
                    continue
                with context.wrap_socket(client, server_hostname="localhost") as tls:
                    assert tls.version() == "TLSv1"


@pytest.mark.parametrize(("engine", "service"), [("postgresql", "postgres"), ("mysql", "mysql")])
@pytest.mark.parametrize(
    ("knobs", "printed"), [({}, "TLSv1.3"), ({"tls": ("TLSv1.1", "TLSv1.1")}, "TLSv1.1")]
)
def test_openssl_sees_the_version(
    engine: Engine, service: str, knobs: dict[str, object], printed: str
) -> None:
    """The openssl program finds the version of the scenario, and the certificate's key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the openssl program is not installed")
    with serve(of(engine, key="ec-p256", **knobs)) as server:
        command = [openssl, "s_client", "-starttls", service, "-connect", f"{server.host}:{server.port}"]
        command += ["-cipher", "DEFAULT:@SECLEVEL=0", "-min_protocol", "TLSv1"]
        ran = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=25, check=False
        )
    assert f"New, {printed}" in ran.stdout or f"Protocol  : {printed}" in ran.stdout
    assert "prime256v1" in ran.stdout or "Peer signature type: ECDSA" in ran.stdout


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("ciphers", "name"), [("3des", "DES-CBC3-SHA"), ("rc4", "RC4-SHA")])
def test_a_server_with_outdated_ciphers_shows_its_certificate(
    engine: Engine, ciphers: str, name: str
) -> None:
    """Our own hello, which offers them, reads version, cipher and chain; a hello without them is refused."""
    scenario = of(engine, ciphers=ciphers, strict=False, intermediate="sent")
    identity = identity_for(scenario)
    assert identity is not None
    with serve(scenario) as server:
        answer = flight(server)
        assert (answer.version, answer.cipher) == (Version.TLS_1_2, name)
        assert len(answer.certificates) == 2
        sent, made = (
            x509.load_der_x509_certificate(chain[1]) for chain in (answer.certificates, identity.chain)
        )
        assert sent.subject == made.subject  # identities are made anew, so that their bytes differ
        assert flight(server, Version.TLS_1_3, Version.TLS_1_3).alert == "protocol_version"
    with serve(of(engine, intermediate="sent")) as server:
        assert flight(server).cipher != name


def test_a_real_client_has_no_cipher_in_common_with_an_outdated_server() -> None:
    """Python's ssl, which knows neither 3DES nor RC4, is refused by an alert."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with (
        serve(of("postgresql", ciphers="rc4")) as server,
        socket.create_connection((server.host, server.port), DEADLINE) as client,
    ):
        reach_tls(client, PostgresSslRequest())
        with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
            context.wrap_socket(client, server_hostname="localhost")


def test_an_outdated_server_reads_the_versions_that_a_new_client_lists() -> None:
    """RC4 and TLS 1.0 go together: a client that lists TLS 1.0 gets it, one that does not is refused."""
    with serve(of("mysql", ciphers="rc4", tls=("TLSv1.0", "TLSv1.0"))) as server:
        assert flight(server, OLD, Version.TLS_1_3).version is Version.TLS_1_0
        assert flight(server, Version.TLS_1_2, Version.TLS_1_3).alert == "protocol_version"


@pytest.mark.parametrize(("ciphers", "bits"), [("dhe-1024", 1024), ("modern", None)])
def test_a_weak_key_exchange_shows_its_small_prime(ciphers: str, bits: int | None) -> None:
    """Up to TLS 1.2 the server sends a prime of 1024 bits; a modern one uses an elliptic curve."""
    with serve(of("mysql", ciphers=ciphers, tls=("TLSv1.2", "TLSv1.2"))) as server:
        answer = flight(server)
    assert answer.dh_bits == bits
    assert (answer.group is None) is (bits is not None)


@pytest.mark.parametrize("engine", ["mysql", "mariadb", "postgresql"])
@pytest.mark.parametrize(
    ("asks", "requested", "goes_on"),
    [("not-asked", False, True), ("asked", True, True), ("required", True, False)],
)
@pytest.mark.parametrize("highest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_asks_for_a_client_certificate(
    engine: Engine, asks: str, requested: bool, goes_on: bool, highest: ssl.TLSVersion
) -> None:
    """The request stands in the flight; only where it is required a client without one is cut off."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = highest
    with serve(of(engine, client_certificate=asks)) as server:
        assert flight(server).client_certificate_requested is requested
        assert server.ca_file is not None
        context.load_verify_locations(server.ca_file)
        client = socket.create_connection((server.host, server.port), DEADLINE)
        reach_tls(client, preamble_of(engine))
        refusal = contextlib.nullcontext() if goes_on else pytest.raises(ssl.SSLError, match=REFUSED)
        # In TLS 1.3 the client is done before the server has seen that the certificate is missing.
        with refusal, context.wrap_socket(client, server_hostname="localhost") as tls:
            tls.settimeout(0.2 if goes_on else DEADLINE)
            with contextlib.suppress(TimeoutError):
                tls.recv(1)
    assert ("TLS failed: PEER_DID_NOT_RETURN_A_CERTIFICATE" in server.log) is not goes_on


def test_a_client_with_the_right_certificate_is_let_in(tmp_path: Path) -> None:
    """A certificate from the CA that the server knows satisfies it."""
    scenario = of("postgresql", client_certificate="required")
    own = identity_for(with_knobs(scenario, usage="client-auth"))
    assert own is not None
    file = tmp_path / "client.pem"
    file.write_bytes(own.key_pem() + own.chain_pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_cert_chain(file)
    with serve(scenario) as server:
        assert server.ca_file is not None
        context.load_verify_locations(server.ca_file)
        client = socket.create_connection((server.host, server.port), DEADLINE)
        reach_tls(client, PostgresSslRequest())
        with context.wrap_socket(client, server_hostname="localhost") as tls:
            startup = b"\x00\x03\x00\x00user\0u\0\0"
            tls.sendall((len(startup) + 4).to_bytes(4) + startup)
            assert tls.recv(1) == b"R"


@pytest.mark.parametrize("engine", ENGINES)
def test_a_handshake_can_be_reset(engine: Engine) -> None:
    """The preamble is in order; after the ClientHello the connection is gone."""
    with (
        serve(of(engine, behaviour="reset-in-handshake")) as server,
        pytest.raises(ConnectionResetError),
    ):
        flight(server)
    assert "handshake: ended by a reset" in server.log


@pytest.mark.parametrize("engine", ENGINES)
def test_a_handshake_can_be_refused_by_an_alert(engine: Engine) -> None:
    """The alert is fatal, and no certificate came before it; a good server sends one and no alert."""
    with serve(of(engine, behaviour="alert-in-handshake")) as server:
        answer = flight(server)
    assert (answer.alert, answer.alert_fatal, answer.certificates) == ("handshake_failure", True, ())
    with serve(of(engine)) as server:
        answer = flight(server)
    assert answer.alert is None
    assert answer.certificates


@pytest.mark.parametrize("engine", ENGINES)
def test_a_connection_can_end_before_any_word(engine: Engine) -> None:
    """The port takes the connection and ends it without a byte, whatever the client says."""
    with (
        serve(of(engine, behaviour="hang-up")) as server,
        socket.create_connection((server.host, server.port), DEADLINE) as client,
    ):
        client.sendall(preamble_of(engine).start())
        assert client.recv(1) == b""


@pytest.mark.parametrize(
    ("engine", "words"), [("mysql", "1129"), ("mariadb", "1129"), ("postgresql", "with an error")]
)
def test_a_server_can_refuse_before_tls(engine: Engine, words: str) -> None:
    """The database's own error comes instead of its greeting; a good server greets."""
    with (
        serve(of(engine, behaviour="refuse")) as server,
        socket.create_connection((server.host, server.port), DEADLINE) as client,
        pytest.raises(RefusalError, match=words),
    ):
        reach_tls(client, preamble_of(engine))
    with (
        serve(of(engine)) as server,
        socket.create_connection((server.host, server.port), DEADLINE) as client,
    ):
        reach_tls(client, preamble_of(engine))


@pytest.mark.parametrize(("strict", "alpn"), [(True, "tds/8.0"), (False, None)])
def test_a_server_older_than_2022_hangs_up_on_tds_8(strict: bool, alpn: str | None) -> None:
    """TLS first is answered by a reset, while TDS 7.x goes on; SQL Server 2022 takes both."""
    with serve(of("sqlserver", strict=strict)) as server:
        assert flight(server).version is Version.TLS_1_2
        if alpn is None:
            with pytest.raises(ConnectionResetError):
                flight(server, preamble=TdsStrict())
        else:
            assert flight(server, preamble=TdsStrict()).alpn == alpn


def test_postgresql_refuses_direct_tls_in_the_same_way() -> None:
    """A fault of the handshake does not depend on how TLS began."""
    with serve(of("postgresql", behaviour="alert-in-handshake")) as server:
        assert flight(server, preamble=PostgresDirect()).alert == "handshake_failure"


def test_garbage_instead_of_a_hello_ends_its_own_connection_only() -> None:
    """What is not TLS, and a hello without end, are noted; the next client is served."""
    with serve(of("postgresql", ciphers="3des")) as server:
        for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x40\x00" + bytes(100_000)):
            with socket.create_connection((server.host, server.port), DEADLINE) as client:
                reach_tls(client, PostgresSslRequest())
                try:
                    client.sendall(garbage)
                    while client.recv(4096):
                        pass
                except ConnectionError:
                    continue
        assert flight(server).cipher == "DES-CBC3-SHA"
    assert any(line.startswith("handshake: ") for line in server.log)


def test_a_server_that_refuses_says_nothing_else() -> None:
    """A greeting never follows the error, so a client cannot take the port for a working one."""
    preamble = MySqlGreeting()
    with (
        serve(of("mysql", behaviour="refuse")) as server,
        socket.create_connection((server.host, server.port), DEADLINE) as client,
        pytest.raises(PreambleError),
    ):
        reach_tls(client, preamble)
    assert preamble.greeting is None
