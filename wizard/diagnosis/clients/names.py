"""Whether a certificate carries a name, by the rule of one client."""

from __future__ import annotations

from collections.abc import Sequence

from wizard.model.client import NameRule
from wizard.pki.names import address_of, ascii_host, matches_host


def carries(rule: NameRule, name: str, sans: Sequence[str], common_name: str | None) -> bool | None:
    """Returns whether a client with this rule finds `name` in a certificate; None where nobody knows its rule.

    Args:
        rule: the client's.
        name: the name that it expects: a host name or an address.
        sans: alternative names as `DNS:name` and `IP:address`.
        common_name: of the subject.
    """
    if rule.loopback == "not-checked" and name in ("127.0.0.1", "::1"):
        return True
    dns = [san.removeprefix("DNS:") for san in sans if san.startswith("DNS:")]
    address = address_of(name)
    if rule.common_name == "only":
        return common_name == name
    if address is None:
        if any(_same(one, name) for one in dns):
            return True
        if common_name is None:
            return False
        if rule.common_name == "also-shortened" and common_name.lower().startswith(f"{name.lower()}."):
            return True
        return _common_name_counts(rule, sans, dns) if _same(common_name, name) else False
    if rule.address == "unverified":
        return None
    if rule.address == "localhost":
        return carries(rule, "localhost", sans, common_name)
    addresses = [san.removeprefix("IP:") for san in sans if san.startswith("IP:")]
    if rule.address == "localhost-too" and not carries(rule, "localhost", sans, common_name):
        return False
    if rule.address in ("alternative-name", "either", "name-too", "localhost-too") and any(
        address_of(one) == address for one in addresses
    ):
        return True
    if rule.address == "either":
        # libpq: the common name counts for an address unless some iPAddress is there (PG-SSL).
        return name in dns or (common_name == name and not addresses)
    if rule.address in ("as-a-name", "name-too"):
        return name in dns or (common_name == name and _common_name_counts(rule, sans, dns))
    return False


def _common_name_counts(rule: NameRule, sans: Sequence[str], dns: Sequence[str]) -> bool | None:
    match rule.common_name:
        case "always" | "also-shortened":
            return True
        case "without-alternative-names":
            return not sans
        case "without-dns-names":
            return not dns
        case "unverified":
            return None
        case _:
            return False


def _same(presented: str, name: str) -> bool:
    if "*" in presented and presented == name:
        return True  # a pattern given as the name to expect: ODBC 18 takes it (REALITY)
    return matches_host(presented, ascii_host(name))
