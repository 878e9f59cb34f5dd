"""Whether SQL Server accepts TDS 8.0 (`Encrypt=Strict`): TLS first, ALPN `tds/8.0`. Also shows TLS 1.3 there."""

from __future__ import annotations

from wizard.model.evidence import Evidence, unknown
from wizard.probes.exchange import Exchange
from wizard.probes.handshake import preamble_of
from wizard.probes.probe import Context, Earlier, Probe, ProbeResult, nothing
from wizard.wire.tls_names import Version


def _run(context: Context, earlier: Earlier) -> ProbeResult:
    first = earlier["handshake"].exchange
    if context.target.engine != "sqlserver":
        return ProbeResult()
    # One that hangs up on PRELOGIN may do so because it wants TLS first.
    if first is None or first.preamble not in ("ok", "closed"):
        return nothing(STRICT, "the server was not reached")
    if first.greeting is not None and not first.greeting.tls_offered:
        return ProbeResult(evidence=(Evidence("strict.offered", False, "probe", "the server offers no TLS"),))
    strict = preamble_of("sqlserver", strict=True)
    reached = context.again(first, strict, Version.TLS_1_2, Version.TLS_1_3)
    if reached is None:
        return nothing(STRICT, "the limit of connections was reached")
    if first.preamble == "closed" and reached.handshake == "ok":
        # TLS 1.3 does not show which protocol was agreed, and some other service may answer here.
        return nothing(STRICT, "it hangs up on TDS 7 and answers TLS, as other services do")
    return ProbeResult(evidence=(_offered(reached),), exchange=reached)


def _offered(reached: Exchange) -> Evidence:
    if reached.handshake == "ok":
        return Evidence("strict.offered", True, "probe", None, reached.handshake_ms)
    if reached.handshake == "closed":
        # A TDS 7.x server takes a bare ClientHello for a broken packet and hangs up.
        return Evidence("strict.offered", False, "probe", "the server hung up on TLS without PRELOGIN")
    return unknown("strict.offered", "probe", reached.because or "the server was not reached")


STRICT = Probe("strict", ("strict.offered",), ("handshake",), _run)
