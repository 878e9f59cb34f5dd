"""What all drivers share inside the child: what is wished, an open session, and how their errors are told."""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from wizard.probes.drivers.request import Failure

LONGEST_CELL = 1 << 16
MOST_ROWS = 500


class Cursor(Protocol):
    """The part of a DB-API cursor (PEP 249) that is used here."""

    @property
    def description(self) -> object:
        """None where the last statement gave no rows."""

    def execute(self, sql: str) -> object:
        """Runs a statement."""

    def fetchmany(self, count: int) -> Sequence[Sequence[object]]:
        """Returns the next rows."""

    def nextset(self) -> object:
        """Goes to the next result; false where there is none."""

    def close(self) -> object:
        """Ends it."""


class Connection(Protocol):
    """The part of a DB-API connection (PEP 249) that is used here."""

    def cursor(self) -> Cursor:
        """Returns a new cursor."""

    def close(self) -> object:
        """Says goodbye to the server, which would log a broken connection otherwise."""


class Session(NamedTuple):
    """An open connection, and whether TLS is on, where the client knows it itself."""

    connection: Connection
    encrypted: bool | None = None


class Wish(NamedTuple):
    """The connection to make. Its password is never part of a command line or of an environment."""

    program: str
    host: str
    port: int
    server_name: str
    user: str
    password: str | None
    database: str | None
    options: Mapping[str, str]
    ca_file: str | None
    seconds: int

    def __repr__(self) -> str:
        """Shows no password, whoever prints it."""
        return f"Wish({self.host}:{self.port})"


class ClientError(Exception):
    """A client program ended without a session, or a driver failed after it had told how far it came."""

    def __init__(self, text: str, code: str = "", *, encrypted: bool | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.encrypted = encrypted


Connect = Callable[[Wish], Session]
Attempt = Callable[[Wish], bool | None]
"""Connects, asks whether the session is encrypted, and closes; raises like `Connect`."""


def rows(session: Session, sql: str) -> tuple[tuple[str | None, ...], ...]:
    """Returns the first result of a statement that has rows, as text and cut to a sensible size."""
    cursor = session.connection.cursor()
    try:
        cursor.execute(sql)
        while cursor.description is None and cursor.nextset():
            pass
        found = cursor.fetchmany(MOST_ROWS) if cursor.description is not None else ()
        return tuple(tuple(_text(cell) for cell in row) for row in found)
    finally:
        cursor.close()


def asked(session: Session, sql: str, means: Callable[[str], bool | None]) -> bool | None:
    """Says whether a session is encrypted: by the client's own word, or the server's last cell of an answer.

    Args:
        session: an open one.
        sql: what to ask the server.
        means: what the server's word means; None for "not told".
    """
    if session.encrypted is not None:
        return session.encrypted
    try:
        answer = rows(session, sql)
    except Exception:  # noqa: BLE001 - every driver has its own tree of errors, and all mean "not told"
        return None
    return means(answer[0][-1] or "") if answer and answer[0] else None


def picked(
    found: tuple[tuple[str | None, ...], ...], pattern: str | None
) -> tuple[tuple[str | None, ...], ...]:
    """Returns of each cell what the pattern's first group matches, None where it matches nothing."""
    if pattern is None:
        return found
    matches = [[re.search(pattern, cell or "") for cell in row] for row in found]
    return tuple(tuple(match[1] if match else None for match in row) for row in matches)


def _text(cell: object) -> str | None:
    if cell is None:
        return None
    if isinstance(cell, bytes | bytearray):
        cell = cell.decode("utf-8", "replace")
    return str(cell)[:LONGEST_CELL]


def failure(error: BaseException, password: str | None) -> Failure:
    """Returns a driver's error with its code; a password in its words is blotted out."""
    encrypted = getattr(error, "encrypted", None)
    words = text_of(error)
    text = words.replace(password, "•••") if password else words
    return Failure(code_of(error, words), text[:2000], encrypted if isinstance(encrypted, bool) else None)


def text_of(error: BaseException) -> str:
    """Returns a driver's words; bytes inside, as pymssql gives them, become text."""
    parts = [
        part.decode("utf-8", "replace") if isinstance(part, bytes) else str(part)
        for part in _flat(error.args)
    ]
    lines = " ".join(parts).removeprefix("Password:").splitlines()
    return " ".join(line.strip() for line in lines if line.strip()) or error.__class__.__name__


def code_of(error: BaseException, words: str) -> str:
    """Returns the server's number or SQLSTATE, or the driver's own number, or nothing."""
    first = error.args[0] if error.args else None
    if isinstance(first, Mapping):  # pg8000 hands over the fields of PostgreSQL's message
        return str(first.get("C", ""))
    # MySQL's drivers have a number and a SQLSTATE, and only the number tells enough.
    named = [getattr(error, name, None) for name in ("errno", "number", "msg_no")]
    numbers = [one for one in (*named, *_flat(error.args)) if isinstance(one, int) and one > 0]
    state = getattr(error, "sqlstate", None)
    if numbers or isinstance(state, str):
        return str(numbers[0]) if numbers else str(state)
    found = next((match for pattern in _NUMBERS if (match := re.search(pattern, words))), None)
    return found[1] if found else ""


# As the programs of MySQL and FreeTDS and the ODBC drivers write the server's number.
_NUMBERS = (r"\bERROR (\d{4})\b", r"\bMsg (\d{3,6})\b", r"\((\d{3,5})\)(?!.*\(\d{3,5}\))")


def _flat(parts: object) -> Iterator[object]:
    if isinstance(parts, tuple | list):
        for part in parts:
            yield from _flat(part)
    else:
        yield parts


def address_of(host: str) -> str:
    """Returns the first address of a host; OSError where there is none."""
    return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])


@contextlib.contextmanager
def named(wish: Wish) -> Iterator[str]:
    """Yields the name to connect by; for its time that name has the address of the host.

    Drivers in Python take one name for the address and for the check. In this process, which does nothing else,
    the name service is told otherwise.
    """
    if wish.server_name == wish.host:
        yield wish.host
        return
    usual = socket.getaddrinfo

    def resolve(host: bytes | str | None, *rest: object, **named: object) -> object:
        wanted = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        lookup: Callable[..., object] = usual
        return lookup(wish.host if wanted == wish.server_name else host, *rest, **named)

    socket.getaddrinfo = resolve  # type: ignore[assignment]  # the same call with one name exchanged
    try:
        yield wish.server_name
    finally:
        socket.getaddrinfo = usual


def truth(value: str) -> bool:
    """Returns a switch that is spelt in any driver's way."""
    return value.strip().lower() in ("true", "yes", "1", "on", "")
