"""`dbtls fix`: one fix, what is filled in, and scripts."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from pathlib import Path

from tests.cli.command import dbtls
from wizard.cli.terminal import Exit

TRUST = ("fix", "private-ca-not-trusted", "postgresql://db01.corp.example", "--id", "trust-debian")


def test_a_setting_fills_a_placeholder() -> None:
    """It is quoted for the shell, and the fix lacks nothing any more; without it the placeholder is named."""
    filled = dbtls(*TRUST, "--set", "ca_file=/tmp/it's a root.pem")
    assert filled.status == Exit.FINE
    assert "'/tmp/it'\"'\"'s a root.pem'" in filled.out
    assert "--set" not in filled.out
    empty = dbtls(*TRUST)
    assert "'<your CA file>'" in empty.out
    assert "--set ca_file=VALUE" in empty.out


def test_what_cannot_be_set_is_refused_with_the_reason() -> None:
    """An unknown placeholder, a value of the wrong shape, no value, an unknown fix, a script of many fixes."""
    for arguments, words in (
        (("--set", "ca_fil=/tmp/x"), "ca_file"),
        (("--set", "ca_file=-rf"), "hyphen"),
        (("--set", "names=a b;$(id)"), "host names"),
        (("--set", "ca_file"), "NAME=VALUE"),
        (("--id", "trust-debain"), "trust-debian"),
    ):
        ran = dbtls(*TRUST, *arguments)
        assert (ran.status, ran.out) == (Exit.USAGE, ""), arguments
        assert words in ran.err
    assert dbtls(*TRUST[:3], "--script").status == Exit.USAGE


def test_a_script_stops_at_the_first_failing_step_and_has_the_way_back(tmp_path: Path) -> None:
    """It is a valid script with the undo as comments; where a step fails, what follows is not run."""
    script = dbtls(*TRUST, "--script", "--set", f"ca_file={tmp_path / 'no-such-file'}")
    assert script.status == Exit.FINE
    assert script.out.startswith("#!/bin/sh\nset -eu\n")
    assert "# undo: " in script.out
    assert "# prove it: dbtls check" in script.out
    (tmp_path / "sudo").write_text('#!/bin/sh\necho reached "$@"\n')
    (tmp_path / "sudo").chmod(0o755)
    done = subprocess.run(
        ["sh"],
        input=script.out,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "reached" not in done.stdout


def test_a_person_is_asked_for_what_is_missing() -> None:
    """On a terminal the fix asks for its placeholders, says what is wrong with an answer, and asks again."""
    here, there = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "wizard", *TRUST], stdin=there, stderr=there, stdout=subprocess.PIPE, text=True
    ) as process:
        os.close(there)
        said = _until(here, "): ")
        assert "your CA file" in said
        os.write(here, b"-rf\n")
        assert "hyphen" in _until(here, "): ")
        os.write(here, b"/tmp/ca.pem\n")
        out, _ = process.communicate(timeout=60)
        assert process.returncode == Exit.FINE
    os.close(here)
    assert "openssl x509 -in /tmp/ca.pem" in out
    assert "<your CA file>" not in out


def _until(terminal: int, words: str) -> str:
    """What the program writes up to these words."""
    said = ""
    while words not in said:
        assert select.select([terminal], [], [], 60)[0], said
        said += os.read(terminal, 4096).decode()
    return said
