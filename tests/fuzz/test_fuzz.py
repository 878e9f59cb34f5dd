"""Every parser of foreign bytes keeps its promises, whatever the bytes are; see `python -m tests.fuzz --help`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.fuzz import corpus, guided
from tests.fuzz.mutation import mutated
from tests.fuzz.table import NAMES, PLANTED, defined, target
from tests.fuzz.target import BrokenPromiseError, claim, however_cut, pieces, safe, safe_throughout, settled

EXAMPLES = {
    "error-text": 15,
    "knowledge-yaml": 15,
    "pkcs12": 20,
    "state": 20,
    "knowledge-cache": 20,
    "ca-files": 5,
}
"""Fewer where one input takes long; 120 for the others."""

needs_atheris = pytest.mark.skipif(
    not guided.available(), reason="atheris is not installed; it has no package for this system or Python"
)


def test_the_table_names_every_target() -> None:
    """No target is left out of the runs, and every one has inputs that are kept."""
    assert defined() == NAMES
    assert all(corpus.kept(name) for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_kept_inputs(name: str) -> None:
    """Every input that a guided run kept, and every one that was a crash once, keeps all promises."""
    check = target(name).check
    check(b"")
    for data in corpus.kept(name):
        check(data)
    for file, data in corpus.crashes(name):
        try:
            check(data)
        except BaseException as error:
            error.add_note(f"the crash {name}/{file} is back")
            raise


@pytest.mark.parametrize("name", NAMES)
def test_mutated_inputs(name: str) -> None:
    """Kept inputs with a few edits keep all promises."""
    one = target(name)

    @given(mutated(corpus.kept(name), one.words, one.longest))
    @settings(
        max_examples=EXAMPLES.get(name, 120),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def run(data: bytes) -> None:
        one.check(data)

    run()


@needs_atheris
def test_a_guided_run_finds_no_crash_in_a_sound_parser(tmp_path: Path) -> None:
    """A thousand inputs that coverage chooses break nothing, and the run tells what it did."""
    outcome = guided.fuzz(target("postgresql"), seconds=0, runs=1000, own=tmp_path, keep=False)
    assert outcome.crashes == ()
    assert outcome.runs >= 1000
    assert outcome.covered > 0


@needs_atheris
def test_a_guided_run_finds_a_planted_fault(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A parser that breaks on some bytes is found, and the line for people counts the crash."""
    outcome = guided.fuzz(target(PLANTED), seconds=0, runs=50_000, own=tmp_path, keep=False)
    assert len(outcome.crashes) == 1
    assert "1 crash" in str(outcome)
    assert "IndexError: planted" in capfd.readouterr().out


def test_broken_promises_are_noticed() -> None:
    """What the targets claim fails where it does not hold."""
    with pytest.raises(BrokenPromiseError):
        safe("\x1b[2J")
    with pytest.raises(BrokenPromiseError):
        safe_throughout(("fine", {"x": ["\u202e"]}))
    with pytest.raises(BrokenPromiseError):
        settled([])
    with pytest.raises(BrokenPromiseError):
        claim(False, "holds")
    safe("plain", None)
    settled(("a", 1))


def test_a_reader_that_depends_on_the_cuts_is_noticed() -> None:
    """A reader that takes each piece for a message is told from one that joins them."""
    with pytest.raises(BrokenPromiseError, match="cut"):
        however_cut(lambda: lambda part: [part], b"two")

    assert b"".join(pieces(b"some words" * 30)) == b"some words" * 30
    assert len(pieces(b"some words" * 30)) > 1


@given(st.lists(st.binary(max_size=40), max_size=8))
@example([b"", b""])
@settings(max_examples=10, derandomize=True, database=None, deadline=None)
def test_inputs_are_kept_whole_in_one_order(inputs: list[bytes]) -> None:
    """An archive gives back what went in, and the same inputs make the same archive."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(corpus, "FOLDER", Path(folder))
        corpus.keep("one", inputs)
        corpus.keep("two", reversed(inputs))
        assert set(corpus.kept("one")) == set(inputs)
        assert (Path(folder) / "one.zip").read_bytes() == (Path(folder) / "two.zip").read_bytes()


def test_archives_are_small() -> None:
    """The tree does not grow by what is kept."""
    archives = list(corpus.FOLDER.glob("*.zip"))
    assert {archive.stem for archive in archives} == set(NAMES)
    assert all(archive.stat().st_size <= corpus.LARGEST for archive in archives)
