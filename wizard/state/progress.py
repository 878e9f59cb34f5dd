"""A trainee's progress: the best result in each exercise of the lab."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from wizard.state.store import Store


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """How one exercise went."""

    scenario: str
    """Id of the scenario."""
    when: Annotated[datetime, msgspec.Meta(tz=True)]
    """In UTC, aware."""
    right: bool
    """The trainee named the cause."""
    wrong_turns: int
    """Wrong choices before the end."""

    def better_than(self, other: Attempt) -> bool:
        """Says whether this went better: the right cause first, then fewer wrong turns."""
        return (self.right, -self.wrong_turns) > (other.right, -other.wrong_turns)


_STORE = Store("progress.json", tuple[Attempt, ...], default=(), what="exercise results")


def attempts() -> tuple[tuple[Attempt, ...], str | None]:
    """Returns the best attempt at each exercise, in the order in which they were first tried, and a message."""
    return _STORE.read()


def note(attempt: Attempt) -> str | None:
    """Keeps the attempt where it is the first or the best; returns a message where there is something to tell."""

    def with_it(before: tuple[Attempt, ...]) -> tuple[Attempt, ...]:
        best = {one.scenario: one for one in before}
        earlier = best.get(attempt.scenario)
        if earlier is None or attempt.better_than(earlier):
            best[attempt.scenario] = attempt
        return tuple(best.values())

    return _STORE.change(with_it)
