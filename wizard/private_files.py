"""Files that the person asked for: written whole or not at all, and only where nothing is lost by it."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

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
    octets = content.encode() if isinstance(content, str) else content
    made: list[Path] = []
    try:
        if not over:
            path.touch(mode=mode, exist_ok=False)  # so that nobody else takes the name meanwhile
            made.append(path)
        descriptor, name = tempfile.mkstemp(prefix=".dbtls-", dir=path.parent)  # has mode 0600
        made.append(Path(name))
        with os.fdopen(descriptor, "wb") as file:
            file.write(octets)
        if mode != 0o600:
            Path(name).chmod(mode)
        Path(name).replace(path)
    except FileExistsError:
        raise
    except OSError as error:
        for one in made:
            one.unlink(missing_ok=True)
        raise FileError(
            f"{path} cannot be written: {error.strerror}.", hint="Choose another place."
        ) from error
