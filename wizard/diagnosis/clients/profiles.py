"""Finds the profile of a client, by its id or by another name of it."""

from __future__ import annotations

from wizard.errors import UsageError
from wizard.model.client import ProfileEntry
from wizard.model.knowledge import Knowledge
from wizard.model.target import Engine
from wizard.model.text import nearest


def profile_of(client: str, engine: Engine | None, known: Knowledge) -> ProfileEntry:
    """Returns the profile of a client, by its id or another name of it.

    Raises:
        UsageError: there is no such client, or it does not speak with this database.
    """
    fitting = tuple(one for one in known.profiles if engine is None or speaks(one, engine))
    wanted = client.lower()
    for one in fitting:
        if wanted in (one.id, *one.also):
            return one
    ids = tuple(one.id for one in fitting)
    if any(wanted in (one.id, *one.also) for one in known.profiles):
        raise UsageError(
            f"The client '{client}' does not speak with this database.",
            hint=f"Known for it: {', '.join(ids)}",
        )
    every = tuple(name for one in known.profiles for name in (one.id, *one.also))
    raise UsageError(
        f"There is no client '{client}'{nearest(wanted, every) or '.'}", hint=f"Known: {', '.join(ids)}"
    )


def speaks(profile: ProfileEntry, engine: Engine) -> bool:
    """Says whether a client speaks with a database; MySQL and MariaDB share their protocol."""
    same: tuple[Engine, ...] = ("mysql", "mariadb") if engine in ("mysql", "mariadb") else (engine,)
    return bool(set(same) & set(profile.engines))
