"""Connects by pymssql, which brings its own FreeTDS."""

# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

import contextlib
from importlib import metadata

import pymssql
from answering import Request, Session, freetds_conf, serve


def connect(request: Request) -> Session:
    """Logs in and reads one value."""
    with (
        freetds_conf(request["options"]) as options,
        contextlib.closing(
            pymssql.connect(
                server=request["host"],
                port=str(request["port"]),
                user=request["user"],
                password=request["password"],
                login_timeout=int(request["seconds"]),
                **options,
            )
        ) as connection,
    ):
        cursor = connection.cursor()
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return Session(None)


serve(lambda: f"pymssql {metadata.version('pymssql')}, {pymssql.get_dbversion()}", connect)
