"""Connects by mysql-connector-python, in its pure Python form unless `use_pure` says otherwise."""

# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

import contextlib

import mysql.connector
from answering import Request, Session, keywords, serve


def connect(request: Request) -> Session:
    """Logs in and asks the server about its own session."""
    with contextlib.closing(
        mysql.connector.connect(
            host=request["host"],
            port=request["port"],
            user=request["user"],
            password=request["password"],
            database=request["database"],
            connection_timeout=int(request["seconds"]),
            **{"use_pure": True, **keywords(request["options"])},
        )
    ) as connection:
        cursor = connection.cursor()
        cursor.execute("SHOW SESSION STATUS LIKE 'Ssl_version'")
        ((_, said),) = cursor.fetchall()
    return Session(str(said))


serve(lambda: f"mysql-connector-python {mysql.connector.__version__}", connect)
