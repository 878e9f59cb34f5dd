"""What the tests of the state share: a folder of their own, and other programs that use it at the same time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

Spawn = Callable[[str], subprocess.Popen[str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the state, which does not exist yet."""
    place = tmp_path / "state"
    monkeypatch.setenv("DBTLS_STATE_DIR", str(place))
    return place


@pytest.fixture
def spawn(folder: Path) -> Spawn:
    """Starts another Python that uses the same folder; it has `note`, and `attempt` to make one by a number."""
    begin = (
        "from datetime import UTC, datetime\n"
        "from wizard.state.progress import Attempt, note\n"
        "def attempt(number, length=0):\n"
        "    scenario = f'mysql/number-{number}' + 'x' * length\n"
        "    return Attempt(scenario=scenario, when=datetime.now(UTC), right=True, wrong_turns=0)\n"
    )

    def start(script: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", begin + script],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start
