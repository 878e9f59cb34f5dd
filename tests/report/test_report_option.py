"""`dbtls check … --report FILE` writes the form that the ending names, and nothing that is not a plain file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec
import pytest

from tests.cli.command import check, dbtls
from tests.report.cases import KNOWN
from tests.report.named import Named, named
from wizard.cli import case_report
from wizard.cli.terminal import Exit
from wizard.errors import UsageError
from wizard.lab.server import serve

Capture = pytest.CaptureFixture[str]
OFFLINE = ("check", "postgresql://db01", "--no-probe", "--answer", "validity.status=expired")
STARTS = {
    "case.md": "# Database connection: `postgresql://db01",
    "case.html": "<!DOCTYPE html>",
    "case.HTM": "<!DOCTYPE html>",
    "case.json": '{"schema":"dbtls/diagnosis/1"',
    "case.txt": "This is about the PostgreSQL server db01.",
}


@pytest.mark.parametrize("name", STARTS)
def test_the_ending_chooses_the_form(name: str, tmp_path: Path) -> None:
    """Each ending has its form; the report comes besides what is printed, and only its owner can read it."""
    file = tmp_path / name
    plain, reported = dbtls(*OFFLINE), dbtls(*OFFLINE, "--report", str(file))
    assert reported.out == plain.out
    assert reported.status == plain.status
    assert file.read_text("utf-8").startswith(STARTS[name])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == [name]


def test_it_works_with_json(tmp_path: Path) -> None:
    """With --json stdout holds one document still, and the report says the same of a real server."""
    file = tmp_path / "case.json"
    with serve(KNOWN.scenario("postgresql/certificate-expired")) as server:
        ran = check(server, "--report", str(file))
    assert ran.status == Exit.FAULT
    assert msgspec.json.decode(file.read_bytes()) == {**ran.json, "proof": None}


@pytest.mark.parametrize("name", ["case.pdf", "case", "case.md.exe", ".md"])
def test_another_ending_is_refused_before_anything_is_sent(name: str, tmp_path: Path) -> None:
    """The refusal names the four forms, no connection is opened and no file appears."""
    with serve(KNOWN.scenario("mysql/healthy")) as server:
        ran = check(server, "--report", str(tmp_path / name))
        assert server.log == []
    assert (ran.status, ran.out) == (Exit.USAGE, "")
    assert all(ending in ran.err for ending in (".md", ".html", ".json", ".txt"))
    assert list(tmp_path.iterdir()) == []


def test_a_regular_file_is_overwritten(tmp_path: Path) -> None:
    """An older report is replaced whole, and others lose the right to read it."""
    file = tmp_path / "case.md"
    file.write_text("old " * 100_000)
    file.chmod(0o644)
    dbtls(*OFFLINE, "--report", str(file))
    assert "old old" not in file.read_text("utf-8")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_what_is_no_regular_file_is_left_alone(kind: str, tmp_path: Path) -> None:
    """A folder, a link or a pipe of that name is refused in one sentence, and stays what it was."""
    file, elsewhere = tmp_path / "case.md", tmp_path / "elsewhere"
    elsewhere.write_text("kept")
    if kind == "folder":
        file.mkdir()
    elif kind == "link":
        file.symlink_to(elsewhere)
    else:
        os.mkfifo(file)
    before = file.lstat().st_mode
    ran = dbtls(*OFFLINE, "--report", str(file))
    assert (ran.status, ran.out) == (Exit.USAGE, "")
    assert ran.err.strip().endswith("is not a regular file, so nothing is written to it.")
    assert file.lstat().st_mode == before
    assert elsewhere.read_text() == "kept"


def test_an_unwritable_place_is_one_sentence(tmp_path: Path) -> None:
    """What shows only when it is written comes after the diagnosis, which is printed all the same."""
    ran = dbtls(*OFFLINE, "--report", str(tmp_path / f"{'long' * 100}.md"))
    assert ran.status == Exit.USAGE
    assert "VERDICT" in ran.out
    message, hint = ran.err.strip().splitlines()[-2:]
    assert message.endswith(".md cannot be written: File name too long.")
    assert hint == "Choose another place."


def test_a_missing_folder_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    """No diagnosis is made for a report that has no place."""
    with serve(KNOWN.scenario("mysql/healthy")) as server:
        ran = check(server, "--report", str(tmp_path / "missing" / "case.md"))
        assert server.log == []
    assert (ran.status, ran.out) == (Exit.USAGE, "")
    assert ran.err.strip().splitlines() == [
        f"dbtls: There is no folder {tmp_path / 'missing'}.",
        "Make it first, or choose another place.",
    ]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Named:
    """A case full of names."""
    return named("postgresql", tmp_path_factory.mktemp("case"))


@pytest.mark.parametrize("redact", [False, True])
def test_the_preview_is_what_would_be_saved(
    redact: bool, case: Named, tmp_path: Path, capsys: Capture
) -> None:
    """`--report -` prints the same Markdown as a file gets; names are in it unless they are to be hidden."""
    file = tmp_path / "case.md"
    case_report.keep(file, case.done, case.bench, None, redact=redact)
    assert capsys.readouterr() == ("", "")  # a program that reads stderr is told nothing
    case_report.keep(case_report.STDOUT, case.done, case.bench, None, redact=redact)
    assert capsys.readouterr() == (file.read_text("utf-8").replace("\t", "    "), "")
    assert ("sqlquokka01" in file.read_text("utf-8").lower()) is not redact


@pytest.mark.parametrize("redact", [False, True])
def test_on_a_terminal_it_is_said_what_is_in_it(
    redact: bool, case: Named, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence tells whether names are in it; what stands for what is told beside the preview and in no file."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    file = tmp_path / "case.json"
    case_report.keep(file, case.done, case.bench, None, redact=redact)
    _, said = capsys.readouterr()
    assert said.startswith(f"Saved in {file}. ")
    assert said.count("\n") == 1
    assert ("Names of servers are in it; --redact hides them." in said) is not redact
    assert ("names are hidden" in said) is redact
    case_report.keep(case_report.STDOUT, case.done, case.bench, None, redact=redact)
    printed, said = capsys.readouterr()
    pair = "sqlquokka01.wombatcorp.net → server-1.example.net"
    assert (pair in said) is redact
    assert pair not in printed + file.read_text("utf-8")


def test_the_preview_stands_in_place_of_the_diagnosis() -> None:
    """With `-` stdout holds the report alone, redacted where that is asked for; the status is that of the verdict."""
    ran = dbtls(*OFFLINE, "--report", "-", "--redact", "--server-name", "db01.wombat.com")
    assert ran.status == Exit.FAULT
    assert ran.out.startswith("# Database connection: `postgresql://server-")
    assert "VERDICT" not in ran.out
    assert "wombat" not in ran.out
    assert "db01" not in ran.out


@pytest.mark.parametrize(
    ("file", "redact", "as_json", "said"),
    [
        (None, True, False, "--redact goes with --report"),
        (Path("-"), False, True, "Leave one of them out"),
        (Path("case.pdf"), True, False, "ends in .md"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    file: Path | None, redact: bool, as_json: bool, said: str
) -> None:
    """Each is refused before anything is sent; those that go together are not."""
    with pytest.raises(UsageError, match=said):
        case_report.may_be(file, redact=redact, as_json=as_json)
    case_report.may_be(Path("case.json"), redact=True, as_json=True)
    case_report.may_be(Path("-"), redact=True, as_json=False)
    case_report.may_be(None, redact=False, as_json=True)
