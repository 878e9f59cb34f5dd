"""The first connection: TCP, preamble, and a hello that every server of the last twenty years understands.

It offers TLS 1.0 to 1.2, because up to 1.2 the chain is sent in the clear. Later probes find the rest.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from wizard.model.evidence import Evidence, Value, unknown
from wizard.model.target import Engine
from wizard.probes.exchange import Exchange, Hello
from wizard.probes.probe import Context, Earlier, Probe, ProbeResult, nothing
from wizard.wire.mysql import MySqlGreeting
from wizard.wire.postgresql import PostgresSslRequest
from wizard.wire.preamble import Greeting, Preamble
from wizard.wire.tds import TdsPrelogin, TdsStrict
from wizard.wire.tls_names import Version


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
    if not isinstance(addresses, tuple):
        return nothing(HANDSHAKE, "the host name has no address")
    if earlier["instance"].value("instance.status") in ("not-found", "no-answer"):
        return nothing(HANDSHAKE, "the port of the named instance is not known")
    engine, port = context.target.engine, context.port(earlier)
    hello = Hello(context.target.server_name, Version.TLS_1_0, Version.TLS_1_2)
    reached, address = None, addresses[0]
    for candidate in addresses[:3]:
        address = candidate
        reached = context.ask(address, port, preamble_of(engine), hello)
        if reached is None or reached.connect == "open":
            break
    strict = False
    if engine == "sqlserver" and reached is not None and _wants_tls_first(reached):
        again = context.ask(address, port, preamble_of(engine, strict=True), hello)
        if again is not None and again.handshake in ("ok", "refused"):
            reached, strict = again, True
    if reached is None:
        return nothing(HANDSHAKE, "the limit of connections was reached")
    if reached.preamble == "closed" and engine in _RIVAL:
        rival = context.ask(address, port, preamble_of(_RIVAL[engine]), hello)
        if rival is not None and rival.greeting is not None:
            reached = _as_other_service(reached, _RIVAL[engine])
    evidence = tuple(_evidence(reached, address, strict=strict))
    return ProbeResult(
        evidence=evidence, exchange=reached, chain=reached.flight.certificates if reached.flight else ()
    )


# PostgreSQL and SQL Server both wait for their client and hang up, without a word, on the other's first message.
_RIVAL: dict[Engine, Engine] = {"sqlserver": "postgresql", "postgresql": "sqlserver"}


def _as_other_service(reached: Exchange, rival: Engine) -> Exchange:
    name = {"sqlserver": "SQL Server", "postgresql": "PostgreSQL"}[rival]
    return msgspec.structs.replace(
        reached, preamble="other-service", service=name, because=f"the server answers like {name}"
    )


def _wants_tls_first(reached: Exchange) -> bool:
    """Force Strict Encryption resets a TDS 7.x client, or answers it with a TLS alert (TDS8)."""
    return reached.preamble == "closed" or (reached.preamble == "other-service" and reached.service == "TLS")


def _evidence(reached: Exchange, address: str, *, strict: bool) -> Iterator[Evidence]:
    yield Evidence(
        "connect.status", reached.connect, "probe", _at("open", reached.connect, reached), reached.connect_ms
    )
    if reached.connect != "open":
        return
    yield Evidence("connect.address", address, "probe")
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
    if strict:
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
