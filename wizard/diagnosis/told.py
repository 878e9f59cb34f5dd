"""What a target tells by itself: which options the client uses, and whose machine the server is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from wizard.diagnosis.connection_string import Pairs, plain_key
from wizard.model.evidence import Evidence
from wizard.model.knowledge import Choice, FactEntry


def told_by(host: str, options: Pairs, facts: Iterable[FactEntry]) -> Iterator[Evidence]:
    """Yields the facts that the host and the options of a target tell.

    Args:
        host: the host that the client connects to.
        options: the options that concern TLS, as the connection string spells them.
        facts: all facts; the first choice of which something is told decides.
    """
    for fact in facts:
        for choice in fact.choices:
            if (because := _told(choice, host.lower(), options)) is not None:
                yield Evidence(fact.id, choice.value, "person", because)
                break


def _told(choice: Choice, host: str, options: Pairs) -> str | None:
    """Returns what tells the choice, as the target spells it, or None."""
    for word in choice.told_by:
        key, equals, value = word.partition("=")
        if not equals and fnmatchcase(host, word):
            return host
        for name, given in options:
            if equals and plain_key(name) == plain_key(key) and given.strip().lower() == value.lower():
                return f"{name}={given}"
    return None
