"""What a case knows that the templates of fixes can use."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from wizard.errors import QuoteError, UsageError
from wizard.fixes.quote import quote
from wizard.model.case import Case
from wizard.model.evidence import Value
from wizard.model.knowledge import Parameter, ParameterKind
from wizard.model.target import DEFAULT_PORTS, Target
from wizard.model.text import printable

Given = str | int | tuple[str, ...]
"""A value of a case that goes into a command."""
Values = Mapping[str, Given]
"""Values of template parameters by name. A parameter that is not here becomes a marked placeholder."""

MADE = "made "
"""Begins the names of values for the files of a new certificate: `made certificate`, `made key`, `made pfx`."""
_MOST_PRESENTED = 50
"""Names of the old certificate that a new one takes over."""

# A value that starts with - would be taken for an option, so no kind but free text allows it.
_KINDS: dict[ParameterKind, re.Pattern[str]] = {
    "text": re.compile(r"[\s\S]+"),
    "host": re.compile(r"(?!-)[A-Za-z0-9_.:*-]{1,253}"),
    "hosts": re.compile(r"(?!-)[A-Za-z0-9_.:*-]{1,253}"),
    "port": re.compile(r"[0-9]{1,5}"),
    "path": re.compile(r'(?!-)[^"\r\n]+'),
    "name": re.compile(r"(?!-)[A-Za-z0-9_$#.-]{1,128}"),
    "hex": re.compile(r"[0-9A-Fa-f]{2,128}"),
}

_ASKED_FOR: dict[ParameterKind, str] = {
    "text": "It is a text on one line.",
    "host": "It is a host name or an address, such as sql01.corp.example.",
    "hosts": "They are host names or addresses, separated by commas.",
    "port": "It is a number, such as 1433.",
    "path": "It is a path on one line, without double quotes, and does not begin with a hyphen.",
    "name": "It is a name of letters, digits and the signs _ $ # . -",
    "hex": "It is a thumbprint: the digits 0-9 and a-f.",
}


def case_values(case: Case, ca_file: str | None = None) -> Values:
    """Returns the parameters that the case knows.

    Everything that a server sent is hostile text; the renderer quotes it for the shell it goes into.
    """
    values: dict[str, str | int | tuple[str, ...] | None] = {"ca_file": ca_file}
    if case.target is not None:
        values |= _of_target(case.target, case)
    if case.certificates:
        leaf = case.certificates[0]
        presented = [san.partition(":")[2] for san in leaf.sans if san.startswith(("DNS:", "IP:"))]
        values |= {
            "subject": leaf.subject,
            "issuer": leaf.issuer,
            "thumbprint": leaf.sha1,
            "presented_name": next(iter(presented), leaf.common_name),
            "names": _names(case, presented),
            "not_after": leaf.not_after.date().isoformat() if leaf.not_after else None,
        }
    return {name: value for name, value in values.items() if value not in (None, "", ())}


def _of_target(target: Target, case: Case) -> dict[str, str | int | tuple[str, ...] | None]:
    port = case.port
    instance = target.instance or "MSSQLSERVER"
    usual = port in (None, DEFAULT_PORTS[target.engine])
    return {
        "engine": target.engine,
        "host": target.host,
        "port": port,
        "server_name": target.server_name,
        "names": _names(case, ()),
        "instance": instance,
        "service": "MSSQLSERVER" if instance == "MSSQLSERVER" else f"MSSQL${instance}",
        "data_source": target.server_name if usual else f"{target.server_name},{port}",
        **_of_provider(target.host, case.value("server.hoster")),
    }


def _of_provider(host: str, hoster: Value | None) -> dict[str, str]:
    """Returns what the host tells of a server that a provider runs: Azure and Amazon name it in its first label."""
    first = {"azure": "azure_server", "amazon": "rds_instance"}
    if not isinstance(hoster, str) or hoster not in first:
        return {}
    return {"hosted_name": host, first[hoster]: host.partition(".")[0]}


def _names(case: Case, presented: Iterable[str]) -> tuple[str, ...]:
    """Returns what a new certificate has to name: what this client uses, and what the old one has for the others.

    An address counts only where a client uses it, and what a server made up for itself counts for nothing.
    """
    target = case.target
    used: tuple[str, ...] = (target.server_name, target.host) if target else ()
    names = [name for name in used if name == used[0] or not is_address(name)]
    names += [short for name in names[:1] if (short := _short(name))]
    if case.value("certificate.made_by") != "server":
        names += [name for name in presented if fits(name, "host") and not is_address(name)][:_MOST_PRESENTED]
    return tuple(dict.fromkeys(names))


def is_address(name: str) -> bool:
    """Says whether a name is an IP address."""
    return ":" in name or re.fullmatch(r"[0-9]+(\.[0-9]+){3}", name) is not None


def _short(name: str) -> str | None:
    """Returns the first label of a host name: people use it beside the full name. None for addresses."""
    return None if is_address(name) else name.partition(".")[0]


def read_value(text: str, parameter: Parameter) -> Given:
    """Returns what a person typed for a parameter; a list of names is separated by commas or blanks.

    Raises:
        UsageError: it cannot stand there; the message says why.
    """
    typed = text.strip()
    value: Given = cleaned(typed, parameter.kind)
    if parameter.kind == "hosts":
        value = tuple(dict.fromkeys(part for part in re.split(r"[\s,;]+", typed) if part))
    if not fits(value, parameter.kind):
        raise UsageError(
            f"'{printable(text, longest=40)}' cannot stand for <{parameter.meaning}>.",
            hint=_ASKED_FOR[parameter.kind],
        )
    return int(typed) if parameter.kind == "port" else value


def cleaned(value: Given, kind: ParameterKind) -> Given:
    """Returns a thumbprint without what comes with it from a certificate's window: spaces, colons, invisible signs.

    The window of Windows puts a U+200E in front of it, which no console shows (learn.microsoft.com, SupportArticles
    "Certificate thumbprint displayed in MMC certificate snap-in has extra invisible unicode character").
    """
    if kind != "hex" or not isinstance(value, str):
        return value
    return "".join(one for one in value if one not in " :-\u00a0" and unicodedata.category(one) != "Cf")


def fits(value: Given, kind: ParameterKind) -> bool:
    """Says whether a value can stand for a parameter of this kind; nothing, and a wrong shape, cannot."""
    if isinstance(value, tuple) != (kind == "hosts"):
        return False
    items = value if isinstance(value, tuple) else (str(value),)
    return bool(items) and all(_KINDS[kind].fullmatch(item) and _printable(item) for item in items)


def _printable(text: str) -> bool:
    try:
        quote(text, "screen")
    except QuoteError:
        return False
    return True
