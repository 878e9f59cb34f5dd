"""MySQL's and MariaDB's side: greeting, TLS on request, any user with any password, one-value queries."""

from __future__ import annotations

import re
import secrets

from wizard.errors import PreambleError
from wizard.lab.certificates import MYSQL_VERSION
from wizard.lab.conversation import ONLY, SESSION_LIMIT, Conversation
from wizard.model.target import Engine
from wizard.wire import mysql, mysql_session
from wizard.wire.preamble import spoken

MARIADB_VERSION = "11.4.4-MariaDB"

_OFFERED = (
    mysql.CLIENT_PROTOCOL_41
    | mysql.CLIENT_CONNECT_WITH_DB
    | mysql.CLIENT_TRANSACTIONS
    | mysql.CLIENT_SECURE_CONNECTION
    | mysql.CLIENT_PLUGIN_AUTH
    | mysql.CLIENT_PLUGIN_AUTH_LENENC
)
_CACHING_SHA2 = b"caching_sha2_password"
_BLOCKED = (
    "Host '127.0.0.1' is blocked because of many connection errors; unblock with 'mysqladmin flush-hosts'"
)
"""ER_HOST_IS_BLOCKED; before the greeting no SQLSTATE is sent."""


async def converse(conversation: Conversation) -> None:
    """Talks the MySQL protocol until the client leaves; see `Converse`."""
    channel = conversation.channel
    if conversation.scenario.behaviour == "refuse":
        await channel.send(mysql.packet(0, mysql.error_packet(1129, None, _BLOCKED)))
        return
    greeting = _greeting(conversation)
    await channel.send(mysql.packet(0, greeting.encode()))
    reader = mysql.PacketReader()
    first = await _next(conversation, reader)
    if first is None:
        return
    sequence, payload = first
    encrypted = conversation.offers_tls and mysql.is_ssl_request(payload)
    if encrypted:
        # A client may send its ClientHello right behind the request.
        channel.push_back(reader.rest())
        tls = await conversation.start_tls()
        conversation.note(f"TLS, {tls.version()}")
        reader = mysql.PacketReader(SESSION_LIMIT)
        second = await _next(conversation, reader)
        if second is None:
            return
        sequence, payload = second
    response = mysql_session.login_response(payload)
    if not encrypted and conversation.refuses_plaintext:
        conversation.note("login without TLS refused")
        refusal = _transport_refused(conversation.scenario.engine, response)
        await channel.send(mysql.packet(sequence + 1, refusal))
        return
    await _log_in(conversation, sequence, response)
    while command := await _next(conversation, reader):
        answer = _answer(conversation, command[1])
        if answer is None:
            return
        await channel.send(answer)


def _greeting(conversation: Conversation) -> mysql.Handshake:
    capabilities = _OFFERED | (mysql.CLIENT_SSL if conversation.offers_tls else 0)
    # A zero byte would end the nonce early for old clients.
    nonce = bytes(secrets.choice(range(1, 128)) for _ in range(20))
    if conversation.scenario.engine == "mariadb":
        version, plugin = MARIADB_VERSION, b"mysql_native_password"
    else:
        version, plugin = MYSQL_VERSION, _CACHING_SHA2
        capabilities |= mysql.CLIENT_MYSQL
    return mysql.Handshake(version.encode(), capabilities, nonce, plugin, thread=1)


def _transport_refused(engine: Engine, response: mysql_session.LoginResponse) -> bytes:
    if engine == "mariadb":
        # MariaDB 10.11 does not tell this from a wrong password.
        used = "YES" if response.answered else "NO"
        words = f"Access denied for user '{spoken(response.user, longest=80)}'@'localhost' (using password: {used})"
        return mysql.error_packet(1045, "28000", words)
    words = "Connections using insecure transport are prohibited while --require_secure_transport=ON."
    return mysql.error_packet(3159, "HY000", words)


async def _log_in(conversation: Conversation, sequence: int, response: mysql_session.LoginResponse) -> None:
    if response.plugin == _CACHING_SHA2 and response.answered:
        await conversation.channel.send(mysql.packet(sequence + 1, mysql_session.FAST_AUTH_OK))
        sequence += 1
    await conversation.channel.send(mysql_session.ok(sequence + 1))
    conversation.note("logged in")


async def _next(conversation: Conversation, reader: mysql.PacketReader) -> tuple[int, bytes] | None:
    found = reader.feed(b"")
    while found is None:
        data = await conversation.channel.receive()
        if not data:
            return None
        found = reader.feed(data)
    return found


def _answer(conversation: Conversation, command: bytes) -> bytes | None:
    match command[0]:
        case mysql_session.COM_QUIT:
            return None
        case mysql_session.COM_QUERY:
            return _query(conversation, command[1:].decode("utf-8", "replace"))
        case mysql_session.COM_PING | mysql_session.COM_INIT_DB | mysql_session.COM_RESET_CONNECTION:
            return mysql_session.ok(1)
        case mysql_session.COM_SET_OPTION:
            return mysql_session.end_of_settings(1)
    raise PreambleError(f"The client sent the command {command[0]}, which the lab does not know.")


def _query(conversation: Conversation, query: str) -> bytes:
    conversation.heard(query)
    mariadb = conversation.scenario.engine == "mariadb"
    answer = conversation.answer(query, MARIADB_VERSION if mariadb else MYSQL_VERSION)
    if answer is not None:
        return mysql_session.one_row(*answer)
    if re.match(r"\s*show\b", query, re.IGNORECASE):
        return mysql_session.no_rows("Value")
    if re.search(r"@@version_comment", query, re.IGNORECASE):
        return mysql_session.one_row("@@version_comment", "dbtls lab")
    if re.match(r"\s*select\b", query, re.IGNORECASE):
        return mysql.packet(1, mysql.error_packet(1105, "HY000", ONLY))
    return mysql_session.ok(1)
