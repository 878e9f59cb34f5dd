"""The structure of a command without its values: what a hostile value must not change.

A text is read by a parser of its own language, and every literal is blanked. Two renderings of one step that differ in
nothing but values have the same structure; where a value breaks out of its quotes they have not.
"""

from __future__ import annotations

import configparser
import json
import re
from collections.abc import Callable
from functools import cache
from urllib.parse import parse_qsl, urlsplit

import sqlglot
import tree_sitter
import tree_sitter_bash
import tree_sitter_c_sharp
import tree_sitter_go
import tree_sitter_java
import tree_sitter_javascript
import tree_sitter_powershell
import tree_sitter_python
import tree_sitter_rust
import yaml
from sqlglot.tokens import TokenType  # type: ignore[attr-defined]

from wizard.model.knowledge import Shell

Structure = object
"""Comparable, and otherwise opaque."""

_GRAMMARS: dict[str, Callable[[], object]] = {
    "sh": tree_sitter_bash.language,
    "powershell": tree_sitter_powershell.language,
    "python": tree_sitter_python.language,
    "javascript": tree_sitter_javascript.language,
    "go": tree_sitter_go.language,
    "java": tree_sitter_java.language,
    "csharp": tree_sitter_c_sharp.language,
    "rust": tree_sitter_rust.language,
}
_AROUND: dict[str, tuple[str, str]] = {
    "go": ("package p\nfunc f() {\n", "\n}\n"),
    "java": ("class C { void f() throws Exception {\n", "\n} }\n"),
    "rust": ("async fn f() {\n", "\n}\n"),
}
"""What makes some lines a program of their language."""
_LITERALS = frozenset(
    {
        # shells; a quoted word may stand in several pieces
        "word", "raw_string", "number", "string_literal", "verbatim_string_characters", "generic_token",
        "command_argument_sep", "string_content", "file_redirect_target",
        # the others
        "string", "string_fragment", "interpreted_string_literal", "raw_string_literal", "integer", "int_literal",
        "decimal_integer_literal", "integer_literal",
    }
)  # fmt: skip
_EXPANSIONS = re.compile(
    r"expansion|substitution|interpolation|template_substitution|sub_expression|variable"
)
_STRINGS = frozenset(
    {
        TokenType.STRING,
        TokenType.NATIONAL_STRING,
        TokenType.BYTE_STRING,
        TokenType.RAW_STRING,
        TokenType.NUMBER,
    }
)


class BrokenError(Exception):
    """The text is not valid in its language."""


def structure(text: str, shell: Shell) -> Structure:
    """Returns the structure of a text.

    Raises:
        BrokenError: its language's parser does not take it.
    """
    if shell in _GRAMMARS:
        return _tree(text, shell)
    match shell:
        case "tsql" | "mysql" | "postgresql":
            return _sql(text, shell)
        case "ini":
            return _ini(text)
        case "pg-conf":
            return _lines(text, r"([a-z_]+) = (?:on|off|[0-9]+|'(?:[^'\\]|''|\\\\)*')")
        case "yaml":
            return _shape(yaml.safe_load(text))
        case "dockerfile":
            return _dockerfile(text)
        case "url" | "jdbc-mysql":
            return tuple(_url(line) for line in text.splitlines())
        case "libpq":
            return _pairs(text, r"'(?:[^'\\]|\\.)*'", " ")
        case "ado-net" | "ole-db":
            return _pairs(text, r'"(?:[^"]|"")*"', ";")
        case "odbc" | "jdbc-sqlserver":
            return _pairs(text, r"\{(?:[^}]|\}\})*\}", ";")
        case _:
            if not all(line.isprintable() for line in text.splitlines()):
                raise BrokenError(text)
            return len(text.splitlines())


@cache
def _parser(language: str) -> tree_sitter.Parser:
    return tree_sitter.Parser(tree_sitter.Language(_GRAMMARS[language]()))


def _tree(text: str, language: str) -> Structure:
    begin, end = _AROUND.get(language, ("", ""))
    if language == "go" and "package " in text:
        begin = end = ""
    if language == "java" and re.search(r"^\s*(public )?(final )?class ", text, re.M):
        begin = end = ""
    if language == "rust" and re.search(r"^(async )?fn |^use ", text, re.M):
        begin = end = ""
    root = _parser(language).parse((begin + text + end).encode()).root_node
    if root.has_error and language not in ("sh",):
        raise BrokenError(text)
    return _of_node(root)


def _of_node(node: tree_sitter.Node) -> Structure:
    """A literal counts as such only where nothing in it is run or replaced."""
    if node.type == "comment":
        return "comment"
    if node.type in _LITERALS and not _expands(node):
        return "value"
    if node.type == "concatenation":  # 'it'"'"'s' is one word, as is a plain one
        parts = [part for child in node.named_children if (part := _of_node(child)) != "value"]
        return ("concatenation", *parts) if parts else "value"
    children = [_of_node(child) for child in node.named_children]
    return (node.type, *children)


def _expands(node: tree_sitter.Node) -> bool:
    return bool(_EXPANSIONS.search(node.type)) or any(_expands(child) for child in node.named_children)


def _sql(text: str, shell: Shell) -> Structure:
    dialect = {"tsql": "tsql", "mysql": "mysql"}.get(shell, "postgres")
    try:
        tokens = sqlglot.tokenize(text, dialect=dialect)
    except sqlglot.errors.TokenError as error:
        raise BrokenError(text) from error
    return tuple(
        "value" if one.token_type in _STRINGS else (one.token_type, one.text.upper()) for one in tokens
    )


def _ini(text: str) -> Structure:
    parser = configparser.ConfigParser(allow_no_value=True, interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise BrokenError(text) from error
    return tuple((name, tuple(parser[name])) for name in parser.sections())


def _lines(text: str, pattern: str) -> Structure:
    found = [re.fullmatch(pattern, line) for line in text.splitlines() if not line.startswith("#")]
    if not all(found):
        raise BrokenError(text)
    return tuple(one[1] for one in found if one)


def _shape(value: object) -> Structure:
    if isinstance(value, dict):
        return tuple((key, _shape(inner)) for key, inner in value.items())
    if isinstance(value, list):
        return [_shape(inner) for inner in value]
    return "value"


def _dockerfile(text: str) -> Structure:
    joined = text.replace("\\\n", " ")
    told: list[Structure] = []
    for line in joined.splitlines():
        word, _, rest = line.partition(" ")
        if rest.lstrip().startswith("["):
            try:
                told.append((word, len(json.loads(rest))))
            except ValueError as error:
                raise BrokenError(text) from error
        else:
            told.append((word, rest if word in ("FROM", "RUN") else "value"))
    return tuple(told)


def _url(line: str) -> Structure:
    if not re.fullmatch(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%<>-]*", line) or any(
        sign in line for sign in "<>'"
    ):
        raise BrokenError(line)
    split = urlsplit(line.removeprefix("jdbc:"))
    return (
        split.scheme,
        split.fragment,
        tuple(key for key, _ in parse_qsl(split.query, keep_blank_values=True)),
    )


def _pairs(text: str, quoted: str, separator: str) -> Structure:
    part = rf"([A-Za-z]+(?:[ _][A-Za-z]+)*)=(?:{quoted}|[A-Za-z0-9_.:,/@%+*\\-]+)"
    told: list[Structure] = []
    for line in text.splitlines():
        if line.startswith(("#", "[")):
            told.append("comment")
            continue
        body = line.removeprefix("jdbc:sqlserver://;").removesuffix(";")
        if not re.fullmatch(rf"{part}(?:{separator}{part})*", body):
            raise BrokenError(line)
        told.append(tuple(one[0] for one in re.findall(part, body)))
    return tuple(told)
