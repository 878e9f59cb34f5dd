"""A fix as one file."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_powershell

from wizard.fixes.render import RenderedFix, RenderedStep, example_values, render_fix
from wizard.knowledge.load import read_folder
from wizard.model.knowledge import FixEntry, RunOn, Shell
from wizard.report.script import as_script, script_name

FIXES = read_folder(Path(__file__).parents[2] / "knowledge").knowledge.fixes


def step(text: str, shell: Shell = "sh", run_on: RunOn = "server") -> RenderedStep:
    """A step."""
    return RenderedStep(title="Do it", run_on=run_on, shell=shell, text=text, as_administrator=False)


def fix(*steps: RenderedStep) -> RenderedFix:
    """A fix with these steps."""
    return RenderedFix(
        id="a-fix", tier="permanent", title="Mend it", platform="linux-server", client=None, options=(),
        steps=steps, undo=(step("true"),), confirm="dbtls check x", restarts=None, rights=None, gives_up=None,
        when_ok=None, when_not=None, missing=(),
    )  # fmt: skip


def ran(script: str, typed: str = "\n", **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a script as a person would."""
    return subprocess.run(
        ["sh", "-c", script],
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", **environment},
    )


def test_each_step_stands_alone_and_a_failing_one_ends_it() -> None:
    """No folder and no variable reaches the next step; after a failure nothing is run."""
    alone = ran(as_script(fix(step("cd /; x=1"), step('echo "$PWD${x-none}"'))))
    assert alone.stdout.strip().endswith("none")
    assert alone.stdout.strip() != "/none"
    stopped = ran(as_script(fix(step("echo first"), step("echo 'wrong' >&2; false"), step("echo third"))))
    assert stopped.stdout == "first\n"
    assert stopped.returncode != 0


def test_sql_goes_through_the_databases_own_client(tmp_path: Path) -> None:
    """As the server's own account on the server, and its failure ends the script too."""
    (tmp_path / "sudo").write_text('#!/bin/sh\necho "$@"; cat; test -z "$FAIL"\n')
    (tmp_path / "sudo").chmod(0o755)
    script = as_script(fix(step("true"), step("SELECT '$x', `y`;", "postgresql"), step("echo done")))
    path = f"{tmp_path}:/usr/bin:/bin"
    done = ran(script, PATH=path)
    assert done.stdout == "-u postgres psql -X -v ON_ERROR_STOP=1\nSELECT '$x', `y`;\ndone\n"
    assert "done" not in ran(script, PATH=path, FAIL="1").stdout


def test_what_a_person_has_to_do_is_waited_for() -> None:
    """A step by hand, or on another machine, is a comment, and the script waits; nothing of it is run."""
    hostile = "Write $(touch /tmp/x)\n`id` into the form"
    script = as_script(
        fix(step("echo 1"), step(hostile, "screen"), step("echo 2", run_on="client"), step("echo 3"))
    )
    done = ran(script, typed="\n\n")
    assert [word for word in done.stdout.split() if word in "123"] == ["1", "3"]
    assert ran(script, typed="").returncode != 0


def test_what_no_shell_can_run_is_text() -> None:
    """A connection string is no script."""
    assert script_name(fix(step("Encrypt=yes", "odbc"))) == "dbtls-a-fix.txt"
    assert script_name(fix(step("x", "powershell"), step("y", "tsql"))) == "dbtls-a-fix.ps1"


@pytest.mark.parametrize("entry", FIXES, ids=lambda entry: entry.id)
def test_every_fix_makes_a_valid_file(entry: FixEntry) -> None:
    """Shell scripts pass both shells' parsers, PowerShell its grammar, with examples and with placeholders."""
    for values in (example_values(entry), {}):
        rendered = render_fix(entry, values)
        script = as_script(rendered)
        if script_name(rendered).endswith(".sh"):
            for shell in ("sh", "bash"):
                done = subprocess.run(
                    [shell, "-n"], input=script, capture_output=True, text=True, check=False
                )
                assert done.returncode == 0, done.stderr
        elif script_name(rendered).endswith(".ps1"):
            parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
            assert not parser.parse(script.encode()).root_node.has_error
