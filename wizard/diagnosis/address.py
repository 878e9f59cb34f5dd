r"""The address of a server, as people and connection strings spell it: `host:port`, `tcp:host\instance,port`.

A host ends up in generated commands and on the wire, so it has only the characters of a name or an address. Errors
never repeat what was given, and none is raised while another is handled, as that would carry the other one's text.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata

from wizard.errors import TargetError
from wizard.model.target import Engine

FORMS = (
    r"Write sqlserver://host, host\INSTANCE, mysql://host, mariadb://host or postgresql://host, "
    "or paste the connection string."
)
"""The hint of every error about a target that is not understood."""

_LABEL = re.compile(r"[a-z0-9_][a-z0-9_-]{0,62}", re.IGNORECASE)
_INSTANCE = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,31}")


def split_address(text: str, engine: Engine) -> tuple[str, str, str]:
    """Returns host, port and instance as spelt, "" where one is not given. None of them is judged yet.

    Raises:
        TargetError: no server is named, or only a way to reach it from its own machine.
    """
    text = text.strip()
    if not text:
        raise TargetError("No server is named here.", hint=FORMS)
    if engine == "sqlserver":
        return _split_sqlserver(text)
    if text[0] in "/@" or re.match(r"[A-Za-z]:[\\/]|unix:", text):
        raise local_only("a Unix socket")
    return *split_port(text), ""


def split_port(text: str) -> tuple[str, str]:
    """Returns host and port of `host`, `host:port`, `[address]`, `[address]:port` or a bare IPv6 address."""
    if text.startswith("["):
        address, bracket, rest = text.partition("]")
        return (address + bracket, rest[1:]) if rest[:1] in ("", ":") else (text, "")
    host, _, port = text.partition(":") if text.count(":") == 1 else (text, "", "")
    return host, port.strip()


def _split_sqlserver(text: str) -> tuple[str, str, str]:
    r"""Reads `[tcp:]host[\instance][,port]` (learn.microsoft.com `SqlConnection.ConnectionString`, Data Source).

    JDBC writes the port behind a colon. Two backslashes come from source code.
    """
    protocol = re.match(r"(?i)(tcp|admin|np|lpc):", text)
    if text.startswith("\\\\") or (protocol and protocol[1].lower() == "np"):
        raise local_only("a named pipe")
    if protocol and protocol[1].lower() == "lpc":
        raise local_only("shared memory")
    if text.lower().startswith("(localdb)"):
        raise local_only("LocalDB")
    server, _, port = (text[protocol.end() :] if protocol else text).partition(",")
    server, _, instance = server.partition("\\")
    host, behind_host = split_port(server.strip())
    instance, _, behind_instance = instance.lstrip("\\").partition(":")
    host = "localhost" if host.lower() in (".", "(local)") else host
    return host, (port or behind_instance or behind_host).strip(), instance.strip()


def checked_host(text: str) -> str:
    """Returns a host that may stand in a generated command: a name that DNS can hold, or an address without brackets.

    Raises:
        TargetError: it is neither.
    """
    host = text.strip()
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        if ":" not in host:
            raise TargetError(
                "Only an IPv6 address stands in brackets.", hint="For example [2001:db8::1]:1433."
            )
    if not host:
        raise TargetError("No server is named here.", hint=FORMS)
    if not (_is_ipv6(host) if ":" in host else _is_name(host)):
        raise TargetError(
            "The host is not a name or an address that a server can have.",
            hint="A name has letters, digits, hyphens, underscores and dots; an IPv6 address stands in brackets.",
        )
    return host


def _is_ipv6(host: str) -> bool:
    try:
        return "%" not in host and bool(ipaddress.IPv6Address(host))
    except ValueError:
        return False


def _is_name(host: str) -> bool:
    if len(host) > 253:
        return False
    if not host.isascii():
        if not all(character in "-_." or unicodedata.category(character)[0] in "LMN" for character in host):
            return False
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return False
    # A hyphen in front would make the host an option of the command it ends up in.
    return all(_LABEL.fullmatch(label) for label in host.removesuffix(".").split("."))


def checked_instance(text: str, engine: Engine) -> str:
    r"""Returns the name of an instance.

    Microsoft allows 16 characters and a few marks (learn.microsoft.com "Instance configuration"); SQL Browser takes
    32 ([MC-SQLR] 2.2.3).

    Raises:
        TargetError: no instance can have this name, or the database has no instances.
    """
    if engine != "sqlserver" or not _INSTANCE.fullmatch(text):
        raise TargetError(
            "The instance name is not one that SQL Server can have.",
            hint=r"Write it as host\INSTANCE or sqlserver://host/INSTANCE.",
        )
    return text


def checked_port(text: str) -> int:
    """Returns a TCP port.

    Raises:
        TargetError: it is not a number from 1 to 65535.
    """
    if not re.fullmatch("[0-9]+", text):
        raise TargetError("The port is not a number.", hint="Give a port from 1 to 65535.")
    if len(text) > 5 or not 1 <= int(text) <= 65535:
        raise TargetError("The port is out of range.", hint="Give a port from 1 to 65535.")
    return int(text)


def local_only(what: str) -> TargetError:
    """Returns the error for a way to connect that never leaves the server's machine."""
    return TargetError(
        f"This connects through {what}, which does not use TLS over the network.",
        hint="Give the host name and the port that clients on the network use, such as sqlserver://host:1433.",
    )
