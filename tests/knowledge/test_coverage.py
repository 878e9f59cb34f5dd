"""The article is in the knowledge from its first item to its last, and its errors are corrected there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.command import dbtls
from wizard.cli.terminal import Exit
from wizard.knowledge.coverage import article_problems, coverage
from wizard.knowledge.load import read_folder
from wizard.knowledge.locate import knowledge_folder
from wizard.model.entry import ArticleEntry, ArticleVerdict, Correction
from wizard.model.knowledge import Knowledge
from wizard.model.recognition import ClientEntry

ITEMS = {
    *(f"A{number}" for number in range(1, 90)),
    *(f"A63{letter}" for letter in "abcd"),
    *(f"A68{letter}" for letter in "abcdef"),
}


def item(
    verdict: ArticleVerdict = "correct", truth: str | None = None, sources: tuple[str, ...] = ("SEED",)
) -> ArticleEntry:
    """The item A1."""
    return ArticleEntry(id="A1", claim="The client changed.", verdict=verdict, truth=truth, sources=sources)


def client(*sources: str, corrects: str | None = None) -> ClientEntry:
    """A client that cites these sources and corrects that item."""
    corrections = (Correction(item=corrects, text="It did not."),) if corrects else ()
    return ClientEntry(
        id="libpq",
        title="libpq",
        engines=("postgresql",),
        corrects=corrections,
        sources=("PG-CONN", *sources),
    )


def problems(entry: ArticleEntry, citing: ClientEntry) -> list[str]:
    """The sentences about one item and one client."""
    return [problem.message for problem in article_problems(Knowledge(clients=(citing,), article=(entry,)))]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Returns a copy of the shipped knowledge folder that a test may spoil."""
    return Path(shutil.copytree(knowledge_folder(), tmp_path / "knowledge"))


def test_every_item_of_the_article_is_there_once() -> None:
    """The list of items has no gap, no double and nothing that the article has not."""
    ids = [entry.id for entry in read_folder(knowledge_folder()).knowledge.article]
    assert len(ids) == len(set(ids))
    assert set(ids) == ITEMS


def test_nothing_of_the_article_is_left_over() -> None:
    """Each item is held by an entry or is one that nobody could verify, and each error is corrected."""
    loaded = read_folder(knowledge_folder())
    assert list(article_problems(loaded.knowledge)) == []
    items = coverage(knowledge_folder(), loaded)
    assert {one.entry.id for one in items} == ITEMS
    assert [one.entry.id for one in items if one.left_over] == []
    assert all(not one.used for one in items if one.entry.verdict == "unverified")


def test_a_correction_is_found_where_it_stands() -> None:
    """The list names the file and the entry: the cause that corrects A8, the signature that cites A16."""
    used = {one.entry.id: one.used for one in coverage(knowledge_folder(), read_folder(knowledge_folder()))}
    assert "causes/certificate.yaml:self-generated-certificate" in used["A8"]
    assert "signatures/sqlserver.yaml:sqlclient-wrapper" in used["A16"]


def test_an_item_that_loses_its_only_entry_is_left_over(copy: Path) -> None:
    """The twin: without the entry that cites it, an item is reported, and the command says so by its status."""
    path = copy / "symptoms" / "ambiguous.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count(", A89]") == 1
    path.write_text(text.replace(", A89]", "]"), encoding="utf-8")
    loaded = read_folder(copy)
    assert [one.entry.id for one in coverage(copy, loaded) if one.left_over] == ["A89"]
    assert [problem.message for problem in article_problems(loaded.knowledge)] == ["no entry uses this item"]
    ran = dbtls("knowledge", "check", "--coverage", "--json", "--folder", str(copy))
    assert ran.status == Exit.USAGE
    assert ran.json["left_over"] == ["A89"]


@pytest.mark.parametrize(
    ("entry", "citing"),
    [
        (item(), client("A1")),
        (item("judgement", sources=()), client("A1")),
        (item("corrected", "It did not."), client(corrects="A1")),
        (item("corrected", "It did not."), client("A1", corrects="A1")),
        (item("unverified", sources=()), client()),
    ],
)
def test_a_fitting_use_is_no_problem(entry: ArticleEntry, citing: ClientEntry) -> None:
    """The twin of the test below."""
    assert problems(entry, citing) == []


@pytest.mark.parametrize(
    ("entry", "citing", "words"),
    [
        (item(), client(), "no entry uses this item"),
        (item("judgement", sources=()), client(), "no entry uses this item"),
        (item("corrected", "It did not."), client("A1"), "no entry corrects this item"),
        (item(), client("A1", corrects="A1"), "'A1' is correct: there is nothing to correct"),
        (
            item("judgement", sources=()),
            client(corrects="A1"),
            "'A1' is judgement: there is nothing to correct",
        ),
        (item("unverified", sources=()), client("A1"), "'A1' is unverified: it cannot be cited"),
        (item(), client("A1", corrects="A1a"), "the article has no item 'A1a' - did you mean 'A1'?"),
        (
            item("corrected"),
            client(corrects="A1"),
            "a corrected item, and no other, says what is true (truth)",
        ),
        (
            item("correct", "So it is."),
            client("A1"),
            "a corrected item, and no other, says what is true (truth)",
        ),
        (item(sources=()), client("A1"), "what is correct or corrected cites a source"),
    ],
)
def test_an_unfitting_use_is_found(entry: ArticleEntry, citing: ClientEntry, words: str) -> None:
    """Each way in which an item and its uses can disagree is reported by exactly one sentence."""
    assert problems(entry, citing) == [words]


def test_the_command_lists_every_item() -> None:
    """One line an item, in text and in JSON, with the places or the reason why there are none."""
    ran = dbtls("knowledge", "check", "--coverage")
    assert ran.status == Exit.FINE
    items = ran.out.partition("\n\n")[0]
    lines = {line.split()[0]: line for line in items.splitlines()}
    assert set(lines) == ITEMS
    assert "causes/certificate.yaml:self-generated-certificate" in lines["A29"]
    assert lines["A80"].endswith("not used: unverified")
    listed = dbtls("knowledge", "check", "--coverage", "--json")
    assert listed.status == Exit.FINE
    assert listed.json["schema"] == "dbtls/coverage/1"
    assert listed.json["left_over"] == []


def test_a_folder_that_cannot_be_read_has_no_coverage(tmp_path: Path) -> None:
    """Where an entry has not its shape, its problem is shown instead of a list that would be wrong."""
    (tmp_path / "article.yaml").write_text("- id: B1\n  claim: x\n  verdict: correct\n", encoding="utf-8")
    ran = dbtls("knowledge", "check", "--coverage", "--folder", str(tmp_path))
    assert ran.status == Exit.USAGE
    assert ran.out == ""
    assert "article.yaml:1" in ran.err
