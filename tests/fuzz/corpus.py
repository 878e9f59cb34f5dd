"""The inputs that are kept: one small archive for each target, and a file for each crash that was found.

An archive holds what the guided runs found worth keeping: together these inputs reach every part of the parser
that any input reached. Its bytes depend on the inputs alone.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable
from pathlib import Path

FOLDER = Path(__file__).parent / "corpus"
CRASHES = Path(__file__).parent / "crashes"

LARGEST = 150_000
"""Octets of one archive."""
MOST = 400
"""Inputs of one archive."""
_DATE = (2026, 1, 1, 0, 0, 0)


def kept(name: str) -> tuple[bytes, ...]:
    """Returns the kept inputs of a target in a fixed order; none where it has no archive yet."""
    archive = FOLDER / f"{name}.zip"
    if not archive.exists():
        return ()
    with zipfile.ZipFile(archive) as opened:
        return tuple(opened.read(entry) for entry in sorted(opened.namelist()))


def crashes(name: str) -> tuple[tuple[str, bytes], ...]:
    """Returns the inputs that once broke a promise, each with its name."""
    return tuple((file.name, file.read_bytes()) for file in sorted((CRASHES / name).glob("*")))


def keep(name: str, inputs: Iterable[bytes]) -> int:
    """Writes the archive of a target anew, short inputs first as far as there is room; returns how many it holds."""
    FOLDER.mkdir(exist_ok=True)
    archive = FOLDER / f"{name}.zip"
    ordered = sorted(set(inputs), key=lambda one: (len(one), one))[:MOST]
    while True:
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as opened:
            for number, one in enumerate(ordered):
                named = f"{number:03}-{hashlib.sha256(one).hexdigest()[:8]}"
                entry = zipfile.ZipInfo(named, _DATE)
                entry.create_system = 3
                opened.writestr(entry, one, zipfile.ZIP_DEFLATED, 9)
        if archive.stat().st_size <= LARGEST:
            return len(ordered)
        ordered = ordered[: len(ordered) * 9 // 10]


def unpack(name: str, folder: Path) -> int:
    """Writes the kept inputs and the crashes of a target into a folder; returns how many."""
    inputs = (*kept(name), *(data for _, data in crashes(name)))
    return store(inputs, folder)


def store(inputs: Iterable[bytes], folder: Path) -> int:
    """Writes each input into a folder under the name of its content; returns how many."""
    named = {hashlib.sha256(one).hexdigest()[:24]: one for one in inputs}
    folder.mkdir(parents=True, exist_ok=True)
    for name, one in named.items():
        (folder / name).write_bytes(one)
    return len(named)
