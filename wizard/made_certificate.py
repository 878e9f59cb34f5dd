"""`dbtls fix … --make-certificate`: a small private CA in a folder, and a certificate of it for one server.

The root is made once; later calls in the same folder issue further certificates by it. Keys are for their owner alone,
are never printed, and no file is replaced unless the person agreed.
"""

from __future__ import annotations

import stat
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from wizard.errors import FileError, UsageError
from wizard.fixes.values import MADE, Values
from wizard.model.target import Engine
from wizard.model.text import printable
from wizard.pki.names import ascii_host
from wizard.private_files import only_regular, write

if TYPE_CHECKING:
    from wizard.pki.private_ca import Authority

ROOT, ROOT_KEY = "root-ca.pem", "root-ca.key"
SERVER, SERVER_KEY, SERVER_PFX = "server.pem", "server.key", "server.pfx"
_FIRST, _LAST = 1951, 9900
"""Years. X.509 knows none before 1950, and after 9999 there is none."""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What was made."""

    folder: Path
    names: tuple[str, ...]
    not_after: datetime
    new_root: bool
    """False: the root was there already, and so clients may trust it already."""
    pfx: bool

    @property
    def files(self) -> dict[Path, str]:
        """Each file with what it is for."""
        pfx = (
            {self.folder / SERVER_PFX: "both in one file, for Windows; without a password"}
            if self.pfx
            else {}
        )
        return {
            self.folder / ROOT: "the root: every client has to trust it",
            self.folder
            / ROOT_KEY: "the root's key: whoever has it can pretend to be any server; keep it safe",
            self.folder / SERVER: "the server's certificate",
            self.folder / SERVER_KEY: "the server's key",
            **pfx,
        }

    @property
    def values(self) -> Values:
        """The files as values of fixes."""
        pfx = {f"{MADE}pfx": str(self.folder / SERVER_PFX)} if self.pfx else {}
        return {
            "ca_file": str(self.folder / ROOT),
            f"{MADE}certificate": str(self.folder / SERVER),
            f"{MADE}key": str(self.folder / SERVER_KEY),
            **pfx,
        }


def would_replace(folder: Path, engine: Engine | None) -> tuple[Path, ...]:
    """Returns the files of an earlier certificate in the folder, which a new one would replace."""
    names = (SERVER, SERVER_KEY, *((SERVER_PFX,) if engine == "sqlserver" else ()))
    return tuple(folder / name for name in names if (folder / name).exists())


def make_certificate(
    folder: Path, names: Sequence[str], engine: Engine | None, at: datetime, *, over: bool
) -> Made:
    """Makes the root, where there is none yet, and a server's certificate with these names.

    Args:
        folder: made where it is missing, for its owner alone.
        names: every name that clients use, and addresses as far as they are used.
        engine: for SQL Server the files for Windows are made too.
        at: when both begin to be valid (UTC).
        over: whether an earlier server's certificate may be replaced. A root never is.

    Raises:
        UsageError: the names, the time or the folder cannot be used, or a file is there and may not be replaced.
        FileError: the folder cannot be used, or the root in it cannot.
    """
    from wizard.pki.private_ca import issue
    from wizard.pki.read import is_url

    if printable(str(folder)) != str(folder) or is_url(folder):
        raise UsageError(
            "That is no name for a folder.", hint="Give one that is no URL and has no control character."
        )
    if not _FIRST <= at.year <= _LAST:
        raise UsageError(
            f"A certificate can begin in the years {_FIRST} to {_LAST}.", hint="Give another --at."
        )
    try:
        folder = folder.absolute()  # the commands are run elsewhere
    except OSError as error:
        raise FileError(
            "The current folder is not there any more.", hint="Go to another one first."
        ) from error
    if (there := would_replace(folder, engine)) and not over:
        raise UsageError(
            f"{there[0]} is there already.", hint="Choose another folder, or say --overwrite to replace it."
        )
    names = tuple(name if name.isascii() else ascii_host(name) for name in names)
    _prepare(folder)
    authority, new = _authority(folder, at)
    try:
        issued = issue(authority, names, at)
    except ValueError as error:
        raise UsageError(f"The certificate cannot be made: {error}.") from error
    pfx = engine == "sqlserver"
    if new:
        write(folder / ROOT_KEY, authority.key_pem, over=False)
        write(folder / ROOT, authority.pem, over=False, mode=0o644)
    write(folder / SERVER_KEY, issued.key_pem, over=over)
    write(folder / SERVER, issued.pem, over=over, mode=0o644)
    if pfx:
        write(folder / SERVER_PFX, issued.pfx, over=over)
    return Made(
        folder=folder,
        names=names,
        not_after=issued.certificate.not_valid_after_utc,
        new_root=new,
        pfx=pfx,
    )


def _prepare(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(
            f"{folder} cannot be made: {error.strerror}.", hint="Choose another place."
        ) from error
    for name in (ROOT, ROOT_KEY, SERVER, SERVER_KEY, SERVER_PFX):
        only_regular(folder / name)


def _authority(folder: Path, at: datetime) -> tuple[Authority, bool]:
    """Returns the folder's root, and whether it is new."""
    from wizard.pki.private_ca import new_authority, read_authority

    root, key = folder / ROOT, folder / ROOT_KEY
    if not root.exists() and not key.exists():
        return new_authority(f"Private database CA {at:%Y-%m-%d}", at), True
    if not (root.exists() and key.exists()):
        there, missing = (root, key) if root.exists() else (key, root)
        raise FileError(f"{there} is there without {missing.name}.", hint="Choose another folder.")
    try:
        if stat.S_IMODE(key.stat().st_mode) & 0o077:
            key.chmod(0o600)
        authority = read_authority(root.read_bytes(), key.read_bytes())
    except (OSError, ValueError, TypeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no root of this program"
        raise FileError(
            f"The root in {folder} cannot be used: {why}.", hint="Choose another folder."
        ) from error
    if authority.certificate.not_valid_after_utc <= at.astimezone(UTC):
        raise FileError(f"The root in {folder} has expired.", hint="Choose another folder for a new one.")
    return authority, False
