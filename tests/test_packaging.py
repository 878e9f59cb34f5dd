"""Wheel and source distribution: whole, alike, for every system, and nothing in them that a machine left behind."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable
from email.message import Message
from email.parser import BytesParser
from importlib import import_module, metadata
from pathlib import Path, PurePosixPath
from typing import TypedDict, cast

import pytest
from markdown_it import MarkdownIt

import wizard

ROOT = Path(__file__).parents[1]
PUBLISHED = ("README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "requirements-ci.txt")
SOURCES = {".py", ".yaml", ".json", ".tcss", ".typed"}
"""What a wheel of this program is made of."""


class Project(TypedDict):
    """The part of pyproject.toml that is looked at."""

    name: str
    dependencies: list[str]
    classifiers: list[str]


@pytest.fixture(scope="module")
def project() -> Project:
    """Returns the table [project]."""
    return cast("Project", tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"])


def built(target: str, source: Path, place: Path) -> Path:
    """Builds one distribution as an installer would, without fetching anything."""
    build = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(place)]
    subprocess.run(build, cwd=source, check=True, capture_output=True, timeout=120)
    (found,) = place.iterdir()
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the wheel that is made of the tree."""
    return built("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the folder in which the source distribution lies unpacked."""
    packed = built("sdist", ROOT, tmp_path_factory.mktemp("sdist"))
    place = tmp_path_factory.mktemp("unpacked")
    shutil.unpack_archive(packed, place, filter="data")
    return place / f"dbtls-{wizard.__version__}"


def names_in(wheel: Path) -> list[str]:
    """Returns the files of a wheel."""
    with zipfile.ZipFile(wheel) as content:
        return content.namelist()


def read(wheel: Path, name: str) -> bytes:
    """Returns a file of the wheel's own folder, such as METADATA."""
    with zipfile.ZipFile(wheel) as content:
        return content.read(f"dbtls-{wizard.__version__}.dist-info/{name}")


def foreign(names: Iterable[str]) -> list[str]:
    """Returns what is no source: made by a machine, compiled, or material of the tests."""
    paths = [PurePosixPath(name) for name in names]
    own = [path for path in paths if not path.parts[0].endswith(".dist-info")]
    return [
        str(path)
        for path in own
        if path.suffix not in SOURCES
        or path.parts[0] != "wizard"
        or {"__pycache__", "corpus", "tests"} & set(path.parts)
        or any(part.startswith(".") for part in path.parts)
    ]


def test_the_wheel_holds_the_knowledge_and_nothing_of_the_tests(wheel: Path) -> None:
    """Every YAML file of the folder is in it, once; tests and pictures are not."""
    names = names_in(wheel)
    expected = {
        f"wizard/_knowledge/{path.relative_to(ROOT / 'knowledge').as_posix()}"
        for path in (ROOT / "knowledge").rglob("*.yaml")
    }
    assert expected <= set(names)
    assert len(names) == len(set(names))
    assert foreign(names) == []


@pytest.mark.parametrize(
    "name",
    [
        "wizard/__pycache__/errors.cpython-311.pyc",
        "wizard/fast.cp311-win_amd64.pyd",
        "wizard/fast.abi3.so",
        "tests/test_packaging.py",
        "wizard/tests/test_x.py",
        "wizard/fuzz/corpus/one.json",
        "wizard/_knowledge/.cache.json",
        "screenshots/verdict.png",
    ],
)
def test_what_does_not_belong_in_a_wheel_is_seen(name: str) -> None:
    """Each kind of foreign file is found between files that belong there."""
    own = [
        "wizard/errors.py",
        "wizard/tui/wizard.tcss",
        "wizard/py.typed",
        "dbtls-1.dist-info/licenses/LICENSE",
    ]
    assert foreign([*own, name]) == [name]
    assert foreign(own) == []


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


def test_the_wheel_is_for_every_system(wheel: Path) -> None:
    """It is pure Python, and its command is a function that is there."""
    assert wheel.name.endswith("-py3-none-any.whl")
    told = BytesParser().parsebytes(read(wheel, "WHEEL"))
    assert (told["Root-Is-Purelib"], told.get_all("Tag")) == ("true", ["py3-none-any"])
    command = re.search(rb"^dbtls = ([\w.]+):(\w+)$", read(wheel, "entry_points.txt"), re.MULTILINE)
    assert command is not None
    module, function = (part.decode() for part in command.groups())
    assert callable(getattr(import_module(module), function))


def test_the_metadata_is_that_of_the_project(wheel: Path, project: Project) -> None:
    """Version, licence, Python and the page are those of the tree; typed means that the marker is there."""
    told: Message = BytesParser().parsebytes(read(wheel, "METADATA"))
    assert (told["Name"], told["Version"]) == ("dbtls", wizard.__version__)
    assert (told["License-Expression"], told.get_all("License-File")) == ("MIT", ["LICENSE"])
    assert told["Requires-Python"] == ">=3.11"
    assert told["Description-Content-Type"] == "text/markdown"
    assert read(wheel, "licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
    assert "Typing :: Typed" in project["classifiers"]
    assert "wizard/py.typed" in names_in(wheel)
    minor = f"Programming Language :: Python :: {sys.version_info[0]}.{sys.version_info[1]}"
    assert minor in project["classifiers"]


def test_the_page_is_the_readme_and_can_be_shown(wheel: Path) -> None:
    """The description is the README, and a reader of CommonMark makes headings, tables and no loose fences of it."""
    page = read(wheel, "METADATA").partition(b"\n\n")[2].decode()
    assert page.strip() == (ROOT / "README.md").read_text("utf-8").strip()
    shown = MarkdownIt("commonmark").enable("table").render(page)
    assert "<h1>dbtls</h1>" in shown
    assert "<table>" in shown
    assert "```" not in shown
    assert "```" in MarkdownIt("commonmark").render("text ```\n")


def test_the_source_distribution_holds_what_it_takes(unpacked: Path) -> None:
    """Code, knowledge, tests and the papers are in it; no cache and nothing compiled."""
    names = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    assert {name for name in PUBLISHED if (ROOT / name).exists()} <= names
    assert {"pyproject.toml", "PKG-INFO", "tests/run", "tests/conftest.py", "wizard/py.typed"} <= names
    for folder in ("knowledge", "wizard"):
        kinds = SOURCES | {".md"}
        expected = {
            path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if path.suffix in kinds
        }
        assert expected <= names
    pictures = re.findall(r"\]\((screenshots/[^)]+)\)", (ROOT / "README.md").read_text("utf-8"))
    assert pictures
    assert set(pictures) <= names
    left = [name for name in names if name.endswith((".pyc", ".so", ".pyd", ".log")) or "__pycache__" in name]
    assert left == []


def test_a_wheel_from_the_source_distribution_is_the_same(
    wheel: Path, unpacked: Path, tmp_path: Path
) -> None:
    """Whoever builds from the published sources gets the same files, octet for octet."""
    again = built("wheel", unpacked, tmp_path)
    assert again.name == wheel.name
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(again) as other:
        assert {entry.filename: entry.CRC for entry in one.infolist()} == {
            entry.filename: entry.CRC for entry in other.infolist()
        }


def third_parties(sources: Iterable[str]) -> set[str]:
    """Returns the distributions whose modules are imported by name, as far as they are installed."""
    imported: set[str] = set()
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                imported.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.partition(".")[0])
    owners = metadata.packages_distributions()
    modules = imported - set(sys.stdlib_module_names) - {"wizard"}
    return {owner.lower().replace("_", "-") for module in modules for owner in owners.get(module, [module])}


def test_each_dependency_is_used_and_each_import_is_declared(project: Project) -> None:
    """No dependency is asked for in vain, and none is taken for granted; the drivers are imported by their names."""
    declared = {re.split(r"[<>=!~;\[ ]", one)[0].lower() for one in project["dependencies"]}
    used = third_parties(path.read_text("utf-8") for path in (ROOT / "wizard").rglob("*.py"))
    assert used == declared
    assert third_parties(["import pytest\nfrom os import path"]) == {"pytest"}
