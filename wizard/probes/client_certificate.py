"""Whether the server insists on a certificate from the client.

Servers ask for one in their first flight; only a handshake without one shows whether they insist. PostgreSQL and
MySQL ask in the handshake and decide after the login, by pg_hba.conf and by the account, which stays unknown here.
"""

from __future__ import annotations

from wizard.errors import HandshakeError
from wizard.model.evidence import Evidence, unknown
from wizard.probes.completed import complete_handshake
from wizard.probes.exchange import Exchange
from wizard.probes.handshake import preamble_of
from wizard.probes.probe import Context, Earlier, Probe, ProbeResult, nothing

_FACT = "handshake.client_certificate"


def _run(context: Context, earlier: Earlier) -> ProbeResult:
    first, newest = earlier["handshake"].exchange, earlier["versions"].exchange
    reached = first if first is not None and first.handshake == "ok" else newest
    if reached is None or reached.handshake != "ok" or reached.flight is None:
        return nothing(CLIENT_CERTIFICATE, "no handshake came that far")
    if reached.flight.client_certificate_requested is False:
        return ProbeResult(evidence=(Evidence(_FACT, "not-requested", "probe"),))
    return ProbeResult(evidence=(_insists(context, earlier, reached),))


def _insists(context: Context, earlier: Earlier, reached: Exchange) -> Evidence:
    if not context.connections.take():
        return unknown(_FACT, "probe", "the limit of connections was reached")
    strict = earlier["handshake"].value("policy") == "strict-only"
    preamble = preamble_of(context.target.engine, strict=strict)
    try:
        completed = complete_handshake(
            reached,
            preamble,
            context.seconds,
            at_most_tls1_2=earlier["versions"].value("versions.tls1_2") is True,
        )
    except HandshakeError as error:
        return unknown(_FACT, "probe", error.message.rstrip("."))
    if completed.refused:
        because = "the server ends a handshake in which the client shows no certificate"
        return Evidence(_FACT, "demanded", "probe", because)
    if reached.flight is not None and reached.flight.client_certificate_requested:
        return Evidence(_FACT, "requested", "probe", "the server takes a handshake without one as well")
    return Evidence(_FACT, "not-requested", "probe", "the server takes a handshake without one")


CLIENT_CERTIFICATE = Probe(
    "client-certificate", (_FACT,), ("handshake", "strict", "versions", "certificate"), _run
)
