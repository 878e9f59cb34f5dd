"""Files that the person asked for: written only where nothing is lost by it."""

from __future__ import annotations

import os
from pathlib import Path

from wizard.errors import FileError


def place_for(name: str, folder: Path) -> Path:
    """Returns where a name that was typed is: below the home for `~`, else in `folder`."""
    return folder / Path(name).expanduser()


def write(path: Path, text: str, *, over: bool) -> None:
    """Writes a file that only its owner can read.

    Args:
        path: where.
        text: what, in UTF-8.
        over: whether an existing file may be replaced.

    Raises:
        FileExistsError: there is such a file already, and it may not be replaced.
        FileError: it cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if over else os.O_EXCL)
    try:
        descriptor = os.open(path, flags, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise
    except OSError as error:
        raise FileError(
            f"{path.name} cannot be written: {error.strerror}.", hint="Choose another place."
        ) from error
