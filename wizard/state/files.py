"""The folder of the state, and what keeps a file in it whole: a lock, and replacing it in one step."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from wizard.private_files import to_disk

_LOCK_SECONDS = 5.0


def state_folder() -> Path:
    """Returns the folder of all documents; it need not exist yet.

    It is this user's state folder (`~/.local/state/dbtls` on Linux), or what the environment variable
    `DBTLS_STATE_DIR` says.
    """
    chosen = os.environ.get("DBTLS_STATE_DIR")
    return Path(chosen) if chosen else platformdirs.user_state_path("dbtls", appauthor=False)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keeps other programs that ask for the same lock waiting; makes the folder where there is none.

    Raises:
        TimeoutError: another one holds the lock.
        OSError: there can be no lock, such as in a folder without rights.
    """
    from filelock import FileLock  # takes as long as all the rest; a start that only reads does without

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with FileLock(path.with_name(f"{path.name}.lock"), timeout=_LOCK_SECONDS, mode=0o600):
        yield


def replace(path: Path, data: bytes) -> None:
    """Replaces a file, or what else is in its place, by one for this user alone. To be called under its lock.

    Raises:
        OSError: the file is as it was.
    """
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)  # left by one that was killed while it held the lock
    try:
        with open(new, "xb", opener=_only_mine) as file:
            file.write(data)
            to_disk(file)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _only_mine(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
