"""One document: what is kept comes back, for this user alone, and no damage or missing right ends the program."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import platformdirs
import pytest

from wizard.state.files import state_folder
from wizard.state.store import VERSION, Store

NUMBERS = Store("numbers.json", tuple[int, ...], default=(), what="numbers")
TEXTS = Store("texts.json", tuple[str, ...], default=(), what="texts")

DAMAGES = {
    "empty": b"",
    "zeros": bytes(200),
    "cut short": b'{"version":1,"content":[1,2,',
    "not UTF-8": b'{"version":1,"content":["\xff"]}',
    "another type": b'{"version":1,"content":["one"]}',
    "another shape": b"[1,2,3]",
    "without a version": b'{"content":[1,2,3]}',
    "nested too deeply": b'{"version":1,"content":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "an endless number": b'{"version":1,"content":[' + b"9" * 5000 + b"]}",
}


def mode(path: Path) -> int:
    """Returns who may do what, as in chmod."""
    return stat.S_IMODE(path.stat().st_mode)


def with_it(*more: int) -> str | None:
    """Adds numbers to the document."""
    return NUMBERS.change(lambda before: (*before, *more))


@contextlib.contextmanager
def ordinary_user() -> Iterator[None]:
    """Runs what is inside as a user whom file rights hold back, which they do not do with root."""
    before = os.geteuid()
    os.seteuid(before or 65534)
    try:
        yield
    finally:
        os.seteuid(before)


def test_what_was_written_is_read(folder: Path) -> None:
    """Each change starts from what the last one left, and nothing but the document and its lock stays."""
    assert with_it(1) is None
    assert with_it(2, 3) is None
    assert NUMBERS.read() == ((1, 2, 3), None)
    assert {path.name for path in folder.iterdir()} == {"numbers.json", "numbers.json.lock"}


def test_without_a_file_there_is_the_default(folder: Path) -> None:
    """Reading makes neither a message nor a folder."""
    assert NUMBERS.read() == ((), None)
    assert not folder.exists()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_only_this_user_can_read_it(folder: Path, umask: int) -> None:
    """The folder is 0700 and each file 0600, whatever the umask allows."""
    before = os.umask(umask)
    try:
        assert with_it(1) is None
        assert with_it(2) is None
    finally:
        os.umask(before)
    assert mode(folder) == 0o700
    assert {mode(path) for path in folder.iterdir()} == {0o600}


def test_a_file_that_others_could_read_is_closed_to_them(folder: Path) -> None:
    """The next write makes it 0600; the rights of a folder that was there before are left as they are."""
    folder.mkdir(mode=0o755)
    (folder / "numbers.json").write_text('{"version":1,"content":[1]}')
    (folder / "numbers.json").chmod(0o644)
    assert with_it(2) is None
    assert NUMBERS.read() == ((1, 2), None)
    assert mode(folder / "numbers.json") == 0o600
    assert mode(folder) == 0o755


@pytest.mark.parametrize("data", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("first", ["read", "change"])
def test_a_damaged_file_is_set_aside(folder: Path, data: bytes, first: str) -> None:
    """It is kept under another name, which the message tells; what comes after works and is silent."""
    folder.mkdir()
    (folder / "numbers.json").write_bytes(data)
    message = NUMBERS.read()[1] if first == "read" else with_it(7)
    aside = folder / "numbers.json.damaged-1"
    assert message == f"The file with your numbers is damaged. It is now called {aside}."
    assert aside.read_bytes() == data
    assert with_it(8) is None
    assert NUMBERS.read() == ((8,) if first == "read" else (7, 8), None)
    assert NUMBERS.set_aside() == (aside,)


def test_each_damaged_file_gets_a_name_of_its_own(folder: Path) -> None:
    """None takes the place of one that was set aside before."""
    folder.mkdir()
    for data in (b"first", b"second"):
        (folder / "numbers.json").write_bytes(data)
        assert NUMBERS.read()[1]
    assert [path.read_bytes() for path in NUMBERS.set_aside()] == [b"first", b"second"]


def test_a_newer_file_is_set_aside_with_its_own_words(folder: Path) -> None:
    """Its content may mean something else now, so it is neither read nor lost."""
    folder.mkdir()
    (folder / "numbers.json").write_text(f'{{"version":{VERSION + 1},"content":[1]}}')
    content, message = NUMBERS.read()
    aside = folder / "numbers.json.newer-1"
    assert content == ()
    assert message == (
        f"The file with your numbers comes from a newer version of dbtls. It is now called {aside}."
    )
    assert msgspec.json.decode(aside.read_bytes()) == {"version": VERSION + 1, "content": [1]}
    assert with_it(2) is None


def test_a_file_of_this_version_is_not_newer(folder: Path) -> None:
    """What another writer of the same version adds to the envelope does no harm."""
    folder.mkdir()
    (folder / "numbers.json").write_text(f'{{"version":{VERSION},"content":[1],"by":"another"}}')
    assert NUMBERS.read() == ((1,), None)
    assert NUMBERS.set_aside() == ()


def test_a_planted_link_is_replaced_and_not_followed(folder: Path, tmp_path: Path) -> None:
    """Neither its target nor what lies there is read or changed."""
    victim = tmp_path / "victim"
    victim.write_text('{"version":1,"content":[666]}')
    folder.mkdir()
    (folder / "numbers.json").symlink_to(victim)
    (folder / "numbers.json.new").symlink_to(victim)
    message = with_it(1)
    assert message is not None
    assert "damaged" in message
    assert NUMBERS.read() == ((1,), None)
    assert not (folder / "numbers.json").is_symlink()
    assert victim.read_text() == '{"version":1,"content":[666]}'


def test_a_linked_folder_is_followed(folder: Path, tmp_path: Path) -> None:
    """A person may keep the state on another disk."""
    (tmp_path / "elsewhere").mkdir()
    folder.symlink_to(tmp_path / "elsewhere")
    assert with_it(1) is None
    assert (tmp_path / "elsewhere" / "numbers.json").is_file()


def test_a_pipe_in_the_place_is_not_waited_for(folder: Path) -> None:
    """Reading a pipe that nobody writes to would never end."""
    folder.mkdir()
    os.mkfifo(folder / "numbers.json")
    content, message = NUMBERS.read()
    assert content == ()
    assert message is not None
    assert "damaged" in message


def test_a_linked_lock_is_refused(folder: Path, tmp_path: Path) -> None:
    """Nothing is written through it, and the reason is told."""
    folder.mkdir()
    (folder / "numbers.json.lock").symlink_to(tmp_path / "made by the lock")
    message = with_it(1)
    assert message is not None
    assert message.startswith(f"Your numbers could not be saved in {folder}: ")
    assert not (tmp_path / "made by the lock").exists()


def test_a_read_only_folder_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there is read; a change becomes a message and changes nothing; with the right back it works."""
    # Not in tmp_path, where another user may not even look.
    with tempfile.TemporaryDirectory() as outside:
        Path(outside).chmod(0o755)
        monkeypatch.setenv("DBTLS_STATE_DIR", outside)
        assert with_it(1) is None
        (Path(outside) / "numbers.json").chmod(0o644)
        Path(outside).chmod(0o555)
        with ordinary_user():
            content, told = NUMBERS.read()
            message = with_it(2)
        Path(outside).chmod(0o755)
        assert (content, told) == ((1,), None)
        assert message == (
            f"Your numbers could not be saved in {outside}: Permission denied."
            " Set DBTLS_STATE_DIR to use another folder."
        )
        assert with_it(3) is None
        assert NUMBERS.read() == ((1, 3), None)


def test_a_folder_that_cannot_be_made_is_told_of(folder: Path) -> None:
    """A file in the way ends neither reading nor writing."""
    folder.write_text("in the way")
    content, told = NUMBERS.read()
    assert content == ()
    assert told is not None
    assert told.startswith(f"Your numbers could not be read in {folder}: ")
    message = with_it(1)
    assert message is not None
    assert message.startswith(f"Your numbers could not be saved in {folder}: ")
    assert NUMBERS.set_aside() == ()


@pytest.mark.parametrize("text", ["half of a pair: \ud83d", "\udcff from a path that is not UTF-8"])
def test_what_no_file_can_hold_is_refused(folder: Path, text: str) -> None:
    """A lone surrogate is no Unicode text: it becomes a message, and the content stays."""
    assert TEXTS.change(lambda before: ("kept", "\N{GRINNING FACE}\x1b\0")) is None
    message = TEXTS.change(lambda before: (text,))
    assert message == "Your texts could not be saved: they hold a value that does not fit into a file."
    assert TEXTS.read() == (("kept", "\N{GRINNING FACE}\x1b\0"), None)


def test_the_folder_is_that_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the variable, or with an empty one, it is the one for state, named after the program."""
    monkeypatch.delenv("DBTLS_STATE_DIR", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    expected = platformdirs.user_state_path("dbtls", appauthor=False)
    assert state_folder() == expected
    assert expected.name == "dbtls"
    monkeypatch.setenv("DBTLS_STATE_DIR", "")
    assert state_folder() == expected


def test_the_variable_chooses_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is used as it is, without the program's name behind it."""
    monkeypatch.setenv("DBTLS_STATE_DIR", str(tmp_path / "chosen"))
    assert state_folder() == tmp_path / "chosen"
