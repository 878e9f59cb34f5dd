"""The syntax of connection strings, which of their keys concern TLS, and which of them hold a secret.

What a key means for a target is said in `target`; here are only pairs of key and value. Patterns that meet foreign
text are written without backtracking (possessive), so that no text takes long.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from wizard.errors import TargetError

Pairs = tuple[tuple[str, str], ...]

BLANK = "***"
"""What stands in place of a secret."""

# Keys are compared without case, blanks, hyphens and underscores, as the clients themselves differ only in those.
_TLS_KEYS = frozenset(
    # SQL Server: SqlClient, ODBC, OLE DB, JDBC, jTDS, go-mssqldb
    "encrypt encryption useencryptionfordata trustservercertificate hostnameincertificate servercertificate "
    "certificate truststore truststoretype trustmanagerclass sslprotocol tlsmin "
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
_USER_KEYS = frozenset(["user", "userid", "uid", "username", "usr", "login"])
_SECRET_QUOTED_PART = re.compile(
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
_SPACED_KEYS = frozenset(
    [
        "host",
        "hostaddr",
        "port",
        "dbname",
        "user",
        "password",
        "passfile",
        "service",
        "servicefile",
        "options",
        "application_name",
        "fallback_application_name",
        "client_encoding",
        "connect_timeout",
        "target_session_attrs",
        "load_balance_hosts",
        "require_auth",
        "channel_binding",
        "gssencmode",
        "krbsrvname",
        "gsslib",
        "gssdelegation",
        "keepalives",
        "keepalives_idle",
        "keepalives_interval",
        "keepalives_count",
        "tcp_user_timeout",
        "replication",
        "requirepeer",
        "sslpassword",
    ]
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
        (key.strip(), _USER_INFO_IN_VALUE.sub(f"{BLANK}@", value.strip()))
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


_SECRET_NAME = re.compile(
    r"""(?ix) (?P<name> password | passwd | passphrase | pwd | secret | token | api_?key | (?<![a-z])pass )
    \w{0,24}+ ["']? [ \t]{0,3} (?: (?P<equals> ={1,2} | %3D | => ) | : ) \s{0,3}+"""
)
_USER_NAME = re.compile(r"(?i)(?<!\w)(?:user[ _]?id|uid|user[ _]?name|user|login) {0,3}(?:=|%3D) {0,3}")
_MYSQL_SAYS = re.compile(r"(?i)(?:YES|NO)\b")  # "using password: YES" is no password

_QUOTED_VALUES = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r"\{(?:[^}]|\}\}){0,2000}+\}",
        r'"(?:[^"]|""){0,2000}+"',
        r"'(?:[^']|''){0,2000}+'",
        r'"(?:[^"\\]|\\.){0,2000}+"',
        r"'(?:[^'\\]|\\.){0,2000}+'",
        r'(?:\\"(?:(?!\\").){0,2000}+\\")++',  # inside of a string literal
        r"(?:&quot;(?:(?!&quot;).){0,2000}+&quot;)++",  # inside of XML
    )
)
_ENTITY = r"&(?:amp|quot|apos|lt|gt|\#\w{1,6});"
_UP_TO_SEMICOLON = re.compile(rf"(?:{_ENTITY}|(?!(?:\s{{1,4}}|&)[\w.-]{{1,40}}\s?=)[^;\r\n]){{0,2000}}+(?=;)")
_UP_TO_BLANK = re.compile(rf"(?:{_ENTITY}|\\.|(?!&[\w.-]{{1,40}}=|%3B)[^\s;])*+")
_GIVEN_BACK = "\"'`,)]"
_BEFORE_NAME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-."

_SHELL_WORD = r"""(?:'[^']{0,2000}+'|"(?:[^"\\]|\\.){0,2000}+"|["'][^\r\n]*+|\\.|[^\s"'])++"""
_WHOLE = (
    re.compile(
        r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,20}PRIVATE KEY-----|\Z)", re.DOTALL
    ),
    re.compile(r"\beyJ[\w-]+\.[\w.-]+"),  # a JSON web token
    re.compile(r"(?i)(?<=\bbearer )\S+"),
    re.compile(r"(?i)(?<=\bodbc_connect=)[^&\s]+"),
)
_WORDS = (
    re.compile(
        rf"\b(?:PGPASSWORD|MYSQL_PWD|SQLCMDPASSWORD|[A-Z]\w{{0,30}}_(?:PASSWORD|PWD))=(?P<secret>{_SHELL_WORD})"
    ),
    re.compile(
        rf"(?i)(?<!\S)--?(?:password|passwd|accesstoken|token)[ \t]{{1,5}}+(?!-)(?P<secret>{_SHELL_WORD})"
    ),
)
_IN_COMMAND = (
    (re.compile(r"(?i)\b(?:mysql|mariadb)"), re.compile(rf"(?<=\s)-p(?P<secret>{_SHELL_WORD})")),
    (
        re.compile(r"(?i)\b(?:sqlcmd|bcp|osql|tsql)\b"),
        re.compile(rf"(?<=\s)-P[ \t]{{0,5}}+(?P<secret>{_SHELL_WORD})"),
    ),
)


def without_secrets(text: str) -> str:
    """Returns a pasted text with `***` for every password, token and private key that can be recognised.

    Knows connection strings of every form, URLs, environment variables and command lines anywhere in prose. Where
    a password comes with a user name in the same text, the name goes too. In doubt it takes more than the secret.
    """
    spans = [found.span() for pattern in _WHOLE for found in pattern.finditer(text)]
    spans += [found.span("secret") for pattern in _WORDS for found in pattern.finditer(text)]
    spans += _in_commands(text) + _in_urls(text)
    named = _named(text, _SECRET_NAME)
    spans += named + (_named(text, _USER_NAME) if named else [])
    pieces: list[str] = []
    done = 0
    for start, end in sorted(spans):
        if start >= done:
            pieces += [text[done:start], BLANK]
        done = max(done, end)
    return "".join(pieces) + text[done:]


def _named(text: str, name: re.Pattern[str]) -> list[tuple[int, int]]:
    spans = []
    found = name.search(text)
    while found:
        end = found.end()
        if not _is_prose(found, text):
            end = _value_end(text, found.start(), found.end())
            if end > found.end():
                spans.append((found.end(), end))
        found = name.search(text, end)
    return spans


def _is_prose(found: re.Match[str], text: str) -> bool:
    """Returns whether a colon behind the name is that of a sentence rather than of JSON or YAML."""
    groups = found.groupdict()
    if groups.get("equals") or "name" not in groups:
        return False
    token = groups["name"].lower() == "token" and text[found.end() : found.end() + 1] not in ('"', "'")
    return token or _MYSQL_SAYS.match(text, found.end()) is not None


def _value_end(text: str, name: int, start: int) -> int:
    """Returns where the value ends by the reading that takes most: the dialect is not known here."""
    quoted = max((found.end() for p in _QUOTED_VALUES if (found := p.match(text, start))), default=start)
    # An unquoted value may hold blanks only in a list with semicolons, so only behind one.
    before = text[max(0, name - 40) : name].rstrip(_BEFORE_NAME)
    listed = before[-1:] in tuple(";\"'`\r\n") if before else name <= 40
    found = (_UP_TO_SEMICOLON.match(text, start) if listed else None) or _UP_TO_BLANK.match(text, start)
    bare = found.end() if found else start
    while bare > start and text[bare - 1] in _GIVEN_BACK:
        bare -= 1
    return bare if text[quoted:bare].strip(_GIVEN_BACK + "}") else quoted


def _in_urls(text: str) -> list[tuple[int, int]]:
    spans = []
    for word in re.finditer(r"\S+", text):
        for driver in ("@tcp(", "@unix("):  # go-sql-driver: user:password@tcp(host:port)
            if driver in word[0]:
                spans.append((word.start(), word.start() + word[0].rindex(driver)))
        before, *rest = word[0].split("://")
        at = word.start() + len(before)
        for part in rest:
            at += 3
            info, sign, _ = part.rpartition("@")
            # JDBC for SQL Server has properties instead of user information.
            if (
                sign
                and not before.lower().endswith(":sqlserver")
                and (":" in info or not re.search("[/?#]", info))
            ):
                spans.append((at, at + len(info)))
            at += len(part)
            before = part
    return spans


def _in_commands(text: str) -> list[tuple[int, int]]:
    spans = []
    at = 0
    for line in text.splitlines(keepends=True):
        for program, option in _IN_COMMAND:
            if start := program.search(line):
                found = option.finditer(text, at + start.end())
                for match in found:
                    if match.start() >= at + len(line):
                        break
                    spans.append(match.span("secret"))
        at += len(line)
    return spans
