"""Connects by mysqlclient, built against MariaDB's Connector/C."""

# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

import contextlib
import tempfile
from importlib import metadata
from typing import IO

import MySQLdb
from answering import Request, Session, keywords, serve


def connect(request: Request) -> Session:
    """Logs in and asks the server about its own session."""
    with (
        tempfile.NamedTemporaryFile("w", suffix=".cnf", encoding="utf-8") as file,
        contextlib.closing(
            MySQLdb.connect(
                host=request["host"],
                port=request["port"],
                user=request["user"],
                password=request["password"],
                database=request["database"] or "",
                connect_timeout=int(request["seconds"]),
                read_default_file=_over_tcp(file),
                **keywords(request["options"]),
            )
        ) as connection,
    ):
        cursor = connection.cursor()
        cursor.execute("SHOW SESSION STATUS LIKE 'Ssl_version'")
        ((_, said),) = cursor.fetchall()
    return Session(str(said))


def _over_tcp(file: IO[str]) -> str:
    """Returns an option file: the name `localhost` would mean the Unix socket, and no keyword says otherwise."""
    # Connector/C takes the number of TCP (enum mysql_protocol_type) here, and ignores the word.
    file.write("[client]\nprotocol=1\n")
    file.flush()
    return file.name


def version() -> str:
    """Returns the versions of the driver and of the library in C."""
    return f"mysqlclient {metadata.version('mysqlclient')}, Connector/C {MySQLdb.get_client_info()}"


serve(version, connect)
