"""The recorded attempts of an earlier run of real drivers, and the lab servers that stand for its faults."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from wizard.model.knowledge import ScenarioEntry
from wizard.model.target import Engine

SAMPLE = Path(__file__).parent / "sample.jsonl"


class SampleRow(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt, as sample.jsonl has it."""

    driver: str
    driver_version: str
    options: str
    engine: Engine
    fault: str
    trust: str
    server_name: str
    connected: bool
    encrypted: str | None
    tls: str | None
    error: str | None


CLIENTS = {
    "odbc-18": "odbc-18", "mssql-python": "mssql-python", "freetds-tsql": "freetds-1.3", "pymssql": "pymssql",
    "python-tds": "python-tds", "tedious": "tedious", "go-mssqldb": "go-mssqldb", "jtds": "jtds",
    "go-mssqldb-old": "go-mssqldb-2017", "psycopg": "psycopg", "psql": "libpq-15", "asyncpg": "asyncpg",
    "pg8000": "pg8000", "node-postgres": "node-postgres", "postgres-js": "postgres-js", "pgjdbc": "pgjdbc",
    "go-pq": "lib-pq", "go-pq-old": "lib-pq-1.10", "pgx": "pgx", "mysql-connector-python": "mysql-connector-python",
    "pymysql": "pymysql", "mysqlclient": "mysqlclient", "mysql2": "mysql2", "mysqljs": "mysqljs",
    "mariadb-node": "mariadb-node", "mariadb-cli": "mariadb-cli-10.11",
    "mariadb-connector-j": "mariadb-connector-j-2", "go-sql-driver-mysql": "go-sql-driver",
    "go-sql-driver-mysql-old": "go-sql-driver-1.5",
}  # fmt: skip
"""The client of the knowledge that each driver is."""

# The recorded servers sent an intermediate CA along.
_BASE: dict[str, object] = {
    "names": ["localhost", "db1.corp.example", "127.0.0.1"],
    "intermediate": "sent",
}
_FAULTS: dict[str, dict[str, object]] = {
    "good": {},
    "cn-only": {"names": [], "common_name": "localhost"},
    "ip-san": {"names": ["127.0.0.1"], "common_name": "db-server"},
    "mismatch": {"names": ["db1.corp.example", "db1"]},
    "wildcard": {"names": ["*.corp.example"]},
    "expired": {"valid_days": [-60, -20]},
    "not-yet": {"valid_days": [30, 300]},
    "self-signed": {"certificate": "self-signed", "trusted": False},
    "no-intermediate": {"intermediate": "left-out"},
    "wrong-eku": {"usage": "client-auth"},
    "weak-key": {"key": "rsa-1024"},
    "sha1": {"signature": "sha1"},
    "negative-serial": {"malformed": "negative-serial"},
    "v1": {"malformed": "version-1", "names": [], "common_name": "localhost"},
    "fallback": {"certificate": "self-generated", "trusted": False},
    "fallback-old": {
        "certificate": "self-signed",
        "names": [],
        "common_name": "SSL_Self_Signed_Fallback",
        "key": "rsa-1024",
        "signature": "sha1",
        "trusted": False,
    },
    "mysql-auto": {"certificate": "self-generated", "engine": "mysql"},
    "mariadb-auto": {"certificate": "self-generated", "trusted": False, "engine": "mariadb"},
    "tls10": {"tls": ["TLSv1.0", "TLSv1.0"], "strict": False},
    "tls13-only": {"tls": ["TLSv1.3", "TLSv1.3"]},
    "tls-off": {"policy": "not-offered", "certificate": "none"},
    "tls-required": {"policy": "required"},
    "hostssl-only": {"policy": "required"},
    "client-cert": {"client_certificate": "required", "policy": "optional"},
    "policy-off": {},
    "policy-on": {"policy": "required"},
    "policy-required": {"policy": "required"},
    "policy-not-supported": {"policy": "not-offered", "certificate": "none"},
    "strict-only": {"policy": "strict-only"},
    "strict-unsupported": {"strict": False},
    "reset-clienthello": {"behaviour": "reset-in-handshake"},
    "drop-before-tls": {"behaviour": "reset-in-handshake"},
    "drop-after-prelogin": {"behaviour": "hang-up"},
}


def rows() -> tuple[SampleRow, ...]:
    """Returns all rows."""
    return tuple(msgspec.json.decode(line, type=SampleRow) for line in SAMPLE.read_bytes().splitlines())


def scenario(engine: Engine, fault: str, **more: str) -> ScenarioEntry:
    """Returns the lab server that has a fault of the sample."""
    made_by = {"engine": engine} | _BASE | _FAULTS[fault] | more
    named = {"id": f"{made_by['engine']}/sample", "title": fault, "cause": "healthy"}
    return msgspec.convert(made_by | named, ScenarioEntry)


def shown_by_a_login(engine: Engine, fault: str) -> dict[str, str]:
    """Returns what no probe can see of PostgreSQL and MariaDB, and the version of the MariaDB that was met."""
    if engine == "sqlserver":
        return {}
    version = {"server.version": "10.11.14-MariaDB"} if engine == "mariadb" else {}
    if fault == "client-cert":
        policy = "required" if engine == "postgresql" else "optional"
        return {**version, "policy": policy, "handshake.client_certificate": "demanded"}
    required = {"hostssl-only": "required", "tls-required": "required", "tls-off": "not-offered"}
    return {**version, "policy": required.get(fault, "optional")}


def options(row: SampleRow) -> list[str]:
    """Returns the options of a row one by one, as the command line takes them; files are still placeholders."""
    text = re.sub(r"^(?:\(no ssl option\)|\(defaults\)|defaults(?: \(.*\))?)$", "", row.options).removeprefix(
        "?"
    )
    text, _, conf = text.partition("freetds.conf:")
    keys = re.sub(r"\s*=\s*", "=", conf.replace("(defaults)", ""))
    found = [f"freetds.conf:{part.strip()}" for part in keys.split(";") if part.strip()]
    return [*(part.strip() for part in _split(text)), *found]


def _split(text: str) -> list[str]:
    """Cuts at `;`, `&`, `,` and the blanks between options, but not inside braces and brackets."""
    parts, depth, part = [], 0, ""
    for letter in text:
        depth += (letter in "{(<") - (letter in "})>")
        if depth == 0 and (letter in ";&," or (letter == " " and re.search(r"=\S*$|--\S+$", part))):
            parts.append(part)
            part = ""
        else:
            part += letter
    return [one for one in (*parts, part) if one.strip()]
