"""The output of the commands that look for a name or knock at a port."""

from __future__ import annotations

import ipaddress
import re

from wizard.diagnosis.pasted.page import Page, Said

_NO_NAME = re.compile(
    r"nameorservicenotknown|nodenamenorservname|temporaryfailureinnameresolution|couldnotresolvehostname"
    r"|noaddressassociatedwithhostname|nosuchhostisknown|hostlookupfailed|unknownhost"
)
_FAILURES = (
    ("refused", re.compile(r"connectionrefused|activelyrefused|\(10061\)")),
    ("timed-out", re.compile(r"timedout|timeout")),
    ("unreachable", re.compile(r"noroutetohost|networkisunreachable|hostisunreachable")),
)

_NC_OPEN = re.compile(
    r"Connection to .{1,300} port .{1,60} succeeded!|Ncat: Connected to |.{1,300} \[[0-9.]{7,15}\] .{1,60} open\s*$"
)
_NC = re.compile(r"(?:nc|ncat|netcat): .{1,400}|\(UNKNOWN\) \[.{1,300}|.{1,300} \[[0-9.]{7,15}\] \d{1,5} .{1,200}",
                 re.IGNORECASE)  # fmt: skip

_FIELD = r"\s{{0,4}}{} {{1,20}}: (.{{1,300}})"
_TCP = re.compile(_FIELD.format("TcpTestSucceeded"))
_COMPUTER = re.compile(_FIELD.format("ComputerName"))
_REMOTE = re.compile(_FIELD.format("RemoteAddress"))
_TEST = re.compile(r"tcptestsucceeded:|nameresolutionof.{1,300}failed")

_ROW = re.compile(
    r"\s{0,4}(\S{1,255})\s{1,60}(?:A|AAAA)\s{1,20}\d{1,10}\s{1,20}\S{1,30}\s{1,20}([0-9a-fA-F.:]{3,45})\s*$"
)
_RESOLVE_SIGNS = ("dns_error_rcode_name_error", "dns_info_no_records", "resolve-dnsname:")
_NOT_THERE = ("dns_error_rcode_name_error", "dnsnamedoesnotexist")

_NSLOOKUP_NONE = re.compile(r"\*{2,3}\s.{0,200}?(\S{1,255}): (?:NXDOMAIN|Non-existent domain)\s*$")
_NSLOOKUP_SERVER = re.compile(r"(?:\w{1,20}): {1,12}\S{1,300}$|Server:\s")
_NAME = re.compile(r"Name:\s{1,12}(\S{1,255})\s*$")
_ADDRESS = re.compile(r"(?:Address(?:es)?:)?\s{1,12}([0-9a-fA-F.:]{3,45})\s*$")

_HOSTS = re.compile(
    r"([0-9a-fA-F.:]{3,45})\s{1,40}([A-Za-z0-9_][A-Za-z0-9_.-]{0,254}(?:\s{1,40}[A-Za-z0-9_.-]{1,255}){0,20})\s*$"
)
_PROMPT = re.compile(r".{0,200}[$#%>]\s{0,3}(?:getent\s.{0,300})?$")
_MOST_HOSTS = 20


def read_nc(page: Page) -> list[Said] | None:
    """Reads `nc -vz` of OpenBSD, macOS, nmap and the traditional one."""
    opened = any(_NC_OPEN.match(line) for line in page.lines)
    complaints = "".join("".join(line.split()).lower() for line in page.lines if _NC.match(line))
    if opened:  # of several addresses one suffices
        return [Said("connect.status", "open", "it connects")]
    if not complaints:
        return None
    if _NO_NAME.search(complaints):
        return [Said("resolve.status", "not-found", "the name has no address")]
    return [Said("connect.status", status, status) for status, words in _FAILURES if words.search(complaints)]


def read_test_netconnection(page: Page) -> list[Said] | None:
    """Reads PowerShell's Test-NetConnection. It does not tell a refusal from silence, so False says nothing."""
    if not _TEST.search(page.flat):
        return None
    said = []
    computer, remote = page.first(_COMPUTER), page.first(_REMOTE)
    if page.first(_TCP) == "True":
        said.append(Said("connect.status", "open", "TcpTestSucceeded"))
    if re.search(r"nameresolutionof.{1,300}failed", page.flat):
        said.append(Said("resolve.status", "not-found", "name resolution failed"))
    elif computer and remote and computer != remote and _address(remote):
        said += _found([remote])
    return said


def read_resolve_dnsname(page: Page) -> list[Said] | None:
    """Reads PowerShell's Resolve-DnsName by its table and by the names of its errors, which no language changes."""
    addresses = [found[2] for line in page.lines if (found := _ROW.match(line)) and _address(found[2])]
    if addresses:
        return _found(addresses)
    if any(words in page.flat for words in _NOT_THERE):
        return [Said("resolve.status", "not-found", "the name does not exist")]
    return [] if any(words in page.flat for words in _RESOLVE_SIGNS) else None


def read_nslookup(page: Page) -> list[Said] | None:
    """Reads nslookup of BIND and of Windows.

    It asks the name service alone, without the hosts file and NetBIOS: that it does not know a short name says little.
    """
    if missing := [found[1] for line in page.lines if (found := _NSLOOKUP_NONE.match(line))]:
        short = any("." not in name.rstrip(".") for name in missing)
        return [] if short else [Said("resolve.status", "not-found", "NXDOMAIN")]
    if not any(_NSLOOKUP_SERVER.match(line) for line in page.lines):
        return None
    addresses: list[str] = []
    answering = False
    for line in page.lines:  # the first address is that of the name service itself
        if _NAME.match(line):
            answering = True
        elif answering and (found := _ADDRESS.match(line)) and _address(found[1]):
            addresses.append(found[1])
    return _found(addresses) if addresses else None


def read_getent(page: Page) -> list[Said] | None:
    """Reads `getent hosts`: nothing but lines of an address and names, apart from prompts."""
    lines = [line for line in page.lines if line.strip()]
    found = [match for line in lines if (match := _HOSTS.match(line)) and _address(match[1])]
    if not found or len(lines) > _MOST_HOSTS:
        return None
    others = [line for line in lines if not _HOSTS.match(line) and not _PROMPT.match(line)]
    return None if others else _found([match[1] for match in found])


def _found(addresses: list[str]) -> list[Said]:
    known = tuple(dict.fromkeys(addresses[:_MOST_HOSTS]))
    words = ", ".join(known[:3])
    return [Said("resolve.status", "ok", words), Said("resolve.addresses", known, words)]


def _address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
