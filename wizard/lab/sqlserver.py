"""SQL Server's side: TDS 7.x with the handshake inside PRELOGIN, and TDS 8.0 with TLS first, on one port."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from wizard.lab.conversation import ONLY, SESSION_LIMIT, Conversation
from wizard.wire import tds, tds_session
from wizard.wire.tls_names import Version

VERSION = "16.0.1000"
BANNER = "Microsoft SQL Server 2022 (RTM) - 16.0.1000.6 (dbtls lab)"
_TLS_RECORD = 0x16
_TDS_8 = 0x08000000
_TDS_7_1 = 0x71000001
"""What jTDS speaks. A DONE token then counts rows in 4 bytes instead of 8 ([MS-TDS] 2.2.7.6)."""
_OLD_ROW = bytes.fromhex("81 0100 0000 0100 2604 00 d1 04 26000000")
"""One INT column and its row with 38, in TDS 7.1. jTDS asks for @@MAX_PRECISION, which is 38, when it logs in."""

Encrypted = Literal["session", "login", "none"]
"""What of a connection is encrypted; `login`: the login and nothing after it."""


async def converse(conversation: Conversation) -> None:
    """Talks TDS until the client leaves; see `Converse`."""
    channel = conversation.channel
    first = await channel.receive()
    if not first:
        return
    channel.push_back(first)
    if first[0] == _TLS_RECORD:
        await _tds_8(conversation)
    elif conversation.scenario.policy == "strict-only":
        conversation.note("TDS 7.x refused by a reset")
        channel.reset()
    else:
        await _tds_7(conversation)


async def _tds_8(conversation: Conversation) -> None:
    if not (conversation.offers_tls and conversation.scenario.strict):
        conversation.note("TLS first refused by a reset")
        conversation.channel.reset()
        return
    tls = await conversation.start_tls(tds.ALPN)
    conversation.note(f"TLS first, {tls.version()}, ALPN {tls.selected_alpn_protocol()}")
    reader = tds.MessageReader(SESSION_LIMIT)
    options = await _prelogin(conversation, reader)
    if options is not None:
        await conversation.channel.send(_reply(tds.ENCRYPT_NOT_SUP))
        await _session(conversation, reader, "session")


async def _tds_7(conversation: Conversation) -> None:
    channel, policy = conversation.channel, conversation.scenario.policy
    reader = tds.MessageReader()
    first = await _next(conversation, reader)
    if first is None:
        return
    if first.kind == tds_session.LOGIN7 and not conversation.refuses_plaintext:
        # jTDS begins with the login where its `ssl` is off.
        await _logged_in(conversation, first, reader, "none")
        return
    options = _options(first)
    if options is None:
        return
    client = (options.get(tds.ENCRYPTION) or b"\0")[0] & ~tds.CLIENT_CERTIFICATE
    answer = tds.encryption_answer(client, policy)
    conversation.note(f"PRELOGIN: client {client}, answer {answer}")
    await channel.send(_reply(answer))
    if answer == tds.ENCRYPT_NOT_SUP:
        # A client that had asked for encryption should leave now; tedious logs in all the same (REALITY).
        await _session(conversation, tds.MessageReader(SESSION_LIMIT), "none")
        return
    # A client that had said NOT_SUP and is told REQ may shake hands all the same, as go-mssqldb and pymssql do
    # (REALITY); one that sends its login instead ends here.
    await _handshake_inside(conversation)
    encrypted: Encrypted = "login" if answer == tds.ENCRYPT_OFF else "session"
    await _session(conversation, tds.MessageReader(SESSION_LIMIT), encrypted)


async def _handshake_inside(conversation: Conversation) -> None:
    framing = tds.TdsPrelogin()
    # SQL Server 2022 speaks TLS 1.3 only through TDS 8.0 (facts: TDS8).
    tls = await conversation.start_tls(wrap=framing.wrap, unwrap=framing.unwrap, highest=Version.TLS_1_2)
    conversation.note(f"TLS inside PRELOGIN, {tls.version()}")


async def _prelogin(conversation: Conversation, reader: tds.MessageReader) -> Mapping[int, bytes] | None:
    message = await _next(conversation, reader)
    return None if message is None else _options(message)


def _options(message: tds.Message) -> Mapping[int, bytes] | None:
    return tds.prelogin_options(message.payload) if message.kind == tds.PRELOGIN else None


def _reply(encryption: int) -> bytes:
    options = {
        tds.VERSION: tds.version_bytes(VERSION),
        tds.ENCRYPTION: bytes([encryption]),
        tds.INSTANCE: b"\0",
        tds.THREAD: b"",
        tds.MARS: b"\0",
    }
    return tds.packets(tds.REPLY, tds.prelogin(options))


async def _next(conversation: Conversation, reader: tds.MessageReader) -> tds.Message | None:
    data = b""
    while True:
        for message in reader.feed(data):
            return message
        data = await conversation.channel.receive()
        if not data:
            return None


async def _session(conversation: Conversation, reader: tds.MessageReader, encrypted: Encrypted) -> None:
    login = await _next(conversation, reader)
    if login is not None and login.kind == tds_session.LOGIN7:
        await _logged_in(conversation, login, reader, encrypted)


async def _logged_in(
    conversation: Conversation, login: tds.Message, reader: tds.MessageReader, encrypted: Encrypted
) -> None:
    old = int.from_bytes(login.payload[4:8], "little") == _TDS_7_1
    version = _TDS_7_1 if old else tds_session.login_version(login.payload)
    if encrypted == "login":
        conversation.channel.stop_tls()
    conversation.note(f"logged in, TDS {version:#010x}, encrypted: {encrypted}")
    if old:
        await _old_session(conversation, reader)
        return
    await conversation.channel.send(tds.packets(tds.REPLY, tds_session.login_accepted(version, VERSION)))
    while message := await _next(conversation, reader):
        await conversation.channel.send(tds.packets(tds.REPLY, _answer(conversation, message)))


async def _old_session(conversation: Conversation, reader: tds.MessageReader) -> None:
    """Lets a client of TDS 7.1 log in, and answers each of its queries by one number."""
    accepted = tds_session.login_accepted(_TDS_7_1, VERSION)[:-4]
    await conversation.channel.send(tds.packets(tds.REPLY, accepted))
    while await _next(conversation, reader):
        await conversation.channel.send(tds.packets(tds.REPLY, _OLD_ROW + tds_session.done(rows=1)[:-4]))


def _answer(conversation: Conversation, message: tds.Message) -> bytes:
    if message.kind == tds_session.ATTENTION:
        return tds_session.attention_acknowledged()
    if message.kind == tds_session.TRANSACTION:
        return tds_session.transaction_answer(message.payload) or tds_session.failed(50000, ONLY)
    if message.kind != tds_session.SQL_BATCH:
        conversation.note(f"message of type {message.kind:#04x}")
        return tds_session.failed(50000, ONLY)
    query = tds_session.batch_text(message.payload)
    conversation.heard(query)
    answer = conversation.answer(query, BANNER)
    if answer is not None:
        return tds_session.one_row(answer[1])
    if query.lstrip().lower().startswith("select"):
        return tds_session.failed(50000, ONLY)
    return tds_session.done()
