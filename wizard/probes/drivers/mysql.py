"""Drivers of MySQL and MariaDB: each connects in its own words. Runs in the child only."""

from __future__ import annotations

import contextlib
import os
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from wizard.probes.drivers.context import context_of
from wizard.probes.drivers.session import Attempt, ClientError, Connect, Session, Wish, asked, named, truth

ENCRYPTED = "SHOW SESSION STATUS LIKE 'Ssl_cipher'"
_SWITCHES = ("ssl_disabled", "ssl_verify_cert", "ssl_verify_identity")


def _options(wish: Wish) -> dict[str, object]:
    return {key: _switch(value) if key in _SWITCHES else value for key, value in wish.options.items()}


def _switch(value: str) -> bool | str:
    # PyMySQL's words for how to verify are none of its switches.
    return value if value.lower() in ("none", "optional", "required") else truth(value)


def connector(wish: Wish) -> Session:
    """Connects through MySQL Connector/Python, without its C extension: that one is another driver."""
    driver = import_module("mysql.connector.connection")
    with named(wish) as host:
        connection = driver.MySQLConnection()
        try:
            connection.connect(
                host=host,
                port=wish.port,
                user=wish.user,
                password=wish.password or "",
                database=wish.database or "",
                connection_timeout=wish.seconds,
                autocommit=True,
                **_options(wish),
            )
        except Exception as error:
            # Told beside the error: MariaDB says 1045 also to a client that came without TLS.
            error.encrypted = _flag(connection, "_ssl_active")  # type: ignore[attr-defined]
            raise
    return Session(connection, _flag(connection, "_ssl_active"))


def pymysql(wish: Wish) -> Session:
    """Connects through PyMySQL."""
    driver = import_module("pymysql")
    with named(wish) as host:
        connection = driver.connections.Connection(
            host=host,
            port=wish.port,
            user=wish.user,
            password=wish.password or "",
            database=wish.database,
            connect_timeout=wish.seconds,
            read_timeout=wish.seconds,
            autocommit=True,
            defer_connect=True,
            **_pymysql_options(wish),
        )
        try:
            connection.connect()
        except Exception as error:
            error.encrypted = _flag(connection, "_secure")  # type: ignore[attr-defined]
            raise
    return Session(connection, _flag(connection, "_secure"))


def _pymysql_options(wish: Wish) -> dict[str, object]:
    """Returns its arguments; `ssl` is a context of Python, a dictionary, or what it does not take."""
    options = _options(wish)
    members = {key.removeprefix("ssl."): options.pop(key) for key in tuple(options) if key.startswith("ssl.")}
    context: ssl.SSLContext | None = context_of("ssl", wish.options, None)
    if context is not None and (members.keys() & {"cafile"} or "ssl" in options):
        options["ssl"] = context
    elif "ssl" in options:
        options["ssl"] = truth(wish.options["ssl"]) or wish.options["ssl"]
    elif members:
        if "check_hostname" in members:
            members["check_hostname"] = truth(str(members["check_hostname"]))
        if "verify_mode" in members:
            members["verify_mode"] = str(members["verify_mode"]).lower().removeprefix("cert_")
        options["ssl"] = members
    return options


def _flag(connection: object, name: str) -> bool | None:
    value = getattr(connection, name, None)
    return value if isinstance(value, bool) else None


def mysqlclient(wish: Wish) -> Session:
    """Connects through mysqlclient, the C library for Python."""
    driver = import_module("MySQLdb")
    options: dict[str, object] = {"ssl_mode": wish.options["ssl_mode"]} if "ssl_mode" in wish.options else {}
    files = {
        key[4:]: value for key, value in wish.options.items() if key in ("ssl_ca", "ssl_cert", "ssl_key")
    }
    options |= {"ssl": True} if "ssl" in wish.options else {}
    connection = driver.connect(
        host=wish.host,
        port=wish.port,
        user=wish.user,
        password=wish.password or "",
        database=wish.database or "",
        connect_timeout=wish.seconds,
        autocommit=True,
        **(options | ({"ssl": files} if files else {})),
    )
    return Session(connection)


def program(wish: Wish) -> bool | None:
    """Runs `mysql` or `mariadb`. It reads its password from a pipe, so that no file holds it."""
    with _login_file(wish.password or "") as (file, descriptors):
        done = subprocess.run(
            [
                wish.program,
                f"--defaults-file={file}",
                "--protocol=TCP",
                f"--host={wish.host}",
                f"--port={wish.port}",
                f"--user={wish.user}",
                f"--connect-timeout={wish.seconds}",
                *([f"--database={wish.database}"] if wish.database else []),
                *(f"--{key}={value}" if value else f"--{key}" for key, value in wish.options.items()),
                "--batch",
                "--skip-column-names",
                f"--execute={ENCRYPTED}",
            ],
            # Oracle's `mysql` reads its login path beside any --defaults-file; a file that cannot be is none.
            env={**os.environ, "MYSQL_TEST_LOGIN_FILE": str(Path(os.devnull) / "none")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=wish.seconds,
            check=False,
            pass_fds=descriptors,
        )
    if done.returncode == 0:
        words = done.stdout.split()  # the name alone: there is no cipher; nothing at all: this was not told
        return len(words) > 1 if words else None
    if "at line 1:" in done.stderr:  # it was connected, and its query failed
        return None
    raise ClientError(done.stderr.strip())


@contextlib.contextmanager
def _login_file(password: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yields the path of an option file with the password, and the descriptors that a program needs to read it."""
    quoted = password.replace("\\", "\\\\").replace('"', '\\"')
    text = f'[client]\npassword="{quoted}"\n'.encode()
    if sys.platform == "win32":
        # There is no /dev/fd. The parent owns the temporary folder, and removes it whatever becomes of this process.
        with tempfile.TemporaryDirectory(prefix="dbtls-") as folder:
            file = Path(folder) / "login.cnf"
            file.write_bytes(text)
            yield str(file), ()
        return
    readable, writable = os.pipe()
    try:
        with os.fdopen(writable, "wb") as pipe:
            pipe.write(text)  # far less than a pipe holds, so that it never waits for a reader
        yield f"/dev/fd/{readable}", (readable,)
    finally:
        os.close(readable)


def is_encrypted(session: Session) -> bool | None:
    """Says whether this session is encrypted: by the client's own word, or the server's."""
    return asked(session, ENCRYPTED, bool)


CONNECT: dict[str, Connect] = {
    "mysql-connector-python": connector,
    "pymysql": pymysql,
    "pymysql-1.1": pymysql,
    "mysqlclient": mysqlclient,
}
ATTEMPT: dict[str, Attempt] = {"mariadb-cli": program, "mariadb-cli-10.11": program, "mysql-cli": program}
