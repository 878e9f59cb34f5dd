"""What the server told a login, as lines of text."""

from __future__ import annotations

import pytest

from wizard.diagnosis.walk import answered
from wizard.knowledge.load import load
from wizard.knowledge.locate import knowledge_folder
from wizard.model.case import Case
from wizard.model.evidence import Evidence, unknown
from wizard.report.text import own_view

FACTS = {fact.id: fact for fact in load(knowledge_folder()).facts}


@pytest.mark.parametrize("login", ["refused", "accepted"])
def test_a_login_that_failed_is_told_once(login: str) -> None:
    """What it did not show is no news then; what an accepted one was not told, is."""
    case = answered(
        Case(),
        Evidence("view.login", login, "probe", "the words of the server"),
        unknown("view.configured", "probe", "the login may not read it"),
    )
    told = " ".join(" ".join(own_view(case, FACTS)).split())
    assert "(the words of the server)" in told
    assert ("the login may not read it" in told) is (login == "accepted")
