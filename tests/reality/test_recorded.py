"""The predictions for every attempt of the record of the matrix (recorded.jsonl.gz).

The lab stands for the servers that the drivers met: for the probes, from which alone is predicted, they are the same.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.reality.compared import Compared, compare, read_rows
from tests.reality.servers import Servers
from wizard.knowledge.load import load
from wizard.knowledge.locate import knowledge_folder

RECORDED = Path(__file__).parent / "recorded.jsonl.gz"
ENGINES = ("sqlserver", "postgresql", "mariadb")


@pytest.fixture(scope="module", params=ENGINES)
def compared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Compared, ...]:
    """Every recorded row of one database with its prediction."""
    rows = [row for row in read_rows(RECORDED) if row.engine == request.param]
    with Servers(tmp_path_factory.mktemp("servers"), real=False) as servers:
        return tuple(compare(load(knowledge_folder()), rows, servers))


def test_what_was_predicted_is_what_the_drivers_did(compared: tuple[Compared, ...]) -> None:
    """Connects, encrypted and verified: not one of thousands is predicted otherwise than it was."""
    assert len(compared) > 800
    assert [str(one) for one in compared if one.wrong] == []


def test_the_symptom_is_that_of_the_drivers_words(compared: tuple[Compared, ...]) -> None:
    """At least 98 of 100 refusals show the symptom that was predicted."""
    refused = [one for one in compared if one.predicted.connects is False]
    others = Counter(f"{one.row.client} {one.row.fault}" for one in refused if one.other_symptom)
    assert others.total() <= 0.02 * len(refused), others


def test_little_is_unknown(compared: tuple[Compared, ...]) -> None:
    """Unknown is an honest answer, but not a way out: at most 3 in 100, and only where nothing could be known."""
    unknown = Counter(one.predicted.why for one in compared if one.predicted.connects is None)
    assert unknown.total() <= 0.03 * len(compared), unknown
