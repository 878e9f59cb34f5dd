"""Drivers of SQL Server: each connects in its own words. Runs in the child only."""

from __future__ import annotations

import os
import subprocess
import tempfile
from importlib import import_module
from pathlib import Path

from wizard.probes.drivers.dialect import FREETDS_CONF
from wizard.probes.drivers.session import Attempt, ClientError, Connect, Session, Wish, asked, named, truth

ENCRYPTED = "SELECT encrypt_option FROM sys.dm_exec_connections WHERE session_id = @@SPID"
_FREETDS = ("encryption", "ca file", "check certificate hostname", "certificate hostname", "crl file")


def _odbc_string(wish: Wish, **more: str) -> str:
    """Returns a connection string; braces keep a value whole, whatever is in it (ODBC-DSN)."""
    parts = {
        **more,
        "Server": f"tcp:{wish.host},{wish.port}",
        "UID": wish.user,
        "PWD": wish.password or "-",  # mssql-python refuses an empty value by itself
        **({"Database": wish.database} if wish.database else {}),
        **wish.options,
    }
    if wish.server_name != wish.host and not any(key.lower() == "hostnameincertificate" for key in parts):
        parts["HostnameInCertificate"] = wish.server_name
    return ";".join(
        f"{key}={{{value.replace('}', '}}')}}}"
        if set(value) & set("{};= \\") or key == "PWD"
        else f"{key}={value}"
        for key, value in parts.items()
    )


def pyodbc(wish: Wish) -> Session:
    """Connects through the ODBC driver manager."""
    driver = import_module("pyodbc")
    vars(driver)["pooling"] = False  # the session ends with this process
    text = _odbc_string(wish, Driver=wish.program)
    return Session(driver.connect(text, timeout=wish.seconds, autocommit=True))


def mssql_python(wish: Wish) -> Session:
    """Connects through the package that carries Microsoft's ODBC driver."""
    driver = import_module("mssql_python")
    return Session(driver.connect(_odbc_string(wish), autocommit=True, timeout=wish.seconds))


def pymssql(wish: Wish) -> Session:
    """Connects through FreeTDS; what it has no argument for goes into its freetds.conf."""
    with tempfile.TemporaryDirectory(prefix="dbtls-") as folder:
        os.environ["FREETDSCONF"] = str(_freetds_conf(wish, Path(folder)))
        driver = import_module("pymssql")
        more = {"encryption": wish.options["encryption"]} if "encryption" in wish.options else {}
        more |= {"database": wish.database} if wish.database else {}
        return Session(
            driver.connect(
                wish.host,
                wish.user,
                wish.password or "",
                port=str(wish.port),
                login_timeout=wish.seconds,
                autocommit=True,
                **more,
            )
        )


def python_tds(wish: Wish) -> Session:
    """Connects through python-tds, which uses TLS only where `cafile` is given."""
    driver = import_module("pytds")
    options: dict[str, object] = {
        key: value if key == "cafile" else truth(value) for key, value in wish.options.items()
    }
    with named(wish) as host:
        connection = driver.connect(
            host,
            user=wish.user,
            password=wish.password or "",
            database=wish.database,
            port=wish.port,
            login_timeout=wish.seconds,
            disable_connect_retry=True,
            autocommit=True,
            **options,
        )
    return Session(connection)


def tsql(wish: Wish) -> bool | None:
    """Runs FreeTDS's own program. It takes a password on its command line alone, so it never gets one."""
    with tempfile.TemporaryDirectory(prefix="dbtls-") as folder:
        conf = _freetds_conf(wish, Path(folder))
        done = subprocess.run(
            [wish.program, "-H", wish.host, "-p", str(wish.port), "-U", wish.user, "-P", "", "-o", "q"],
            env={**os.environ, "FREETDSCONF": str(conf)},
            input=f"{ENCRYPTED}\ngo\nexit\n",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=wish.seconds,
            check=False,
        )
    if done.returncode != 0 or "There was a problem connecting" in done.stdout:
        raise ClientError(done.stdout.strip())
    words = done.stdout.split()
    return True if "TRUE" in words else False if "FALSE" in words else None


def _freetds_conf(wish: Wish, folder: Path) -> Path:
    conf = folder / "freetds.conf"
    # pymssql has an argument `encryption` too, which counts more; `strict` can be said here alone.
    given = {
        key.removeprefix(FREETDS_CONF): value for key, value in sorted(wish.options.items(), reverse=True)
    }
    lines = (f"{key} = {given[key]}\n" for key in _FREETDS if key in given)
    conf.write_text(
        f"[global]\ntds version = auto\nconnect timeout = {wish.seconds}\n" + "".join(lines), "utf-8"
    )
    return conf


def is_encrypted(session: Session) -> bool | None:
    """Asks the server whether this session is encrypted; None without the right to know (VIEW SERVER STATE)."""
    return asked(session, ENCRYPTED, {"TRUE": True, "FALSE": False}.get)


CONNECT: dict[str, Connect] = {
    "odbc-18": pyodbc,
    "odbc-17": pyodbc,
    "mssql-python": mssql_python,
    "pymssql": pymssql,
    "python-tds": python_tds,
}
ATTEMPT: dict[str, Attempt] = {"freetds": tsql, "freetds-1.3": tsql}
