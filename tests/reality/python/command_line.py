"""Connects by the command-line client that the argument names: psql, mariadb or tsql."""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from answering import Request, Session, freetds_conf, serve

IN_SESSION = "SELECT 'version=' || coalesce(version, '') FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


def psql(request: Request) -> Session:
    """Logs in by PostgreSQL's client."""
    parts = {
        "host": request["host"],
        "hostaddr": "127.0.0.1",
        "port": str(request["port"]),
        "user": request["user"],
        "password": request["password"],
        "dbname": request["database"] or "postgres",
        "connect_timeout": str(int(request["seconds"])),
        "gssencmode": "disable",
        **request["options"],
    }
    text = " ".join(f"{key}='{value}'" for key, value in parts.items())
    said = run(["psql", "-XAtq", text, "-c", IN_SESSION], request)
    return Session(said.strip().removeprefix("version="))


def mariadb(request: Request) -> Session:
    """Logs in by MariaDB's client."""
    options = [f"{key}={value}" if value else key for key, value in request["options"].items()]
    where = [f"--host={request['host']}", f"--port={request['port']}", f"--user={request['user']}"]
    secret = f"--password={request['password']}"
    query = ["--batch", "--skip-column-names", "--execute=SHOW SESSION STATUS LIKE 'Ssl_version'"]
    said = run(["mariadb", "--no-defaults", "--protocol=TCP", *where, secret, *options, *query], request)
    return Session(said.rstrip("\n").partition("\t")[2])


def tsql(request: Request) -> Session:
    """Logs in by FreeTDS's client, which tells nothing by its exit status."""
    where = [
        "-H",
        request["host"],
        "-p",
        str(request["port"]),
        "-U",
        request["user"],
        "-P",
        request["password"],
    ]
    with freetds_conf(request["options"]):
        said = run(["tsql", *where], request, "SELECT 1\ngo\nexit\n")
    if "(1 row affected)" not in said:
        raise ConnectionError(said)
    return Session(None)


def run(command: Sequence[str], request: Request, asked: str = "") -> str:
    """Returns what a command prints; its complaint is raised."""
    done = subprocess.run(
        command, input=asked, capture_output=True, text=True, timeout=request["seconds"], check=False
    )
    if done.returncode:
        raise ConnectionError((done.stderr + done.stdout).strip())
    return done.stdout + done.stderr if asked else done.stdout


CLIENTS = {"psql": (psql, "--version"), "mariadb": (mariadb, "--version"), "tsql": (tsql, "-C")}


def version_of(name: str, option: str) -> str:
    """Returns the client's version in its own words."""
    told = subprocess.run([name, option], capture_output=True, text=True, timeout=30, check=True).stdout
    return next(line.strip() for line in told.splitlines() if any(sign.isdigit() for sign in line))


CONNECT, OPTION = CLIENTS[sys.argv[1]]
VERSION = version_of(sys.argv[1], OPTION)
serve(lambda: VERSION, CONNECT)
