"""The predictions for the attempts of the record of the matrix (recorded.jsonl.gz): one of five, or all if thorough.

The lab stands for the servers that the drivers met: for the probes, from which alone is predicted, they are the same.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from zlib import crc32

import pytest

from tests.known import KNOWN
from tests.reality.compared import Compared, compare, read_rows
from tests.reality.matrix import Row
from tests.reality.servers import Servers
from tests.thorough import THOROUGH

RECORDED = Path(__file__).parent / "recorded.jsonl.gz"
ENGINES = ("sqlserver", "postgresql", "mariadb")


def is_chosen(row: Row) -> bool:
    """Mixes drivers, options and faults, so that each of them is among the fifth that is taken."""
    return THOROUGH or crc32(f"{row.driver} {row.options} {row.fault}".encode()) % 5 == 0


@pytest.fixture(scope="module", params=ENGINES)
def compared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Compared, ...]:
    """Recorded rows of one database with their predictions."""
    rows = [row for row in read_rows(RECORDED) if row.engine == request.param and is_chosen(row)]
    with Servers(tmp_path_factory.mktemp("servers"), real=False) as servers:
        return tuple(compare(KNOWN, rows, servers))


def test_what_was_predicted_is_what_the_drivers_did(compared: tuple[Compared, ...]) -> None:
    """Connects, encrypted and verified: not one of thousands is predicted otherwise than it was."""
    assert len(compared) > 800
    assert [str(one) for one in compared if one.wrong] == []


def test_the_symptom_is_that_of_the_drivers_words(compared: tuple[Compared, ...]) -> None:
    """At least 98 of 100 refusals show the symptom that was predicted."""
    refused = [one for one in compared if one.predicted.connects is False]
    others = Counter(f"{one.row.client} {one.row.fault}" for one in refused if one.other_symptom)
    assert others.total() <= 0.02 * len(refused), others


def test_each_driver_and_each_fault_is_among_them() -> None:
    """The part that is taken leaves no driver, no client and no fault out."""
    rows = list(read_rows(RECORDED))
    for field in ("driver", "client", "fault"):
        everyone = {getattr(row, field) for row in rows}
        assert {getattr(row, field) for row in rows if is_chosen(row)} == everyone


def test_little_is_unknown(compared: tuple[Compared, ...]) -> None:
    """Unknown is an honest answer, but not a way out: at most 3 in 100, and only where nothing could be known."""
    unknown = Counter(one.predicted.why for one in compared if one.predicted.connects is None)
    assert unknown.total() <= 0.03 * len(compared), unknown
