"""Keeps the loaded knowledge of this machine in one JSON file, because reading YAML takes most of a start-up.

The cache only ever saves time: where it is missing, stale or unreadable, the YAML is read.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

import msgspec
import platformdirs

from wizard import __version__
from wizard.knowledge.load import KINDS, load
from wizard.knowledge.locate import knowledge_folder
from wizard.model.knowledge import Knowledge


def knowledge() -> Knowledge:
    """Returns the knowledge of this installation.

    Raises:
        KnowledgeError: the folder is missing or invalid; carries all problems.
    """
    folder = knowledge_folder()
    file = Path(platformdirs.user_cache_dir("dbtls", appauthor=False)) / f"knowledge-{_state(folder)}.json"
    try:
        return msgspec.json.decode(file.read_bytes(), type=Knowledge)
    except (OSError, msgspec.DecodeError):
        pass  # the first start since the knowledge changed, or a damaged file: it is written anew
    loaded = load(folder)
    _keep(file, msgspec.json.encode(loaded))
    return loaded


def _state(folder: Path) -> str:
    """Returns a name for the present state of the folder: its place, files, sizes and times."""
    digest = hashlib.sha256(f"{__version__} {folder}".encode())
    # The shape of the entries is part of the state, or a changed model would read an old cache.
    for module in sorted(Path(__file__).parent.parent.joinpath("model").glob("*.py")):
        digest.update(str(module.stat().st_mtime_ns).encode())
    for kind in KINDS:
        for path in sorted(folder.glob(kind.pattern)):
            found = path.stat()
            digest.update(f"{path.relative_to(folder)} {found.st_size} {found.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]


def _keep(file: Path, content: bytes) -> None:
    """Writes the file whole or not at all, readable by this user alone, and removes older ones.

    A home without space or rights is no reason to fail: the next start just takes longer.
    """
    import tempfile  # only the first start needs it

    with contextlib.suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix="new-")
        with os.fdopen(descriptor, "wb") as new:
            new.write(content)
        for old in file.parent.glob("knowledge-*.json"):
            old.unlink(missing_ok=True)
        Path(temporary).replace(file)
