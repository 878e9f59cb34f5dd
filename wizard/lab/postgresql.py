"""PostgreSQL's side: SSLRequest or direct TLS, any user, simple and extended queries for one value."""

from __future__ import annotations

import re

from wizard.lab.conversation import ONLY, SESSION_LIMIT, Conversation
from wizard.wire import postgresql, postgresql_session
from wizard.wire.preamble import spoken

VERSION = "17.2"
BANNER = "PostgreSQL 17.2 (dbtls lab)"
_FULL = postgresql_session.failed("53300", "sorry, too many clients already", severity="FATAL")
_TLS_RECORD = 0x16
_TAG = re.compile(r"\s*(begin|commit|rollback|set|discard all|deallocate all)\b", re.IGNORECASE)


async def converse(conversation: Conversation) -> None:
    """Talks the PostgreSQL protocol until the client leaves; see `Converse`."""
    channel = conversation.channel
    encrypted = False
    reader = postgresql.StartupReader()
    while data := await channel.receive():
        if data[0] == _TLS_RECORD and not encrypted and conversation.offers_tls:
            channel.push_back(data)
            await _start_tls(conversation)
            encrypted = True
            continue
        packet = reader.feed(data)
        if packet is None:
            continue
        code, parameters = packet
        if conversation.scenario.behaviour == "refuse":
            await channel.send(_FULL)
            return
        if code == postgresql.SSL_REQUEST and conversation.offers_tls and not encrypted:
            await channel.send(b"S")
            await _start_tls(conversation)
            encrypted = True
        elif code in (postgresql.SSL_REQUEST, postgresql.GSS_REQUEST):
            await channel.send(b"N")
        elif code >> 16 == postgresql.PROTOCOL_3:
            if encrypted or not conversation.refuses_plaintext:
                await _session(conversation)
            else:
                conversation.note("login without TLS refused")
                await channel.send(_refusal(parameters))
            return
        else:
            return


async def _start_tls(conversation: Conversation) -> None:
    tls = await conversation.start_tls(postgresql.ALPN)
    conversation.note(f"TLS, {tls.version()}, ALPN {tls.selected_alpn_protocol()}")


def _refusal(parameters: bytes) -> bytes:
    """Returns what a server says that has only hostssl lines in its pg_hba.conf."""
    values = [spoken(value, longest=80) for value in parameters.split(b"\0")]
    told = dict(zip(values[::2], values[1::2], strict=False))
    user = told.get("user", "")
    words = (
        f'no pg_hba.conf entry for host "127.0.0.1", user "{user}", '
        f'database "{told.get("database", user)}", no encryption'
    )
    return postgresql_session.failed("28000", words, severity="FATAL")


async def _session(conversation: Conversation) -> None:
    channel = conversation.channel
    await channel.send(postgresql_session.login_accepted(VERSION))
    conversation.note("logged in")
    session = Session(conversation)
    reader = postgresql_session.MessageReader(SESSION_LIMIT)
    while data := await channel.receive():
        for kind, body in reader.feed(data):
            if kind == b"X":
                return
            await channel.send(session.answer(kind, body))


class Session:
    """The state of one logged-in client: its transaction, its prepared query, and whether it has failed."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._status = b"I"
        self._query = ""
        self._skipping = False

    def answer(self, kind: bytes, body: bytes) -> bytes:
        """Returns the answer to one message, which may be nothing."""
        if kind == b"S":
            self._skipping = False
            return postgresql_session.ready(self._status)
        if self._skipping:
            return b""
        match kind:
            case b"Q":
                self._conversation.heard(_text(body))
                result = self._described(_text(body)) + self._executed(_text(body))
                self._skipping = False
                return result + postgresql_session.ready(self._status)
            case b"P":
                self._query = _text(body.partition(b"\0")[2])
                self._conversation.heard(self._query)
                return postgresql_session.message(b"1")
            case b"B":
                return postgresql_session.message(b"2")
            case b"D":
                no_parameters = postgresql_session.message(b"t", bytes(2)) if body[:1] == b"S" else b""
                return no_parameters + (self._described(self._query) or postgresql_session.message(b"n"))
            case b"E":
                return self._executed(self._query)
            case b"C":
                return postgresql_session.message(b"3")
        return b""

    def _described(self, query: str) -> bytes:
        answer = self._conversation.answer(query, BANNER)
        return postgresql_session.row_description(*answer) if answer else b""

    def _executed(self, query: str) -> bytes:
        answer = self._conversation.answer(query, BANNER)
        if answer:
            return postgresql_session.row(answer[1]) + postgresql_session.completed("SELECT 1")
        if not query.strip():
            return postgresql_session.message(b"I")
        command = _TAG.match(query)
        if command is None:
            self._skipping = True
            return postgresql_session.failed("0A000", ONLY)
        tag = command[1].upper()
        self._status = {"BEGIN": b"T", "COMMIT": b"I", "ROLLBACK": b"I"}.get(tag, self._status)
        return postgresql_session.completed(tag)


def _text(body: bytes) -> str:
    return body.partition(b"\0")[0].decode("utf-8", "replace")
