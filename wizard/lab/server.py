"""Starts a scenario on the loopback, and stops it at once."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from wizard.errors import HandshakeError, PreambleError, UsageError
from wizard.lab import mysql, postgresql, sqlserver
from wizard.lab.certificates import ServerIdentity, identity_for
from wizard.lab.channel import Channel
from wizard.lab.conversation import Conversation, Converse
from wizard.model.knowledge import ScenarioEntry
from wizard.model.target import Engine

HOST = "127.0.0.1"
if sys.platform == "win32":
    _BIND_ALONE = socket.SO_EXCLUSIVEADDRUSE  # SO_REUSEADDR would share the port with another program there
else:
    _BIND_ALONE = socket.SO_REUSEADDR  # a lab that was just stopped leaves its port in TIME_WAIT
LOG_LINES = 1000
"""A hostile client may fill the log, but not the memory."""

_CONVERSE: dict[Engine, Converse] = {
    "sqlserver": sqlserver.converse,
    "mysql": mysql.converse,
    "mariadb": mysql.converse,
    "postgresql": postgresql.converse,
}
_SPEAKS_FIRST: tuple[Engine, ...] = ("mysql", "mariadb")


@dataclass(frozen=True)
class LabServer:
    """A scenario that listens, or for `closed` a port where nothing does.

    Attributes:
        scenario: what is broken.
        host: always the loopback address.
        port: the TCP port.
        server_name: the name that the client uses.
        identity: what it presents; None where it has no certificate.
        ca_file: the root to trust in PEM, gone when the server stops; None where the client shall not know it.
        log: what happened, one line each; holds no password and no control character.
    """

    scenario: ScenarioEntry
    host: str
    port: int
    server_name: str
    identity: ServerIdentity | None
    ca_file: Path | None
    log: list[str] = field(default_factory=list)

    def note(self, line: str) -> None:
        """Adds a line to the log, up to its limit."""
        if len(self.log) < LOG_LINES:
            self.log.append(line)


@contextlib.contextmanager
def serve(
    scenario: ScenarioEntry, port: int = 0, *, identity: ServerIdentity | None = None
) -> Iterator[LabServer]:
    """Runs a scenario on the loopback while the context is open.

    Any number of clients may connect at the same time, with any user and password. Leaving the context ends all
    connections at once.

    Args:
        scenario: what to serve.
        port: the port to listen on; 0 takes a free one.
        identity: what to present, instead of what the scenario asks for.

    Raises:
        UsageError: the port is taken or may not be used.
    """
    identity = identity or identity_for(scenario)
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(_bound(port))
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dbtls-lab-")))
        ca_file = _ca_file(scenario, identity, directory)
        server = LabServer(
            scenario=scenario,
            host=HOST,
            port=listener.getsockname()[1],
            server_name=scenario.server_name,
            identity=identity,
            ca_file=ca_file,
        )
        if scenario.behaviour != "closed":
            # The port of a closed one stays bound without listening, so that nobody else takes it.
            listener.listen(64)
            stack.enter_context(_running(listener, server, identity))
        yield server


def _bound(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, _BIND_ALONE, 1)
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise UsageError(f"Port {port} cannot be used: {error.strerror}.") from error
    return listener


def _ca_file(scenario: ScenarioEntry, identity: ServerIdentity | None, directory: Path) -> Path | None:
    if identity is None or not scenario.trusted:
        return None
    file = directory / "ca.pem"
    file.write_bytes(identity.anchor_pem())
    return file


@contextlib.contextmanager
def _running(listener: socket.socket, server: LabServer, identity: ServerIdentity | None) -> Iterator[None]:
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    def run() -> None:
        with contextlib.closing(loop):
            loop.run_until_complete(_serve_until(stop, listener, server, identity))

    thread = threading.Thread(target=run, name=f"lab {server.scenario.id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


async def _serve_until(
    stop: asyncio.Event, listener: socket.socket, server: LabServer, identity: ServerIdentity | None
) -> None:
    clients: set[asyncio.Task[None]] = set()

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            clients.add(task)
            task.add_done_callback(clients.discard)
        try:
            await _attend(Channel(reader, writer), server, identity)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        except asyncio.CancelledError:
            # Cancelled only by the end of the server itself, below; asyncio would report it as a fault.
            writer.transport.abort()

    listening = await asyncio.start_server(accepted, sock=listener)
    await stop.wait()
    listening.close()
    for task in tuple(clients):
        task.cancel()
    await asyncio.gather(*clients, return_exceptions=True)
    # One more turn of the loop, in which the aborted connections close.
    await asyncio.sleep(0)


async def _attend(channel: Channel, server: LabServer, identity: ServerIdentity | None) -> None:
    server.note("connected")
    conversation = Conversation(channel, server.scenario, identity, server.note)
    try:
        match server.scenario.behaviour:
            case "silent":
                while await channel.receive():
                    pass
            case "hang-up":
                if server.scenario.engine not in _SPEAKS_FIRST:
                    await channel.receive()
            case "other-service":
                await _other_service(channel, speaks_first=server.scenario.engine in _SPEAKS_FIRST)
            case _:
                await _CONVERSE[server.scenario.engine](conversation)
    except ssl.SSLError as error:
        server.note(f"TLS failed: {error.reason}")
    except PreambleError as error:
        server.note(f"protocol broken: {error.message}")
    except HandshakeError as error:
        server.note(f"handshake: {error.message}")
    except OSError as error:
        server.note(f"connection broken: {error.strerror or error}")


async def _other_service(channel: Channel, *, speaks_first: bool) -> None:
    # Where the client waits for the server, a web server would only look silent.
    if speaks_first:
        await channel.send(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
        await channel.receive()
    elif await channel.receive():
        await channel.send(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
