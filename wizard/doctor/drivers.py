"""The drivers and helper programs of this machine. Those in native code are asked in a child process."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from typing import Literal

import msgspec

from wizard.doctor.machine import System, short
from wizard.model.target import Engine
from wizard.probes.drivers.present import has_package, libpq_version, odbc_names, present
from wizard.probes.threads import in_order, together

ENGINES: tuple[Engine, ...] = ("sqlserver", "postgresql", "mysql")
"""MariaDB shares MySQL's drivers."""
_LOG_IN: dict[Engine, tuple[str, ...]] = {
    "sqlserver": ("odbc-", "mssql-python"),
    "postgresql": ("psycopg",),
    "mysql": ("mysql-connector-python",),
}
"""How the ids of the drivers begin that `--login` uses."""
_HELPERS: dict[System, tuple[str, ...]] = {
    "windows": ("certutil", "powershell", "openssl", "nmap", "sqlcmd", "psql", "mysql"),
    "macos": ("openssl", "nmap", "sqlcmd", "psql", "mysql"),
    "linux": ("openssl", "nmap", "sqlcmd", "psql", "mysql"),
    "other": ("openssl", "nmap", "sqlcmd", "psql", "mysql"),
}
"""Programs that the commands of `dbtls howto` and of the fixes begin with."""


class FoundDriver(msgspec.Struct, frozen=True, kw_only=True):
    """One driver that `--driver` lets connect."""

    engine: Engine
    driver: str
    """Its id in knowledge/clients."""
    version: str | None
    program: str | None
    """The program's path or the name of the ODBC driver; None: a Python package."""


class Drivers(msgspec.Struct, frozen=True, kw_only=True):
    """All that can really connect from here."""

    found: tuple[FoundDriver, ...]
    pyodbc: Literal["absent", "does-not-load", "loads"]
    psycopg: Literal["absent", "does-not-load", "loads"]
    libpq: str | None
    """The version of the library that psycopg uses."""

    def can_log_in(self, engine: Engine) -> bool:
        """Says whether there is a driver for `--login`."""
        if engine == "postgresql" and self.psycopg != "loads":
            return False
        return any(one.engine == engine and one.driver.startswith(_LOG_IN[engine]) for one in self.found)


class Helper(msgspec.Struct, frozen=True, kw_only=True):
    """A program that printed commands begin with."""

    program: str
    path: str | None
    """None: it is not here."""


def drivers_here() -> Drivers:
    """Returns the drivers of this machine. No driver is imported into this process, and none connects."""
    has_psycopg = has_package("psycopg")
    of_engines, version = together(
        lambda: tuple(in_order(present, ENGINES, len(ENGINES))),
        lambda: libpq_version() if has_psycopg else None,
    )
    found = tuple(
        FoundDriver(
            engine=engine,
            driver=one.client,
            version=one.version,
            program=short(one.program) if one.program else None,
        )
        for engine, drivers in zip(ENGINES, of_engines, strict=True)
        for one in drivers
    )
    return Drivers(
        found=found,
        pyodbc=_pyodbc(found),
        psycopg="absent" if not has_psycopg else "loads" if version else "does-not-load",
        libpq=version,
    )


def _pyodbc(found: tuple[FoundDriver, ...]) -> Literal["absent", "does-not-load", "loads"]:
    if find_spec("pyodbc") is None:
        return "absent"
    if any(one.driver.startswith("odbc-") for one in found):
        return "loads"
    return "does-not-load" if odbc_names() is None else "loads"


def helpers_here(system: System) -> tuple[Helper, ...]:
    """Returns the programs that printed commands begin with on such a system."""
    paths = {name: shutil.which(name) for name in _HELPERS[system]}
    return tuple(Helper(program=name, path=short(path) if path else None) for name, path in paths.items())
