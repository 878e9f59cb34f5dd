"""Hostname verification: does the certificate belong to the name the client uses (RFC 9525, RFC 6125)?"""

from __future__ import annotations

import ipaddress
from typing import Literal

import msgspec

from wizard.model.certificate import Certificate

NameKind = Literal["loopback", "address", "short", "full"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NameMatch(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of hostname verification."""

    status: Literal["match", "mismatch"]
    matched: str | None
    """The presented identifier that matched, such as `*.example.com`."""
    presented: tuple[str, ...]
    """The names that were compared, for people: without their kind, the common name only where it counts."""
    by_common_name: bool = False
    """It matched by the common name alone, which not every client accepts."""


def kind_of_name(server_name: str) -> NameKind:
    """Returns which kind of name the client uses: its own machine, an IP address, a name without or with a domain."""
    address = address_of(server_name)
    if address is not None:
        return "loopback" if address.is_loopback else "address"
    name = ascii_host(server_name)
    if name == "localhost" or name.endswith(".localhost"):
        return "loopback"
    return "full" if "." in name else "short"


def match_names(server_name: str, certificate: Certificate) -> NameMatch:
    """Compares the name the client uses with the names in the certificate.

    - A dNSName matches regardless of case and of a trailing dot. `*` stands for exactly one label, and only
      as the whole left-most one (RFC 9525 section 6.3); as in OpenSSL, `*.local` with a single label under
      the star never matches.
    - An address matches an iPAddress of the same bits, however it is spelt, and never a dNSName or a common
      name (RFC 9525 section 6.4).
    - The common name counts only where there is no dNSName. OpenSSL's rule does this, and with it libpq, the
      MySQL clients and ODBC 18 on Linux; Node, Java for PostgreSQL and .NET do it too. Go (go-mssqldb, pgx)
      never does, so `by_common_name` marks it.

    Where OpenSSL's own check differs: it refuses a trailing dot in the server name, lets no wildcard stand for a
    label with an underscore, and accepts `db*.example.com` unless the client forbids it.

    Clients differ in details, which belong to the client profiles: ODBC 18 on Linux ignores every iPAddress,
    libpq compares an address with dNSName and common name as well, mssql-jdbc accepts common name or dNSName.

    Args:
        server_name: a host name (Unicode or A-labels) or an address; brackets and a zone are ignored.
        certificate: the leaf.
    """
    dns = tuple(san.removeprefix("DNS:") for san in certificate.sans if san.startswith("DNS:"))
    addresses = tuple(san.removeprefix("IP:") for san in certificate.sans if san.startswith("IP:"))
    wanted = address_of(server_name)
    if wanted is not None:
        found = next((text for text in addresses if address_of(text) == wanted), None)
        return _outcome(found, dns + addresses or _common_name(certificate))
    ascii_name = ascii_host(server_name)
    found = next((pattern for pattern in dns if matches_host(pattern, ascii_name)), None)
    if found is not None or dns:
        return _outcome(found, dns + addresses)
    candidates = _common_name(certificate)
    found = next((name for name in candidates if matches_host(name, ascii_name)), None)
    return _outcome(found, addresses + candidates, by_common_name=found is not None)


def _outcome(found: str | None, presented: tuple[str, ...], *, by_common_name: bool = False) -> NameMatch:
    status: Literal["match", "mismatch"] = "mismatch" if found is None else "match"
    return NameMatch(status=status, matched=found, presented=presented, by_common_name=by_common_name)


def _common_name(certificate: Certificate) -> tuple[str, ...]:
    return (certificate.common_name,) if certificate.common_name else ()


def address_of(text: str) -> Address | None:
    """Returns the IP address that a text is, without brackets and zone; None where it is a host name."""
    try:
        return ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None


def ascii_host(name: str) -> str:
    """Returns a host name in lower-case A-labels without the trailing dot; unencodable names as they are."""
    bare = name.strip().removesuffix(".").lower()
    if bare.isascii():
        return bare
    try:
        return bare.encode("idna").decode("ascii")
    except UnicodeError:
        return bare


def matches_host(pattern: str, name: str) -> bool:
    """Says whether a dNSName stands for a host name in lower-case A-labels; see `match_names`."""
    presented = ascii_host(pattern)
    if not name or "*" in name:
        return False
    if presented == name:
        return True
    label, _, parent = presented.partition(".")
    first, _, rest = name.partition(".")
    return label == "*" and "." in parent and "*" not in parent and bool(first) and parent == rest
