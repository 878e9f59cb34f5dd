"""The sign before a fact: as on a healthy server, or not."""

from __future__ import annotations

import pytest

from wizard.knowledge.load import load
from wizard.knowledge.locate import knowledge_folder
from wizard.model.evidence import Evidence
from wizard.report import text
from wizard.tui.text import state_of

KNOWN = load(knowledge_folder())


@pytest.mark.parametrize(
    ("value", "sign", "state"),
    [("not-needed", "✓", "passed"), ("found", "✓", "passed"), ("not-found", "✗", "failed")],
)
def test_several_values_may_be_in_order(value: str, sign: str, state: str) -> None:
    """A named instance that SQL Browser knows is no fault; one that it does not know is."""
    (line,) = text.evidence([Evidence("instance.status", value, "probe")], KNOWN)
    assert line.startswith(f"  {sign} ")
    assert state_of(KNOWN.fact("instance.status"), value) == state
