"""A case: all that is known so far. Front ends only ever replace it by a newer one."""

from __future__ import annotations

import msgspec

from wizard.model.certificate import Certificate
from wizard.model.evidence import PRECEDENCE, Evidence, Value
from wizard.model.target import Target


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about one person's problem. Dropping the newest case is going back."""

    target: Target | None = None
    client: str | None = None
    """Id of the client that fails, where the person named it; fixes for other clients are left out then."""
    error: str | None = None
    """The error text as pasted, already free of secrets."""
    evidence: tuple[Evidence, ...] = ()
    """At most one entry for each fact and source, in the order in which they were established."""
    probed: tuple[str, ...] = ()
    """Ids of the probes that have run or cannot run; none of them is asked for again."""
    certificates: tuple[Certificate, ...] = ()
    """The chain as the server sent it (or the file holds it), leaf first."""

    def evidence_for(self, fact: str) -> Evidence | None:
        """Returns what decides about `fact`: the known entry of highest precedence, else an unknown one."""
        entries = [entry for entry in self.evidence if entry.fact == fact]
        known = [entry for entry in entries if entry.known]
        return min(known or entries, key=lambda entry: PRECEDENCE.index(entry.source), default=None)

    def value(self, fact: str) -> Value | None:
        """Returns the known value of `fact`, or None where it is unknown."""
        entry = self.evidence_for(fact)
        return entry.value if entry else None

    @property
    def port(self) -> int | None:
        """The TCP port: the target's own, else the one that SQL Browser told; None where neither is known."""
        told = self.value("instance.port")
        given = self.target.port if self.target else None
        return given or (told if isinstance(told, int) else None)

    def facts(self) -> dict[str, Value | None]:
        """Returns every fact that was established or tried, with None for unknown, in order."""
        return {entry.fact: self.value(entry.fact) for entry in self.evidence}
