r"""What a person typed or pasted becomes a target: a URL, `host\INSTANCE`, or a connection string of any client.

Credentials are dropped here, at once: no returned value and no error holds them. For the same reason no error repeats
the input, and none is raised while another is handled, as that would carry the other one's text along.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Literal
from urllib.parse import unquote, unquote_plus

import msgspec

from wizard.diagnosis.address import (
    FORMS,
    checked_host,
    checked_instance,
    checked_port,
    local_only,
    split_address,
    split_port,
)
from wizard.diagnosis.connection_string import (
    Pairs,
    first_of_each,
    hold_secret,
    is_secret,
    is_spaced,
    read_braced,
    read_query,
    read_quoted,
    read_spaced,
    tls_options,
    value_of,
)
from wizard.diagnosis.driver import (
    KNOWN_PORTS,
    PYTHON_CLIENTS,
    SERVER_KEYS,
    engine_of_driver,
    engine_of_keys,
    odbc_client,
)
from wizard.errors import TargetError
from wizard.model.target import DEFAULT_PORTS, Engine, Target

Dialect = Literal["url", "instance", "ado-net", "odbc", "ole-db", "jdbc", "libpq", "sqlalchemy", "go"]

LONGEST = 10_000
"""Characters; no connection string is longer."""

_SCHEMES: dict[str, Engine] = {
    "sqlserver": "sqlserver",
    "mssql": "sqlserver",
    "mysql": "mysql",
    "mariadb": "mariadb",
    "postgresql": "postgresql",
    "postgres": "postgresql",
}
_JDBC_CLIENTS: dict[Engine, str] = {
    "sqlserver": "jdbc-13",
    "postgresql": "pgjdbc",
    "mysql": "connector-j",
    "mariadb": "mariadb-connector-j",
}

_URL = re.compile(r"([a-z][a-z0-9+.-]*+)://(.*)", re.IGNORECASE | re.DOTALL)
_JDBC = re.compile(r"jdbc:(?:(jtds):)?([a-z0-9]++)(?::[a-z-]++)?:(?://(.*)|.*)", re.IGNORECASE | re.DOTALL)
_GO = re.compile(
    r"(?:([^=:@]*+(?::.*)?)@)?([a-z]\w*+)\(([^()]*+)\)/[^/?]*+(?:\?(.*))?", re.IGNORECASE | re.DOTALL
)
_PRISMA = re.compile(r"([^@/?;=]*+)(;\s*\w[\w ]*=.*)", re.DOTALL)
_PROPERTIES = re.compile(r"([^@/?;=]*+)(;.*)?", re.DOTALL)
_URL_PARTS = re.compile(r"([^/?#]*+)([^?#]*+)(?:\?([^#]*+))?(.*)", re.DOTALL)
_ODBC_KEY = re.compile(r"(?:^|;)\s*(?:driver|dsn|filedsn)\s*=", re.IGNORECASE)
_QUOTED = re.compile(r""""[^"]*+"|'[^']*+'""")
_HOST_IN_LIST = re.compile(r"\([^()]*\bhost\s*=\s*([^,()\s]+)", re.IGNORECASE)
_PORT_IN_LIST = re.compile(r"\bport\s*=\s*([^,()\s]+)", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"(?!jdbc:)(?:export\s+|set\s+|\$env:)?([A-Za-z_][\w.-]*)(?:\s*=\s*|:\s+)"
    r"(?=[\"'`]?\s*(?:jdbc:|[a-z][a-z0-9+.-]*://))",
    re.IGNORECASE,
)
_ASSIGNED_STRING = re.compile(
    r"(?:export\s+|set\s+|\$env:)?([A-Z][A-Z0-9_]{2,}(?:URL|URI|DSN|STRING|STR))\s*=\s*(?=[\"'`]|[\w ]+=)"
)


class ReadTarget(msgspec.Struct, frozen=True, kw_only=True):
    """What a text says about the server and about the way a client reaches it. Holds no credentials."""

    target: Target
    options: tuple[tuple[str, str], ...] = ()
    """The options that concern TLS, in the spelling of the text."""
    dialect: Dialect
    client: str | None = None
    """Id of the client that reads such a text, where the text tells it."""
    dropped_secret: bool = False
    """A user, a password or a token was in the text."""


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where the server is, as the text spells it; nothing is judged yet."""

    engine: Engine
    address: str
    """Host with whatever the dialect lets follow it: instance, port."""
    port: str = ""
    instance: str = ""
    server_name: str = ""
    dialect: Dialect
    client: str | None = None
    pairs: Pairs = ()
    credentials: bool = False


def read_target(text: str, *, server_name: str | None = None) -> ReadTarget:
    """Reads a target in any form of the command-line contract, and drops its credentials.

    Args:
        text: what was typed or pasted; `NAME=` before it, quotes and blanks around it are ignored.
        server_name: the name the client uses; by default that of HostNameInCertificate in the text, else the host.

    Raises:
        TargetError: the text cannot be understood. Never repeats the text.
    """
    if len(text) > LONGEST:
        raise TargetError(f"The target is longer than {LONGEST:,} characters.", hint=FORMS)
    text = _unwrapped(text)
    if not text:
        raise TargetError("There is no target.", hint=FORMS)
    place = _read(text)
    host, port, instance = split_address(place.address, place.engine)
    host, port, instance = checked_host(host), place.port or port, place.instance or instance
    if instance:
        instance = checked_instance(instance, place.engine)
    number = checked_port(port) if port else None
    if number is None and not instance:
        number = DEFAULT_PORTS[place.engine]
    given_name = (place.server_name or _name_expected(place.pairs)) if server_name is None else server_name
    name = checked_host(given_name) if given_name or server_name is not None else host
    return ReadTarget(
        target=Target(
            engine=place.engine, host=host, port=number, instance=instance or None, server_name=name
        ),
        options=tls_options(place.pairs),
        dialect=place.dialect,
        client=place.client,
        dropped_secret=place.credentials or hold_secret(place.pairs),
    )


def _name_expected(pairs: Pairs) -> str:
    """Returns the name that the certificate has to carry, where the client was told one.

    ODBC 18 on Linux takes the host as well, all others take only this name. A pattern is no name to check with.
    """
    name = value_of(pairs, "hostnameincertificate", "hostnameincert", "servercertificatename")
    return "" if "*" in name else name


def _unwrapped(text: str) -> str:
    """Returns the text without an assignment before it and without quotes and blanks around it."""
    text = text.strip().lstrip("\ufeff")
    for assigned in (_ASSIGNED, _ASSIGNED_STRING):
        if (found := assigned.match(text)) and not is_secret(found[1]):
            text = text[found.end() :]
    if text[:1] in ("'", '"', "`"):
        text = text.rstrip("; ,\r\n")
    while len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"`":
        text = text[1:-1].strip()
    return text


def _read(text: str) -> _Place:
    if text[:5].lower() == "jdbc:":
        return _read_jdbc(text)
    if url := _URL.fullmatch(text):
        return _read_url(url[1].lower(), url[2])
    if go := _GO.fullmatch(text):
        return _read_go(go)
    if "=" not in text:
        return _read_instance(text)
    if is_spaced(text):
        return _read_libpq(read_spaced(text))
    if _ODBC_KEY.search(_QUOTED.sub("", text)):  # a password may hold what looks like a key
        return _read_odbc(read_braced(text))
    pairs = read_quoted(text)
    return _read_ole_db(pairs) if value_of(pairs, "provider") else _read_ado_net(pairs)


def _read_instance(text: str) -> _Place:
    host, port = split_port(text)
    known = KNOWN_PORTS.get(port)
    if re.match(r"(?i)(?:tcp|admin|np|lpc):|\.$|\(local", text) or "\\" in text or "," in text:
        known = "sqlserver"
    if known is None:
        checked_host(host)
        raise TargetError("This does not say which database it is.", hint=FORMS)
    return _Place(engine=known, address=text, dialect="instance")


def _read_url(scheme: str, rest: str) -> _Place:
    base, plus, driver = scheme.partition("+")
    engine = _SCHEMES.get(base)
    if engine is None:
        raise _unknown_scheme(base, _SCHEMES)
    if base == "sqlserver" and (found := _PRISMA.fullmatch(rest)):
        return _read_properties(found, dialect="url", client=None)
    place = _read_authority(engine, rest, "sqlalchemy" if plus else "url")
    if base == "mssql" and place.credentials:  # that of node-mssql and Django, whose path is a database
        place = msgspec.structs.replace(place, instance="")
    if not plus:
        return place
    inner = _raw_value(rest, "odbc_connect")
    if inner:
        pairs = read_braced(unquote_plus(inner))
        return msgspec.structs.replace(_read_odbc(pairs), dialect="sqlalchemy", credentials=place.credentials)
    client = PYTHON_CLIENTS.get(driver)
    named = value_of(place.pairs, "driver").replace("+", " ")
    if client == "odbc-18" and named:
        client = odbc_client(named)
    return msgspec.structs.replace(place, client=client)


def _raw_value(rest: str, key: str) -> str:
    query = rest.partition("?")[2]
    return next((part[len(key) + 1 :] for part in query.split("&") if part.startswith(f"{key}=")), "")


def _read_authority(engine: Engine, rest: str, dialect: Dialect) -> _Place:
    """Reads `[user[:password]@]host[:port][,…][/path][?query]` (RFC 3986; libpq and JDBC allow several hosts)."""
    found = _URL_PARTS.fullmatch(rest)
    authority, path, query, fragment = found.groups("") if found else ("", "", "", "")
    info, _, hosts = authority.rpartition("@")
    pairs = read_query(query)
    raw = (part.partition("=") for part in query.split("&"))
    if "@" in path + fragment or any("@" in key or ("@" in v and not is_secret(key)) for key, _, v in raw):
        raise TargetError(
            "The user or the password in this URL holds a character that ends it early.",
            hint="Write / as %2F, ? as %3F, # as %23 and @ as %40, or leave the user and the password out.",
        )
    address, port, server_name = unquote(hosts), "", ""
    if engine != "sqlserver":
        address, port = _first_host(hosts)
        if value_of(pairs, "unixsocket", "socket"):
            raise local_only("a Unix socket")
    if engine == "postgresql" and dialect != "jdbc":  # libpq lets the query overrule the authority
        address, port, server_name = _libpq_place(pairs, address, port)
    instance = ""
    if engine == "sqlserver" and dialect == "url" and not re.search(r":\d+$|,", address):
        instance = unquote(path.strip("/"))
    return _Place(
        engine=engine,
        address=address,
        port=port,
        instance=instance,
        server_name=server_name,
        dialect=dialect,
        pairs=pairs,
        credentials=bool(info),
    )


def _first_host(hosts: str) -> tuple[str, str]:
    """Returns the first host of a list, which may be in Connector/J's `address=(host=…)(port=…)`, and its port."""
    if found := _HOST_IN_LIST.search(hosts):
        port = _PORT_IN_LIST.search(hosts)
        return found[1], port[1] if port else ""
    return unquote(hosts.split(",")[0]), ""


def _libpq_place(pairs: Pairs, address: str = "", port: str = "") -> tuple[str, str, str]:
    """Returns address, port and server name: with `hostaddr`, libpq connects there and verifies `host`."""
    host = value_of(pairs, "host").split(",")[0].strip()
    first = value_of(pairs, "hostaddr").split(",")[0].strip()
    port = value_of(pairs, "port").split(",")[0].strip() or port
    if not first:
        return host or address, port, ""
    name, behind_name = split_port(address)
    return first, port or behind_name, host or name


def _read_libpq(pairs: Pairs) -> _Place:
    address, port, server_name = _libpq_place(pairs)
    return _Place(
        engine="postgresql",
        address=address,
        port=port,
        server_name=server_name,
        dialect="libpq",
        client="libpq",
        pairs=pairs,
    )


def _read_jdbc(text: str) -> _Place:
    found = _JDBC.fullmatch(text)
    name = found[2].lower() if found else ""
    engine = _SCHEMES.get(name) if name not in ("mssql", "postgres") else None
    if found is None or engine is None or (found[1] and engine != "sqlserver"):
        raise _unknown_scheme(name, _JDBC_CLIENTS, before="jdbc:")
    client = "jtds" if found[1] else _JDBC_CLIENTS[engine]
    if found[3] is None:
        raise TargetError("No server is named here.", hint=FORMS)
    if engine == "sqlserver":
        head, mark, tail = found[3].partition(";")
        head = head.partition("/")[0] if found[1] else head
        properties = _PROPERTIES.fullmatch(head + mark + tail)
        if properties is None:
            raise TargetError("The server in this JDBC URL cannot be read.", hint=_jdbc_hint())
        return _read_properties(properties, dialect="jdbc", client=client)
    return msgspec.structs.replace(_read_authority(engine, found[3], "jdbc"), client=client)


def _jdbc_hint() -> str:
    return "Write jdbc:sqlserver://host:port;name=value;… with the user and the password as properties."


def _read_properties(found: re.Match[str], *, dialect: Dialect, client: str | None) -> _Place:
    r"""Reads `host[\instance][:port];name=value;…` of the JDBC drivers for SQL Server, and of Prisma."""
    pairs = read_braced(found[2] or "")
    return _Place(
        engine="sqlserver",
        address=found[1].strip() or value_of(pairs, "servername", "server"),
        port=value_of(pairs, "portnumber", "port"),
        instance=value_of(pairs, "instancename", "instance"),
        dialect=dialect,
        client=client,
        pairs=pairs,
    )


def _read_go(found: re.Match[str]) -> _Place:
    """Reads `[user[:password]@]tcp(host:port)/database[?name=value&…]` (go-sql-driver/mysql README, "DSN")."""
    info, network, address, query = found.groups("")
    if network.lower() == "unix":
        raise local_only("a Unix socket")
    return _Place(
        engine="mysql",
        address=address,
        dialect="go",
        client="go-sql-driver",
        pairs=read_query(query),
        credentials=bool(info),
    )


def _read_odbc(pairs: Pairs) -> _Place:
    pairs = first_of_each(pairs)
    driver = value_of(pairs, "driver")
    engine = engine_of_driver(driver) if driver else engine_of_keys(pairs)
    if engine is None:
        raise _unknown_driver("driver")
    return _Place(
        engine=engine,
        address=value_of(pairs, *SERVER_KEYS),
        port=value_of(pairs, "port"),
        dialect="odbc",
        client=odbc_client(driver),
        pairs=pairs,
    )


def _read_ole_db(pairs: Pairs) -> _Place:
    provider = value_of(pairs, "provider").lower()
    if engine_of_driver(provider) != "sqlserver":
        raise _unknown_driver("provider")
    client = None
    if provider.startswith("msoledbsql"):
        client = "oledb-19" if provider.startswith("msoledbsql19") else "oledb-18"
    address = value_of(pairs, *SERVER_KEYS)
    return _Place(engine="sqlserver", address=address, dialect="ole-db", client=client, pairs=pairs)


def _read_ado_net(pairs: Pairs) -> _Place:
    engine = engine_of_keys(pairs)
    if engine is None:
        raise TargetError(
            "This connection string could be for MySQL or for PostgreSQL.",
            hint="Write mysql://host:port or postgresql://host:port instead.",
        )
    address = value_of(pairs, *SERVER_KEYS)
    if engine != "sqlserver":
        address = address.split(",")[0]
    return _Place(
        engine=engine, address=address, port=value_of(pairs, "port"), dialect="ado-net", pairs=pairs
    )


def _unknown_scheme(scheme: str, known: Iterable[str], before: str = "") -> TargetError:
    """Returns the error for a URL of another kind. A scheme is no secret; what follows it may be."""
    if not scheme or len(scheme) > 30:
        return TargetError("This is no URL of a database that is supported.", hint=FORMS)
    near = difflib.get_close_matches(scheme, list(known), n=1)
    hint = f"Did you mean {before}{near[0]}://? {FORMS}" if near else FORMS
    return TargetError(f"{before}{scheme} is no URL of a database that is supported.", hint=hint)


def _unknown_driver(what: str) -> TargetError:
    return TargetError(
        f"The {what} in this connection string belongs to no database that is supported.", hint=FORMS
    )
