"""Which TLS versions the server accepts, and what a modern client gets.

Each hello offers a range, and the server's choice tells about the whole range: it takes the highest version it
knows. Three connections, seldom four, tell about four versions.
"""

from __future__ import annotations

from collections.abc import Iterator

from wizard.model.evidence import Evidence, unknown
from wizard.probes.exchange import Exchange
from wizard.probes.handshake import preamble_of
from wizard.probes.probe import Context, Earlier, Probe, ProbeResult, nothing
from wizard.probes.threads import together
from wizard.wire.tls_names import Version

FACTS = {
    Version.TLS_1_0: "versions.tls1_0",
    Version.TLS_1_1: "versions.tls1_1",
    Version.TLS_1_2: "versions.tls1_2",
    Version.TLS_1_3: "versions.tls1_3",
}

Accepted = dict[Version, bool]


def _run(context: Context, earlier: Earlier) -> ProbeResult:
    first = earlier["handshake"].exchange
    if first is None or first.handshake in (None, "silent"):
        return nothing(VERSIONS, "the handshake was not reached")
    strict_only = earlier["handshake"].value("policy") == "strict-only"

    def ask(lowest: Version, highest: Version) -> Exchange | None:
        return context.again(first, preamble_of(context.target.engine, strict=strict_only), lowest, highest)

    if context.target.engine == "sqlserver":
        # SQL Server speaks TLS 1.3 only in TDS 8.0 (TDS8), which the strict probe has tried already.
        newest = earlier["strict"].exchange
        old = ask(Version.TLS_1_0, Version.TLS_1_1)
    else:
        newest, old = together(
            lambda: ask(Version.TLS_1_0, Version.TLS_1_3), lambda: ask(Version.TLS_1_0, Version.TLS_1_1)
        )
    accepted = {**_told(newest), **_told(first)}
    if earlier["strict"].value("strict.offered") is False:
        accepted[Version.TLS_1_3] = False
    works = True in accepted.values()
    accepted |= _told(old, refusal_counts=works)
    if accepted.get(Version.TLS_1_1) and Version.TLS_1_0 not in accepted:
        accepted |= _told(ask(Version.TLS_1_0, Version.TLS_1_0), refusal_counts=works)
    evidence = (*_evidence(accepted), *_negotiated(newest, first))
    if (
        first.handshake != "ok"
        and context.target.engine != "sqlserver"
        and newest
        and newest.handshake == "ok"
    ):
        # The first hello ended at TLS 1.2; this server takes TLS 1.3 alone.
        evidence = (*evidence, Evidence("handshake.status", "ok", "probe", None, newest.handshake_ms))
    return ProbeResult(evidence=evidence, exchange=newest)


def _told(reached: Exchange | None, *, refusal_counts: bool = False) -> Accepted:
    """Returns what one exchange tells about the versions it offered.

    A server that hangs up on old versions instead of sending an alert (Schannel does) has refused them, but only
    where the same server took newer ones: `refusal_counts`.
    """
    if reached is None:
        return {}
    offered = [version for version in FACTS if reached.offered.lowest <= version <= reached.offered.highest]
    flight = reached.flight
    if reached.handshake == "ok" and flight is not None and flight.version is not None:
        return {version: version == flight.version for version in offered if version >= flight.version}
    refused = flight is not None and flight.alert == "protocol_version"
    if refused or (refusal_counts and reached.handshake in ("refused", "closed")):
        return dict.fromkeys(offered, False)
    return {}


def _evidence(accepted: Accepted) -> Iterator[Evidence]:
    for version, fact in FACTS.items():
        if version in accepted:
            yield Evidence(fact, accepted[version], "probe")
        else:
            yield unknown(fact, "probe", "the server gave no clear answer")
    modern = [accepted.get(Version.TLS_1_2), accepted.get(Version.TLS_1_3)]
    if True in modern:
        yield Evidence("versions.modern", True, "probe")
    elif modern == [False, False]:
        yield Evidence("versions.modern", False, "probe")
    else:
        yield unknown("versions.modern", "probe", "the server gave no clear answer")


def _negotiated(newest: Exchange | None, first: Exchange) -> Iterator[Evidence]:
    for reached in (newest, first):
        flight = reached.flight if reached is not None and reached.handshake == "ok" else None
        if flight is not None and flight.version is not None:
            yield Evidence("handshake.version", flight.version.label, "probe")
            if flight.cipher is not None:
                yield Evidence("handshake.cipher", flight.cipher, "probe")
            return
    yield unknown("handshake.version", "probe", "no handshake came that far")


VERSIONS = Probe(
    "versions",
    (*FACTS.values(), "versions.modern", "handshake.version", "handshake.cipher"),
    ("handshake", "strict"),
    _run,
)
