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
FREETDS_CONF = "freetds.conf:"
_FREETDS = ("encryption", "ca file", "check certificate hostname", "certificate hostname", "crl file")
ASYNCPG_URL = ("sslmode", "sslrootcert", "sslnegotiation", "sslcert", "sslkey", "ssl_min_protocol_version",
               "ssl_max_protocol_version")  # fmt: skip
_CONTEXT = ("cafile", "check_hostname", "verify_mode")
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


def _context_protects(key: str, options: Mapping[str, str]) -> bool:
    unverified = (
        context_word(key, options) == "_create_unverified_context"
        or options.get(f"{key}.verify_mode", "").upper().endswith("NONE")
        or not truth(options.get(f"{key}.check_hostname", "yes"))
    )
    return not unverified


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
    if client in _OF_FREETDS:
        named = truth(options.get("check certificate hostname", "yes"))
        return demands(client, options) == "session" and "ca file" in options and named
    if client == "python-tds":
        return demands(client, options) == "session" and truth(options.get("validate_host", "yes"))
    if client == "pg8000":
        return bool(context_word("ssl_context", options)) and _context_protects("ssl_context", options)
    if client == "asyncpg" and (context_word("ssl", options) or truth(options.get("ssl", "no"))):
        return _context_protects("ssl", options)
    if client in _OF_LIBPQ:
        return options.get("sslmode") == "verify-full"
    if client in ("mysqlclient", "mysql-cli"):
        return options.get("ssl_mode", options.get("ssl-mode", "")).upper() == "VERIFY_IDENTITY"
    if client in ("mariadb-cli", "mariadb-cli-10.11"):
        asked = client == "mariadb-cli" or truth(options.get("ssl-verify-server-cert", "no"))
        # What is checked beside a fingerprint is not known.
        return asked and demands(client, options) == "session" and "ssl-fp" not in options
    if client == "pymysql" and not options.keys() & {*_PYTHON_MYSQL}:
        rooted = {"ssl.ca", "ssl.cafile"} & options.keys() or "ssl" in options
        return (
            bool(rooted)
            and bool(context_word("ssl", options) or "ssl.ca" in options)
            and (_context_protects("ssl", options))
        )
    if client == "pymysql" and "ssl_ca" not in options:
        return False  # without a file of roots it does not check the name
    both = ("ssl_verify_cert", "ssl_verify_identity")
    return demands(client, options) == "session" and all(truth(options.get(key, "no")) for key in both)


def demands(client: str, options: Mapping[str, str]) -> Literal["session", "none"] | None:
    """Returns what the options alone settle: `session`, where it connects over TLS or not at all; `none`; or None."""
    if client in ("odbc-18", "odbc-17", "mssql-python"):
        default = "no" if client == "odbc-17" else "yes"
        return "session" if options.get("Encrypt", default).lower() in _ENCRYPTING else None
    if client in _OF_FREETDS:
        encryption = options.get("encryption", options.get(f"{FREETDS_CONF}encryption", ""))
        return {"require": "session", "strict": "session", "off": "none"}.get(encryption)  # type: ignore[return-value]
    if client == "python-tds":
        if "cafile" not in options:
            return "none"
        return None if truth(options.get("enc_login_only", "no")) else "session"
    if client == "asyncpg" and (context_word("ssl", options) or truth(options.get("ssl", "no"))):
        return "session"
    if client in _OF_LIBPQ:
        return {
            "disable": "none",
            "require": "session",
            "verify-ca": "session",
            "verify-full": "session",
        }.get(options.get("sslmode", ""))  # type: ignore[return-value]
    if client == "pg8000":
        if context_word("ssl_context", options):
            return "session"
        spelt = options.get("ssl_context", "None")
        return None if spelt.lower() == "none" else "session" if truth(spelt) else "none"
    return _of_mysql(client, options)


_OF_FREETDS = ("pymssql", "freetds", "freetds-1.3")
_OF_LIBPQ = ("psycopg", "libpq", "libpq-15", "libpq-14", "asyncpg")
_ENCRYPTING = ("yes", "true", "mandatory", "strict", "1")


def _off(client: str, options: Mapping[str, str]) -> bool:
    return client in ("mariadb-cli", "mariadb-cli-10.11") and not truth(options.get("ssl", ""))


def _of_mysql(client: str, options: Mapping[str, str]) -> Literal["session", "none"] | None:
    if truth(options.get("ssl_disabled", "no")) or "skip-ssl" in options or _off(client, options):
        return "none"
    mode = options.get("ssl_mode", options.get("ssl-mode", "")).upper()
    if mode == "DISABLED":
        return "none"
    if mode == "VERIFY_IDENTITY":
        return "session"
    if client == "mysql-cli":
        return "session" if mode in ("REQUIRED", "VERIFY_CA") else None
    if client == "pymysql":
        unset = ("ssl_disabled", "ssl_verify_cert", "ssl_verify_identity")
        asked = any(key not in unset or truth(value) for key, value in options.items())
        return "session" if asked else None
    if client == "pymysql-1.1" and not options:
        return "none"
    # mysqlclient and the older mariadb go on in plain text with any other option (REALITY).
    switches = {"mysql-connector-python": "ssl_verify_cert", "mariadb-cli-10.11": "ssl-verify-server-cert"}
    if client == "mariadb-cli":
        off = ("skip-ssl-verify-server-cert", "disable-ssl-verify-server-cert")
        checked = truth(options.get("ssl-verify-server-cert", ""))
        return None if not checked or any(key in options for key in off) else "session"
    return "session" if truth(options.get(switches.get(client, ""), "no")) else None
