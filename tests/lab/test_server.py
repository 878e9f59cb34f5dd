"""The lab's servers: loopback only, many clients, hostile clients, an end at once, and each policy on the wire."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wizard.errors import PreambleError, UsageError
from wizard.lab import server as lab_server
from wizard.lab.server import LabServer, serve
from wizard.model.knowledge import ScenarioEntry
from wizard.model.target import ENGINES, Engine
from wizard.wire import tds, tds_session
from wizard.wire.mysql import MySqlGreeting
from wizard.wire.postgresql import PostgresSslRequest
from wizard.wire.preamble import Policy, Preamble
from wizard.wire.tds import TdsPrelogin

PREAMBLES: dict[Engine, type[Preamble]] = {
    "sqlserver": TdsPrelogin,
    "mysql": MySqlGreeting,
    "mariadb": MySqlGreeting,
    "postgresql": PostgresSslRequest,
}
DEADLINE = 5.0


def connect(server: LabServer) -> socket.socket:
    """Opens a connection with a deadline on every operation."""
    return socket.create_connection((server.host, server.port), DEADLINE)


def greet(server: LabServer) -> Preamble:
    """Speaks the engine's preamble until the greeting is known."""
    preamble = PREAMBLES[server.scenario.engine]()
    with connect(server) as client:
        client.sendall(preamble.start())
        while preamble.greeting is None:
            data = client.recv(4096)
            assert data, "the server left without a greeting"
            client.sendall(preamble.receive(data))
    return preamble


def scenario(engine: Engine, policy: Policy = "optional") -> ScenarioEntry:
    """Returns a healthy scenario with another policy."""
    return ScenarioEntry(id=f"{engine}/healthy", title="-", cause="healthy", engine=engine, policy=policy)


@pytest.mark.parametrize(
    ("engine", "policy", "told"),
    [
        ("sqlserver", "optional", "optional"),
        ("sqlserver", "required", "required"),
        ("sqlserver", "not-offered", "not-offered"),
        ("mysql", "optional", None),
        ("mysql", "required", None),
        ("mysql", "not-offered", "not-offered"),
        ("mariadb", "optional", None),
        ("postgresql", "required", None),
        ("postgresql", "not-offered", "not-offered"),
    ],
)
def test_the_preamble_tells_the_policy(engine: Engine, policy: Policy, told: Policy | None) -> None:
    """The client's codec reads from the lab what it would read from the real server."""
    with serve(scenario(engine, policy)) as server:
        greeting = greet(server).greeting
    assert greeting is not None
    assert greeting.policy == told
    assert greeting.tls_offered is (policy != "not-offered")
    assert greeting.engine == engine


def test_a_strict_only_server_resets_an_older_client() -> None:
    """TDS 7.x is reset before any answer."""
    with serve(scenario("sqlserver", "strict-only")) as server, connect(server) as client:
        client.sendall(TdsPrelogin().start())
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_a_server_that_demands_encryption_leaves_a_client_that_has_none() -> None:
    """The client is told that encryption is required; where it sends its login bare, the connection ends."""
    request = tds.packets(tds.PRELOGIN, tds.prelogin({tds.ENCRYPTION: bytes([tds.ENCRYPT_NOT_SUP])}))
    with serve(scenario("sqlserver", "required")) as server, connect(server) as client:
        client.sendall(request)
        (reply,) = tds.MessageReader().feed(client.recv(4096))
        assert tds.prelogin_options(reply.payload)[tds.ENCRYPTION] == bytes([tds.ENCRYPT_REQ])
        client.sendall(tds.packets(tds_session.LOGIN7, bytes(100)))
        with contextlib.suppress(ConnectionResetError):
            assert client.recv(1) == b""
    assert not any("logged in" in line for line in server.log)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_closed_port_refuses_and_stays_reserved(
    engine: Engine, scenarios: dict[str, ScenarioEntry]
) -> None:
    """Nothing listens, and nobody else can take the port meanwhile."""
    with serve(scenarios[f"{engine}/port-closed"]) as server, pytest.raises(ConnectionRefusedError):
        connect(server)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_silent_port_takes_the_connection_and_says_nothing(
    engine: Engine, scenarios: dict[str, ScenarioEntry]
) -> None:
    """Whatever the client sends, it waits in vain."""
    with serve(scenarios[f"{engine}/timed-out"]) as server, connect(server) as client:
        client.sendall(PREAMBLES[engine]().start() or b"x")
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.recv(1)


@pytest.mark.parametrize(
    ("engine", "service"),
    [("sqlserver", "HTTP"), ("mysql", "SSH"), ("mariadb", "SSH"), ("postgresql", "HTTP")],
)
def test_another_service_is_named(engine: Engine, service: str, scenarios: dict[str, ScenarioEntry]) -> None:
    """The client's codec sees that another service listens there."""
    with (
        serve(scenarios[f"{engine}/not-this-database"]) as server,
        pytest.raises(PreambleError) as caught,
    ):
        greet(server)
    assert caught.value.service == service


@pytest.mark.parametrize("engine", ENGINES)
def test_every_scenario_is_served_under_its_name(engine: Engine, scenarios: dict[str, ScenarioEntry]) -> None:
    """Each scenario listens on the loopback, and hands out a root only where the client shall trust it."""
    mine = [one for one in scenarios.values() if one.engine == engine]
    assert len(mine) >= 12
    for one in mine:
        with serve(one) as server:
            assert server.host == "127.0.0.1"
            assert server.port > 0
            assert (server.ca_file is not None) is (one.trusted and one.certificate != "none")
            kept = server.ca_file
            assert kept is None or kept.read_text("ascii").startswith("-----BEGIN CERTIFICATE-----")
        assert kept is None or not kept.exists()


@pytest.mark.parametrize("engine", ENGINES)
def test_leaving_ends_every_connection_and_every_thread(engine: Engine) -> None:
    """Clients that stay, whether they have spoken or not, do not hold the server up."""
    before = threading.active_count()
    with serve(scenario(engine)) as server:
        clients = [connect(server) for _ in range(8)]
        greet(server)
        for client in clients[:4]:
            client.sendall(PREAMBLES[engine]().start() or b"\x01")
    assert threading.active_count() == before
    for client in clients:
        with client:
            try:
                while client.recv(4096):
                    pass
            except ConnectionResetError:
                continue
    with pytest.raises(ConnectionRefusedError):
        connect(server)


def test_clients_are_served_at_the_same_time() -> None:
    """A client that says nothing does not keep another one waiting."""
    with serve(scenario("sqlserver")) as server, connect(server), connect(server):
        assert greet(server).greeting is not None


def test_a_port_that_is_taken_is_the_persons_mistake() -> None:
    """The second server on a port is refused with one sentence."""
    with (
        serve(scenario("mysql")) as server,
        pytest.raises(UsageError, match="cannot be used"),
        serve(scenario("mysql"), server.port),
    ):
        pass


def test_a_chosen_port_is_used_again_at_once() -> None:
    """A server that has just stopped can be started again on its port."""
    with serve(scenario("postgresql")) as server:
        greet(server)
    with serve(scenario("postgresql"), server.port) as again:
        assert again.port == server.port
        greet(again)


def test_the_log_is_bounded() -> None:
    """A client that connects for ever does not fill the memory."""
    with serve(scenario("mysql")) as server:
        for number in range(lab_server.LOG_LINES + 10):
            server.note(f"line {number}")
        assert len(server.log) == lab_server.LOG_LINES


@pytest.fixture(scope="module", params=ENGINES)
def hostile_target(request: pytest.FixtureRequest) -> object:
    """A running server of each engine, for many hostile clients."""
    engine: Engine = request.param
    with serve(scenario(engine)) as server:
        yield server


OPENINGS: dict[Engine, tuple[bytes, ...]] = {
    "sqlserver": (b"", b"\x16\x03\x01", TdsPrelogin().start(), tds.packets(tds.PRELOGIN, b"\xff")),
    "mysql": (b"", b"\x20\x00\x00\x01", b"\x40\x00\x00\x01\x00\x02\x08\x00"),
    "mariadb": (b"", b"\x20\x00\x00\x01", b"\x40\x00\x00\x01\x00\x02\x08\x00"),
    "postgresql": (b"", PostgresSslRequest().start(), b"\x00\x00\x00\x09\x00\x03\x00\x00\x00"),
}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_hostile_client_never_causes_a_fault(
    hostile_target: LabServer, caplog: pytest.LogCaptureFixture, data: st.DataObject
) -> None:
    """Any bytes end in a refusal, never in an unforeseen exception, and the server serves on."""
    opening = data.draw(st.sampled_from(OPENINGS[hostile_target.scenario.engine]))
    with connect(hostile_target) as client:
        client.sendall(opening + data.draw(st.binary(max_size=200)))
        client.shutdown(socket.SHUT_WR)
        try:
            while client.recv(4096):
                pass
        except ConnectionResetError:
            pass
    assert greet(hostile_target).greeting is not None
    assert not [record for record in caplog.records if record.name == "asyncio"]


def test_the_answer_of_a_plain_session_survives_hostile_messages() -> None:
    """After the login, too, broken messages end only their own connection."""
    plain = msgspec.structs.replace(scenario("postgresql", "not-offered"), certificate="none")
    startup = b"\x00\x00\x00\x10\x00\x03\x00\x00user\0u\0\0"
    with serve(plain) as server:
        for message in (b"Q\x00\x00\x00\x03", b"P\x00\x00\x00\x04S\x00\x00\x00\x04", b"Q\x7f\xff\xff\xff"):
            with connect(server) as client:
                client.sendall(startup)
                assert client.recv(4096)
                client.sendall(message)
                client.shutdown(socket.SHUT_WR)
                while client.recv(4096):
                    time.sleep(0)
        greet(server)
