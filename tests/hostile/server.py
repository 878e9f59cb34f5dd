"""A server that behaves badly: it plays its part up to some stage, and from there on does as it likes."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.hostile.monsters import Chain, certificate
from wizard.model.target import Engine
from wizard.wire import mysql, tds, tls_answer
from wizard.wire.tls_names import Version

ENGINES: tuple[Engine, ...] = ("sqlserver", "mysql", "postgresql")
HOST = "127.0.0.1"

GREETING, IN_GREETING, HELLO, IN_HELLO, IN_CERTIFICATE, AFTER = range(6)
"""The stages: before the first byte, inside the greeting, before and inside ServerHello, inside Certificate, and when
all has been said. PostgreSQL's greeting has one byte, so nothing is inside of it."""
STAGES = ("greeting", "in greeting", "hello", "in hello", "in certificate", "after")

_ALERT, _HANDSHAKE = 0x15, 0x16
_RSA_SUITE = 0x009D
_GREETING_OF_MYSQL = mysql.Handshake(
    b"8.4.3",
    mysql.CLIENT_MYSQL | mysql.CLIENT_SSL | mysql.CLIENT_PROTOCOL_41 | mysql.CLIENT_SECURE_CONNECTION,
)
_PLAIN = (certificate(),)

Frame = Callable[[bytes], bytes]


class Turn(NamedTuple):
    """What the server would say now."""

    client: socket.socket
    piece: bytes
    frame: Frame
    """How the protocol carries TLS at this stage: SQL Server inside of packets, in the end encrypted."""


Deed = Callable[[Turn], None]
"""Does something in place of sending the piece. One that returns is asked for the next piece, too."""


def silent(turn: Turn) -> None:
    """Says nothing until the client gives up."""
    with contextlib.suppress(OSError):
        while turn.client.recv(65536):
            pass
    raise ConnectionError


def half_closed(turn: Turn) -> None:
    """Closes its own direction, and goes on listening."""
    turn.client.shutdown(socket.SHUT_WR)
    silent(turn)


def closing(turn: Turn) -> None:
    """Hangs up."""
    raise ConnectionError


def resetting(turn: Turn) -> None:
    """Hangs up by a reset."""
    turn.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise ConnectionError


def dripping(turn: Turn) -> None:
    """Sends a byte, waits a little, and so on."""
    _bytewise(turn, 0.04)


def a_byte_a_second(turn: Turn) -> None:
    """Sends a byte each second."""
    _bytewise(turn, 1.0)


def hurried(turn: Turn) -> None:
    """Sends each byte by itself, as fast as it can."""
    _bytewise(turn, 0.0)


def _bytewise(turn: Turn, pause: float) -> None:
    for at in range(len(turn.piece)):
        turn.client.sendall(turn.piece[at : at + 1])
        if pause:
            time.sleep(pause)


def endless(start: bytes, portion: bytes = bytes(4096)) -> Deed:
    """Returns a deed that sends `start`, then `portion` again and again until the client has gone."""

    def deed(turn: Turn) -> None:
        turn.client.sendall(start)
        many = portion * max(1, 65536 // len(portion))
        while True:
            turn.client.sendall(many)

    return deed


def endless_tls(start: bytes, portion: bytes) -> Deed:
    """Returns the same for bytes that travel as TLS does."""

    def deed(turn: Turn) -> None:
        if start:
            turn.client.sendall(turn.frame(start))
        many = turn.frame(portion * max(1, 16000 // len(portion)))
        while True:
            turn.client.sendall(many)

    return deed


def saying(words: bytes) -> Deed:
    """Returns a deed that says something else, and then no more."""

    def deed(turn: Turn) -> None:
        turn.client.sendall(words)
        silent(turn)

    return deed


def record(kind: int, payload: bytes) -> bytes:
    """Returns a TLS record; its length may be a lie."""
    return bytes([kind, 3, 3]) + len(payload).to_bytes(2) + payload


class Script(NamedTuple):
    """How a server behaves."""

    engine: Engine
    stage: int = AFTER
    deed: Deed = closing
    chain: Chain = _PLAIN
    modern: Path | None = None
    """Speaks TLS 1.3 alone, with the certificate and key of this file; else it shows `chain` and knows no key."""


@contextlib.contextmanager
def listening(script: Script) -> Iterator[int]:
    """Runs such a server on the loopback, each client in a thread of its own; yields its port."""
    with socket.create_server((HOST, 0), backlog=16) as server:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client = server.accept()[0]
                    threading.Thread(target=_serve, args=(client, script), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield int(server.getsockname()[1])


@contextlib.contextmanager
def full() -> Iterator[int]:
    """Listens, but accepts nobody and its backlog is full: Linux answers no first packet any more."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.create_server((HOST, 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield int(server.getsockname()[1])


class Reply(NamedTuple):
    """A datagram that answers the question for an instance."""

    data: bytes
    elsewhere: str | None = None
    """The address of another socket that sends it; None: the one that was asked."""


@contextlib.contextmanager
def browser(replies: Sequence[Reply]) -> Iterator[int]:
    """Answers questions to SQL Browser; yields the UDP port."""
    with contextlib.ExitStack() as stack:
        asked = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        asked.bind((HOST, 0))
        others: dict[str, socket.socket] = {}
        for reply in replies:
            if reply.elsewhere and reply.elsewhere not in others:
                other = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                other.bind((reply.elsewhere, 0))
                others[reply.elsewhere] = other

        def serve() -> None:
            with contextlib.suppress(OSError):
                _, sender = asked.recvfrom(512)
                for reply in replies:
                    (others[reply.elsewhere] if reply.elsewhere else asked).sendto(reply.data, sender)

        threading.Thread(target=serve, daemon=True).start()
        yield int(asked.getsockname()[1])


def _serve(client: socket.socket, script: Script) -> None:
    with client, contextlib.suppress(OSError, ssl.SSLError):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for stage, turn in _pieces(client, script):
            if stage >= script.stage:
                script.deed(turn)
            else:
                client.sendall(turn.piece)


def _pieces(client: socket.socket, script: Script) -> Iterator[tuple[int, Turn]]:
    """Yields what an honest server says, cut where the stages begin; reads the client's words in between."""
    asked = client.recv(65536) if script.engine != "mysql" else b""
    if asked[:1] == bytes([_HANDSHAKE]):  # TDS 8.0: TLS comes first
        if script.modern is not None:
            yield from _modern(client, script.modern, asked, bytes)
        return
    greeting = _greeting(script.engine)
    half = len(greeting) // 2
    yield GREETING, Turn(client, greeting[:half], bytes)
    yield IN_GREETING, Turn(client, greeting[half:], bytes)
    hello = client.recv(65536)
    if script.engine == "mysql":
        request = 4 + mysql.SSL_REQUEST_SIZE
        hello = hello[request:] or client.recv(65536)
    frame = _in_packets if script.engine == "sqlserver" else bytes
    if script.modern is not None:
        yield from _modern(client, script.modern, hello, frame)
    else:
        yield from _cut(client, tls_answer.first_flight(Version.TLS_1_2, _RSA_SUITE, script.chain), frame)
        yield AFTER, Turn(client, b"", frame)


def _cut(client: socket.socket, flight: bytes, frame: Frame) -> Iterator[tuple[int, Turn]]:
    for stage, piece in ((HELLO, flight[:20]), (IN_HELLO, flight[20:200]), (IN_CERTIFICATE, flight[200:])):
        if piece:
            yield stage, Turn(client, frame(piece), frame)


def _modern(client: socket.socket, file: Path, hello: bytes, frame: Frame) -> Iterator[tuple[int, Turn]]:
    """Shakes hands by TLS 1.3 with OpenSSL's help."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = _context(file).wrap_bio(incoming, outgoing, server_side=True)
    incoming.write(hello if frame is bytes else hello[tds.HEADER :])
    with contextlib.suppress(ssl.SSLError):
        tls.do_handshake()
    answer = outgoing.read()
    if answer[:1] == bytes([_ALERT]):  # it asked for TLS 1.2 at most
        client.sendall(frame(answer))
        return
    yield from _cut(client, answer, frame)
    incoming.write(client.recv(65536))
    tls.do_handshake()

    def encrypted(data: bytes) -> bytes:
        tls.write(data)
        return frame(outgoing.read())

    yield AFTER, Turn(client, b"", encrypted)


@cache
def _context(file: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0
    context.set_alpn_protocols([tds.ALPN])
    context.load_cert_chain(file)
    return context


def _greeting(engine: Engine) -> bytes:
    if engine == "mysql":
        return mysql.packet(0, _GREETING_OF_MYSQL.encode())
    if engine == "postgresql":
        return b"S"
    options = {tds.VERSION: bytes([16, 0, 3, 0xE8, 0, 0]), tds.ENCRYPTION: bytes([tds.ENCRYPT_OFF])}
    return tds.packets(tds.REPLY, tds.prelogin(options))


def _in_packets(data: bytes) -> bytes:
    return tds.packets(tds.PRELOGIN, data)
