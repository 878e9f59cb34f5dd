"""The cases that were opened lately, so that each can be opened again as it was."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from wizard.diagnosis.proof import Outcome
from wizard.model.case import Case
from wizard.state.store import Store

KEPT = 20
"""Cases that are remembered at most."""


class RecentCase(msgspec.Struct, frozen=True, kw_only=True):
    """A case to be opened again, with the options that it was examined with."""

    id: str
    """Random hexadecimal digits."""
    opened: Annotated[datetime, msgspec.Meta(tz=True)]
    """In UTC, aware."""
    case: Case
    """As it was left; already free of secrets."""
    typed: str | None
    """The target as it can be typed again."""
    title: str
    """What a list shows: the target or the symptom."""
    cause: str | None = None
    """Id of the cause that was found."""
    outcome: Outcome | None = None
    """What the last check after a fix showed; None: there was none."""
    ca_file: str | None = None
    """Path of the roots that were trusted instead of the machine's store."""
    probing: bool = True


_STORE = Store("recent.json", tuple[RecentCase, ...], default=(), what="recent cases")


def recent() -> tuple[tuple[RecentCase, ...], str | None]:
    """Returns the cases that are remembered, newest first, and a message where there is something to tell."""
    return _STORE.read()


def remember(case: RecentCase) -> str | None:
    """Adds a case, or replaces the one of its id; returns a message where there is something to tell."""

    def with_it(before: tuple[RecentCase, ...]) -> tuple[RecentCase, ...]:
        # This one stays in any case, even where a wrong clock made all others newer.
        others = [one for one in before if one.id != case.id][: KEPT - 1]
        return tuple(sorted((case, *others), key=lambda one: one.opened, reverse=True))

    return _STORE.change(with_it)


def forget_all() -> str | None:
    """Forgets all cases; returns a message where that failed, or where files set aside earlier still hold some."""
    message = _STORE.change(lambda before: ())
    left = ", ".join(str(path) for path in _STORE.set_aside())
    warning = f"Files that were set aside may hold cases too; delete them yourself: {left}" if left else None
    return " ".join(filter(None, (message, warning))) or None
