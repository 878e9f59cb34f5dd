"""Our hello and reader against the TLS libraries of this machine, in memory and on loopback."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from wizard.wire.tls_flight import FlightReader, ServerFlight
from wizard.wire.tls_hello import client_hello, read_client_hello
from wizard.wire.tls_names import Version

OPENSSL = shutil.which("openssl")
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="the openssl program is not installed")
TLS = (Version.TLS_1_0, Version.TLS_1_1, Version.TLS_1_2, Version.TLS_1_3)
ONLY = {Version.TLS_1_0: "-tls1", Version.TLS_1_1: "-tls1_1", Version.TLS_1_2: "-tls1_2"}


@dataclass(frozen=True)
class Keys:
    """A self-signed certificate and its key, as files."""

    certificate: Path
    key: Path

    def der(self) -> bytes:
        """Returns the certificate as the server sends it."""
        return ssl.PEM_cert_to_DER_cert(self.certificate.read_text(encoding="ascii"))


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """Makes a certificate that no client trusts."""
    if OPENSSL is None:
        pytest.skip("the openssl program is not installed")
    room = tmp_path_factory.mktemp("keys")
    made = Keys(room / "leaf.pem", room / "leaf.key")
    options = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=db.example.test"]
    files = ["-keyout", str(made.key), "-out", str(made.certificate)]
    subprocess.run(
        [OPENSSL, *options, *files],
        check=True,
        capture_output=True,
    )
    return made


@dataclass
class Heard:
    """What a server understood of a hello."""

    names: list[str] = field(default_factory=list)


def answer(
    keys: Keys,
    hello: bytes,
    *,
    versions: tuple[Version, Version] = (Version.TLS_1_0, Version.TLS_1_3),
    alpn: tuple[str, ...] = (),
    ask_client: bool = False,
) -> tuple[ServerFlight, Heard]:
    """Returns the flight of Python's TLS server to `hello`, through memory, and what it heard."""
    heard = Heard()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(keys.certificate, keys.key)
    context.set_ciphers("ALL:@SECLEVEL=0")
    # Python warns about the old versions; talking to them is the point here.
    old = pytest.warns(DeprecationWarning, match="deprecated")
    with old if versions[0] < Version.TLS_1_2 else contextlib.nullcontext():
        context.minimum_version = ssl.TLSVersion(versions[0])
        context.maximum_version = ssl.TLSVersion(versions[1])
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if ask_client:
        context.load_verify_locations(keys.certificate)
        context.verify_mode = ssl.CERT_REQUIRED
    context.sni_callback = lambda _socket, name, _context: heard.names.append(str(name))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(incoming, outgoing, server_side=True)
    incoming.write(hello)
    with contextlib.suppress(ssl.SSLError):  # it waits for our second flight, or refuses
        server.do_handshake()
    reader = FlightReader()
    reader.feed(outgoing.read())
    assert reader.done
    return reader.flight, heard


@pytest.mark.parametrize("version", TLS)
def test_python_accepts_each_version(keys: Keys, version: Version) -> None:
    """A server of one version chooses it from the full offer, and shows its certificate below TLS 1.3."""
    hello = client_hello("db.example.test", lowest=TLS[0], highest=TLS[3])
    flight, heard = answer(keys, hello, versions=(version, version))
    assert flight.version is version
    assert flight.alert is None
    assert flight.certificates == (() if version is Version.TLS_1_3 else (keys.der(),))
    assert heard.names == ["db.example.test"]


@pytest.mark.parametrize("version", TLS)
def test_python_follows_the_newest_version_of_the_hello(keys: Keys, version: Version) -> None:
    """A server of all versions chooses the newest that is offered."""
    flight, _ = answer(keys, client_hello(None, lowest=TLS[0], highest=version))
    assert flight.version is version


@pytest.mark.parametrize(
    ("lowest", "highest", "served"),
    [
        (Version.TLS_1_0, Version.TLS_1_0, (Version.TLS_1_2, Version.TLS_1_3)),
        (Version.TLS_1_0, Version.TLS_1_2, (Version.TLS_1_3, Version.TLS_1_3)),
        (Version.TLS_1_3, Version.TLS_1_3, (Version.TLS_1_0, Version.TLS_1_2)),
    ],
)
def test_python_refuses_versions_that_it_does_not_serve(
    keys: Keys, lowest: Version, highest: Version, served: tuple[Version, Version]
) -> None:
    """An offer that is too old or too new is answered by the alert protocol_version."""
    flight, _ = answer(keys, client_hello(None, lowest=lowest, highest=highest), versions=served)
    assert flight == ServerFlight(alert="protocol_version", alert_fatal=True)


def test_address_reaches_no_sni_callback_as_name(keys: Keys) -> None:
    """For an address the server hears no name."""
    _, heard = answer(keys, client_hello("127.0.0.1", lowest=TLS[0], highest=TLS[3]))
    assert heard.names == ["None"]


def test_application_protocol_is_negotiated(keys: Keys) -> None:
    """The server chooses from our list; it has nothing to choose from when we send none."""
    served = (Version.TLS_1_2, Version.TLS_1_2)
    asked = client_hello(None, lowest=TLS[0], highest=TLS[3], alpn=("tds/8.0", "postgresql"))
    assert answer(keys, asked, versions=served, alpn=("postgresql",))[0].alpn == "postgresql"
    silent = client_hello(None, lowest=TLS[0], highest=TLS[3])
    assert answer(keys, silent, versions=served, alpn=("postgresql",))[0].alpn is None


@pytest.mark.parametrize("wanted", [True, False])
def test_request_for_a_client_certificate_is_seen(keys: Keys, wanted: bool) -> None:
    """Up to TLS 1.2 it is known whether a client certificate is asked for; in TLS 1.3 it is not."""
    hello = client_hello(None, lowest=TLS[0], highest=TLS[2])
    assert answer(keys, hello, ask_client=wanted)[0].client_certificate_requested is wanted
    newest = client_hello(None, lowest=TLS[0], highest=TLS[3])
    assert answer(keys, newest, ask_client=wanted)[0].client_certificate_requested is None


def test_hello_of_python_is_read() -> None:
    """The hello of Python's own client is read with its name, protocols and versions."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["tds/8.0"])
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname="db.example.test")
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    seen = read_client_hello(outgoing.read())
    assert seen is not None
    assert seen.server_name == "db.example.test"
    assert seen.alpn == ("tds/8.0",)
    assert seen.versions == (Version.TLS_1_3, Version.TLS_1_2)


@contextlib.contextmanager
def openssl_server(keys: Keys, *options: str) -> Iterator[int]:
    """Runs `openssl s_server` on a free port of loopback and yields the port."""
    assert OPENSSL is not None
    command = [OPENSSL, "s_server", "-accept", "127.0.0.1:0", "-cert", str(keys.certificate)]
    command += ["-key", str(keys.key), *options]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            assert server.stdout is not None
            lines = (line for line in server.stdout if line.startswith("ACCEPT"))
            yield int(next(lines).rpartition(":")[2])
        finally:
            server.kill()


def ask(port: int, hello: bytes) -> ServerFlight:
    """Returns the flight that the server on `port` answers `hello` with."""
    reader = FlightReader()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(hello)
        while not reader.done and (data := connection.recv(7)):
            reader.feed(data)
    assert reader.done
    return reader.flight


@needs_openssl
@pytest.mark.parametrize("version", TLS[:3])
def test_openssl_shows_its_certificate(keys: Keys, version: Version) -> None:
    """A server of one old version answers our full offer over a socket."""
    with openssl_server(keys, ONLY[version], "-cipher", "ALL:@SECLEVEL=0") as port:
        flight = ask(port, client_hello("localhost", lowest=TLS[0], highest=TLS[3]))
    assert (flight.version, flight.certificates) == (version, (keys.der(),))


@needs_openssl
def test_openssl_refuses_a_protocol_it_does_not_speak(keys: Keys) -> None:
    """A server of another application protocol answers with no_application_protocol."""
    with openssl_server(keys, "-alpn", "tds/8.0") as port:
        flight = ask(port, client_hello("localhost", lowest=TLS[0], highest=TLS[3], alpn=("postgresql",)))
    assert (flight.alert, flight.alert_fatal) == ("no_application_protocol", True)


def test_codec_stands_on_the_standard_library_alone() -> None:
    """Reading a flight loads nothing but the standard library and the error tree, and no TLS library."""
    program = (
        "import sys; before = set(sys.modules)\n"  # what measures the coverage is no codec's
        "import wizard.wire.tls_flight, wizard.wire.tls_hello\n"
        "own = {name for name in sys.modules if name.startswith('wizard.')}\n"
        "print(sorted(own - {name for name in own if '.wire' in name}))\n"
        "print(sorted({'ssl', 'socket', 'msgspec', 'cryptography'} & (set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.splitlines() == ["['wizard.errors']", "[]"]
