"""Whether the server knows cipher suites and key exchanges that current clients still take."""

from __future__ import annotations

from collections.abc import Iterator

from wizard.model.evidence import Evidence, unknown
from wizard.probes.exchange import Exchange
from wizard.probes.handshake import preamble_of
from wizard.probes.probe import Context, Earlier, Probe, ProbeResult, nothing
from wizard.wire.tls_names import LEGACY_SUITES

_SMALLEST_PRIME = 2048
"""Bits of a Diffie-Hellman prime below which OpenSSL refuses it at security level 2 ("dh key too small")."""


def _run(context: Context, earlier: Earlier) -> ProbeResult:
    reached = _best(earlier["versions"].exchange, earlier["handshake"].exchange)
    if reached is None or reached.flight is None:
        return nothing(CIPHERS, "no handshake came that far")
    return ProbeResult(evidence=(_suites(context, earlier, reached), *_key_exchange(reached)))


def _best(*exchanges: Exchange | None) -> Exchange | None:
    """Returns the exchange that shows what a modern client gets."""
    return next((one for one in exchanges if one is not None and one.handshake == "ok"), None)


def _suites(context: Context, earlier: Earlier, reached: Exchange) -> Evidence:
    chosen = reached.flight.cipher if reached.flight else None
    if chosen not in LEGACY_SUITES:
        return Evidence("ciphers.modern", True, "probe", chosen)
    # It may only prefer the old one. A second hello without the old ones tells.
    strict = earlier["handshake"].value("policy") == "strict-only"
    preamble = preamble_of(context.target.engine, strict=strict)
    offered = reached.offered
    other = context.again(reached, preamble, offered.lowest, offered.highest, modern_only=True)
    if other is None:
        return unknown("ciphers.modern", "probe", "the limit of connections was reached")
    if other.handshake == "ok":
        return Evidence("ciphers.modern", True, "probe", f"the server prefers {chosen}, but knows newer ones")
    return Evidence("ciphers.modern", False, "probe", f"the server takes {chosen} and nothing newer")


def _key_exchange(reached: Exchange) -> Iterator[Evidence]:
    bits = reached.flight.dh_bits if reached.flight else None
    if bits is None:
        yield Evidence("handshake.key_exchange", "ok", "probe")
    else:
        strength = "weak" if bits < _SMALLEST_PRIME else "ok"
        yield Evidence("handshake.key_exchange", strength, "probe", f"Diffie-Hellman with {bits} bits")


CIPHERS = Probe(
    "ciphers", ("ciphers.modern", "handshake.key_exchange"), ("handshake", "strict", "versions"), _run
)
