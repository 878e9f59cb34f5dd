"""What the lab's server reads from whoever connects to it."""

from __future__ import annotations

import asyncio
import atexit
import functools
from typing import cast

from tests.fuzz.known import known
from tests.fuzz.target import Target, claim, safe
from wizard.lab.certificates import ServerIdentity, identity_for
from wizard.lab.channel import Channel
from wizard.lab.server import LOG_LINES, LabServer, _attend
from wizard.model.knowledge import ScenarioEntry
from wizard.wire import mysql, mysql_session, postgresql, postgresql_session, tds, tds_session
from wizard.wire.tls_hello import client_hello
from wizard.wire.tls_names import Version


class _Transport:
    """Takes what the lab would do to a connection."""

    def abort(self) -> None:
        """Ends nothing."""


class _Socket:
    def setsockopt(self, *settings: object) -> None:
        """Sets nothing."""


class _Writer:
    """Counts what the lab sends, as far as a `Channel` uses a stream."""

    def __init__(self) -> None:
        self.sent = 0
        self.transport = _Transport()

    def write(self, data: bytes) -> None:
        """Counts the bytes."""
        self.sent += len(data)

    async def drain(self) -> None:
        """Waits for nothing."""

    def get_extra_info(self, name: str) -> _Socket:
        """Returns what stands for a socket."""
        return _Socket()


@functools.cache
def _scenarios() -> tuple[tuple[ScenarioEntry, ServerIdentity | None], ...]:
    """Returns one scenario of each kind of conversation, each with what it presents."""
    kinds: dict[tuple[object, ...], ScenarioEntry] = {}
    for one in known().scenarios:
        kind = (one.engine, one.policy, one.strict, one.behaviour, one.ciphers, one.tls)
        kinds.setdefault(kind, one)
    return tuple((one, identity_for(one)) for one in kinds.values() if one.behaviour != "closed")


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    atexit.register(loop.close)
    return loop


async def _talk(parts: list[bytes], server: LabServer, identity: ServerIdentity | None) -> int:
    reader, writer = asyncio.StreamReader(), _Writer()
    for part in parts:
        reader.feed_data(part)
    reader.feed_eof()
    await _attend(Channel(reader, cast(asyncio.StreamWriter, writer)), server, identity)
    return writer.sent


def check_lab(data: bytes) -> None:
    """Connects to a lab server and says these bytes; the first octet says to which."""
    if not data:
        return
    scenario, identity = _scenarios()[data[0] % len(_scenarios())]
    server = LabServer(scenario, "127.0.0.1", 1, scenario.server_name, identity, None)
    sent = _loop().run_until_complete(_talk([data[1:]], server, identity))
    safe(*server.log)
    claim(len(server.log) <= LOG_LINES, "the log has an end")
    claim(sent <= 20_000 + 2_000 * len(data), "an answer is not out of proportion")


def _by_engine(engine: str) -> list[int]:
    return [number for number, (one, _) in enumerate(_scenarios()) if one.engine == engine]


def _lab_seeds() -> list[bytes]:
    startup = (3 << 16).to_bytes(4) + b"user\0app\0database\0shop\0\0"
    queries = postgresql_session.message(b"Q", b"SELECT version()\0") + postgresql_session.message(
        b"P", b"\0BEGIN\0"
    )
    described = (
        postgresql_session.message(b"D", b"S\0")
        + postgresql_session.message(b"E")
        + postgresql_session.message(b"S")
    )
    hello = client_hello("db.example", lowest=Version.TLS_1_0, highest=Version.TLS_1_2)
    to_postgresql = [
        postgresql.ssl_request(),
        postgresql.ssl_request() + hello,
        hello,
        (4 + len(startup)).to_bytes(4) + startup,
        queries + described,
    ]
    flags = (
        mysql.CLIENT_PROTOCOL_41
        | mysql.CLIENT_PLUGIN_AUTH
        | mysql.CLIENT_PLUGIN_AUTH_LENENC
        | mysql.CLIENT_CONNECT_WITH_DB
    )
    login = flags.to_bytes(4, "little") + bytes(28) + b"app\0\x02abshop\0caching_sha2_password\0"
    commands = b"".join(
        mysql.packet(0, bytes([number]) + text)
        for number, text in (
            (mysql_session.COM_QUERY, b"SELECT @@version"),
            (mysql_session.COM_QUERY, b"show warnings"),
            (mysql_session.COM_PING, b""),
            (mysql_session.COM_SET_OPTION, b"\0\0"),
            (mysql_session.COM_QUIT, b""),
        )
    )
    to_mysql = [
        mysql.packet(1, mysql.ssl_request(0xFFFFFFFF)) + hello,
        mysql.packet(1, login) + commands,
    ]
    tds_login = (0x90).to_bytes(4, "little") + b"\x04\0\0\x74" + bytes(0x90 - 8)
    old_login = (0x90).to_bytes(4, "little") + b"\x01\0\0\x71" + bytes(0x90 - 8)
    headers = (0x16).to_bytes(4, "little") + (0x12).to_bytes(4, "little") + b"\x02\0" + bytes(12)
    batch = tds.packets(tds_session.SQL_BATCH, headers + "select @@version".encode("utf-16-le"))
    begin = tds.packets(tds_session.TRANSACTION, headers + b"\x05\0\0\0")
    prelogin = tds.packets(tds.PRELOGIN, tds.prelogin({tds.VERSION: bytes(6), tds.ENCRYPTION: b"\x02"}))
    to_sqlserver = [
        tds.TdsPrelogin().start() + tds.packets(tds.PRELOGIN, hello),
        prelogin + tds.packets(tds_session.LOGIN7, tds_login) + begin + batch,
        tds.packets(tds_session.LOGIN7, old_login) + batch,
        tds.packets(tds_session.LOGIN7, tds_login) + begin + batch + tds.packets(tds_session.ATTENTION, b""),
        hello,
    ]
    said = {"postgresql": to_postgresql, "mysql": to_mysql, "mariadb": to_mysql, "sqlserver": to_sqlserver}
    return [
        bytes([number]) + words
        for engine, all_words in said.items()
        for number in _by_engine(engine)
        for words in all_words
    ]


TARGETS = (
    Target(
        "lab-server",
        "what a client says to the lab's server",
        check_lab,
        _lab_seeds,
        (
            b"\x16\x03\x01",
            b"SELECT version()",
            b"\x12\x01\x00",
            b"\x10\x01\x00",
            b"\x04\xd2\x16\x2f",
            b"BEGIN",
            b"Q\0\0\0",
        ),
        3000,
    ),
)
