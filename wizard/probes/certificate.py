"""Judges the chain as the server sent it; where TLS 1.3 hides it, completes one handshake to see it."""

from __future__ import annotations

from wizard.errors import ProbeError
from wizard.pki.evidence import FACTS, chain_evidence
from wizard.probes.completed import complete_handshake
from wizard.probes.handshake import preamble_of
from wizard.probes.probe import Context, Earlier, Probe, ProbeResult, nothing
from wizard.wire.tls_names import Version


def _run(context: Context, earlier: Earlier) -> ProbeResult:
    try:
        chain = _sent_chain(context, earlier)
    except ProbeError as error:
        return nothing(CERTIFICATE, error.message.rstrip("."))
    if not chain:
        return nothing(CERTIFICATE, "the server did not get as far as its certificate")
    evidence = chain_evidence(
        chain, server_name=context.target.server_name, store=context.store, at=context.at, source="probe"
    )
    return ProbeResult(evidence=evidence, chain=chain)


def _sent_chain(context: Context, earlier: Earlier) -> tuple[bytes, ...]:
    if earlier["handshake"].chain:
        return earlier["handshake"].chain
    newest = earlier["versions"].exchange
    if newest is None or newest.handshake != "ok":
        return ()
    if newest.flight is not None and newest.flight.version is not Version.TLS_1_3:
        if not newest.flight.certificates:
            raise ProbeError("The server answers the handshake without any certificate.")
        return newest.flight.certificates
    if not context.connections.take():
        raise ProbeError("The limit of connections was reached.")
    strict = earlier["strict"].value("strict.offered") is True
    preamble = preamble_of(context.target.engine, strict=strict)
    return complete_handshake(newest, preamble, context.seconds).chain


CERTIFICATE = Probe("certificate", FACTS, ("handshake", "strict", "versions"), _run)
