"""Keeps the loaded knowledge of this machine in one JSON file, because reading YAML takes most of a start-up.

The cache only ever saves time: where it is missing, stale or unreadable, the YAML is read.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

import msgspec
import platformdirs

from wizard import __version__
from wizard.diagnosis.match import Matcher
from wizard.knowledge.load import KINDS, load
from wizard.knowledge.locate import knowledge_folder
from wizard.model.knowledge import Knowledge

_RECOGNITION = ("symptoms", "signatures", "wordings", "engines", "clients", "causes", "prepared")
"""What it takes to explain an error text; the rest is larger, and many starts do without it."""


def knowledge() -> Knowledge:
    """Returns the knowledge of this installation.

    Raises:
        KnowledgeError: the folder is missing or invalid; carries all problems.
    """
    recognition, rest = _read(("recognition", "rest"))
    fields = {field: getattr(recognition, field) for field in _RECOGNITION}
    return msgspec.structs.replace(rest, **fields)


def recognition() -> Knowledge:
    """Returns the part of the knowledge that explains an error text; the other fields are empty.

    Raises:
        KnowledgeError: the folder is missing or invalid; carries all problems.
    """
    return _read(("recognition",))[0]


def _read(parts: tuple[str, ...]) -> list[Knowledge]:
    folder = knowledge_folder()
    cache = Path(platformdirs.user_cache_dir("dbtls", appauthor=False))
    state = _state(folder)
    try:
        files = [(cache / f"knowledge-{part}-{state}.json").read_bytes() for part in parts]
        return [msgspec.json.decode(file, type=Knowledge) for file in files]
    except (OSError, msgspec.DecodeError):
        pass  # the first start since the knowledge changed, or a damaged file: it is written anew
    loaded = load(folder)
    loaded = msgspec.structs.replace(loaded, prepared=Matcher(loaded).prepared)
    fields = {field: getattr(loaded, field) for field in _RECOGNITION}
    made = {
        "recognition": Knowledge(**fields),
        "rest": msgspec.structs.replace(loaded, **dict.fromkeys(fields, ()) | {"prepared": {}}),
    }
    _keep(cache, {f"knowledge-{part}-{state}.json": msgspec.json.encode(one) for part, one in made.items()})
    return [made[part] for part in parts]


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
