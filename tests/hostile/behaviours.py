"""What a hostile server does at which stage, and what the program has to call it: one behaviour, one line."""

from __future__ import annotations

from typing import NamedTuple

from tests.hostile.monsters import NASTY
from tests.hostile.server import (
    AFTER,
    ENGINES,
    GREETING,
    HELLO,
    IN_CERTIFICATE,
    IN_GREETING,
    IN_HELLO,
    STAGES,
    Deed,
    closing,
    dripping,
    endless,
    endless_tls,
    half_closed,
    hurried,
    record,
    resetting,
    saying,
    silent,
)
from wizard.model.target import Engine
from wizard.wire import mysql, tds

BRIEF, LONG = 0.3, 15.0
"""Seconds for a connection: for servers that only the deadline ends, and for those that end by themselves."""

REACHED, BROKEN, SILENT = "private-ca-not-trusted", "handshake-reset", "timed-out"
OTHER, REFUSED = "not-this-database", "refused-before-tls"
UNCLEAR = None
"""The server speaks TLS 1.3 alone and breaks off where nobody sees why: the certificate stays unknown."""


class Behaviour(NamedTuple):
    """One line of a table."""

    does: str
    deed: Deed
    stages: tuple[int, ...]
    cause: str | None
    seconds: float = LONG
    engines: tuple[Engine, ...] = ENGINES
    modern: bool = False
    """The server speaks TLS 1.3 alone, with a key of its own, so that the handshake can be completed."""


EARLY, TLS, MIDST = (GREETING, IN_GREETING), (HELLO, IN_HELLO, IN_CERTIFICATE), (IN_CERTIFICATE,)
ALL = (*EARLY, *TLS)
Engines = tuple[Engine, ...]
SQL: Engines = ("sqlserver",)
MY: Engines = ("mysql",)
PG: Engines = ("postgresql",)

_HELLO_REQUESTS = record(22, bytes(16_000))
_BIG_MESSAGE = record(22, b"\x0b\xff\xff\xff" + bytes(1_000))
_PRELOGIN_OF_A_MEGABYTE = tds.packets(tds.REPLY, bytes(64_000), 4_096)[: -8 - 2_000]
_ERROR_OF_TDS = tds.packets(tds.REPLY, b"\xaa\xff\x00" + "".join(NASTY).encode("utf-16-le"))
_NASTY = "".join(NASTY)

BEHAVIOURS = (
    Behaviour("says nothing", silent, ALL, SILENT, BRIEF),
    Behaviour("drips", dripping, ALL, SILENT, BRIEF),
    Behaviour("closes one direction", half_closed, ALL, BROKEN),
    Behaviour("hangs up", closing, ALL, BROKEN),
    Behaviour("resets", resetting, ALL, BROKEN),
    Behaviour("sends byte by byte", hurried, ALL, REACHED),
    Behaviour("says nothing more", silent, (AFTER,), REACHED),
    Behaviour("resets in the end", resetting, (AFTER,), REACHED),
    Behaviour("talks on", endless(b""), (AFTER,), REACHED, engines=(*MY, *PG)),
    Behaviour("sends zeros", endless(b""), EARLY, OTHER),
    Behaviour("sends zeros", endless(b""), TLS, BROKEN),
    Behaviour("sends empty packets", endless(b"", b"\x04\0\0\x08\0\0\0\0"), (GREETING,), OTHER, engines=SQL),
    Behaviour(
        "sends a message without end", endless(_PRELOGIN_OF_A_MEGABYTE), (GREETING,), OTHER, engines=SQL
    ),
    Behaviour("sends an error token", saying(_ERROR_OF_TDS), (GREETING,), OTHER, engines=SQL),
    Behaviour("sends a packet of 16 MB", endless(b"\xff\xff\xff\0\x0a8.4"), (GREETING,), OTHER, engines=MY),
    Behaviour(
        "sends a name without end", endless(b"\xff\xff\0\0\x0a8.4", b"8"), (GREETING,), OTHER, engines=MY
    ),
    Behaviour("sends an error of 4 GB", endless(b"E\xff\xff\xff\xff"), (GREETING,), REFUSED, engines=PG),
    Behaviour("asks for hellos without end", endless_tls(b"", _HELLO_REQUESTS), (HELLO,), BROKEN),
    Behaviour("sends empty records", endless_tls(b"", record(22, b"")), (HELLO,), BROKEN),
    Behaviour("warns without end", endless_tls(b"", record(21, b"\x01\x70")), (HELLO,), BROKEN),
    Behaviour("sends data before TLS is up", endless_tls(b"", record(23, bytes(16_000))), (HELLO,), BROKEN),
    Behaviour("sends a message of 16 MB", endless_tls(_BIG_MESSAGE, _HELLO_REQUESTS), (HELLO,), BROKEN),
    Behaviour("sends a record of 64 KB", endless_tls(b"\x16\3\3\xff\xff", bytes(4_096)), (HELLO,), BROKEN),
    Behaviour("says nothing", silent, MIDST, UNCLEAR, BRIEF, (*MY, *PG), modern=True),
    Behaviour("drips", dripping, MIDST, UNCLEAR, BRIEF, PG, modern=True),
    Behaviour("hangs up", closing, MIDST, UNCLEAR, LONG, (*MY, *PG), modern=True),
    Behaviour("resets", resetting, MIDST, UNCLEAR, LONG, PG, modern=True),
    Behaviour(
        "sends data", endless_tls(b"", record(23, bytes(16_000))), MIDST, UNCLEAR, LONG, PG, modern=True
    ),
    Behaviour("sends byte by byte", hurried, MIDST, REACHED, LONG, (*MY, *PG), modern=True),
    Behaviour("says nothing", silent, (AFTER,), REACHED, LONG, ENGINES[1:], modern=True),
    Behaviour("hangs up", closing, (AFTER,), REACHED, LONG, (*MY, *PG), modern=True),
    Behaviour("resets", resetting, (AFTER,), REACHED, LONG, (*MY, *PG), modern=True),
    Behaviour("talks on", endless_tls(b"", bytes(16_000)), (AFTER,), REACHED, LONG, PG, modern=True),
    Behaviour("breaks TLS", endless(b""), (AFTER,), REACHED, LONG, PG, modern=True),
)


class Words(NamedTuple):
    """What a server says before TLS, and what becomes of it."""

    engine: Engine
    says: bytes
    cause: str | None


def _greeting(version: bytes) -> bytes:
    return mysql.packet(0, mysql.Handshake(version, mysql.CLIENT_MYSQL | mysql.CLIENT_PROTOCOL_41).encode())


def _postgres_error(text: str) -> bytes:
    body = b"SFATAL\0VFATAL\0C28000\0M" + text.encode() + b"\0\0"
    return b"E" + (len(body) + 4).to_bytes(4) + body


WORDS = {
    "an error of MySQL": Words("mysql", mysql.packet(0, mysql.error_packet(1130, None, _NASTY)), REFUSED),
    "an error of 60 KB": Words(
        "mysql", mysql.packet(0, mysql.error_packet(1130, None, "x" * 60_000)), REFUSED
    ),
    "an error without a reason": Words("mysql", mysql.packet(0, b"\xff"), REFUSED),
    "a version": Words("mysql", _greeting(_NASTY.replace("\0", "").encode()), "tls-not-offered"),
    "a version of 60 KB": Words("mysql", _greeting(b"8" * 60_000), "tls-not-offered"),
    "a version that is no text": Words("mysql", _greeting(b"8\xff\xfe\xc3("), "tls-not-offered"),
    "an error of PostgreSQL": Words("postgresql", _postgres_error(_NASTY), REFUSED),
    "an error of half a megabyte": Words("postgresql", _postgres_error("x" * 500_000), REFUSED),
    "words of a mail server": Words("postgresql", b"220 " + _NASTY.encode() + b"\r\n", OTHER),
    "words of a web server": Words("sqlserver", b"HTTP/1.1 400 " + _NASTY.encode() + b"\r\n\r\n", OTHER),
}
"""Before TLS, by servers with bad manners."""


def lines(engine: Engine) -> list[tuple[str, int, Behaviour]]:
    """Returns what is tried with one database: a name, the stage, and the behaviour."""
    return [
        (f"{'TLS 1.3, ' if one.modern else ''}{STAGES[stage]}: {one.does}", stage, one)
        for one in BEHAVIOURS
        for stage in one.stages
        if engine in one.engines
    ]
