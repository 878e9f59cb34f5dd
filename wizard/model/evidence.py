"""Evidence: what is known about one fact, who established it, and why where it is unknown."""

from __future__ import annotations

from typing import Literal

import msgspec

Value = bool | int | str | tuple[str, ...]
"""A known value of a fact."""

Source = Literal["probe", "person", "error-text", "file", "assumed"]

# A person's own answer overrules a probe. An error text speaks of the client's machine at another time, so
# what was measured now comes before it.
PRECEDENCE: tuple[Source, ...] = ("person", "probe", "file", "error-text", "assumed")


class Evidence(msgspec.Struct, frozen=True):
    """One fact as one source established it. `value` None means unknown, and `because` says why."""

    fact: str
    value: Value | None
    source: Source
    because: str | None = None
    """Why the value is unknown, or what it was read from. One short sentence, without a full stop."""
    elapsed_ms: float | None = None
    """How long establishing it took, where it was measured."""

    @property
    def known(self) -> bool:
        """Says whether there is a value. Unknown is never the same as false."""
        return self.value is not None


def unknown(fact: str, source: Source, because: str) -> Evidence:
    """Returns the evidence that `source` could not establish `fact`, and why."""
    return Evidence(fact, None, source, because)
