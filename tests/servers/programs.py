"""The real programs that tests run against: where they are, which version, and why one is missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

POSTGRESQL_HOMES = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # the PostgreSQL project's packages for RHEL
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
# Debian keeps servers out of an ordinary user's PATH.
SEARCH_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"))


class MissingProgramError(LookupError):
    """A program that this machine lacks; its text is the reason for skipping a test."""


def find(name: str) -> Path:
    """Returns a program's path; MissingProgramError where there is none."""
    found = shutil.which(name, path=SEARCH_PATH)
    if found is None:
        raise MissingProgramError(f"{name} is not installed")
    return Path(found)


@cache
def version(program: Path) -> str:
    """Returns the line in which a program tells its version."""
    option = "-C" if program.name == "tsql" else "--version"
    command = [str(program), option] if program.name != "openssl" else [str(program), "version"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
    # sslscan colours it.
    lines = re.sub(r"\x1b\[[0-9;]*m", "", said).splitlines()
    return next((line.strip() for line in lines if re.search(r"\d", line)), "unknown version")


@cache
def postgresql() -> Path:
    """Returns the directory with `initdb` and `postgres` of the newest PostgreSQL; MissingProgramError without one."""
    homes = [home for pattern in POSTGRESQL_HOMES for home in Path("/").glob(pattern[1:])]
    on_path = shutil.which("postgres", path=SEARCH_PATH)
    if on_path is not None:
        # A link to it, or a wrapper of it, may stand alone; initdb needs its neighbours.
        homes.append(Path(on_path).resolve().parent)
    usable = [home for home in homes if (home / "initdb").exists() and (home / "postgres").exists()]
    if not usable:
        raise MissingProgramError("PostgreSQL's server (initdb, postgres) is not installed")
    return max(usable, key=lambda home: _number(version(home / "postgres")))


@cache
def mariadb() -> Path:
    """Returns the MariaDB server program; MissingProgramError without one."""
    server = find("mariadbd")
    find("mariadb-install-db")
    find("mariadb")
    return server


FINDERS: dict[str, Callable[[], Path]] = {
    "postgresql": lambda: postgresql() / "postgres",
    "mariadb": mariadb,
    "freetds": lambda: find("tsql"),
    "openssl": lambda: find("openssl"),
    "nmap": lambda: find("nmap"),
    "sslscan": lambda: find("sslscan"),
}
"""What the marker `real_server` may name."""


def why_missing(name: str) -> str | None:
    """Returns why a test that needs `name` cannot run here, or None where it can."""
    try:
        FINDERS[name]()
    except MissingProgramError as missing:
        return str(missing)
    return None


def describe(name: str) -> str:
    """Returns a program's version in its own words, or that it is missing."""
    return why_missing(name) or version(FINDERS[name]())


def _number(text: str) -> tuple[int, ...]:
    found = re.search(r"\d+(\.\d+)*", text)
    return tuple(map(int, found[0].split("."))) if found else ()
