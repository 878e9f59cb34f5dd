"""A program that is killed while it writes leaves the old content or the new one, wherever the kill strikes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.state.conftest import ROOT

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="kills a forked process"),
    pytest.mark.usefixtures("unmeasured"),
]


def left_by_kills(what: str, folder: Path) -> list[list[str]]:
    """Returns for each step into the system its number, its name, and what a kill before it left."""
    folder.mkdir(mode=0o700)
    done = subprocess.run(
        [sys.executable, "-m", "tests.state.killed_anywhere", what, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [line.split(" ", 2) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("what", ["state", "over", "new"])
def test_a_kill_at_any_step_leaves_the_old_or_the_new(what: str, tmp_path: Path) -> None:
    """Up to one step it is the old content, from there on the new, and never a part; the next write goes through."""
    steps = left_by_kills(what, tmp_path / "killed")
    names = [name for _, name, _ in steps]
    found = [left for _, _, left in steps]
    turn = found.index("new")
    assert found == ["old"] * turn + ["new"] * (len(found) - turn)
    assert names[turn - 1] == ("link" if what == "new" else "replace")
    written = names[: turn - 1]
    assert written.index("write") < written.index("flush") < written.index("fsync")


def test_a_plain_write_would_be_noticed(tmp_path: Path) -> None:
    """The look itself works: a file that is written in its place is seen without its content."""
    assert {left for _, _, left in left_by_kills("plain", tmp_path / "killed")} >= {"old", "0 octets", "new"}


TINY = """\
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from wizard.errors import FileError
from wizard.private_files import write
from wizard.state.store import Store
texts = Store("texts.json", tuple[str, ...], default=(), what="texts")
print(texts.change(lambda before: ("old",)))
file = Path(sys.argv[1]) / "case.md"
write(file, "old", over=True)
print(texts.change(lambda before: ("x" * 100_000,)))
for over, name in ((True, "case.md"), (False, "other.md")):
    try:
        write(file.with_name(name), "x" * 100_000, over=over)
    except FileError as error:
        print(error.message)
print(texts.read(), file.read_text(), sorted(one.name for one in file.parent.iterdir()))
print(texts.change(lambda before: (*before, "more")))
"""


def test_a_disk_that_is_full_keeps_what_was_there(tmp_path: Path) -> None:
    """On a real file system of 32 kB: each write says that there is no space, and leaves the old file and no other."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = f'mount -t tmpfs -o size=32k none "$0" && DBTLS_STATE_DIR="$0" exec "$1" -c "$2" "$0" {ROOT}'
    try:
        done = subprocess.run(
            [
                "unshare",
                "--user",
                "--map-root-user",
                "--mount",
                "sh",
                "-c",
                command,
                str(disk),
                sys.executable,
                TINY,
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except FileNotFoundError:
        pytest.skip("there is no unshare to make a small disk with")
    if done.returncode and ("unshare:" in done.stderr or "mount:" in done.stderr):
        pytest.skip(f"this machine makes no small disk: {done.stderr.strip()[:100]}")
    assert done.stderr == ""
    first, state, over, new, left, last = done.stdout.splitlines()
    assert (first, last) == ("None", "None")
    assert "No space left on device" in state
    assert over == f"{disk / 'case.md'} cannot be written: No space left on device."
    assert new == f"{disk / 'other.md'} cannot be written: No space left on device."
    assert left == "(('old',), None) old ['case.md', 'texts.json', 'texts.json.lock']"
