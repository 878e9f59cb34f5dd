"""Files that the person asked for: written whole or not at all, and only where nothing is lost by it."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from wizard.errors import FileError


def only_regular(path: Path) -> None:
    """Refuses a place where something other than a file is: a folder, a link, a pipe.

    Raises:
        FileError: there is such a thing.
    """
    with contextlib.suppress(OSError):  # not there yet; or out of reach, which writing tells
        if not stat.S_ISREG(path.lstat().st_mode):
            raise FileError(f"{path} is not a regular file, so nothing is written to it.")


def write(path: Path, content: str | bytes, *, over: bool, mode: int = 0o600) -> None:
    """Writes a file, which by default only its owner can read, and puts it in its place when it is whole.

    Args:
        path: where.
        content: octets, or a text for UTF-8.
        over: whether a file that is there already may be replaced.
        mode: the rights on it.

    Raises:
        FileExistsError: there is one already, and it may not be replaced.
        FileError: something else than a file is there, or the file cannot be written.
    """
    import tempfile  # takes 10 ms, for what most runs do without

    only_regular(path)
    if not over and os.path.lexists(path):
        raise FileExistsError(f"{path} is there already.")
    octets = content.encode() if isinstance(content, str) else content
    left: list[Path] = []
    try:
        descriptor, name = tempfile.mkstemp(prefix=".dbtls-", dir=path.parent)  # has mode 0600
        left.append(Path(name))
        with os.fdopen(descriptor, "wb") as file:
            file.write(octets)
            to_disk(file)
        if mode != 0o600:
            Path(name).chmod(mode)
        if over:
            Path(name).replace(path)
        else:
            _place(Path(name), path, left)
    except FileExistsError:
        raise
    except OSError as error:
        raise FileError(
            f"{path} cannot be written: {error.strerror}.", hint="Choose another place."
        ) from error
    finally:
        for one in left:
            with contextlib.suppress(OSError):
                one.unlink(missing_ok=True)


def to_disk(file: BinaryIO) -> None:
    """Has the system write a file down before it is given its name, or a crash leaves an empty file under it.

    Raises:
        OSError: the disk is full, or fails.
    """
    file.flush()
    try:
        os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in (
            errno.EINVAL,
            errno.ENOSYS,
            errno.ENOTSUP,
        ):  # a network folder that has no such thing
            raise


def _place(new: Path, path: Path, left: list[Path]) -> None:
    """Gives a new file its name where nobody else has taken that; what is to be removed afterwards is in `left`."""
    try:
        path.hardlink_to(new)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        path.touch(exist_ok=False)
        left.append(path)
        new.replace(path)
        left.clear()
