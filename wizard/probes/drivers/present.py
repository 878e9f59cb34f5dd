"""The drivers of this machine, found without importing any of them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from threading import Event

import msgspec

from wizard.model.target import Engine
from wizard.probes.drivers.process import messages
from wizard.probes.drivers.request import Names, Request


class Driver(msgspec.Struct, frozen=True):
    """A driver on this machine."""

    client: str
    """Its id in knowledge/clients."""
    version: str | None
    program: str = ""
    """The program's path, or the name of the ODBC driver; empty for a Python package."""


# Of packages, without importing them: id, folder that tells it, distribution.
_PACKAGES: dict[Engine, tuple[tuple[str, str, str], ...]] = {
    "sqlserver": (
        ("mssql-python", "mssql_python", "mssql-python"),
        ("pymssql", "pymssql", "pymssql"),
        ("python-tds", "pytds", "python-tds"),
    ),
    "postgresql": (
        ("psycopg", "psycopg", "psycopg"),
        ("asyncpg", "asyncpg", "asyncpg"),
        ("pg8000", "pg8000", "pg8000"),
    ),
    "mysql": (
        ("mysql-connector-python", "mysql/connector", "mysql-connector-python"),
        ("pymysql", "pymysql", "PyMySQL"),
        ("mysqlclient", "MySQLdb", "mysqlclient"),
    ),
}
_PROGRAMS: dict[Engine, tuple[str, ...]] = {
    "sqlserver": ("tsql",),
    "postgresql": ("psql",),
    "mysql": ("mariadb", "mysql"),
}
_ODBC = re.compile(r"ODBC Driver (\d+) for SQL Server")


def present(engine: Engine) -> tuple[Driver, ...]:
    """Returns the drivers of this machine for one database; imports none of them, and connects to nothing.

    Programs are asked for their version, which takes some milliseconds each.
    """
    engine = "mysql" if engine == "mariadb" else engine
    odbc = odbc_drivers() if engine == "sqlserver" else ()
    packages = (_package(*one) for one in _PACKAGES[engine])
    return (*odbc, *(one for one in packages if one), *_programs(engine))


def odbc_drivers(seconds: float = 10.0) -> tuple[Driver, ...]:
    """Returns Microsoft's ODBC drivers that pyodbc finds, newest first; asked in a child, since pyodbc is native."""
    names = odbc_names(seconds) or ()
    found = [(int(match[1]), name) for name in names if (match := _ODBC.fullmatch(name))]
    return tuple(
        Driver(f"odbc-{number}", str(number), name)
        for number, name in sorted(found, reverse=True)
        if number >= 17
    )


def odbc_names(seconds: float = 10.0) -> tuple[str, ...] | None:
    """Returns all drivers that pyodbc finds; None: there is no pyodbc, or it does not load."""
    return _asked_in_child("sqlserver", seconds) if find_spec("pyodbc") is not None else None


def libpq_version(seconds: float = 10.0) -> str | None:
    """Returns the version of the libpq that psycopg uses; None: there is no psycopg, or it does not load."""
    told = _asked_in_child("postgresql", seconds) if find_spec("psycopg") is not None else None
    return told[0] if told else None


def _asked_in_child(engine: Engine, seconds: float) -> tuple[str, ...] | None:
    told = messages(Request(engine=engine, client=""), None, seconds, Event())
    return next((message.names for message in told if isinstance(message, Names)), None)


def has_package(folder: str) -> bool:
    """Says whether a package is here. An inner one is looked up without an import of the outer one."""
    top, _, inner = folder.partition("/")
    spec = find_spec(top)
    places = [Path(place) / inner for place in (spec.submodule_search_locations or ())] if spec else []
    return spec is not None and (not inner or any(place.is_dir() for place in places))


def _package(client: str, folder: str, distribution: str) -> Driver | None:
    if not has_package(folder):
        return None
    try:
        version = metadata.version(distribution)
    except metadata.PackageNotFoundError:
        version = None
    if client == "pymysql" and version and _number(version) < (1, 2):
        client = "pymysql-1.1"
    return Driver(client, version)


def printed(*command: str, seconds: float = 5.0) -> str | None:
    """Returns what a program of this machine prints; None where it does not run, or does not end in time."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout


def _programs(engine: Engine) -> Iterator[Driver]:
    seen: set[str] = set()
    for name in _PROGRAMS[engine]:
        path = shutil.which(name)
        driver = _program(name, path) if path else None
        if driver and driver.client not in seen:  # Debian's `mysql` is a second name of `mariadb`
            seen.add(driver.client)
            yield driver


def _program(name: str, path: str) -> Driver | None:
    said = printed(path, "-C" if name == "tsql" else "--version")
    if said is None:
        return None
    version = _told(said)
    number = _number(version) if version else (sys.maxsize,)  # one that tells none is taken for the newest
    if name == "tsql":
        return Driver("freetds-1.3" if number < (1, 5) else "freetds", version, path)
    if name == "psql":
        old = "libpq-14" if number < (15,) else "libpq-15" if number < (16,) else None
        return Driver(old or "libpq", version, path)
    if "MariaDB" not in said:
        return Driver("mysql-cli", version, path)
    return Driver("mariadb-cli-10.11" if number < (11, 4) else "mariadb-cli", version, path)


def _told(said: str) -> str | None:
    """Returns the version of the product: MariaDB's programs tell their own number first."""
    for pattern in (
        r"Distrib (\d+(?:\.\d+)+)",
        r"from (\d+(?:\.\d+)+)",
        r"freetds v?(\d+(?:\.\d+)+)",
        r"(\d+(?:\.\d+)+)",
    ):
        if found := re.search(pattern, said):
            return found[1]
    return None


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
