"""A file that the person asked for is written whole, for its owner alone, and never over something unasked."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from wizard.errors import FileError
from wizard.private_files import write


@pytest.mark.parametrize("over", [False, True])
def test_a_new_file_is_for_its_owner_alone(over: bool, tmp_path: Path) -> None:
    """It holds the text in UTF-8 with the line ends given, has mode 0600, and nothing else is left in the folder."""
    file = tmp_path / "case.txt"
    write(file, "„one“\ntwo\n", over=over)
    assert file.read_bytes() == "„one“\ntwo\n".encode()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_an_existing_file_is_replaced_only_where_it_may_be(tmp_path: Path) -> None:
    """Without leave it stays what it was; with leave the new text takes its place."""
    file = tmp_path / "case.txt"
    file.write_text("old")
    with pytest.raises(FileExistsError):
        write(file, "new", over=False)
    assert file.read_text() == "old"
    write(file, "new", over=True)
    assert file.read_text() == "new"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("over", [False, True])
@pytest.mark.parametrize("kind", ["folder", "link", "dangling link", "pipe"])
def test_what_is_no_regular_file_is_refused(kind: str, over: bool, tmp_path: Path) -> None:
    """A folder, a link or a pipe stays what it was, and nothing is written where a link leads."""
    file, elsewhere = tmp_path / "case.txt", tmp_path / "elsewhere"
    if kind == "folder":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file)
    else:
        file.symlink_to(elsewhere)
        if kind == "link":
            elsewhere.write_text("kept")
    before = file.lstat().st_mode, elsewhere.exists()
    with pytest.raises(FileError, match="is not a regular file"):
        write(file, "new", over=over)
    assert (file.lstat().st_mode, elsewhere.exists()) == before
    assert not elsewhere.exists() or elsewhere.read_text() == "kept"


@pytest.mark.parametrize("over", [False, True])
def test_an_unwritable_place_is_told(over: bool, tmp_path: Path) -> None:
    """A folder that is missing is one sentence with its reason."""
    with pytest.raises(FileError, match="cannot be written: No such file or directory"):
        write(tmp_path / "missing" / "case.txt", "new", over=over)


@pytest.mark.parametrize("over", [False, True])
@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_a_failure_leaves_nothing_behind(
    over: bool, step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a step fails, neither a part of the file nor its taken name stays; an old file does."""
    file = tmp_path / "case.txt"
    if over:
        file.write_text("old")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "hardlink_to", full)  # as where there are no links
    monkeypatch.setattr(
        *{"write": (os, "fdopen"), "fsync": (os, "fsync"), "replace": (Path, "replace")}[step], full
    )
    with pytest.raises(FileError, match="No space left on device"):
        write(file, "new", over=over)
    assert [one.read_text() for one in tmp_path.iterdir()] == (["old"] if over else [])


def test_a_folder_without_links_or_fsync_holds_the_file_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network folders know neither; the file is written, and still not over another one."""

    def not_here(*_: object) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(Path, "hardlink_to", not_here)
    monkeypatch.setattr(os, "fsync", not_here)
    file = tmp_path / "case.txt"
    write(file, "new", over=False)
    with pytest.raises(FileExistsError):
        write(file, "newer", over=False)
    assert [one.read_text() for one in tmp_path.iterdir()] == ["new"]
