"""SQL Server's side: TDS 7.x with the handshake inside PRELOGIN, and TDS 8.0 with TLS first, on one port."""

from __future__ import annotations

from collections.abc import Mapping

from wizard.lab.conversation import ONLY, SESSION_LIMIT, Conversation
from wizard.wire import tds, tds_session
from wizard.wire.tls_names import Version

VERSION = "16.0.1000"
BANNER = "Microsoft SQL Server 2022 (RTM) - 16.0.1000.6 (dbtls lab)"
_TLS_RECORD = 0x16
_TDS_8 = 0x08000000


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
        await _session(conversation, reader)


async def _tds_7(conversation: Conversation) -> None:
    channel, policy = conversation.channel, conversation.scenario.policy
    reader = tds.MessageReader()
    options = await _prelogin(conversation, reader)
    if options is None:
        return
    client = (options.get(tds.ENCRYPTION) or b"\0")[0] & ~tds.CLIENT_CERTIFICATE
    answer = tds.encryption_answer(client, policy)
    conversation.note(f"PRELOGIN: client {client}, answer {answer}")
    await channel.send(_reply(answer))
    if answer == tds.ENCRYPT_NOT_SUP:
        if client not in (tds.ENCRYPT_ON, tds.ENCRYPT_REQ):
            await _session(conversation, tds.MessageReader(SESSION_LIMIT))
        return
    if client == tds.ENCRYPT_NOT_SUP:
        return
    await _handshake_inside(conversation)
    login_only = answer == tds.ENCRYPT_OFF
    await _session(conversation, tds.MessageReader(SESSION_LIMIT), login_only=login_only)


async def _handshake_inside(conversation: Conversation) -> None:
    framing = tds.TdsPrelogin()
    # SQL Server 2022 speaks TLS 1.3 only through TDS 8.0 (facts: TDS8).
    tls = await conversation.start_tls(wrap=framing.wrap, unwrap=framing.unwrap, highest=Version.TLS_1_2)
    conversation.note(f"TLS inside PRELOGIN, {tls.version()}")


async def _prelogin(conversation: Conversation, reader: tds.MessageReader) -> Mapping[int, bytes] | None:
    message = await _next(conversation, reader)
    if message is None or message.kind != tds.PRELOGIN:
        return None
    return tds.prelogin_options(message.payload)


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


async def _session(
    conversation: Conversation, reader: tds.MessageReader, *, login_only: bool = False
) -> None:
    login = await _next(conversation, reader)
    if login is None or login.kind != tds_session.LOGIN7:
        return
    version = tds_session.login_version(login.payload)
    if login_only:
        conversation.channel.stop_tls()
    conversation.note(f"logged in, TDS {version:#010x}")
    await conversation.channel.send(tds.packets(tds.REPLY, tds_session.login_accepted(version, VERSION)))
    while message := await _next(conversation, reader):
        await conversation.channel.send(tds.packets(tds.REPLY, _answer(conversation, message)))


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
