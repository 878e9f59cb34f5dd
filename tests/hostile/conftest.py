"""What all hostile tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.asked import KNOWN
from wizard.cli import main
from wizard.knowledge import cache as kept


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which processes keep the knowledge once it was read, for all tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def as_one_command(clean_environment: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands in this process do not rename it and share its knowledge; other processes share what is kept."""
    monkeypatch.setattr(main, "_hide_arguments", lambda: None)
    monkeypatch.setattr(kept, "knowledge", lambda: KNOWN)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
