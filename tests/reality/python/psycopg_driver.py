"""Connects by psycopg 3."""

# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

import psycopg
from answering import Request, Session, serve


def connect(request: Request) -> Session:
    """Logs in and asks the server about its own session."""
    with psycopg.connect(
        host=request["host"],
        hostaddr="127.0.0.1",
        port=request["port"],
        user=request["user"],
        password=request["password"],
        dbname=request["database"] or "postgres",
        connect_timeout=int(request["seconds"]),
        gssencmode="disable",
        **request["options"],
    ) as connection:
        row = connection.execute("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone()
    return Session(str(row[0] or "") if row else None)


serve(lambda: f"psycopg {psycopg.__version__}, libpq {psycopg.pq.version()}", connect)
