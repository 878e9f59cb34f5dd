"""The root in which recipes are carried out: what happens in it stays in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixes.carried_out.carrying import scratch_root


def test_what_happens_in_the_root_stays_in_it(tmp_path: Path) -> None:
    """A file of /etc can be written there, and the machine has none."""
    with scratch_root(tmp_path / "root") as root:
        said = root.run("echo new > /etc/dbtls-test; sudo -u nobody id -un; cat /etc/dbtls-test").stdout
        assert said == "nobody\nnew\n"
        assert root.file("/etc/dbtls-test").read_text() == "new\n"
    assert not Path("/etc/dbtls-test").exists()
    assert not (tmp_path / "root" / "tree" / "etc").exists()


def test_a_failing_line_fails_the_step(tmp_path: Path) -> None:
    """The twin: a script that goes wrong is not taken for one that went well."""
    with scratch_root(tmp_path / "root") as root:
        assert root.run("false; echo on", check=False).stdout == ""
        with pytest.raises(AssertionError):
            root.run("false")
