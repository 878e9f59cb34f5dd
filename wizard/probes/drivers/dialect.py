"""What each driver's options of TLS are called, and what they ask for."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from wizard.probes.drivers.session import truth

_ODBC = ("Encrypt", "TrustServerCertificate", "HostnameInCertificate", "ServerCertificate")
_LIBPQ = ("sslmode", "sslrootcert", "sslnegotiation", "ssl_min_protocol_version", "ssl_max_protocol_version",
          "sslcert", "sslkey", "sslsni", "channel_binding")  # fmt: skip
_FREETDS = ("encryption", "ca file", "check certificate hostname")
_PYTHON_MYSQL = ("ssl_disabled", "ssl_ca", "ssl_cert", "ssl_key", "ssl_verify_cert", "ssl_verify_identity")
_MARIADB = ("ssl", "skip-ssl", "ssl-ca", "ssl-capath", "ssl-cert", "ssl-key", "ssl-verify-server-cert",
            "skip-ssl-verify-server-cert", "disable-ssl-verify-server-cert", "tls-version")  # fmt: skip


class Dialect(NamedTuple):
    """How one client is spoken to."""

    options: tuple[str, ...]
    """Its options of TLS; no other is ever passed on."""
    roots_option: str | None = None
    """The option that takes the CA file, where OpenSSL's own variable does not reach it."""
    one_name: bool = False
    """It cannot connect to one name and check another."""
    own_roots: bool = False
    """It reads its roots where this program cannot put them."""
    silent: bool = False
    """Without a password it says goodbye before the server could refuse it."""
    no_password: bool = False
    """It takes a password on its command line alone."""

    def roots(self, options: Mapping[str, str], ca_file: Path | None) -> tuple[tuple[str, str], ...]:
        """Returns the option that gives the CA file, where the options verify and name none.

        Where they do not verify, it would change what they mean: with a root file, libpq's `require` verifies.
        """
        if ca_file is None or self.roots_option is None or self.roots_option in options:
            return ()
        return ((self.roots_option, str(ca_file)),) if _verifies(options) else ()


DIALECTS: dict[str, Dialect] = {
    "odbc-18": Dialect(_ODBC, own_roots=sys.platform in ("win32", "darwin")),
    "odbc-17": Dialect(_ODBC[:2], one_name=True, own_roots=sys.platform in ("win32", "darwin")),
    "mssql-python": Dialect(_ODBC, own_roots=sys.platform in ("win32", "darwin")),
    "pymssql": Dialect(_FREETDS, one_name=True),
    "freetds": Dialect(_FREETDS, one_name=True, no_password=True),
    "python-tds": Dialect(("cafile", "validate_host", "enc_login_only")),
    "psycopg": Dialect(_LIBPQ, "sslrootcert", silent=True),
    "libpq": Dialect(_LIBPQ, "sslrootcert", silent=True),
    "asyncpg": Dialect(("sslmode", "sslrootcert", "sslnegotiation", "sslcert", "sslkey"), "sslrootcert"),
    "pg8000": Dialect(("ssl_context",)),
    "mysql-connector-python": Dialect((*_PYTHON_MYSQL, "tls_versions"), "ssl_ca"),
    "pymysql": Dialect(_PYTHON_MYSQL, "ssl_ca"),
    "pymysql-1.1": Dialect(_PYTHON_MYSQL, "ssl_ca"),
    "mysqlclient": Dialect(("ssl_mode", "ssl_ca", "ssl_cert", "ssl_key"), "ssl_ca", one_name=True),
    "mariadb-cli": Dialect(_MARIADB, "ssl-ca", one_name=True),
    "mariadb-cli-10.11": Dialect(_MARIADB, "ssl-ca", one_name=True),
    "mysql-cli": Dialect(
        ("ssl-mode", "ssl-ca", "ssl-capath", "ssl-cert", "ssl-key", "tls-version"), "ssl-ca", one_name=True
    ),
}


def _verifies(options: Mapping[str, str]) -> bool:
    modes = {options.get(key, "").replace("_", "-").lower() for key in ("sslmode", "ssl_mode", "ssl-mode")}
    if modes & {"verify-ca", "verify-full", "verify-identity"}:
        return True
    switches = ("ssl_verify_cert", "ssl_verify_identity", "ssl-verify-server-cert")
    return any(truth(options[switch]) for switch in switches if switch in options)


def protects(client: str, options: Mapping[str, str]) -> bool:
    """Says whether a driver with these options sends a login only to a server whose chain and name it has checked."""
    if client in ("odbc-18", "odbc-17", "mssql-python"):
        # Microsoft's drivers check with strict whatever TrustServerCertificate says (REALITY).
        trusting = truth(options.get("TrustServerCertificate", "no"))
        strict = options.get("Encrypt", "").lower() == "strict"
        return strict or (demands(client, options) == "session" and not trusting)
    if client in ("pymssql", "freetds"):
        named = truth(options.get("check certificate hostname", "yes"))
        return demands(client, options) == "session" and "ca file" in options and named
    if client == "python-tds":
        return demands(client, options) == "session" and truth(options.get("validate_host", "yes"))
    if client == "pg8000":
        return options.get("ssl_context") not in (None, "None", "True", "False")
    if client in ("psycopg", "libpq", "asyncpg"):
        return options.get("sslmode") == "verify-full"
    if client in ("mysqlclient", "mysql-cli"):
        return options.get("ssl_mode", options.get("ssl-mode", "")).upper() == "VERIFY_IDENTITY"
    if client in ("mariadb-cli", "mariadb-cli-10.11"):
        asked = client == "mariadb-cli" or truth(options.get("ssl-verify-server-cert", "no"))
        return asked and demands(client, options) == "session"
    both = ("ssl_verify_cert", "ssl_verify_identity")
    return demands(client, options) == "session" and all(truth(options.get(key, "no")) for key in both)


def demands(client: str, options: Mapping[str, str]) -> Literal["session", "none"] | None:
    """Returns what the options alone settle: `session`, where it connects over TLS or not at all; `none`; or None."""
    if client in ("odbc-18", "odbc-17", "mssql-python"):
        default = "no" if client == "odbc-17" else "yes"
        return "session" if options.get("Encrypt", default).lower() in _ENCRYPTING else None
    if client in ("pymssql", "freetds"):
        return {"require": "session", "strict": "session", "off": "none"}.get(options.get("encryption", ""))  # type: ignore[return-value]
    if client == "python-tds":
        if "cafile" not in options:
            return "none"
        return None if truth(options.get("enc_login_only", "no")) else "session"
    if client in ("psycopg", "libpq", "asyncpg"):
        return {
            "disable": "none",
            "require": "session",
            "verify-ca": "session",
            "verify-full": "session",
        }.get(options.get("sslmode", ""))  # type: ignore[return-value]
    if client == "pg8000":
        spelt = options.get("ssl_context", "None")
        return None if spelt == "None" else "none" if spelt == "False" else "session"
    return _of_mysql(client, options)


_ENCRYPTING = ("yes", "true", "mandatory", "strict", "1")


def _of_mysql(client: str, options: Mapping[str, str]) -> Literal["session", "none"] | None:
    if truth(options.get("ssl_disabled", "no")) or "skip-ssl" in options or not truth(options.get("ssl", "")):
        return "none"
    mode = options.get("ssl_mode", options.get("ssl-mode", "")).upper()
    if mode == "DISABLED":
        return "none"
    if mode == "VERIFY_IDENTITY":
        return "session"
    if client == "mysql-cli":
        return "session" if mode in ("REQUIRED", "VERIFY_CA") else None
    if client == "pymysql":
        return "session" if any(key.startswith("ssl") for key in options) else None
    if client == "pymysql-1.1" and not options:
        return "none"
    # mysqlclient and the older mariadb go on in plain text with any other option (REALITY).
    switches = {"mysql-connector-python": "ssl_verify_cert", "mariadb-cli-10.11": "ssl-verify-server-cert"}
    if client == "mariadb-cli":
        off = ("skip-ssl-verify-server-cert", "disable-ssl-verify-server-cert")
        checked = truth(options.get("ssl-verify-server-cert", ""))
        return None if not checked or any(key in options for key in off) else "session"
    return "session" if truth(options.get(switches.get(client, ""), "no")) else None
