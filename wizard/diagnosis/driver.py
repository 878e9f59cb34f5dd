"""Which database, and which client, the words of a connection string belong to: driver, provider, port, keys."""

from __future__ import annotations

import re

from wizard.diagnosis.connection_string import Pairs, plain_key, value_of
from wizard.model.target import Engine

KNOWN_PORTS: dict[str, Engine] = {"1433": "sqlserver", "3306": "mysql", "5432": "postgresql"}
PYTHON_CLIENTS = {
    "pyodbc": "odbc-18",
    "aioodbc": "odbc-18",
    "pymssql": "pymssql",
    "pytds": "python-tds",
    "mssqlpython": "mssql-python",
    "pymysql": "pymysql",
    "mysqlconnector": "mysql-connector-python",
    "mysqldb": "mysqlclient",
    "psycopg": "psycopg",
    "psycopg_async": "psycopg",
    "psycopg2": "psycopg",
    "asyncpg": "asyncpg",
    "pg8000": "pg8000",
}
"""Client ids by the driver that stands behind the plus sign of an SQLAlchemy URL."""
SERVER_KEYS = ("server", "datasource", "address", "addr", "networkaddress", "servername", "host")
"""Plain keys that name the server, the usual one first."""

# In the order of the words: MariaDB's driver may name MySQL too, and "SQL Server" is the most general.
_DRIVER_WORDS: tuple[tuple[str, Engine], ...] = (
    ("maria", "mariadb"),
    ("mysql|myodbc", "mysql"),
    ("postgre|psqlodbc", "postgresql"),
    ("sql ?server|sql native client|sqlncli|msodbcsql|msoledbsql|sqloledb|freetds|tdsodbc", "sqlserver"),
)


def engine_of_driver(driver: str) -> Engine | None:
    """Returns the database of an ODBC driver or an OLE DB provider by its name or file; None for any other."""
    return next((engine for words, engine in _DRIVER_WORDS if re.search(words, driver, re.IGNORECASE)), None)


def odbc_client(driver: str) -> str | None:
    """Returns the client id of an ODBC driver by its name or file, where it has one."""
    if re.search("freetds|tdsodbc", driver, re.IGNORECASE):
        return "freetds"
    found = re.search(r"(?:odbc driver |msodbcsql-?)(1[78])\b", driver, re.IGNORECASE)
    return f"odbc-{found[1]}" if found else None


def engine_of_keys(pairs: Pairs) -> Engine | None:
    """Returns which of SqlClient, Npgsql and the MySQL libraries has such keys; None where two of them may."""
    server, port, mode = (
        value_of(pairs, *SERVER_KEYS),
        value_of(pairs, "port"),
        value_of(pairs, "sslmode").lower(),
    )
    keys = {plain_key(key) for key, _ in pairs}
    if re.search(r"\\|,\s*\d+$|^tcp:", server, re.IGNORECASE) and "host" not in keys:
        return "sqlserver"
    if port in KNOWN_PORTS:
        return KNOWN_PORTS[port]
    if mode in ("disable", "allow", "prefer", "require"):
        return "postgresql"
    if mode in ("none", "disabled", "preferred", "required"):
        return "mysql"
    if keys & {"host", "username", "rootcertificate", "sslnegotiation", "searchpath"}:
        return "postgresql"
    if (
        mode
        or keys & {"sslca", "certificatefile", "allowpublickeyretrieval", "tlsversion"}
        or (port and "uid" in keys)
    ):
        return "mysql"
    return None if port else "sqlserver"
