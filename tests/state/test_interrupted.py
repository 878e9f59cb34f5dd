"""A write that is cut off, by a full disk or a killed program, or that meets another one, loses nothing."""

from __future__ import annotations

import errno
import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest
from filelock import FileLock

from tests.state.conftest import Spawn
from wizard.state import files
from wizard.state.progress import Attempt, attempts, note

pytestmark = pytest.mark.usefixtures("unmeasured")

KILLED = -signal.SIGKILL


def attempt(number: int) -> Attempt:
    """Returns an attempt at an exercise of its own."""
    return Attempt(scenario=f"mysql/number-{number}", when=datetime.now(UTC), right=True, wrong_turns=0)


def noted() -> set[str]:
    """Returns the exercises that are on record, where the file is in order."""
    kept, message = attempts()
    assert message is None
    return {one.scenario for one in kept}


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_earlier_content(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A disk that turns out to be full becomes a message, and no half of a file stays behind."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    assert note(attempt(1)) is None
    with monkeypatch.context() as patch:
        patch.setattr(*(os, "fsync", full) if step == "fsync" else (Path, "replace", full))
        message = note(attempt(2))
    assert message is not None
    assert "No space left on device" in message
    assert noted() == {"mysql/number-1"}
    assert not list(folder.glob("*.new"))
    assert note(attempt(3)) is None
    assert noted() == {"mysql/number-1", "mysql/number-3"}


def test_a_file_that_may_not_grow_leaves_the_earlier_content(folder: Path, spawn: Spawn) -> None:
    """Where the system itself stops the write in the middle, the message says so and the file is whole."""
    child = spawn(
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "print(note(attempt(1)))\n"
        "print(note(attempt(2, length=100_000)))\n"
        "print(note(attempt(3)))\n"
    )
    out, complaints = child.communicate(timeout=30)
    first, second, third = out.splitlines()
    assert (first, third, complaints) == ("None", "None", "")
    assert "File too large" in second
    assert noted() == {"mysql/number-1", "mysql/number-3"}


@pytest.mark.parametrize(("when", "expected"), [("before", {1}), ("after", {1, 2})])
def test_a_kill_leaves_the_old_file_or_the_new_one(
    folder: Path, spawn: Spawn, when: str, expected: set[int]
) -> None:
    """Killed just before the replacement, the file is the old one; just after it, the new; its lock is free."""
    child = spawn(
        "import os, pathlib, signal\n"
        "note(attempt(1))\n"
        "replace = pathlib.Path.replace\n"
        "def cut_off(*paths):\n"
        f"    {'replace(*paths)' if when == 'after' else 'pass'}\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "pathlib.Path.replace = cut_off\n"
        "note(attempt(2))\n"
    )
    child.communicate(timeout=30)
    assert child.returncode == KILLED
    assert noted() == {f"mysql/number-{number}" for number in expected}
    assert note(attempt(9)) is None
    assert "mysql/number-9" in noted()
    assert not list(folder.glob("*.new"))


@pytest.mark.parametrize("writes", [1, 4, 9])
def test_a_kill_among_many_writes_loses_none_that_was_done(folder: Path, spawn: Spawn, writes: int) -> None:
    """Wherever it strikes, the file is in order and has each attempt that the other program was told was kept."""
    child = spawn("for number in range(100_000): note(attempt(number, 2000)); print(number, flush=True)\n")
    assert child.stdout is not None
    done = [int(child.stdout.readline()) for _ in range(writes)]
    child.kill()
    rest, _ = child.communicate(timeout=30)
    assert child.returncode == KILLED
    done += [int(line) for line in rest.splitlines()]
    assert {f"mysql/number-{number}" + "x" * 2000 for number in done} <= noted()


def test_a_file_that_is_cut_short_would_be_noticed(folder: Path) -> None:
    """The look itself works: what a kill in the middle of a plain write leaves is told of."""
    assert note(attempt(1)) is None
    whole = (folder / "progress.json").read_bytes()
    (folder / "progress.json").write_bytes(whole[: len(whole) // 2])
    kept, message = attempts()
    assert kept == ()
    assert message is not None
    assert "damaged" in message


def test_two_programs_at_once_lose_nothing(folder: Path, spawn: Spawn) -> None:
    """Each adds to what the other has written, and the file holds all of both."""
    children = [
        spawn(f"for number in range({start}, {start + 15}): print(note(attempt(number)))")
        for start in (0, 100)
    ]
    for child in children:
        out, complaints = child.communicate(timeout=60)
        assert (set(out.split()), complaints) == ({"None"}, "")
    assert noted() == {f"mysql/number-{number}" for start in (0, 100) for number in range(start, start + 15)}


def test_a_lock_that_stays_taken_is_told_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written past another program's lock, and what is there can still be read."""
    monkeypatch.setattr(files, "_LOCK_SECONDS", 0.1)
    assert note(attempt(1)) is None
    with FileLock(folder / "progress.json.lock"):
        message = note(attempt(2))
        assert message is not None
        assert "another dbtls is writing them" in message
        assert noted() == {"mysql/number-1"}
    assert note(attempt(2)) is None
    assert noted() == {"mysql/number-1", "mysql/number-2"}
