"""The one way in: a pasted text, read as the output of every command that is known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from wizard.diagnosis.pasted import mysql, network, psql, s_client, scanners, sql_server, windows, x509
from wizard.diagnosis.pasted.page import Page, Said, without_contradictions
from wizard.model.evidence import Evidence
from wizard.model.text import printable

Reader = Callable[[Page], list[Said] | None]
"""Returns what an output says, () where it says nothing, or None where it is another command's."""

READERS: tuple[tuple[str, Reader], ...] = (
    ("openssl s_client", s_client.read),
    ("openssl x509", x509.read),
    ("openssl verify", x509.read_verify),
    ("nmap", scanners.read_nmap),
    ("sslscan", scanners.read_sslscan),
    ("certutil", windows.read_certutil),
    ("the list of certificates", windows.read_powershell),
    ("Test-NetConnection", network.read_test_netconnection),
    ("Resolve-DnsName", network.read_resolve_dnsname),
    ("nslookup", network.read_nslookup),
    ("getent hosts", network.read_getent),
    ("nc", network.read_nc),
    ("the SQL Server error log", sql_server.read_error_log),
    ("sys.dm_exec_connections", sql_server.read_connections),
    ("psql", psql.read),
    ("mysql", mysql.read),
)

_DESCRIBES_ITSELF = ("openssl s_client", "nmap", "sslscan")
"""Their lines about the certificate look like those of `openssl x509`."""
_IN_PEM = (
    "certificate.subject", "certificate.issuer", "certificate.made_by", "certificate.names", "names.status",
    "validity.status", "validity.days_left", "key.strength", "signature.strength", "usage.status",
)  # fmt: skip
_TRUST = ("trust.status", "trust.verify_code")
_LONGEST_WORDS = 160


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """What a pasted output says."""

    kind: str
    """The commands that it is of, for people."""
    evidence: tuple[Evidence, ...]
    """Facts as read from a file: somebody ran the command, somewhere, some time ago."""
    pem: tuple[str, ...] = ()
    """Certificate blocks, the leaf first as a rule; whoever can read certificates judges them as a file."""
    whole: bool = True
    """False where the server sent more certificates than there are blocks."""


def read_output(text: str, *, server_name: str | None = None, at: datetime | None = None) -> Output | None:
    """Returns what a pasted text says, or None where no known output is in it.

    What an output does not say stays unknown. What it says in two ways, as of two servers, is left out.
    The time taken grows with the length of the text only, of which 2 million characters are read.

    Args:
        text: any text.
        server_name: the name that the client uses; None leaves the name check unknown.
        at: the aware moment to judge validity at; None leaves validity unknown unless the output judges it.
    """
    page = Page(text, server_name=server_name, at=at)
    found: dict[str, list[Said]] = {}
    for kind, reader in READERS:
        if kind == "openssl x509" and any(other in found for other in _DESCRIBES_ITSELF):
            continue
        said = reader(page)
        if said is not None:
            found[kind] = without_contradictions(said)
    if not found and not page.pem:
        return None
    told = {one.fact: (kind, one) for kind, entries in found.items() for one in entries}
    once = without_contradictions(one for entries in found.values() for one in entries)
    sent = next((one.value for one in once if one.fact == "chain.length"), None)
    whole = not isinstance(sent, int) or sent <= len(page.pem)
    left_to_file = _left_to_file(once, whole=whole) if page.pem else frozenset()
    evidence = [
        Evidence(
            one.fact,
            one.value,
            "file",
            printable(f"{told[one.fact][0]}: {one.words}", longest=_LONGEST_WORDS),
        )
        for one in once
        if one.fact not in left_to_file
    ]
    kind = " and ".join(found) or "a certificate in PEM"
    return Output(kind=kind, evidence=tuple(evidence), pem=page.pem, whole=whole)


def _left_to_file(said: list[Said], *, whole: bool) -> frozenset[str]:
    """Returns the facts that the certificates themselves establish better than the words around them.

    OpenSSL's complaint depends on the roots that it was given, which are seldom the client's, and does not tell an
    unknown root from a missing intermediate. Its approval is proof.
    """
    code = next((one.value for one in said if one.fact == "trust.verify_code"), None)
    return frozenset(_IN_PEM + (_TRUST if whole and code != 0 else ()))
