"""YAML with line numbers: reads a file strictly and tells where a part of it stands.

Duplicate keys are refused, because YAML keeps the last one silently.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

import yaml

try:
    from yaml import CSafeLoader as _BaseLoader
except ImportError:  # libyaml is optional in PyYAML; the pure loader reads the same
    from yaml import SafeLoader as _BaseLoader  # type: ignore[assignment]


_LARGEST = 10_000_000
"""Octets; all of the knowledge together has two million."""
_DEEPEST = 100
_MANY_BRACKETS = 1000
_FAR_IN = re.compile(r"^[ ?:-]{300}", re.MULTILINE)
_MOST_VALUES = 1_000_000
"""In one file, each alias counted as what it stands for."""


class YamlError(Exception):
    """A file is not YAML as we accept it. `line` counts from 1; 0 where it is not known."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


class _StrictLoader(_BaseLoader):
    """The safe loader, refusing duplicate keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        """Builds a mapping after checking that each key stands once."""
        lines: dict[object, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if key.value in lines:
                raise YamlError(line, f"key '{key.value}' stands twice; first in line {lines[key.value]}")
            lines[key.value] = line
        return super().construct_mapping(node, deep)


def read(path: Path) -> object:
    """Returns the content of a YAML file as plain lists, dicts and scalars.

    Raises:
        YamlError: the file cannot be read, is not YAML, or has a duplicate key.
    """
    try:
        if not path.is_file():
            raise YamlError(0, "is no regular file")
        if path.stat().st_size > _LARGEST:
            raise YamlError(0, f"is larger than {_LARGEST // 1_000_000} MB")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise YamlError(0, f"cannot be read: {error.__class__.__name__}") from error
    try:
        _check_depth(text)
        loader = _StrictLoader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _measured(node, {})
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise YamlError(line, f"not valid YAML: {error.problem or error.context}") from error
    except (ValueError, TypeError) as error:  # a date that is none, a key that cannot be one
        raise YamlError(0, f"not valid YAML: {error}") from error
    except (AttributeError, LookupError) as error:  # PyYAML trusts tags: `!!timestamp abc`, `!!bool x`
        raise YamlError(0, "not valid YAML: a value is not what the tag before it says") from error
    except yaml.YAMLError as error:
        raise YamlError(0, f"not valid YAML: {str(error).splitlines()[0]}") from error


def _check_depth(text: str) -> None:
    """Raises YamlError where collections are nested so deeply that libyaml's reader would end the whole process."""
    # Flow collections need brackets and block collections columns, so that most files need no closer look.
    if text.count("[") + text.count("{") < _MANY_BRACKETS and not _FAR_IN.search(text):
        return
    depth = 0
    for event in yaml.parse(text, Loader=_BaseLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            raise _too_deep(event)


def _too_deep(part: yaml.Event | yaml.Node) -> YamlError:
    line = part.start_mark.line + 1 if part.start_mark else 0
    return YamlError(line, f"not valid YAML: nested more than {_DEEPEST} levels deep")


def _measured(node: yaml.Node, known: dict[int, tuple[int, int]], level: int = 0) -> tuple[int, int]:
    """Returns how many values a node holds, and in how many levels, with all that its aliases stand for.

    Raises:
        YamlError: more values than anybody reads, such as aliases of aliases, or a collection that holds itself.
    """
    if isinstance(node, yaml.ScalarNode):
        return 1, 0
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = _MOST_VALUES, 0  # until it is known: one that holds itself has no end
    parts = (
        node.value if isinstance(node, yaml.SequenceNode) else [part for pair in node.value for part in pair]
    )
    inner = [_measured(part, known, level + 1) for part in parts] if level < _DEEPEST else [(0, _DEEPEST)]
    values, levels = 1 + sum(one for one, _ in inner), 1 + max((one for _, one in inner), default=0)
    if levels > _DEEPEST:
        raise _too_deep(node)
    if values > _MOST_VALUES:
        line = node.start_mark.line + 1 if node.start_mark else 0
        raise YamlError(
            line, f"not valid YAML: more than {_MOST_VALUES:,} values, with what its aliases stand for"
        )
    known[id(node)] = values, levels
    return values, levels


_STEP = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]")


def line_of(path: Path, place: str) -> int:
    """Returns the line, from 1, of `place` in a file, as msgspec writes it: `$[3].branches[0].when`.

    Where the path leads nowhere, the nearest part above it counts.
    """
    node = _composed(path.read_text(encoding="utf-8"))
    line = 1
    for name, index in _STEP.findall(place):
        if name and isinstance(node, yaml.MappingNode):
            pairs = {key.value: (key, value) for key, value in node.value}
            if name not in pairs:
                break
            key, node = pairs[name]
            line = key.start_mark.line + 1
        elif index and isinstance(node, yaml.SequenceNode) and int(index) < len(node.value):
            node = node.value[int(index)]
            line = node.start_mark.line + 1
        else:
            break
    return line


@functools.lru_cache(maxsize=1)  # a file with many problems asks for the line of each
def _composed(text: str) -> yaml.Node | None:
    return yaml.compose(text, Loader=_BaseLoader)
