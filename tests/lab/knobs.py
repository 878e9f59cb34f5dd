"""A good scenario, and what becomes of it when some of its fields are changed."""

from __future__ import annotations

import msgspec

from wizard.model.knowledge import ScenarioEntry

GOOD = ScenarioEntry(id="postgresql/x", title="a server of the tests", cause="healthy", engine="postgresql")


def with_knobs(scenario: ScenarioEntry, **knobs: object) -> ScenarioEntry:
    """Returns the scenario with other fields, which have to be valid."""
    return msgspec.convert({**msgspec.to_builtins(scenario), **knobs}, ScenarioEntry)
