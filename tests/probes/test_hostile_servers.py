"""What servers do that mean harm or are broken: a probe ends in time, says why, and stays small."""

from __future__ import annotations

import contextlib
import resource
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from threading import Event

import pytest

from wizard.knowledge.load import load
from wizard.knowledge.locate import knowledge_folder
from wizard.model.evidence import Evidence
from wizard.model.target import Engine, Target
from wizard.pki.trust import TrustStore
from wizard.probes.probe import Context, Counter, Probe, ProbeResult
from wizard.probes.registry import PROBES
from wizard.probes.resolve import RESOLVE
from wizard.probes.run import run

SECONDS = 0.5
ENGINES: tuple[Engine, ...] = ("sqlserver", "mysql", "postgresql")

Behaviour = Callable[[socket.socket], None]


def silent(client: socket.socket) -> None:
    """Says nothing until the client gives up."""
    with contextlib.suppress(OSError):
        while client.recv(4096):
            pass


def closing(client: socket.socket) -> None:
    """Hangs up at once."""


def garbage(client: socket.socket) -> None:
    """Sends bytes of no protocol."""
    client.sendall(b"\xde\xad\xbe\xef" * 64)


def half_a_packet(client: socket.socket) -> None:
    """Sends the beginning of a packet of each protocol's size and stops."""
    client.sendall(b"\x04\x01")
    silent(client)


def endless(client: socket.socket) -> None:
    """Sends 100 MB as fast as it can."""
    portion = b"\x04\x00\x10\x00\x00\x00\x01\x00" + bytes(4088)
    for _ in range(25600):
        client.sendall(portion)


def web(client: socket.socket) -> None:
    """Answers like a web server, with escape codes in its words."""
    client.sendall(b"HTTP/1.1 400 Bad Request\r\nServer: \x1b[31mred\x1b[0m\r\n\r\n")


@contextlib.contextmanager
def listening(behaviour: Behaviour) -> Iterator[int]:
    """Runs a server on the loopback for each client in a thread of its own; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve(client: socket.socket) -> None:
            with client, contextlib.suppress(OSError):
                behaviour(client)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield int(server.getsockname()[1])


def probe(engine: Engine, port: int) -> dict[str, Evidence]:
    """Runs all probes and returns the evidence by fact."""
    target = Target(engine=engine, host="127.0.0.1", port=port, server_name="localhost")
    context = Context(target, TrustStore.system(), datetime.now(UTC), SECONDS, Counter())
    return {entry.fact: entry for done in run(context, Event()) for entry in done.result.evidence}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("behaviour", "status"),
    [(silent, {"silent"}), (closing, {"closed"}), (garbage, {"other-service"}), (web, {"other-service"})],
)
def test_what_the_server_does_before_tls_is_named(
    engine: Engine, behaviour: Behaviour, status: set[str]
) -> None:
    """Silence, a closed connection and foreign bytes are told apart, and nothing after them is guessed."""
    with listening(behaviour) as port:
        evidence = probe(engine, port)
    assert evidence["connect.status"].value == "open"
    assert evidence["preamble.status"].value in status
    assert evidence["preamble.status"].because
    assert evidence["trust.status"].value is None
    assert evidence["versions.tls1_2"].value is None


@pytest.mark.parametrize("engine", ENGINES)
def test_half_a_packet_is_silence_not_an_answer(engine: Engine) -> None:
    """A packet that never ends leaves its facts unknown or says that the service is another one."""
    with listening(half_a_packet) as port:
        evidence = probe(engine, port)
    assert evidence["preamble.status"].value in ("silent", "other-service")
    assert "policy" not in evidence or evidence["policy"].value is None


@pytest.mark.parametrize("engine", ENGINES)
def test_a_hundred_megabytes_do_not_fill_the_memory(engine: Engine) -> None:
    """The probe hangs up on a server that sends without end; memory grows by less than 50 MB."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with listening(endless) as port:
        evidence = probe(engine, port)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert evidence["preamble.status"].value == "other-service"
    assert grown < 50 * 1024


def test_the_words_of_a_foreign_service_are_not_repeated() -> None:
    """A web server is recognised as such; its escape codes reach nobody."""
    with listening(web) as port:
        evidence = probe("postgresql", port)
    assert evidence["preamble.service"].value == "HTTP"
    assert not any("\x1b" in str(entry) for entry in evidence.values())


def test_a_closed_port_is_refused_not_silent() -> None:
    """Nothing listens: the connection is refused, and every later fact is unknown."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = int(server.getsockname()[1])
    evidence = probe("mysql", port)
    assert evidence["connect.status"].value == "refused"
    assert evidence["trust.status"].value is None


def test_a_name_without_address_is_not_found() -> None:
    """A reserved name (RFC 6761) has no address, and no connection is tried."""
    target = Target(engine="mysql", host="db.invalid", port=3306, server_name="db.invalid")
    context = Context(target, TrustStore.system(), datetime.now(UTC), SECONDS, Counter())
    evidence = {entry.fact: entry for done in run(context, Event()) for entry in done.result.evidence}
    assert evidence["resolve.status"].value == "not-found"
    assert evidence["connect.status"].value is None
    assert context.connections.opened == 0


def test_cancelling_ends_the_run_at_once() -> None:
    """After cancelling, no further result is waited for."""
    cancelled = Event()
    with listening(silent) as port:
        target = Target(engine="postgresql", host="127.0.0.1", port=port, server_name="localhost")
        context = Context(target, TrustStore.system(), datetime.now(UTC), 60.0, Counter())
        finished = []
        for done in run(context, cancelled):
            finished.append(done.probe.id)
            if done.probe.id == "instance":
                cancelled.set()
    assert finished == ["resolve", "instance"]


def test_a_bug_in_one_probe_does_not_take_the_others() -> None:
    """A probe that raises says so in its facts; the rest goes on."""

    def broken(context: Context, earlier: object) -> ProbeResult:
        raise ZeroDivisionError

    probes = (RESOLVE, Probe("broken", ("strict.offered",), ("resolve",), broken))
    target = Target(engine="mysql", host="127.0.0.1", port=3306, server_name="localhost")
    context = Context(target, TrustStore.system(), datetime.now(UTC), SECONDS, Counter())
    evidence = {entry.fact: entry for done in run(context, Event(), probes) for entry in done.result.evidence}
    assert evidence["resolve.status"].value == "ok"
    assert evidence["strict.offered"].value is None
    assert "ZeroDivisionError at test_hostile_servers.py" in str(evidence["strict.offered"].because)


def stalling(client: socket.socket) -> None:
    """Says yes to TLS as PostgreSQL does, and then nothing."""
    client.recv(8)
    client.sendall(b"S")
    silent(client)


def test_a_server_that_stalls_in_the_handshake_is_silent() -> None:
    """What the first connection found is not lost where later probes cannot run."""
    with listening(stalling) as port:
        evidence = probe("postgresql", port)
    assert evidence["preamble.status"].value == "ok"
    assert evidence["handshake.status"].value == "silent"


def alerting(client: socket.socket) -> None:
    """Answers everything with a TLS alert, as a web server with TLS does."""
    client.recv(4096)
    client.sendall(b"\x15\x03\x01\x00\x02\x02\x46")


def test_a_tls_service_is_not_taken_for_sql_server() -> None:
    """TDS 8.0 has its own ALPN; without it, TLS alone makes no SQL Server."""
    with listening(alerting) as port:
        evidence = probe("sqlserver", port)
    assert evidence["preamble.status"].value == "other-service"
    assert "policy" not in evidence


def test_every_fact_has_one_owner() -> None:
    """The probe that a fact names declares it, and no other probe does."""
    owners = {fact: probe.id for probe in PROBES for fact in probe.facts}
    assert sum(len(probe.facts) for probe in PROBES) == len(owners)
    declared = {fact.id: fact.probe for fact in load(knowledge_folder()).facts if fact.probe}
    assert declared == owners
