"""The child process: reads one request from stdin, runs one driver, and answers by lines of JSON on stdout.

Run by `process` alone. The password comes with the request and stays in this process.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import IO

import msgspec

from wizard.model.target import Engine
from wizard.probes.drivers import mysql, postgresql, session, sqlserver
from wizard.probes.drivers.request import Denied, Message, Names, Opened, Query, Request, Rows
from wizard.probes.drivers.session import Attempt, Connect, Session, Wish

_CONNECT: dict[str, Connect] = {**sqlserver.CONNECT, **postgresql.CONNECT, **mysql.CONNECT}
_ATTEMPT: dict[str, Attempt] = {**sqlserver.ATTEMPT, **postgresql.ATTEMPT, **mysql.ATTEMPT}
_IS_ENCRYPTED: dict[Engine, Callable[[Session], bool | None]] = {
    "sqlserver": sqlserver.is_encrypted,
    "mysql": mysql.is_encrypted,
    "mariadb": mysql.is_encrypted,
    "postgresql": postgresql.is_encrypted,
}


class _Envelope(msgspec.Struct, frozen=True):
    request: Request
    password: str | None

    def __repr__(self) -> str:
        """Shows no password, whoever prints it."""
        return "_Envelope()"


def main() -> None:
    """Serves one request."""
    with os.fdopen(os.dup(1), "wb") as out:
        # What a driver prints by itself must not be taken for an answer.
        os.dup2(2, 1)
        envelope = msgspec.json.decode(sys.stdin.buffer.read(), type=_Envelope)
        for message in answers(envelope.request, envelope.password):
            _say(out, message)
    # A driver's threads and its own end may hang; everything is said.
    os._exit(0)


def _say(out: IO[bytes], message: Message) -> None:
    out.write(msgspec.json.encode(message) + b"\n")
    out.flush()


def answers(request: Request, password: str | None) -> Iterator[Message]:
    """Yields what one request brings: a failure, or that the login succeeded and what its queries gave."""
    if not request.client:
        yield Names(_names(request.engine))
        return
    try:
        opened = _connect(request, password)
    except Exception as error:  # noqa: BLE001 - every driver has its own tree of errors; all are told
        yield session.failure(error, password)
        return
    yield Opened(opened if isinstance(opened, bool | None) else _encrypted(request, opened))
    if isinstance(opened, Session):
        for query in request.queries:
            yield _asked(opened, query, password)
        with contextlib.suppress(Exception):  # every driver has its own tree of errors, and all is said
            opened.connection.close()


def _names(engine: Engine) -> tuple[str, ...]:
    """Returns the ODBC drivers of this machine; for PostgreSQL the version of psycopg's libpq, such as 17.5."""
    if engine == "postgresql":
        number = import_module("psycopg.pq").version()  # 170005
        return (f"{number // 10_000}.{number % 10_000}",)
    return tuple(import_module("pyodbc").drivers())


def _connect(request: Request, password: str | None) -> Session | bool | None:
    """Returns an open session, or for a program that has ended whether its session was encrypted."""
    wish = Wish(
        request.program,
        request.host,
        request.port,
        request.server_name,
        request.user,
        password,
        request.database,
        dict(request.options),
        request.ca_file,
        max(1, round(request.seconds)),
    )
    if request.client in _ATTEMPT:
        return _ATTEMPT[request.client](wish)
    return _CONNECT[request.client](wish)


def _encrypted(request: Request, opened: Session) -> bool | None:
    # For the server's own view only what the client itself knows counts: the server is asked for its own.
    if request.queries:
        return opened.encrypted
    return _IS_ENCRYPTED[request.engine](opened)


def _asked(opened: Session, query: Query, password: str | None) -> Message:
    try:
        found = session.rows(opened, query.sql)
    except Exception as error:  # noqa: BLE001 - every driver has its own tree of errors; all are told
        told = session.failure(error, password)
        return Denied(query.name, told.code, told.text)
    return Rows(query.name, session.picked(found, query.pick))


if __name__ == "__main__":
    main()
