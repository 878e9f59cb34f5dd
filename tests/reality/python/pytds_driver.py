"""Connects by python-tds."""

# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

import contextlib
from importlib import metadata

import pytds
from answering import Request, Session, keywords, serve


def connect(request: Request) -> Session:
    """Logs in and reads one value."""
    with contextlib.closing(
        pytds.connect(
            dsn=request["host"],
            port=request["port"],
            user=request["user"],
            password=request["password"],
            login_timeout=request["seconds"],
            autocommit=True,
            pooling=False,
            **keywords(request["options"]),
        )
    ) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return Session(None)


serve(
    lambda: f"python-tds {metadata.version('python-tds')}, pyOpenSSL {metadata.version('pyOpenSSL')}", connect
)
