"""What the lab's tests share: the scenarios, and real drivers in child processes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import pytest
import yaml

from wizard.lab.certificates import identity_for
from wizard.model.knowledge import ScenarioEntry
from wizard.model.target import ENGINES

SCENARIOS = Path(__file__).parents[2] / "knowledge" / "scenarios"
DEADLINE = 25.0
"""A driver that has not given up by then, in seconds, fails its test."""


Run = Callable[[Sequence[str], Mapping[str, str]], subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def scenarios() -> dict[str, ScenarioEntry]:
    """Every scenario of the knowledge folder by its id."""
    entries = [
        entry
        for engine in ENGINES
        for entry in msgspec.convert(
            yaml.safe_load((SCENARIOS / f"{engine}.yaml").read_text("utf-8")), list[ScenarioEntry]
        )
    ]
    return {entry.id: entry for entry in entries}


@pytest.fixture(scope="session")
def unrelated_ca_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root that has issued nothing, so that a driver validates and finds no trust."""
    scenario = ScenarioEntry(
        id="sqlserver/unrelated", title="-", cause="healthy", engine="sqlserver", certificate="self-signed"
    )
    identity = identity_for(scenario)
    assert identity is not None
    file = tmp_path_factory.mktemp("unrelated") / "ca.pem"
    file.write_bytes(identity.anchor_pem())
    return file


@pytest.fixture(scope="session")
def run() -> Run:
    """Runs a driver in a child process, since each reads its trust from another environment variable."""

    def run_child(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            env={**os.environ, "LC_ALL": "C.UTF-8", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEADLINE,
            check=False,
        )

    return run_child
