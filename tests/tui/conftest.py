"""What all tests of the wizard share: a terminal and a time zone that are the same everywhere."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

# Textual and the wizard look at these when they are imported.
for _name in [name for name in os.environ if name.startswith("TEXTUAL")]:
    del os.environ[_name]
os.environ["TERM"] = "xterm-256color"

from tests.tui import tour  # noqa: E402


@pytest.fixture(autouse=True, scope="session")
def shared_tours(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Tells where the processes of one run share what takes long to make."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        tour.shared[:] = [tmp_path_factory.getbasetemp().parent]


@pytest.fixture(autouse=True)
def same_place_and_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Works in an empty folder, in UTC."""
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "UTC0")
        time.tzset()
        yield
    time.tzset()
