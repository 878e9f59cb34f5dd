"""Reading the knowledge folder: every problem at once, each with its file, its line and what was probably meant."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wizard.errors import KnowledgeError
from wizard.knowledge.load import load, read_folder

GOOD = """\
- id: port-closed
  title: Nothing listens on that port
  summary: The host refuses the connection.
  severity: error
  topic: reach
  engines: [mysql]
  signs:
    - all:
        - {fact: connect.status, one_of: [refused]}
  sources: [MS-ERR]
  precise: ECONNREFUSED.
  spoken: No database answers there.
  plan: We will check whether it runs.
"""


def folder(tmp_path: Path, text: str) -> Path:
    """Returns a knowledge folder with one file of causes."""
    (tmp_path / "causes").mkdir(exist_ok=True)
    (tmp_path / "causes" / "one.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def problem(tmp_path: Path, text: str) -> str:
    """Returns the only problem of such a folder."""
    (line,) = read_folder(folder(tmp_path, text)).problems
    return line


def test_a_valid_file_has_no_problem(tmp_path: Path) -> None:
    """The twin of all tests below."""
    assert load(folder(tmp_path, GOOD)).causes[0].id == "port-closed"


def test_a_duplicate_key_is_refused(tmp_path: Path) -> None:
    """YAML would keep the last one silently."""
    text = GOOD.replace("  severity: error\n", "  severity: error\n  severity: note\n")
    assert problem(tmp_path, text) == "causes/one.yaml:5: key 'severity' stands twice; first in line 4"


def test_an_unknown_field_is_named_with_the_nearest(tmp_path: Path) -> None:
    """A misspelt field is reported in its line with the field that was probably meant."""
    line = problem(tmp_path, GOOD.replace("severity:", "severty:"))
    assert line.startswith("causes/one.yaml:1: ")
    assert "severty" in line
    assert "did you mean 'severity'?" in line


def test_a_wrong_word_is_named_with_the_nearest(tmp_path: Path) -> None:
    """A misspelt value of a fixed set is reported in its own line."""
    line = problem(tmp_path, GOOD.replace("severity: error", "severity: eror"))
    assert line.startswith("causes/one.yaml:4: ")
    assert line.endswith("did you mean 'error'?")


def test_a_word_that_yaml_reads_as_another_type_is_explained(tmp_path: Path) -> None:
    """YAML 1.1 takes a bare Yes for a boolean; the problem says to quote it."""
    line = problem(tmp_path, GOOD.replace("title: Nothing listens on that port", "title: Yes"))
    assert line.startswith("causes/one.yaml:2: ")
    assert line.endswith("quote it, YAML reads it as another type")


def test_a_deep_problem_has_the_line_of_its_part(tmp_path: Path) -> None:
    """The line is that of the wrong part, not of the entry."""
    assert problem(tmp_path, GOOD.replace("one_of: [refused]", "one_of: []")).startswith(
        "causes/one.yaml:9: "
    )


@pytest.mark.parametrize("text", ["- id: [", "\tx", "id: port-closed\n", "just words\n", "- {id: x}\n- 7\n"])
def test_no_text_leads_to_a_traceback(tmp_path: Path, text: str) -> None:
    """What is no list of entries is a problem line, whatever it is."""
    assert read_folder(folder(tmp_path, text)).problems


def test_a_tag_that_would_run_code_is_refused(tmp_path: Path) -> None:
    """Only plain YAML is read."""
    assert "not valid YAML" in problem(tmp_path, "- !!python/object/apply:os.system ['true']\n")


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    """Every file and entry is read before the loader gives up."""
    folder(
        tmp_path,
        GOOD.replace("severity: error", "severity: eror")
        + GOOD.replace("engines: [mysql]", "engines: [db2]"),
    )
    (tmp_path / "causes" / "two.yaml").write_text("- id: [\n", encoding="utf-8")
    with pytest.raises(KnowledgeError) as caught:
        load(tmp_path)
    assert len(caught.value.problems) == 3


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders here")
def test_only_files_of_a_likely_size_are_read(tmp_path: Path) -> None:
    """A pipe would be waited for, a device has no end, and an enormous file takes all memory."""
    made = folder(tmp_path, GOOD) / "causes"
    os.mkfifo(made / "pipe.yaml")
    (made / "zero.yaml").symlink_to("/dev/zero")
    with (made / "vast.yaml").open("wb") as vast:
        vast.truncate(10_000_001)
    assert sorted(read_folder(tmp_path).problems) == [
        "causes/pipe.yaml: is no regular file",
        "causes/vast.yaml: is larger than 10 MB",
        "causes/zero.yaml: is no regular file",
    ]
