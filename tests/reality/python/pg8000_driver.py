"""Connects by pg8000."""

# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

import contextlib
from importlib import metadata

import pg8000.dbapi
from answering import Request, Session, keywords, serve


def connect(request: Request) -> Session:
    """Logs in and asks the server about its own session."""
    with contextlib.closing(
        pg8000.dbapi.connect(
            host=request["host"],
            port=request["port"],
            user=request["user"],
            password=request["password"],
            database=request["database"] or "postgres",
            timeout=request["seconds"],
            **keywords(request["options"], "ssl_context"),
        )
    ) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        (said,) = cursor.fetchone()
    return Session(said or "")


serve(lambda: f"pg8000 {metadata.version('pg8000')}", connect)
