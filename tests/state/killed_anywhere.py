"""Run as a program: does one write again and again, killed one step later each time, and prints what each kill left.

A step is a call into the system: between two of them nothing changes on the disk.

`killed_anywhere.py state FOLDER` changes a document of the state; `over` and `new` write a file that a person asked
for, and `plain` one in its place. Each line: the number of the step, the function's name, what is there: `old`, `new`.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import filelock  # noqa: F401 - loaded before the calls are counted

from wizard import private_files
from wizard.state.store import Store

OLD, NEW = "old " * 2000, "new " * 2000
_STATE = Store("texts.json", tuple[str, ...], default=(), what="texts")
Write = Callable[[Path], object]


def _change(folder: Path) -> object:
    os.environ["DBTLS_STATE_DIR"] = str(folder)
    return _STATE.change(lambda before: (*before, NEW))


WRITES: dict[str, Write] = {
    "state": _change,
    "over": lambda folder: private_files.write(folder / "case.md", NEW, over=True),
    "plain": lambda folder: (folder / "case.md").write_text(NEW),
    "new": lambda folder: private_files.write(folder / "case.md", NEW, over=False),
}


def _prepared(what: str, folder: Path) -> None:
    for one in folder.iterdir():
        one.unlink()
    if what == "state":
        os.environ["DBTLS_STATE_DIR"] = str(folder)
        _STATE.change(lambda before: (OLD,))
    elif what in ("over", "plain"):
        (folder / "case.md").write_text(OLD)


def _left(what: str, folder: Path) -> str:
    if what == "state":
        content, message = _STATE.read()
        return message or {(OLD,): "old", (OLD, NEW): "new"}.get(content, f"{len(content)} texts")
    file = folder / "case.md"
    if not file.exists():
        return "old" if what == "new" else "nothing"
    return {OLD: "old", NEW: "new"}.get(file.read_text(), f"{file.stat().st_size} octets")


def _of_system(called: object) -> bool:
    owner = getattr(called, "__module__", None) or type(getattr(called, "__self__", None)).__module__
    return owner in ("posix", "_io", "fcntl", "io")


def _killed(number: int, write: Write, folder: Path) -> tuple[str, bool]:
    """Writes in another process, which is killed before the call of that number; says in which, and whether it was."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        calls = 0

        def count(frame: FrameType, event: str, called: object) -> None:
            nonlocal calls
            if event == "c_call" and _of_system(called):
                calls += 1
                if calls == number:
                    os.write(writer, str(getattr(called, "__name__", called)).encode())
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(count)
        write(folder)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        name = pipe.read()
    return name, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def main(what: str, folder: Path) -> None:
    """Kills the write everywhere, until one comes through."""
    killed, number = True, 0
    while killed:
        number += 1
        _prepared(what, folder)
        name, killed = _killed(number, WRITES[what], folder)
        print(number, name or "-", _left(what, folder))
        if what == "state":
            assert _STATE.change(lambda before: before) is None  # its lock is free


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
