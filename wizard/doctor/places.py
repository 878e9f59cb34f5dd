"""The places on this machine that dbtls reads or writes: trust store, knowledge, cache, state."""

from __future__ import annotations

import hashlib
import os
import re
import ssl
import stat
import sys
import tempfile
from pathlib import Path

import msgspec

from wizard.doctor.machine import short
from wizard.errors import KnowledgeError
from wizard.knowledge.cache import cache_folder, knowledge
from wizard.knowledge.load import KINDS
from wizard.knowledge.locate import knowledge_folder
from wizard.model.text import printable
from wizard.pki.trust import TrustStore
from wizard.state.files import state_folder

_HASHED = re.compile(r"[0-9a-f]{8}\.\d+")
"""The name of a root in a folder of OpenSSL's (openssl-rehash)."""
_FROM_OUTSIDE = ("SSL_CERT_FILE", "SSL_CERT_DIR")


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """The trust store that `check` and `inspect` use without `--ca-file`."""

    file: str | None
    folder: str | None
    roots: int
    """How many there are; those of a folder where there is no file."""
    problem: str | None
    """Why it cannot be read."""
    variables: dict[str, str]
    """SSL_CERT_FILE and SSL_CERT_DIR, where they are set."""
    left_out: str | None
    """What other programs of this machine trust and dbtls does not see."""


class Writable(msgspec.Struct, frozen=True, kw_only=True):
    """A folder that dbtls writes to."""

    folder: str
    exists: bool
    writable: bool
    rights: str | None
    """As `ls` shows them; None: it is not there, or Windows, where those of the profile hold."""
    private: bool | None
    """Whether nobody else may look into it; None: as for `rights`."""
    problem: str | None


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """The knowledge that the diagnosis rests on."""

    folder: str | None
    sha256: str | None
    """Of the names and contents of its files; the same wherever the same version is installed."""
    counts: dict[str, int]
    problems: tuple[str, ...]


def trust_here() -> Trust:
    """Returns this machine's trust store."""
    problem: str | None = None
    roots, file, folder = 0, None, None
    try:
        store = TrustStore.system()
        file, folder = store.file, store.directory
        roots = _count(store)
    except OSError as error:  # ssl.SSLError is one
        problem = printable(error.strerror or str(error), longest=200)
    variables = {name: short(os.environ[name]) for name in _FROM_OUTSIDE if os.environ.get(name)}
    return Trust(
        file=short(file) if file else None,
        folder=short(folder) if folder else None,
        roots=roots,
        problem=problem,
        variables=variables,
        left_out="the roots that are in the keychain alone" if sys.platform == "darwin" else None,
    )


def _count(store: TrustStore) -> int:
    if store.file:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(store.file)
        return context.cert_store_stats()["x509"]
    if store.directory:
        return sum(bool(_HASHED.fullmatch(one.name)) for one in Path(store.directory).iterdir())
    return len(store.certificates)


def knowledge_here() -> Known:
    """Returns the knowledge of this installation, whole or not."""
    try:
        folder = knowledge_folder()
    except KnowledgeError as error:
        return Known(folder=None, sha256=None, counts={}, problems=error.problems)
    digest = hashlib.sha256()
    for path in sorted({path for kind in KINDS for path in folder.glob(kind.pattern)}):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    counts: dict[str, int] = {}
    problems: tuple[str, ...] = ()
    try:
        known = knowledge()
        counts = {
            "causes": len(known.causes),
            "fixes": len(known.fixes),
            "clients": len(known.clients),
            "scenarios": len(known.scenarios),
        }
    except KnowledgeError as error:
        problems = error.problems
    return Known(folder=short(folder), sha256=digest.hexdigest(), counts=counts, problems=problems)


def cache_here() -> Writable:
    """Returns the folder with the cache of the knowledge."""
    return _writable(cache_folder())


def state_here() -> Writable:
    """Returns the folder with the cases of lately, the results of the exercises and the settings."""
    return _writable(state_folder())


def _writable(folder: Path) -> Writable:
    """Tries a folder by a file without a name in it; one that is not there yet, by the rights on what is above it."""
    problem: str | None = None
    rights: str | None = None
    private: bool | None = None
    exists = False
    try:
        exists = folder.is_dir()
        if exists:
            with tempfile.TemporaryFile(dir=folder):
                pass
            if sys.platform != "win32":
                mode = folder.stat().st_mode
                rights, private = stat.filemode(mode), not mode & 0o077
        else:
            above = next(place for place in folder.absolute().parents if os.path.lexists(place))
            if os.path.lexists(folder) or not above.is_dir():
                problem = f"{short(folder if os.path.lexists(folder) else above)} is not a folder"
            elif not os.access(above, os.W_OK | os.X_OK):
                problem = f"you may not write to {short(above)}"
    except OSError as error:
        problem = printable(error.strerror or str(error), longest=200)
    return Writable(
        folder=short(folder),
        exists=exists,
        writable=problem is None,
        rights=rights,
        private=private,
        problem=problem,
    )
