"""The wheel carries the knowledge, and a program installed from it finds it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Builds the wheel as an installer would, without fetching anything."""
    place = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(place)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (found,) = place.glob("*.whl")
    return found


def test_the_wheel_holds_the_knowledge_and_nothing_of_the_tests(wheel: Path) -> None:
    """Every YAML file of the folder is in it, once; tests and pictures are not."""
    with zipfile.ZipFile(wheel) as content:
        names = content.namelist()
    expected = {
        f"wizard/_knowledge/{path.relative_to(ROOT / 'knowledge').as_posix()}"
        for path in (ROOT / "knowledge").rglob("*.yaml")
    }
    assert expected <= set(names)
    assert not [name for name in names if name.startswith(("tests", "screenshots"))]
    assert len(names) == len(set(names))


def test_a_program_from_the_wheel_finds_the_knowledge(wheel: Path, tmp_path: Path) -> None:
    """Unpacked away from the checkout, `explain` recognises a text with the wheel's own knowledge."""
    with zipfile.ZipFile(wheel) as content:
        content.extractall(tmp_path)
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from wizard.knowledge.locate import knowledge_folder\n"
        "from wizard.cli.main import run\n"
        "print(knowledge_folder())\n"
        "sys.exit(run(['explain', 'The received certificate has expired.']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith(str(tmp_path / "wizard" / "_knowledge"))
    assert "(expired" in done.stdout
