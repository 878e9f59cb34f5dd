"""Chooses the fixes of a cause for one engine, platform and client, and puts them in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from wizard.model.evidence import Value
from wizard.model.knowledge import Condition, FixEntry, Knowledge, Platform, Tier
from wizard.model.target import Engine

_TIERS: tuple[Tier, ...] = get_args(Tier)

# A platform speaks only about its own side: that the client runs Debian says nothing about the server.
_RIVALS = (
    frozenset({"windows-server", "linux-server", "container-server", "hosted-server"}),
    frozenset({"windows", "debian", "rhel", "suse", "macos", "container"}),
)
_OWN_SERVERS = frozenset({"windows-server", "linux-server", "container-server", "any-server"})


def select(
    cause: str,
    engine: Engine | None,
    knowledge: Knowledge,
    *,
    platform: str | None = None,
    client: str | None = None,
    facts: Mapping[str, Value | None] | None = None,
) -> tuple[FixEntry, ...]:
    """Returns the fixes of `cause` on `engine`: permanent first, then intermediate, then bypass.

    Within a tier `order` decides, then which platform is the usual one, then the order of the clients in the knowledge,
    then the id; a provider's server comes last where nobody knows who runs it. `platform` drops the fixes for other
    platforms of the same side (server or client operating system); `client` drops those for other clients. Empty where
    there is none.

    `facts` is what is known of the case; a fix whose `only_if` it contradicts is left out. So are those for a server
    of one's own where a provider runs it, and the other way round.
    """
    hoster = (facts or {}).get("server.hoster")
    found = (
        fix
        for fix in knowledge.fixes
        if cause in fix.causes
        and (engine is None or engine in fix.engines)
        and _fits_platform(fix, platform)
        and _fits_hoster(fix, hoster)
        and not any(_contradicts(condition, facts or {}) for condition in fix.only_if)
        and (client is None or fix.client is None or client in (fix.client, *fix.also_clients))
    )
    usual = _usual_first(engine)
    clients = {entry.id: number for number, entry in enumerate(knowledge.clients)}

    def rank(fix: FixEntry) -> tuple[int, bool, int, int, int, str]:
        theirs = fix.platform == "hosted-server" and hoster is None
        place = usual.index(fix.platform) if fix.platform in usual else 0
        whose = clients.get(fix.client, 0) if fix.client else -1
        return (_TIERS.index(fix.tier), theirs, fix.order, place, whose, fix.id)

    return tuple(sorted(found, key=rank))


def _usual_first(engine: Engine | None) -> tuple[Platform, ...]:
    """Returns the platforms of servers of one's own, the most usual of the database first."""
    if engine == "sqlserver":
        return ("any-server", "windows-server", "linux-server", "container-server")
    return ("any-server", "linux-server", "container-server", "windows-server")


def _contradicts(condition: Condition, facts: Mapping[str, Value | None]) -> bool:
    value = facts.get(condition.fact)
    return value is not None and value not in condition.one_of


def _fits_hoster(fix: FixEntry, hoster: Value | None) -> bool:
    if hoster is None or fix.client is not None:
        return True
    return fix.platform not in (("hosted-server",) if hoster == "own" else _OWN_SERVERS)


def _fits_platform(fix: FixEntry, platform: str | None) -> bool:
    return not any(
        platform in rivals and fix.platform in rivals and fix.platform != platform for rivals in _RIVALS
    )
