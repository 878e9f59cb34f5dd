"""Connects by Microsoft's ODBC Driver 18 through pyodbc; the driver is the one in the package mssql-python-odbc."""

# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

import contextlib
import importlib.util
from pathlib import Path

import pyodbc
from answering import Request, Session, serve

pyodbc.pooling = False


def library() -> str:
    """Returns the driver's path; LookupError without one that fits this system."""
    spec = importlib.util.find_spec("mssql_python_odbc")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        for file in Path(place).glob("libs/linux/debian*/*/lib/libmsodbcsql-18*"):
            return str(file)
    raise LookupError("the package mssql-python-odbc has no ODBC Driver 18 for this system")


def connect(request: Request) -> Session:
    """Logs in and reads one value."""
    parts = {
        "Driver": library(),
        "Server": f"tcp:{request['host']},{request['port']}",
        "UID": request["user"],
        "PWD": request["password"],
        "ConnectRetryCount": "0",
        **request["options"],
    }
    text = ";".join(f"{key}={value}" for key, value in parts.items())
    with contextlib.closing(
        pyodbc.connect(text, timeout=int(request["seconds"]), autocommit=True)
    ) as connection:
        connection.execute("SELECT 1").fetchone()
    return Session(None)


def version() -> str:
    """Returns the versions of both; the library has its own in its name."""
    return f"ODBC Driver {library().rpartition('libmsodbcsql-')[2]}, pyodbc {pyodbc.version}"


serve(version, connect)
