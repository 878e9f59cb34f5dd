"""Keeps the loaded knowledge of this machine as JSON, because reading YAML takes most of a start-up.

The cache only ever saves time: where it is missing, stale or unreadable, the YAML is read.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TypeVar
from zlib import crc32

import msgspec
import platformdirs

from wizard import __version__
from wizard.diagnosis.match import Matcher
from wizard.knowledge.load import KINDS, load
from wizard.knowledge.locate import knowledge_folder
from wizard.model.knowledge import Knowledge, Recognition

_Part = TypeVar("_Part", Knowledge, Recognition)


def knowledge() -> Knowledge:
    """Returns the knowledge of this installation.

    Raises:
        KnowledgeError: the folder is missing or invalid; carries all problems.
    """
    return _read(Knowledge)


def recognition() -> Recognition:
    """Returns the part of the knowledge that explains an error text, which is read in half of the time.

    Raises:
        KnowledgeError: the folder is missing or invalid; carries all problems.
    """
    return _read(Recognition)


def cache_folder() -> Path:
    """Returns this user's folder for the cache; it need not exist yet."""
    return Path(platformdirs.user_cache_dir("dbtls", appauthor=False))


def _read(part: type[_Part]) -> _Part:
    folder = knowledge_folder()
    cache = cache_folder()
    state = _state(folder)
    try:
        return _decoded((cache / _name(part)).read_bytes(), state, part)
    except (OSError, ValueError, RecursionError, _StaleError):
        pass  # the first start since the knowledge changed, or a damaged file: it is written anew
    loaded = load(folder)
    loaded = msgspec.structs.replace(loaded, prepared=Matcher(loaded).prepared)
    made = {kind: _narrowed(loaded, kind) for kind in (Knowledge, Recognition)}
    _keep(cache, {_name(kind): _encoded(content, state) for kind, content in made.items()})
    return _narrowed(loaded, part)


def _name(part: type[Recognition]) -> str:
    return f"knowledge-{part.__name__.lower()}.json"


def _narrowed(loaded: Knowledge, part: type[_Part]) -> _Part:
    return part(**{field: getattr(loaded, field) for field in part.__struct_fields__})


class _StaleError(Exception):
    """A file of the cache is damaged, or of another state of the knowledge."""


def _encoded(part: Recognition, state: bytes) -> bytes:
    content = msgspec.json.encode(part)
    return b"%08x %b\n%b" % (crc32(content), state, content)


def _decoded(file: bytes, state: bytes, part: type[_Part]) -> _Part:
    """Returns what `_encoded` was given. The sum covers what is decoded only when it is used."""
    header, _, content = file.partition(b"\n")
    if header != b"%08x %b" % (crc32(content), state):
        raise _StaleError
    return msgspec.json.decode(content, type=part)


def _state(folder: Path) -> bytes:
    """Returns the present state of the folder on one line: the version, its place, files, sizes and times."""
    # The shape of the entries is part of the state, or a changed model would read an old cache.
    modules = sorted(Path(__file__).parent.parent.joinpath("model").glob("*.py"))
    entries = (path for kind in KINDS for path in sorted(folder.glob(kind.pattern)))
    found = ((path.name, path.stat()) for path in (*modules, *entries))
    files = " ".join(f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in found)
    return ascii(f"{__version__} {folder} {files}").encode()


def _keep(cache: Path, files: dict[str, bytes]) -> None:
    """Writes each file whole or not at all, readable by this user alone, and removes older ones.

    A home without space or rights is no reason to fail: the next start just takes longer.
    """
    import tempfile  # only the first start needs it

    with contextlib.suppress(OSError):
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix="new-") as directory:
            for name, content in files.items():
                (Path(directory) / name).write_bytes(content)
            for old in cache.glob("knowledge-*.json"):
                old.unlink(missing_ok=True)
            for name in files:
                (Path(directory) / name).replace(cache / name)
