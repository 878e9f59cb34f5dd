"""Connects by Microsoft's mssql-python."""

# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

import contextlib

import mssql_python
from answering import Request, Session, serve


def connect(request: Request) -> Session:
    """Logs in and reads one value."""
    parts = {
        "Server": f"tcp:{request['host']},{request['port']}",
        "UID": request["user"],
        "PWD": request["password"],
        **request["options"],
    }
    text = ";".join(f"{key}={value}" for key, value in parts.items())
    with contextlib.closing(mssql_python.connect(text, timeout=int(request["seconds"]))) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return Session(None)


mssql_python.pooling(enabled=False)
serve(lambda: f"mssql-python {mssql_python.__version__}", connect)
