"""Asks SQL Browser (UDP 1434) for the port of a named instance."""

from __future__ import annotations

import socket

from wizard.errors import PreambleError
from wizard.model.evidence import Evidence
from wizard.probes.probe import Context, Earlier, Probe, ProbeResult, nothing
from wizard.wire import sql_browser

_LONGEST = 2.0
"""Seconds to wait; SQL Browser answers at once or, for an instance it does not know, never."""


def _run(context: Context, earlier: Earlier) -> ProbeResult:
    target = context.target
    if target.instance is None or target.port is not None:
        return _status("not-needed")
    addresses = earlier["resolve"].value("resolve.addresses")
    if not isinstance(addresses, tuple):
        return nothing(INSTANCE, "the host name has no address")
    try:
        question = sql_browser.ask_for(target.instance)
    except PreambleError as error:
        return _status("not-found", error.message.rstrip(".").lower())
    address = addresses[0]
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as browser:
        browser.settimeout(min(context.seconds, _LONGEST))
        # A connected socket hears only the host that was asked.
        try:
            browser.connect((address, sql_browser.PORT))
            browser.send(question)
            port = sql_browser.tcp_port(browser.recv(4096))
        except TimeoutError:
            return _status(
                "no-answer", "SQL Browser (UDP 1434) stays silent: off, blocked, or the name is unknown to it"
            )
        except OSError:
            return _status("no-answer", "nothing listens on UDP 1434, where SQL Browser should")
        except PreambleError as error:
            return nothing(INSTANCE, error.message.rstrip(".").lower())
    if port is None:
        return _status("not-found", "the instance does not listen on TCP")
    return ProbeResult(
        evidence=(
            Evidence("instance.status", "found", "probe"),
            Evidence("instance.port", port, "probe", "told by SQL Browser"),
        )
    )


def _status(status: str, because: str | None = None) -> ProbeResult:
    return ProbeResult(evidence=(Evidence("instance.status", status, "probe", because),))


INSTANCE = Probe("instance", ("instance.status", "instance.port"), ("resolve",), _run)
