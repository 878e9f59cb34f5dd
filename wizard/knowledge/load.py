"""Reads the knowledge folder into frozen values, reporting every problem with its file and line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import msgspec

from wizard.errors import KnowledgeError
from wizard.model.client import FailureEntry, ProfileEntry, StackEntry
from wizard.model.entry import ArticleEntry, SourceEntry
from wizard.model.knowledge import CauseEntry, FactEntry, FixEntry, Knowledge, Node, ScenarioEntry
from wizard.model.recognition import ClientEntry, EngineWords, Signature, SymptomEntry, Wording
from wizard.model.text import nearest

AnyEntry = (
    SymptomEntry
    | Signature
    | FactEntry
    | Node
    | CauseEntry
    | ClientEntry
    | ProfileEntry
    | StackEntry
    | FailureEntry
    | Wording
    | EngineWords
    | FixEntry
    | ScenarioEntry
    | SourceEntry
    | ArticleEntry
)


class Kind(NamedTuple):
    """One kind of entry: the field of `Knowledge` that holds it, where its files are, and its type."""

    field: str
    pattern: str
    type: type[AnyEntry]


KINDS = (
    Kind("symptoms", "symptoms/*.yaml", SymptomEntry),
    Kind("signatures", "signatures/*.yaml", Signature),
    Kind("facts", "facts/*.yaml", FactEntry),
    Kind("nodes", "tree/*.yaml", Node),
    Kind("causes", "causes/*.yaml", CauseEntry),
    Kind("clients", "clients/*.yaml", ClientEntry),
    Kind("profiles", "clients/profiles/*.yaml", ProfileEntry),
    Kind("stacks", "stacks.yaml", StackEntry),
    Kind("failures", "failures.yaml", FailureEntry),
    Kind("wordings", "wordings/*.yaml", Wording),
    Kind("engines", "engines.yaml", EngineWords),
    Kind("fixes", "fixes/*.yaml", FixEntry),
    Kind("scenarios", "scenarios/*.yaml", ScenarioEntry),
    Kind("sources", "sources.yaml", SourceEntry),
    Kind("article", "article.yaml", ArticleEntry),
)


class Place(NamedTuple):
    """Where an entry stands: its file, and its position in the list that the file is."""

    path: Path
    position: int


class Loaded(NamedTuple):
    """The knowledge, the places of each id within its kind, and the problems of syntax and shape."""

    knowledge: Knowledge
    places: dict[tuple[str, str], tuple[Place, ...]]
    problems: tuple[str, ...]


def load(folder: Path) -> Knowledge:
    """Returns the knowledge of `folder`.

    Raises:
        KnowledgeError: a file is not YAML, or an entry has not its shape; carries all problems.
    """
    loaded = read_folder(folder)
    if loaded.problems:
        raise KnowledgeError(loaded.problems)
    return loaded.knowledge


def read_folder(folder: Path) -> Loaded:
    """Reads every file, keeping each valid entry and collecting a line for each problem."""
    # PyYAML takes 30 ms to import, which a start from the cache does not need.
    from wizard.knowledge import syntax

    entries: dict[str, list[AnyEntry]] = {kind.field: [] for kind in KINDS}
    places: dict[tuple[str, str], tuple[Place, ...]] = {}
    problems: list[str] = []
    for kind in KINDS:
        for path in sorted(folder.glob(kind.pattern)):
            try:
                content = syntax.read(path)
            except syntax.YamlError as problem:
                problems.append(describe(folder, path, problem.line, problem.message))
                continue
            if not isinstance(content, list):
                problems.append(
                    describe(folder, path, 1, "the file must be a list of entries, each with an `id`")
                )
                continue
            for index, raw in enumerate(content):
                try:
                    entry = msgspec.convert(raw, kind.type)
                except msgspec.ValidationError as error:
                    message, _, inner = str(error).partition(" - at `$")
                    line = syntax.line_of(path, f"$[{index}]{inner.rstrip('`')}")
                    problems.append(describe(folder, path, line, message + _suggestion(message, kind.type)))
                    continue
                entries[kind.field].append(entry)
                key = (kind.field, entry.id)
                places[key] = (*places.get(key, ()), Place(path, index))
    fields = {field: tuple(found) for field, found in entries.items()}
    return Loaded(Knowledge(**fields), places, tuple(problems))  # type: ignore[arg-type]


def describe(folder: Path, path: Path, line: int, message: str) -> str:
    """Returns a problem line as editors and people read it: `tree/tree.yaml:14: what is wrong`."""
    place = f"{path.relative_to(folder)}:{line}" if line else f"{path.relative_to(folder)}"
    return f"{place}: {message}"


def _suggestion(message: str, type_: type[AnyEntry]) -> str:
    """Adds to msgspec's sentence what the author probably meant."""
    if found := re.search(r"unknown field `([^`]*)`", message):
        return nearest(found[1], _field_names(type_))
    if found := re.search(r"Invalid enum value '([^']*)'", message):
        return nearest(found[1], _literals(type_))
    if re.search(r"Expected `str`.*, got `(bool|int|float|date|datetime|null)`", message):
        return " - quote it, YAML reads it as another type"
    return ""


def _field_names(type_: type[AnyEntry]) -> tuple[str, ...]:
    """Returns the field names of an entry and of the structs inside it."""
    return tuple(name for struct in _structs(msgspec.inspect.type_info(type_)) for name in _names(struct))


def _names(struct: msgspec.inspect.StructType) -> tuple[str, ...]:
    return tuple(field.encode_name for field in struct.fields)


def _literals(type_: type[AnyEntry]) -> tuple[str, ...]:
    """Returns the words that enumerated fields of an entry allow."""
    found = _walk(msgspec.inspect.type_info(type_))
    return tuple(
        str(value) for part in found if isinstance(part, msgspec.inspect.LiteralType) for value in part.values
    )


def _structs(type_: msgspec.inspect.Type) -> tuple[msgspec.inspect.StructType, ...]:
    return tuple(part for part in _walk(type_) if isinstance(part, msgspec.inspect.StructType))


def _walk(type_: msgspec.inspect.Type) -> tuple[msgspec.inspect.Type, ...]:
    """Returns a type and all types inside it."""
    inner: tuple[msgspec.inspect.Type, ...] = ()
    match type_:
        case msgspec.inspect.StructType(fields=fields):
            inner = tuple(field.type for field in fields)
        case msgspec.inspect.VarTupleType(item_type=item):
            inner = (item,)
        case msgspec.inspect.UnionType(types=types):
            inner = types
        case msgspec.inspect.Metadata(type=wrapped):
            inner = (wrapped,)
    return (type_, *(part for child in inner for part in _walk(child)))
