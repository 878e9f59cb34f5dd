"""Where each cause can be mended, and by which fixes: no platform and no client may be left without one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from wizard.model.knowledge import CauseEntry, FixEntry, Knowledge, Platform, Side
from wizard.model.target import Engine

_PLATFORMS: dict[Side, tuple[Platform, ...]] = {
    "server": ("windows-server", "linux-server", "container-server"),
    "hosted": ("hosted-server",),
    "client": ("windows", "debian", "rhel", "suse", "macos", "java", "node", "python", "container"),
    "network": ("network",),
}
"""All platforms of a side; those of `connection` are the clients with a profile."""
_FOR_ALL: dict[Side, Platform] = {"server": "any-server", "client": "any-client"}


class Place(NamedTuple):
    """A place where a cause is mended, and the ids of the fixes there, the first one first."""

    cause: str
    engine: Engine
    tier: Literal["permanent", "intermediate"]
    side: Side
    where: str
    """A platform, or a client's id."""
    fixes: tuple[str, ...]


def places(known: Knowledge) -> tuple[Place, ...]:
    """Returns every place where a cause says that it is mended, those without a fix included."""
    return tuple(place for cause in known.causes for place in _of_cause(cause, known))


def _of_cause(cause: CauseEntry, known: Knowledge) -> Iterator[Place]:
    if cause.mended is None:
        return
    fixes = sorted(
        (fix for fix in known.fixes if cause.id in fix.causes), key=lambda fix: (fix.order, fix.id)
    )
    tiers: tuple[tuple[Literal["permanent", "intermediate"], tuple[Side, ...]], ...] = (
        ("permanent", cause.mended.permanent),
        ("intermediate", cause.mended.intermediate),
    )
    for tier, sides in tiers:
        fitting = [fix for fix in fixes if fix.tier == tier]
        for engine in cause.engines:
            for side in sides:
                for where in _places(side, engine, known):
                    found = tuple(
                        fix.id for fix in fitting if engine in fix.engines and _reaches(fix, side, where)
                    )
                    yield Place(cause.id, engine, tier, side, where, found)


def _places(side: Side, engine: Engine, known: Knowledge) -> tuple[str, ...]:
    if side == "connection":
        return tuple(profile.id for profile in known.profiles if engine in profile.engines)
    return _PLATFORMS[side]


def _reaches(fix: FixEntry, side: Side, where: str) -> bool:
    if side == "connection":
        generic = fix.client is None and fix.platform == "any-client"
        return generic or where in (fix.client, *fix.also_clients)
    return fix.client is None and fix.platform in (where, _FOR_ALL.get(side))
