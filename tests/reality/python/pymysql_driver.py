"""Connects by PyMySQL; an argument is the folder of another release of it."""

# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

import contextlib
import sys

from answering import Request, Session, keywords, serve

sys.path[:0] = sys.argv[1:]

import pymysql  # noqa: E402 - only now is the wanted release the first on the path


def connect(request: Request) -> Session:
    """Logs in and asks the server about its own session."""
    with contextlib.closing(
        pymysql.connect(
            host=request["host"],
            port=request["port"],
            user=request["user"],
            password=request["password"],
            database=request["database"],
            connect_timeout=int(request["seconds"]),
            **keywords(request["options"], "ssl"),
        )
    ) as connection:
        cursor = connection.cursor()
        cursor.execute("SHOW SESSION STATUS LIKE 'Ssl_version'")
        ((_, said),) = cursor.fetchall()
    return Session(str(said))


serve(lambda: f"PyMySQL {pymysql.__version__}", connect)
