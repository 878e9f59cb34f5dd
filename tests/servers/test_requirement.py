"""A real server that is missing is a skip with its reason, and a failure where CI demands the servers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SKIPPED = """
import pytest

@pytest.mark.real_server("openssl")
def test_real():
    pytest.skip("the server is gone")

def test_other():
    pytest.skip("never needed a server")
"""


@pytest.mark.parametrize(("required", "status"), [("0", 0), ("1", 1)])
def test_skip_becomes_failure_on_demand(required: str, status: int, tmp_path: Path) -> None:
    """Only the real-server test fails, only on demand, and its reason is told either way."""
    (tmp_path / "test_one.py").write_text(SKIPPED, encoding="utf-8")
    pytest_run = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*pytest_run, "-c", str(ROOT / "pyproject.toml"), str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"DBTLS_REQUIRE_SERVERS": required},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    summary = done.stdout.splitlines()[-1]
    assert ("1 failed, 1 skipped" if status else "2 skipped") in summary
    assert "the server is gone" in done.stdout
