"""The first connection: TCP, preamble, and a hello that every server of the last twenty years understands.

It offers TLS 1.0 to 1.2, because up to 1.2 the chain is sent in the clear. Later probes find the rest.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from wizard.model.evidence import Evidence, Value, unknown
from wizard.model.target import Engine
from wizard.probes.exchange import Exchange
from wizard.probes.probe import Context, Earlier, Probe, ProbeResult, nothing
from wizard.wire.mysql import MySqlGreeting
from wizard.wire.postgresql import PostgresSslRequest
from wizard.wire.preamble import Greeting, Preamble
from wizard.wire.tds import ALPN, TdsPrelogin, TdsStrict
from wizard.wire.tls_names import Version

_RANGE = (Version.TLS_1_0, Version.TLS_1_2)

_ADDRESSES = 3
"""Addresses of one name that are tried; each may cost the whole time."""

_RIVAL: dict[Engine, tuple[Engine, str]] = {
    "sqlserver": ("postgresql", "PostgreSQL"),
    "postgresql": ("sqlserver", "SQL Server"),
}
"""Both wait for their client and hang up, without a word, on the other's first message."""


def preamble_of(engine: Engine, *, strict: bool = False) -> Preamble:
    """Returns a fresh preamble of this database; `strict` chooses TDS 8.0 for SQL Server."""
    match engine:
        case "sqlserver":
            return TdsStrict() if strict else TdsPrelogin()
        case "mysql" | "mariadb":
            return MySqlGreeting()
        case "postgresql":
            return PostgresSslRequest()


def _run(context: Context, earlier: Earlier) -> ProbeResult:
    addresses = earlier["resolve"].value("resolve.addresses")
    port = context.target.port or earlier["instance"].value("instance.port")
    if not isinstance(addresses, tuple):
        return nothing(HANDSHAKE, "the host name has no address")
    if not isinstance(port, int):
        return nothing(HANDSHAKE, "the port of the named instance is not known")
    first = _first_contact(context, addresses, port)
    if first is None:
        return nothing(HANDSHAKE, "the limit of connections was reached")
    strict = _strict(context, first)
    reached = strict or _identified(context, first)
    return ProbeResult(
        evidence=tuple(_evidence(reached, strict_only=strict is not None)),
        exchange=reached,
        chain=reached.flight.certificates if reached.flight else (),
    )


def _first_contact(context: Context, addresses: tuple[str, ...], port: int) -> Exchange | None:
    """Tries the addresses in the order of the name service, as drivers do, until one answers."""
    reached = None
    for address in addresses[:_ADDRESSES]:
        reached = context.ask(address, port, preamble_of(context.target.engine), *_RANGE)
        if reached is None or reached.connect == "open":
            break
    return reached


def _strict(context: Context, first: Exchange) -> Exchange | None:
    """Tries TDS 8.0 where Force Strict Encryption may be on: it resets TDS 7.x or answers with an alert (TDS8)."""
    refused = first.preamble == "closed" or first.service == "TLS"
    if context.target.engine != "sqlserver" or not refused:
        return None
    reached = context.again(first, preamble_of("sqlserver", strict=True), *_RANGE)
    if reached is None or reached.flight is None or reached.flight.alpn != ALPN:
        return None  # some other service that speaks TLS
    return reached


def _identified(context: Context, first: Exchange) -> Exchange:
    """Finds out whether a server that hung up without a word is the other database that does so."""
    rival = _RIVAL.get(context.target.engine)
    if first.preamble != "closed" or rival is None:
        return first
    engine, name = rival
    reached = context.again(first, preamble_of(engine), *_RANGE)
    if reached is None or reached.greeting is None:
        return first
    because = f"the server answers like {name}"
    return msgspec.structs.replace(first, preamble="other-service", service=name, because=because)


def _evidence(reached: Exchange, *, strict_only: bool) -> Iterator[Evidence]:
    yield Evidence(
        "connect.status", reached.connect, "probe", _at("open", reached.connect, reached), reached.connect_ms
    )
    if reached.connect != "open":
        return
    yield Evidence("connect.address", reached.address, "probe")
    if reached.preamble is not None:
        yield Evidence(
            "preamble.status",
            reached.preamble,
            "probe",
            _at("ok", reached.preamble, reached),
            reached.preamble_ms,
        )
    if reached.service is not None:
        yield Evidence("preamble.service", reached.service, "probe")
    if strict_only:
        yield from (Evidence("tls.offered", True, "probe"), Evidence("policy", "strict-only", "probe"))
    elif reached.greeting is not None:
        yield from _greeted(reached.greeting)
    if reached.handshake is not None:
        because = _at("ok", reached.handshake, reached)
        yield Evidence("handshake.status", reached.handshake, "probe", because, reached.handshake_ms)
    if reached.flight is not None and reached.flight.alert is not None:
        yield Evidence("handshake.alert", reached.flight.alert, "probe")


def _greeted(greeting: Greeting) -> Iterator[Evidence]:
    yield Evidence("tls.offered", greeting.tls_offered, "probe")
    known: tuple[tuple[str, Value | None], ...] = (
        ("server.engine", greeting.engine),
        ("server.version", greeting.version),
    )
    yield from (Evidence(fact, value, "probe") for fact, value in known if value is not None)
    if greeting.policy is None:
        yield unknown("policy", "probe", "this database tells only after a login")
    else:
        yield Evidence("policy", greeting.policy, "probe")


def _at(good: str, status: str, reached: Exchange) -> str | None:
    return None if status == good else reached.because


HANDSHAKE = Probe(
    "handshake",
    (
        "connect.status",
        "connect.address",
        "preamble.status",
        "preamble.service",
        "server.engine",
        "server.version",
        "tls.offered",
        "policy",
        "handshake.status",
        "handshake.alert",
    ),
    ("resolve", "instance"),
    _run,
)
