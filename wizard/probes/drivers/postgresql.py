"""Drivers of PostgreSQL: each connects in its own words. Runs in the child only."""

from __future__ import annotations

import asyncio
import os
import subprocess
from importlib import import_module

from wizard.probes.drivers.context import context_of
from wizard.probes.drivers.dialect import ASYNCPG_URL
from wizard.probes.drivers.session import (
    Attempt,
    ClientError,
    Connect,
    Session,
    Wish,
    address_of,
    asked,
    named,
    truth,
)

ENCRYPTED = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


def _libpq(wish: Wish) -> dict[str, str]:
    """Returns libpq's parameters; `hostaddr` keeps the name that is checked apart from the address (PG-CONN)."""
    where = {"host": wish.server_name, "port": str(wish.port)}
    if wish.server_name != wish.host:
        where["hostaddr"] = address_of(wish.host)
    return {
        **where,
        "user": wish.user,
        "dbname": wish.database or "postgres",
        "connect_timeout": str(wish.seconds),
        "gssencmode": "disable",  # encryption by Kerberos would hide what TLS does
        "application_name": "dbtls",
        **wish.options,
    }


def psycopg(wish: Wish) -> Session:
    """Connects through psycopg 3, which is libpq inside."""
    driver = import_module("psycopg")
    more = {"password": wish.password} if wish.password is not None else {}
    connection = driver.connect(**_libpq(wish), **more, autocommit=True)
    return Session(connection, bool(connection.pgconn.ssl_in_use))


def pg8000(wish: Wish) -> Session:
    """Connects through pg8000, whose only option for TLS is `ssl_context`."""
    driver = import_module("pg8000.dbapi")
    spelt = wish.options.get("ssl_context", "None")
    context: object = context_of("ssl_context", wish.options, wish.ca_file)
    if context is None and spelt.lower() != "none":
        context = truth(spelt)
    with named(wish) as host:
        connection = driver.connect(
            wish.user,
            host=host,
            port=wish.port,
            password=wish.password or "",
            database=wish.database or "postgres",
            timeout=wish.seconds,
            ssl_context=context,
            application_name="dbtls",
        )
    connection.autocommit = True
    return Session(connection)


def asyncpg(wish: Wish) -> bool | None:
    """Connects through asyncpg, which reads `sslmode` and `sslrootcert` from its URL."""
    driver = import_module("asyncpg")
    # Contexts of Python and `direct_tls` are arguments, and count more than what the URL says.
    in_url = {key: value for key, value in wish.options.items() if key in ASYNCPG_URL}
    query = import_module("urllib.parse").urlencode(in_url)
    context: object = context_of("ssl", wish.options, wish.ca_file)
    if context is None and truth(wish.options.get("ssl", "no")):
        context = True
    more = {"ssl": context} if context is not None else {}
    more |= {"direct_tls": truth(wish.options["direct_tls"])} if "direct_tls" in wish.options else {}

    async def connect() -> bool | None:
        connection = await driver.connect(
            f"postgresql:///?{query}",
            host=host,
            port=wish.port,
            user=wish.user,
            password=wish.password,
            passfile=os.devnull,
            database=wish.database or "postgres",
            timeout=wish.seconds,
            **more,
        )
        try:
            # The simple protocol: no statement is prepared on somebody else's server.
            said = await connection.execute(
                f"DO $$ BEGIN IF NOT ({ENCRYPTED}) THEN RAISE 'plain'; END IF; END $$"
            )
            return said == "DO" or None
        except driver.PostgresError as error:
            return False if getattr(error, "sqlstate", "") == "P0001" else None
        finally:
            await connection.close()

    with named(wish) as host:
        return asyncio.run(connect())


def psql(wish: Wish) -> bool | None:
    """Runs psql. Without a terminal it reads the password from its stdin; without a login it is never asked."""
    conninfo = " ".join(f"{key}='{_quoted(value)}'" for key, value in _libpq(wish).items())
    asked = wish.password is not None
    done = subprocess.run(
        [wish.program, "-XqAt", "-W" if asked else "-w", "-d", conninfo, "-c", ENCRYPTED],
        input=f"{wish.password}\n" if asked else "",
        capture_output=True,
        text=True,
        errors="replace",
        timeout=wish.seconds,
        check=False,
    )
    if done.returncode == 2:  # psql's status for a connection that failed
        raise ClientError(done.stderr.strip())
    return {"t": True, "f": False}.get(done.stdout.strip())


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


def is_encrypted(session: Session) -> bool | None:
    """Says whether this session is encrypted: by the client's own word, or the server's."""
    return asked(session, ENCRYPTED, truth)


CONNECT: dict[str, Connect] = {"psycopg": psycopg, "pg8000": pg8000}
ATTEMPT: dict[str, Attempt] = {"asyncpg": asyncpg, "libpq": psql, "libpq-15": psql, "libpq-14": psql}
