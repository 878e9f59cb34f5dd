"""What the parent asks of the child process that runs a driver, and what the child answers, line by line."""

from __future__ import annotations

import msgspec

from wizard.model.target import Engine


class Query(msgspec.Struct, frozen=True):
    """One query of the server's own view."""

    name: str
    sql: str
    pick: str | None = None
    """A pattern: of each cell only its first group leaves the child, since the cell may hold a password's hash."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One connection, and what to ask on it. The password travels beside it, never in it: see `process`."""

    engine: Engine
    client: str
    """Id of the driver; empty asks for nothing but the ODBC drivers, or for PostgreSQL the version of libpq."""
    program: str = ""
    """The program's path, or the name of the ODBC driver; empty for a Python package."""
    host: str = ""
    port: int = 0
    server_name: str = ""
    user: str = ""
    database: str | None = None
    options: tuple[tuple[str, str], ...] = ()
    ca_file: str | None = None
    seconds: float = 5.0
    queries: tuple[Query, ...] = ()


class Failure(msgspec.Struct, frozen=True, tag="failure"):
    """The driver refused, or the server refused it. `encrypted`: whether TLS was on by then, where it is known."""

    code: str
    """The server's or driver's number or SQLSTATE; empty where it gives none."""
    text: str
    encrypted: bool | None = None


class Opened(msgspec.Struct, frozen=True, tag="opened"):
    """The login succeeded."""

    encrypted: bool | None
    """What the client knows of its own channel."""


class Rows(msgspec.Struct, frozen=True, tag="rows"):
    """The answer to one query. None is SQL's NULL."""

    query: str
    rows: tuple[tuple[str | None, ...], ...]


class Denied(msgspec.Struct, frozen=True, tag="denied"):
    """One query that the server did not answer."""

    query: str
    code: str
    text: str


class Names(msgspec.Struct, frozen=True, tag="names"):
    """The ODBC drivers of this machine, or the version of libpq."""

    names: tuple[str, ...]


Message = Failure | Opened | Rows | Denied | Names
