"""The linter finds what is wrong with the meaning of the knowledge, and nothing in the folder that is shipped."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from wizard.knowledge.lint import lint
from wizard.knowledge.locate import knowledge_folder

Edit = Callable[[str], str]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Returns a copy of the shipped knowledge folder that a test may spoil."""
    return Path(shutil.copytree(knowledge_folder(), tmp_path / "knowledge"))


@pytest.fixture
def without_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves out the checks that match every text and render every fix: they take the most time, and see no tree."""
    for check in ("_signatures", "_fixes", "client_problems"):
        monkeypatch.setattr(f"wizard.knowledge.lint.{check}", lambda *_: ())


def replace(copy: Path, file: str, old: str, new: str) -> int:
    """Replaces the first `old` of a file and returns its line, from 1."""
    path = copy / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_the_shipped_folder_has_no_problem() -> None:
    """The twin of all tests below."""
    assert lint(knowledge_folder()) == ()


def test_a_misspelt_cause_is_found_with_the_nearest(copy: Path) -> None:
    """A reference to nothing is reported with its line and what was probably meant."""
    at = replace(copy, "tree/tree.yaml", "verdict: certificate-expired", "verdict: certificate-expird")
    (line,) = lint(copy)
    assert line.startswith(f"tree/tree.yaml:{at}: ")
    assert "there is no cause 'certificate-expird' - did you mean 'certificate-expired'?" in line


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("tree/tree.yaml", "fact: resolve.status", "fact: resolve.state", "there is no fact 'resolve.state'"),
        ("tree/tree.yaml", "{go: port-open}", "{go: port-oven}", "there is no node 'port-oven'"),
        (
            "tree/tree.yaml",
            "when: [refused], verdict: port-closed",
            "when: [refusd], verdict: port-closed",
            "has no value 'refusd'",
        ),
        ("causes/connection.yaml", "sources: [MS-ERR]", "sources: [MS-EROR]", "there is no source 'MS-EROR'"),
        ("causes/connection.yaml", "one_of: [not-found]", "one_of: [lost]", "has no value 'lost'"),
        ("causes/connection.yaml", "- id: port-closed", "- id: host-not-found", "the id stands 2 times"),
        ("tree/tree.yaml", "{when: [ok], go: instance-found}", "{when: [ok], go: name-found}", "in a circle"),
        (
            "tree/tree.yaml",
            "{when: [ok], go: instance-found}",
            "{when: [ok], go: instance-found, verdict: healthy}",
            "either `go` or `verdict`",
        ),
        (
            "tree/tree.yaml",
            "{when: [refused], verdict: port-closed}",
            "{when: [refused], verdict: timed-out}",
            "contradicts its own signs",
        ),
        (
            "tree/tree.yaml",
            "    - {when: [expired], verdict: certificate-expired}\n",
            "",
            "the value 'expired' of 'validity.status' has no branch",
        ),
        ("causes/certificate.yaml", "one_of: [expired]", "one_of: [valid]", "contradicts its own signs"),
    ],
)
@pytest.mark.usefixtures("without_words")
def test_a_fault_is_found(copy: Path, file: str, old: str, new: str, words: str) -> None:
    """Each kind of fault is reported, in its file, in words that say what is wrong."""
    replace(copy, file, old, new)
    problems = lint(copy)
    assert any(words in line for line in problems), problems
    assert all(":" in line for line in problems)


@pytest.mark.usefixtures("without_words")
def test_a_node_that_no_path_reaches_is_found(copy: Path) -> None:
    """A node nobody goes to is dead knowledge."""
    with (copy / "tree" / "tree.yaml").open("a", encoding="utf-8") as tree:
        tree.write(
            "- id: forgotten\n  fact: connect.status\n  branches:\n"
            "    - {when: [refused, timed-out, unreachable, open], verdict: port-closed}\n"
            "  otherwise: {verdict: healthy}\n  sources: [MS-ERR]\n"
        )
    assert any("no path leads to this node" in line for line in lint(copy))


def test_a_template_with_an_undeclared_placeholder_is_found(copy: Path) -> None:
    """A fix may only use the placeholders that it declares."""
    path = next(iter(sorted((copy / "fixes").glob("*.yaml"))))
    text = path.read_text(encoding="utf-8")
    start = text.index("text: |")
    path.write_text(
        text[:start] + text[start:].replace("text: |\n", 'text: "{{ undeclared }}"\n      #', 1),
        encoding="utf-8",
    )
    assert lint(copy)


def test_an_example_of_another_symptom_is_found(copy: Path) -> None:
    """A signature whose example is taken for another symptom is reported."""
    path = copy / "signatures" / "go.yaml"
    text = path.read_text(encoding="utf-8")
    start = text.index("examples:")
    path.write_text(
        text[:start] + text[start:].replace("- ", '- "The target principal name is incorrect."\n    - ', 1),
        encoding="utf-8",
    )
    assert any("is taken for 'name-mismatch'" in line for line in lint(copy))
