"""The syntax of connection strings, which of their keys concern TLS, and which of them hold a secret.

What a key means for a target is said in `target`; here are only pairs of key and value. Patterns repeat without
backtracking (possessive), so that no text takes long.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from wizard.diagnosis.secrets import without_secrets
from wizard.errors import TargetError

Pairs = tuple[tuple[str, str], ...]

_TLS_KEY = re.compile("ssl|tls|encrypt|certificate|truststore")
_NOT_TLS_KEY = re.compile("columnencryption|^rsa|publickey")
_USER_KEYS = ("user", "userid", "uid", "username", "usr", "login")
_SECRET_KEY = re.compile(r"password|passwd|passphrase|pwd|secret|token|apikey|^pass\d?$")

_QUOTED_PART = re.compile(
    r"""(?P<key>[^=;]*+)(?:=\s*+(?:"(?P<double>(?:[^"]|"")*+)"|'(?P<single>(?:[^']|'')*+)'|(?P<open>["'])"""
    r"|(?P<bare>[^;]*+))[^;]*+)?(?:;|\Z)"
)
_BRACED_PART = re.compile(
    r"(?P<key>[^=;]*+)(?:=\s*+(?:\{(?P<brace>(?:[^}]|\}\})*+)\}|(?P<open>\{)|(?P<bare>[^;]*+))[^;]*+)?(?:;|\Z)"
)
_CLOSING = {"double": '"', "single": "'", "brace": "}"}
_SPACED_PAIR = re.compile(
    r"\s*+(\w++)\s*+=\s*+(?:'((?:[^'\\]|\\.)*+)'(?!\S)|(?!')((?:[^\s\\]|\\.)*+))\s*+", re.DOTALL
)
_SPACED_KEY = re.compile(
    "host|hostaddr|port|dbname|user|password|passfile|service|servicefile|options|application_name|replication"
    "|fallback_application_name|client_encoding|connect_timeout|target_session_attrs|load_balance_hosts|krbsrvname"
    r"|require_auth|requirepeer|channel_binding|tcp_user_timeout|(?:ssl|gss|keepalives)\w*",
    re.IGNORECASE,
)


def plain_key(key: str) -> str:
    """Returns a key as it is compared: lower case, without blanks, hyphens and underscores.

    The clients themselves differ only in those.
    """
    return re.sub(r"[\s_-]", "", key).lower()


def value_of(pairs: Pairs, *keys: str) -> str:
    """Returns the first value that is not empty under one of these plain keys, in the order of `keys`, or ""."""
    return next((v.strip() for key in keys for k, v in pairs if plain_key(k) == key and v.strip()), "")


def first_of_each(pairs: Pairs) -> Pairs:
    """Returns the pairs without repeated keys: to ODBC the first counts (learn.microsoft.com `SQLDriverConnect`)."""
    first: dict[str, tuple[str, str]] = {}
    for key, value in pairs:
        first.setdefault(plain_key(key), (key, value))
    return tuple(first.values())


def tls_options(pairs: Pairs) -> Pairs:
    """Returns the pairs that concern TLS, spelt as they were, without any password."""
    return tuple((key.strip(), without_secrets(value.strip())) for key, value in pairs if _concerns_tls(key))


def _concerns_tls(key: str) -> bool:
    plain = plain_key(key)
    return bool(_TLS_KEY.search(plain)) and not _NOT_TLS_KEY.search(plain) and not is_secret(key)


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
    return _read_semicolons(text, _QUOTED_PART)


def read_braced(text: str) -> Pairs:
    """Reads `key=value;…` of ODBC and of JDBC for SQL Server, where {…} quotes and }} stands for one brace.

    learn.microsoft.com: `SQLDriverConnect` (comments); "Building the connection URL" of the JDBC driver.

    Raises:
        TargetError: a brace is not closed.
    """
    return _read_semicolons(text, _BRACED_PART)


def _read_semicolons(text: str, part: re.Pattern[str]) -> Pairs:
    pairs: list[tuple[str, str]] = []
    for found in part.finditer(text):
        kind = found.lastgroup or "key"
        if kind == "open":
            what = "brace" if found[kind] == "{" else "quote"
            raise TargetError(
                f"A {what} in the connection string is not closed.",
                hint=f"Close it, or quote the value and double the {what} that belongs to it.",
            )
        if kind != "key":
            closing = _CLOSING.get(kind)
            value = found[kind].replace(closing * 2, closing) if closing else found[kind].strip()
            pairs.append((found["key"].strip(), value))
    return tuple(pairs)


def is_spaced(text: str) -> bool:
    """Returns whether text is meant as libpq's `key=value key=value`, rather than as a list with semicolons.

    Npgsql shares the keys and separates them by semicolons; a password may hold either separator.
    """
    pairs = _read_spaced(text)
    if pairs is not None and all(_SPACED_KEY.fullmatch(key) for key, _ in pairs):
        places = [value for key, value in pairs if key.lower() in ("host", "hostaddr", "port")]
        return bool(places) and not any(";" in value for value in places)
    return ";" not in text and _SPACED_KEY.fullmatch(text.partition("=")[0].strip()) is not None


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


def read_query(query: str) -> Pairs:
    """Reads the part of a URL behind its question mark: `key=value&…` with percent-encoding."""
    parts = (part.partition("=") for part in query.split("&") if part)
    return tuple((unquote(key), unquote(value)) for key, _, value in parts)
