"""Resolves the host name as the operating system does."""

from __future__ import annotations

import ipaddress
import socket
import time

from wizard.model.evidence import Evidence
from wizard.probes.probe import Context, Earlier, Probe, ProbeResult

_NOT_KNOWN = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))


def _run(context: Context, earlier: Earlier) -> ProbeResult:
    began = time.monotonic()
    host = context.target.host
    try:
        addresses: tuple[str, ...] = (str(ipaddress.ip_address(host)),)
    except ValueError:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            return ProbeResult(evidence=(Evidence("resolve.status", "not-found", "probe", _reason(error)),))
        addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
    elapsed = round((time.monotonic() - began) * 1000, 1)
    return ProbeResult(
        evidence=(
            Evidence("resolve.status", "ok", "probe", None, elapsed),
            Evidence("resolve.addresses", addresses, "probe"),
        )
    )


def _reason(error: OSError | UnicodeError) -> str:
    if isinstance(error, OSError) and error.errno not in _NOT_KNOWN:
        return "no name service could answer just now"
    return "name resolution knows no address for it"


RESOLVE = Probe("resolve", ("resolve.status", "resolve.addresses"), (), _run)
