"""The Tab key: what a shell is offered, in process and in a real Bash."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from tests.test_import_hygiene import HEAVY, imported_by
from wizard.cli import completion
from wizard.cli.commands import command
from wizard.cli.main import run
from wizard.cli.terminal import Exit
from wizard.knowledge import cache
from wizard.knowledge.load import load
from wizard.knowledge.locate import knowledge_folder
from wizard.model.knowledge import Knowledge

Offered = Callable[..., list[str]]


@pytest.fixture(scope="module")
def known() -> Knowledge:
    """Returns the knowledge, read once."""
    return load(knowledge_folder())


@pytest.fixture
def offered(known: Knowledge, monkeypatch: pytest.MonkeyPatch) -> Offered:
    """Returns what is offered behind some finished words for one that is begun."""
    monkeypatch.setattr(cache, "knowledge", lambda: known)
    monkeypatch.setattr(cache, "recognition", lambda: known)
    shell = ShellComplete(command, {}, "dbtls", completion.VARIABLE)

    def ask(*words: str) -> list[str]:
        return [item.value for item in shell.get_completions([*words[:-1]], words[-1])]

    return ask


def test_commands_are_offered_without_loading_them(offered: Offered, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first word is a command, a target or an option of the wizard; no command is imported for it."""
    monkeypatch.setattr(command, "get_command", lambda *_: pytest.fail("a command was loaded"))
    everything = offered("")
    assert {"check", "doctor", "completion", "lab", "sqlserver://"} <= set(everything)
    assert "start" not in everything
    assert offered("ch") == ["check"]
    assert offered("zz") == []
    assert {"--error", "--client", "--version"} <= set(offered("--"))


@pytest.mark.parametrize(
    ("words", "some", "never"),
    [
        (("fix", "name-"), "name-mismatch", "certificate-expired"),
        (("fix", "name-mismatch", "--client", "od"), "odbc-18", "psycopg"),
        (("fix", "name-mismatch", "--platform", "mac"), "macos", "debian"),
        (("howto", "trust"), "trust.status", "certificate.made_by"),
        (("check", "--answer", "certificate.made_by=s"), "certificate.made_by=server", "certificate.made_by=other"),
        (("check", "--answer", "tls.off"), "tls.offered=false", "tls.offered=False"),
        (("clients", "sqlserver://sql01", "--client", "ss"), "ssms-20", "odbc-18"),
        (("clients", "--explain-upgrade", "ssms-18", "ssms"), "ssms-20", "odbc-18"),
        (("sqlserver://sql01", "--cl"), "--client", "--error"),
        (("lab", "serve", "postgresql/"), "postgresql/certificate-expired", "mysql/tls-not-offered"),
        (("lab", "se"), "serve", "list"),
        (("check", "pos"), "postgresql://", "mysql://"),
        (("completion", "z"), "zsh", "bash"),
        (("doctor", "--"), "--json", "--client"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_values_are_offered(offered: Offered, words: tuple[str, ...], some: str, never: str) -> None:
    """Each argument and option offers its own values that begin as the word does, and no others."""
    found = offered(*words)
    assert some in found
    assert never not in found


def test_the_fixes_offered_are_those_of_the_cause(offered: Offered, known: Knowledge) -> None:
    """`--id` knows the cause on the line; another cause has others."""
    of = {
        cause: {fix.id for fix in known.fixes if cause in fix.causes}
        for cause in ("name-mismatch", "tls-not-offered")
    }
    for cause, ids in of.items():
        assert set(offered("fix", cause, "--id", "")) == ids
    assert of["name-mismatch"] - of["tls-not-offered"]


@pytest.mark.parametrize("words", [("check", "--ca-file", "x"), ("check", "--paste", ""), ("inspect", "c")])
def test_files_are_left_to_the_shell(words: tuple[str, ...]) -> None:
    """Where a file is meant the shell completes by itself; where none is, it is not told to."""
    shell = ShellComplete(command, {}, "dbtls", completion.VARIABLE)
    assert [item.type for item in shell.get_completions([*words[:-1]], words[-1])] == ["file"]
    assert "file" not in [item.type for item in shell.get_completions(["lab"], "")]


@pytest.mark.parametrize(
    "line", ["dbtls chek x", "dbtls check --bogus ", "dbtls check 'open ", "", "dbtls fix x --id "]
)
def test_half_typed_lines_are_no_error(
    line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is written on the prompt, no command runs and no wizard opens, whatever stands on the line."""
    monkeypatch.setattr(cache, "knowledge", Knowledge)
    monkeypatch.setattr(cache, "recognition", Knowledge)
    monkeypatch.setattr("wizard.cli.main.has_screen", lambda term: pytest.fail("the wizard was asked for"))
    monkeypatch.setenv(completion.VARIABLE, "bash_complete")
    monkeypatch.setenv("DBTLS_COMPLETE_LINE", line)
    assert run([]) in (Exit.FINE, Exit.FAULT)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("instruction", ["bash_bogus", "tcsh_complete", "zsh_complete"])
def test_an_unknown_instruction_offers_nothing(
    instruction: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another shell, another verb, or no words at all: status 1 and silence."""
    monkeypatch.setenv(completion.VARIABLE, instruction)
    monkeypatch.delenv("COMP_WORDS", raising=False)
    assert run(["check", "sqlserver://sql01"]) == Exit.FAULT
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_scripts_are_printed(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each shell has its script, which asks dbtls by the variable; another word is an error of usage."""
    assert run(["completion", shell]) == Exit.FINE
    script = capsys.readouterr().out
    assert f"{shell}_complete" in script
    assert completion.VARIABLE in script
    assert run(["completion", "tcsh"]) == Exit.USAGE


@pytest.mark.parametrize("line", ["dbtls ch", "dbtls doctor --", "dbtls lab "])
def test_completing_imports_nothing_heavy(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Tab key waits for no certificate library, screen, driver or YAML."""
    monkeypatch.setenv(completion.VARIABLE, "bash_complete")
    monkeypatch.setenv("DBTLS_COMPLETE_LINE", line)
    printed, status, modules = imported_by("wizard")
    assert (status, bool(printed)) == (Exit.FINE, True)
    assert not modules & HEAVY


def said_by(shell: str, script: str, folder: Path) -> list[str]:
    """Returns the lines that a real shell prints, in which `dbtls` is this program."""
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    program = folder / "dbtls"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m wizard "$@"\n', "utf-8")
    program.chmod(0o755)
    done = subprocess.run(
        [shell, *(["--norc"] if shell == "bash" else ["--no-config"]), "-c", script],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_fish_completes(tmp_path: Path) -> None:
    """A real fish with the printed script shows descriptions whole, and begins a target."""
    script = """
dbtls completion fish | source
for line in 'dbtls doc' 'dbtls check --answer trust.status=self' 'dbtls check sqls' 'dbtls nonsense'
    echo "$line|"(complete -C "$line")
end
"""
    assert said_by("fish", script, tmp_path) == [
        "dbtls doc|doctor\twhat dbtls can do on this machine, and what is missing",
        "dbtls check --answer trust.status=self|trust.status=self-signed\tNo, the certificate is signed by itself",
        "dbtls check sqls|sqlserver://\tSQL Server",
        "",
    ]


def test_bash_completes(tmp_path: Path) -> None:
    """A real Bash with the printed script completes commands, values behind = and :, and files."""
    script = r"""
eval "$(dbtls completion bash)"
# compopt works inside a real completion alone.
compopt() { echo "compopt" "$@"; }
complete_line() {
    COMP_LINE=$1 COMP_POINT=${#1}
    _dbtls_completion dbtls
    echo "$1|${COMPREPLY[*]}"
}
complete_line 'dbtls doc'
complete_line 'dbtls doctor --js'
complete_line 'dbtls check --answer certificate.made_by=se'
complete_line 'dbtls check sqlserver://sql01 --client odbc-1'
complete_line 'dbtls check sqls'
complete_line 'dbtls inspect '
complete_line 'dbtls nonsense'
complete -p dbtls
"""
    assert said_by("bash", script, tmp_path) == [
        "dbtls doc|doctor",
        "dbtls doctor --js|--json",
        "dbtls check --answer certificate.made_by=se|server",  # Bash keeps what stands before the =
        "dbtls check sqlserver://sql01 --client odbc-1|odbc-17 odbc-18",
        "compopt -o nospace",
        "dbtls check sqls|sqlserver://",
        "compopt -o default",
        "dbtls inspect |",
        "dbtls nonsense|",
        "complete -o nosort -F _dbtls_completion dbtls",
    ]
