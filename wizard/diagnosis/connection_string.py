"""The syntax of connection strings, which of their keys concern TLS, and which of them hold a secret.

What a key means for a target is said in `target`; here are only pairs of key and value. Patterns that meet foreign
text are written without backtracking (possessive), so that no text takes long.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from wizard.errors import TargetError

Pairs = tuple[tuple[str, str], ...]

SHOWN = "***"
"""What stands in place of a secret."""

# Keys are compared without case, blanks, hyphens and underscores, as the clients themselves differ only in those.
_TLS_KEYS = frozenset(
    # SQL Server: SqlClient, ODBC, OLE DB, JDBC, jTDS, go-mssqldb
    "encrypt encryption useencryptionfordata trustservercertificate hostnameincertificate servercertificate "
    "certificate truststore truststoretype trustmanagerclass sslprotocol servernameascii tlsmin fips "
    # PostgreSQL: libpq, psqlODBC, Npgsql, pgjdbc, asyncpg
    "ssl sslmode requiressl sslnegotiation sslrootcert sslcert sslkey sslcrl sslcrldir sslsni sslcompression "
    "sslminprotocolversion sslmaxprotocolversion sslcertmode sslfactory sslhostnameverifier sslcertificate "
    "rootcertificate checkcertificaterevocation usessltransport directtls "
    # MySQL and MariaDB: Connector/J, Connector/NET, MySqlConnector, ODBC, Python
    "usessl verifyservercertificate trustcertificatekeystoreurl trustcertificatekeystoretype "
    "fallbacktosystemtruststore clientcertificatekeystoreurl clientcertificatekeystoretype tlsversion tlsversions "
    "tlsciphersuites enabledtlsprotocols enabledsslprotocolsuites enabledsslciphersuites serversslcert "
    "disablesslhostnameverification sslca sslcapath sslcipher sslverify sslverifycert sslverifyidentity "
    "sslverifyserver sslverifyservercert sslcheckhostname ssldisabled sslcacert certificatefile forcetls "
    "tlspeerfp tls".split()
)
_USER_KEYS = frozenset("user userid uid username usr login".split())
_SECRET_KEY = re.compile(r"password|passwd|passphrase|pwd|secret|token|apikey|^pass\d?$")
_USER_INFO_IN_VALUE = re.compile(r"(?<=://)[^\s/?#@]*+@")

_KEY = re.compile(r"([^=;]*+)(=?)\s*+")
_QUOTED = {
    '"': re.compile(r'"((?:[^"]|"")*+)"'),
    "'": re.compile(r"'((?:[^']|'')*+)'"),
    "{": re.compile(r"\{((?:[^}]|\}\})*+)\}"),
}
_BARE = re.compile(r"[^;]*+")
_SPACED_PAIR = re.compile(r"\s*+(\w++)\s*+=\s*+(?:'((?:[^'\\]|\\.)*+)'(?!\S)|(?!')((?:[^\s\\]|\\.)*+))\s*+", re.DOTALL)
_SPACED_KEYS = frozenset(
    "host hostaddr port dbname user password passfile service servicefile options application_name "
    "fallback_application_name client_encoding connect_timeout target_session_attrs load_balance_hosts "
    "require_auth channel_binding gssencmode krbsrvname gsslib gssdelegation keepalives keepalives_idle "
    "keepalives_interval keepalives_count tcp_user_timeout replication requirepeer sslpassword".split()
)


def plain_key(key: str) -> str:
    """Returns a key as it is compared: lower case, without blanks, hyphens and underscores."""
    return re.sub(r"[\s_-]", "", key).lower()


def value_of(pairs: Pairs, *keys: str) -> str:
    """Returns the first value that is not empty under one of these plain keys, in the order of `keys`, or ""."""
    return next((v.strip() for key in keys for k, v in pairs if plain_key(k) == key and v.strip()), "")


def tls_options(pairs: Pairs) -> Pairs:
    """Returns the pairs that concern TLS, spelt as they were; never one that holds a password."""
    return tuple(
        (key.strip(), _USER_INFO_IN_VALUE.sub(f"{SHOWN}@", value.strip()))
        for key, value in pairs
        if plain_key(key) in _TLS_KEYS
    )


def hold_secret(pairs: Pairs) -> bool:
    """Returns whether a user, a password or a token is among these pairs."""
    return any(is_secret(key) and value.strip() for key, value in pairs)


def is_secret(key: str) -> bool:
    """Returns whether a key names a user, a password or a token."""
    plain = plain_key(key)
    return plain in _USER_KEYS or _SECRET_KEY.search(plain) is not None


def read_quoted(text: str) -> Pairs:
    """Reads `key=value;…` of ADO.NET and OLE DB, where "…" and '…' quote and a doubled quote stands for itself.

    learn.microsoft.com: `DbConnection.ConnectionString` (remarks) and "Connection String Syntax" of OLE DB.

    Raises:
        TargetError: a quote is not closed.
    """
    return _read_semicolons(text, "\"'")


def read_braced(text: str) -> Pairs:
    """Reads `key=value;…` of ODBC and of JDBC for SQL Server, where {…} quotes and }} stands for one brace.

    learn.microsoft.com: `SQLDriverConnect` (comments); "Building the connection URL" of the JDBC driver.

    Raises:
        TargetError: a brace is not closed.
    """
    return _read_semicolons(text, "{")


def _read_semicolons(text: str, quotes: str) -> Pairs:
    pairs: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        found = _KEY.match(text, at)
        assert found is not None  # noqa: S101 - the pattern also matches nothing
        at = found.end()
        if found[2]:
            quote = text[at : at + 1]
            if quote and quote in quotes:
                value = _QUOTED[quote].match(text, at)
                if value is None:
                    what = "brace" if quote == "{" else "quote"
                    raise TargetError(
                        f"A {what} in the connection string is not closed.",
                        hint=f"Close it, or double a {what} that belongs to the value.",
                    )
                closing = "}" if quote == "{" else quote
                pairs.append((found[1].strip(), value[1].replace(closing * 2, closing)))
                at = value.end()
            rest = _BARE.match(text, at)
            assert rest is not None  # noqa: S101 - the pattern also matches nothing
            if not (quote and quote in quotes):
                pairs.append((found[1].strip(), rest[0].strip()))
            at = rest.end()
        at += 1
    return tuple(pairs)


def is_spaced(text: str) -> bool:
    """Returns whether text is meant as libpq's `key=value key=value`, rather than as a list with semicolons.

    Npgsql shares the keys and separates them by semicolons; a password may hold either separator.
    """
    pairs = _read_spaced(text)
    if pairs is not None and all(_is_spaced_key(key) for key, _ in pairs):
        places = [value for key, value in pairs if key.lower() in ("host", "hostaddr", "port")]
        return bool(places) and not any(";" in value for value in places)
    return ";" not in text and _is_spaced_key(text.partition("=")[0].strip())


def read_spaced(text: str) -> Pairs:
    r"""Reads libpq's `key=value key='a b\'c'` (postgresql.org "Keyword/Value Connection Strings").

    Raises:
        TargetError: a quote is not closed, or a part is not a key with its value.
    """
    pairs = _read_spaced(text)
    if pairs is None:
        raise TargetError(
            "The connection string cannot be read: a quote is not closed, or a part has no equals sign.",
            hint="Write key=value with blanks between, and '…' around a value that holds a blank.",
        )
    return pairs


def _read_spaced(text: str) -> Pairs | None:
    pairs: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        found = _SPACED_PAIR.match(text, at)
        if found is None:
            return None
        value = found[3] if found[2] is None else found[2]
        pairs.append((found[1], re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL)))
        at = found.end()
    return tuple(pairs)


def _is_spaced_key(key: str) -> bool:
    return key.lower() in _SPACED_KEYS or plain_key(key) in _TLS_KEYS


def read_query(query: str) -> Pairs:
    """Reads the part of a URL behind its question mark: `key=value&…` with percent-encoding."""
    parts = (part.partition("=") for part in query.split("&") if part)
    return tuple((unquote(key), unquote(value)) for key, _, value in parts)
