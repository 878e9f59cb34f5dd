"""Drivers of MySQL and MariaDB: each connects in its own words. Runs in the child only."""

from __future__ import annotations

import os
import subprocess
import tempfile
from importlib import import_module
from pathlib import Path

from wizard.probes.drivers.session import Attempt, ClientError, Connect, Session, Wish, named, rows, truth

ENCRYPTED = "SHOW SESSION STATUS LIKE 'Ssl_cipher'"
_SWITCHES = ("ssl_disabled", "ssl_verify_cert", "ssl_verify_identity")


def _options(wish: Wish) -> dict[str, object]:
    return {key: truth(value) if key in _SWITCHES else value for key, value in wish.options.items()}


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
            **_options(wish),
        )
        try:
            connection.connect()
        except Exception as error:
            error.encrypted = _flag(connection, "_secure")  # type: ignore[attr-defined]
            raise
    return Session(connection, _flag(connection, "_secure"))


def _flag(connection: object, name: str) -> bool | None:
    value = getattr(connection, name, None)
    return value if isinstance(value, bool) else None


def mysqlclient(wish: Wish) -> Session:
    """Connects through mysqlclient, the C library for Python."""
    driver = import_module("MySQLdb")
    options: dict[str, object] = {"ssl_mode": wish.options["ssl_mode"]} if "ssl_mode" in wish.options else {}
    files = {key.removeprefix("ssl_"): value for key, value in wish.options.items() if key != "ssl_mode"}
    connection = driver.connect(
        host=wish.host,
        port=wish.port,
        user=wish.user,
        password=wish.password or "",
        database=wish.database or "",
        connect_timeout=wish.seconds,
        autocommit=True,
        **options,
        **({"ssl": files} if files else {}),
    )
    return Session(connection)


def program(wish: Wish) -> bool | None:
    """Runs `mysql` or `mariadb`; its password stands in a file that only this user can read, for as long as it runs."""
    with tempfile.TemporaryDirectory(prefix="dbtls-") as folder:
        file = Path(folder) / "login.cnf"
        file.touch(0o600)
        password = (wish.password or "").replace("\\", "\\\\").replace('"', '\\"')
        file.write_text(f'[client]\npassword="{password}"\n', "utf-8")
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
            env={name: value for name, value in os.environ.items() if not name.startswith("MYSQL")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=wish.seconds,
            check=False,
        )
    if done.returncode == 0:
        return len(done.stdout.split()) > 1
    if "at line 1:" in done.stderr:  # it was connected, and its query failed
        return None
    raise ClientError(done.stderr.strip())


def is_encrypted(session: Session) -> bool | None:
    """Says whether this session is encrypted: by the client's own word, or the server's."""
    if session.encrypted is not None:
        return session.encrypted
    try:
        answer = rows(session, ENCRYPTED)
    except Exception:  # noqa: BLE001 - every driver has its own tree of errors, and all mean "not told"
        return None
    return bool(answer[0][1]) if answer and len(answer[0]) > 1 else None


CONNECT: dict[str, Connect] = {
    "mysql-connector-python": connector,
    "pymysql": pymysql,
    "pymysql-1.1": pymysql,
    "mysqlclient": mysqlclient,
}
ATTEMPT: dict[str, Attempt] = {"mariadb-cli": program, "mariadb-cli-10.11": program, "mysql-cli": program}
