"""The quick part of the matrix: the drivers of this machine, asked now, beside what is predicted of them.

`python -m tests.reality` asks all drivers of all languages about all faults.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.known import KNOWN
from tests.reality import drivers, matrix
from tests.reality.compared import compare
from tests.reality.servers import REAL_ENGINES, Servers
from tests.servers import programs
from tests.thorough import THOROUGH
from wizard.model.knowledge import Knowledge

FAULTS = ("good", "untrusted", "mismatch", "expired", "required", "not-offered", "strict-only")
MOST_OPTION_SETS = 6 if THOROUGH else 3
"""Of each driver, spread over all of them. Each driver meets all faults."""
PYTHON = [driver for driver in drivers.load() if driver.language == "python"]
RETRIES = {"python-tds": 3}
"""What tries again until its time is over, where the server hangs up, and how many seconds it has for it."""


@pytest.fixture(scope="module")
def known() -> Knowledge:
    """The knowledge."""
    return KNOWN


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the accounts of the servers can enter, for they have to reach the certificates."""
    folder = tmp_path_factory.mktemp("quick")
    folder.chmod(0o755)
    for name in ("certificates", "home"):
        (folder / name).mkdir(mode=0o755)
    return folder


@pytest.fixture(scope="module")
def servers(place: Path) -> Iterator[Servers]:
    """The servers, each started when a driver first meets it."""
    with Servers(place / "certificates") as made:
        yield made


@pytest.mark.parametrize("driver", PYTHON, ids=lambda driver: driver.driver)
def test_a_driver_does_as_predicted(
    driver: drivers.Driver, known: Knowledge, place: Path, servers: Servers
) -> None:
    """It connects, encrypted and verified, where that was predicted, and fails with the predicted symptom."""
    try:
        command = driver.arguments()
    except LookupError as missing:
        pytest.skip(str(missing))
    for engine in set(driver.engines) & set(REAL_ENGINES):
        if (reason := programs.why_missing(engine)) is not None:
            pytest.skip(reason)
    rows: list[matrix.Row] = []
    seconds = RETRIES.get(driver.driver, matrix.SECONDS)
    matrix.run([(_some(driver), command)], FAULTS, servers, place / "home", rows.append, seconds=seconds)
    compared = list(compare(known, rows, servers))
    assert rows
    assert [str(one) for one in compared if one.wrong] == []
    refused = [one for one in compared if one.predicted.connects is False]
    others = [str(one) for one in refused if one.other_symptom]
    assert len(others) <= 0.02 * len(refused), others


def _some(driver: drivers.Driver) -> drivers.Driver:
    every = -(-len(driver.option_sets) // MOST_OPTION_SETS)
    return msgspec.structs.replace(driver, option_sets=driver.option_sets[::every])
