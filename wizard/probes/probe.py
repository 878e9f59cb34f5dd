"""What a probe is: an id, the facts it can establish, and a function. One file each; `registry` lists them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Lock
from typing import NamedTuple

import msgspec

from wizard.model.evidence import Evidence, Value, unknown
from wizard.model.target import Target
from wizard.pki.trust import TrustStore
from wizard.probes.exchange import Exchange, Hello, exchange
from wizard.wire.preamble import Preamble
from wizard.wire.tls_names import Version

MAX_CONNECTIONS = 6
"""Connections that one diagnosis may open; MySQL locks a host out after 100 aborted ones (max_connect_errors)."""


class Counter:
    """Counts the connections of one diagnosis, from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.opened = 0

    def take(self) -> bool:
        """Notes one more connection; False where the limit is reached."""
        with self._lock:
            if self.opened >= MAX_CONNECTIONS:
                return False
            self.opened += 1
            return True


class ProbeResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one probe found."""

    evidence: tuple[Evidence, ...] = ()
    exchange: Exchange | None = None
    """The connection that later probes build on."""
    chain: tuple[bytes, ...] = ()
    """Certificates in DER as the server sent them, leaf first."""

    def value(self, fact: str) -> Value | None:
        """Returns the known value of a fact that this probe established, else None."""
        return next((entry.value for entry in self.evidence if entry.fact == fact), None)


Earlier = Mapping[str, ProbeResult]
"""The results of the probes that ran before, by probe id."""


class Context(NamedTuple):
    """What a probe may use."""

    target: Target
    store: TrustStore
    at: datetime
    """The moment at which validity is judged, in UTC."""
    seconds: float
    """How long each connection may take."""
    connections: Counter

    def ask(
        self,
        address: str,
        port: int,
        preamble: Preamble,
        lowest: Version,
        highest: Version,
        *,
        modern_only: bool = False,
    ) -> Exchange | None:
        """Opens one connection and offers this range of TLS versions; None where the limit is reached."""
        if not self.connections.take():
            return None
        hello = Hello(self.target.server_name, lowest, highest, modern_only)
        return exchange(address, port, preamble, hello, self.seconds)

    def again(
        self,
        first: Exchange,
        preamble: Preamble,
        lowest: Version,
        highest: Version,
        *,
        modern_only: bool = False,
    ) -> Exchange | None:
        """Asks the same server once more; None where the limit is reached."""
        return self.ask(first.address, first.port, preamble, lowest, highest, modern_only=modern_only)


class Probe(NamedTuple):
    """A probe: `run` gets the context and the results of the probes named in `after`."""

    id: str
    facts: tuple[str, ...]
    after: tuple[str, ...]
    run: Callable[[Context, Earlier], ProbeResult]


def nothing(probe: Probe, because: str) -> ProbeResult:
    """Returns the result of a probe that could not establish any of its facts."""
    return ProbeResult(evidence=tuple(unknown(fact, "probe", because) for fact in probe.facts))
