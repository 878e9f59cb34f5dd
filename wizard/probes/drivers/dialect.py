"""How each driver is spoken to: the options of TLS that it may be given, and what it cannot do."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import NamedTuple

_ODBC = ("Encrypt", "TrustServerCertificate", "HostnameInCertificate", "ServerCertificate")
_LIBPQ = ("sslmode", "sslrootcert", "sslnegotiation", "ssl_min_protocol_version", "ssl_max_protocol_version",
          "sslcert", "sslkey", "sslsni", "channel_binding")  # fmt: skip
FREETDS_CONF = "freetds.conf:"
_FREETDS = ("encryption", "ca file", "check certificate hostname", "certificate hostname", "crl file")
ASYNCPG_URL = ("sslmode", "sslrootcert", "sslnegotiation", "sslcert", "sslkey", "ssl_min_protocol_version",
               "ssl_max_protocol_version")  # fmt: skip
_CONTEXT = ("cafile", "check_hostname", "verify_mode", "certfile")
_PYTHON_MYSQL = ("ssl_disabled", "ssl_ca", "ssl_cert", "ssl_key", "ssl_verify_cert", "ssl_verify_identity")
_PYMYSQL_SSL = ("ssl", "ssl.ssl", "ssl.ca", "ssl.cert", "ssl.key", *(f"ssl.{one}" for one in _CONTEXT))
_MARIADB = ("ssl", "skip-ssl", "ssl-ca", "ssl-capath", "ssl-cert", "ssl-key", "ssl-verify-server-cert",
            "skip-ssl-verify-server-cert", "disable-ssl-verify-server-cert", "tls-version", "ssl-fp")  # fmt: skip


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


DIALECTS: dict[str, Dialect] = {
    "odbc-18": Dialect(_ODBC, own_roots=sys.platform in ("win32", "darwin")),
    "odbc-17": Dialect(_ODBC[:2], one_name=True, own_roots=sys.platform in ("win32", "darwin")),
    "mssql-python": Dialect(_ODBC, own_roots=sys.platform in ("win32", "darwin")),
    "pymssql": Dialect((*_FREETDS, f"{FREETDS_CONF}encryption"), one_name=True),
    "freetds": Dialect(_FREETDS, one_name=True, no_password=True),
    "freetds-1.3": Dialect(_FREETDS, one_name=True, no_password=True),
    "python-tds": Dialect(("cafile", "validate_host", "enc_login_only")),
    "psycopg": Dialect(_LIBPQ, "sslrootcert", silent=True),
    "libpq": Dialect(_LIBPQ, "sslrootcert", silent=True),
    "libpq-15": Dialect(_LIBPQ, "sslrootcert", silent=True),
    "libpq-14": Dialect(_LIBPQ, "sslrootcert", silent=True),
    "asyncpg": Dialect(
        (*ASYNCPG_URL, "direct_tls", "ssl", *(f"ssl.{one}" for one in _CONTEXT)), "sslrootcert"
    ),
    "pg8000": Dialect(("ssl_context", *(f"ssl_context.{one}" for one in _CONTEXT))),
    "mysql-connector-python": Dialect((*_PYTHON_MYSQL, "tls_versions"), "ssl_ca"),
    "pymysql": Dialect((*_PYTHON_MYSQL, *_PYMYSQL_SSL), "ssl_ca"),
    "pymysql-1.1": Dialect((*_PYTHON_MYSQL, *_PYMYSQL_SSL), "ssl_ca"),
    "mysqlclient": Dialect(("ssl_mode", "ssl", "ssl_ca", "ssl_cert", "ssl_key"), "ssl_ca", one_name=True),
    "mariadb-cli": Dialect(_MARIADB, "ssl-ca", one_name=True),
    "mariadb-cli-10.11": Dialect(_MARIADB, "ssl-ca", one_name=True),
    "mysql-cli": Dialect(
        ("ssl-mode", "ssl", "ssl-ca", "ssl-capath", "ssl-cert", "ssl-key", "tls-version"),
        "ssl-ca",
        one_name=True,
    ),
}


def context_word(key: str, options: Mapping[str, str]) -> str | None:
    """Returns how a context of Python's ssl is made, or None where the options describe none.

    Of PyMySQL's `ssl.check_hostname` and `ssl.verify_mode` alone it makes a dictionary: it does not ask then.
    """
    word = options.get(key, "").removeprefix("ssl.").removesuffix("()")
    if word in ("create_default_context", "SSLContext", "_create_unverified_context"):
        return word
    return "create_default_context" if any(f"{key}.{one}" in options for one in _CONTEXT) else None
