"""The quick part of the matrix: the drivers of this machine, asked now, beside what is predicted of them.

`python -m tests.reality` asks all drivers of all languages about all faults.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.reality import drivers, matrix
from tests.reality.compared import compare
from tests.reality.servers import REAL_ENGINES, Servers
from tests.servers import programs
from wizard.knowledge.load import load
from wizard.knowledge.locate import knowledge_folder

FAULTS = ("good", "untrusted", "mismatch", "expired", "required", "not-offered", "strict-only")
MOST_OPTION_SETS = 6
"""Of each driver, spread over all of them."""
PYTHON = [driver for driver in drivers.load() if driver.language == "python"]


@pytest.mark.parametrize("driver", PYTHON, ids=lambda driver: driver.driver)
def test_a_driver_does_as_predicted(driver: drivers.Driver, tmp_path: Path) -> None:
    """It connects, encrypted and verified, where that was predicted, and fails with the predicted symptom."""
    try:
        command = driver.arguments()
    except LookupError as missing:
        pytest.skip(str(missing))
    for engine in set(driver.engines) & set(REAL_ENGINES):
        if (reason := programs.why_missing(engine)) is not None:
            pytest.skip(reason)
    rows: list[matrix.Row] = []
    # The servers run under accounts of their own, which have to reach the certificates.
    tmp_path.chmod(0o755)
    for folder in ("certificates", "home"):
        (tmp_path / folder).mkdir(mode=0o755)
    with Servers(tmp_path / "certificates") as servers:
        matrix.run([(_some(driver), command)], FAULTS, servers, tmp_path / "home", rows.append)
        compared = list(compare(load(knowledge_folder()), rows, servers))
    assert rows
    assert [str(one) for one in compared if one.wrong] == []
    refused = [one for one in compared if one.predicted.connects is False]
    others = [str(one) for one in refused if one.other_symptom]
    assert len(others) <= 0.02 * len(refused), others


def _some(driver: drivers.Driver) -> drivers.Driver:
    every = -(-len(driver.option_sets) // MOST_OPTION_SETS)
    return msgspec.structs.replace(driver, option_sets=driver.option_sets[::every])
