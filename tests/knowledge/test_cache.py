"""The cache only ever saves time: whatever becomes of it, the knowledge is that of the YAML, and nothing in it runs."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from wizard.knowledge import cache
from wizard.model.knowledge import Knowledge


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a good cache, by their names."""
    folder = tmp_path_factory.mktemp("good")
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(cache, "cache_folder", lambda: folder)
        cache.knowledge()
    return {one.name: one.read_bytes() for one in folder.iterdir()}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the cache, which does not exist yet."""
    place = tmp_path / "cache"
    monkeypatch.setattr(cache, "cache_folder", lambda: place)
    return place


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """A list of how often the YAML was read; it is stood in for, since reading it takes long."""
    read: list[Path] = []

    def load(place: Path) -> Knowledge:
        read.append(place)
        return Knowledge()

    monkeypatch.setattr(cache, "load", load)
    return read


def test_a_good_cache_is_read(folder: Path, files: dict[str, bytes], loaded: list[Path]) -> None:
    """Nothing is loaded then, and the knowledge is whole."""
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    assert cache.knowledge().causes
    assert cache.recognition().symptoms
    assert loaded == []


@pytest.mark.parametrize("damage", ["empty", "cut short", "changed", "foreign", "pickle", "folder"])
def test_a_cache_that_is_not_good_is_written_anew(
    damage: str, folder: Path, files: dict[str, bytes], loaded: list[Path], tmp_path: Path
) -> None:
    """It is neither believed nor run; the next start has a good one."""
    folder.mkdir()
    mark = tmp_path / "run"
    run = b"cos\nsystem\n(S'touch " + os.fsencode(mark) + b"'\ntR."  # what unpickling would carry out
    for name, content in files.items():
        if damage == "folder":
            (folder / name).mkdir()
            continue
        (folder / name).write_bytes(
            {
                "empty": b"",
                "cut short": content[:-100],
                "changed": content.replace(b"certificate", b"certificatf", 1),
                "foreign": b'{"causes": []}',
                "pickle": run,
            }[damage]
        )
    assert cache.knowledge().causes == ()
    assert len(loaded) == 1
    assert not mark.exists()
    if damage != "folder":
        cache.knowledge()
        assert len(loaded) == 1


def test_the_cache_is_for_this_user_alone(folder: Path, loaded: list[Path]) -> None:
    """The folder that is made is closed to others, so what is in it is too."""
    cache.knowledge()
    assert loaded
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("trouble", ["a file in the way", "a full disk"])
def test_without_a_cache_everything_works(trouble: str, tmp_path: Path, loaded: list[Path]) -> None:
    """Where it cannot be written, the YAML is read, and nothing half-written stays."""
    if trouble == "a file in the way":
        (tmp_path / "cache").write_text("in the way")
        with pytest.MonkeyPatch.context() as changed:
            changed.setattr(cache, "cache_folder", lambda: tmp_path / "cache")
            assert cache.knowledge().causes == ()
            assert cache.knowledge().causes == ()
        assert len(loaded) == 2
        return
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "from pathlib import Path\n"
        "from wizard.knowledge import cache\n"
        "cache.cache_folder = lambda: Path(sys.argv[1])\n"
        "print(len(cache.recognition().symptoms), sorted(Path(sys.argv[1]).iterdir()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "full")],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    count, left = done.stdout.split(" ", 1)
    assert int(count) > 0
    assert left.strip() == "[]"
