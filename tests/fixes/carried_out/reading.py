"""Reads what a recipe sets out of its own text: connection strings, option files, commands and program code."""

from __future__ import annotations

import ast
import configparser
import re
import shlex
from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl

import tree_sitter
import tree_sitter_c_sharp
import tree_sitter_go
import tree_sitter_java
import tree_sitter_javascript
import tree_sitter_rust

from wizard.diagnosis.connection_string import Pairs
from wizard.diagnosis.target import read_target
from wizard.fixes.render import RenderedStep

GRAMMARS: dict[str, Callable[[], object]] = {
    "javascript": tree_sitter_javascript.language,
    "go": tree_sitter_go.language,
    "java": tree_sitter_java.language,
    "csharp": tree_sitter_c_sharp.language,
    "rust": tree_sitter_rust.language,
}
_STRING = r'"((?:[^"\\]|\\.)*)"'


def parsed(text: str, language: str) -> tree_sitter.Node:
    """Returns the root of the syntax tree."""
    parser = tree_sitter.Parser(tree_sitter.Language(GRAMMARS[language]()))
    return parser.parse(f"{text}\n".encode()).root_node


def check_code(text: str, language: str) -> None:
    """The grammar of the language finds no error, so that no value has broken out of its literal."""
    assert not parsed(text, language).has_error, text


def set_by(step: RenderedStep) -> Pairs:
    """Returns key and value of what a step sets; keys that do not concern TLS may be among them."""
    match step.shell:
        case "ado-net" | "odbc" | "ole-db" | "url" | "jdbc-sqlserver" | "jdbc-mysql" | "libpq":
            return _connection_string(step.text)
        case "python":
            return tuple(_python(ast.parse(step.text)))
        case "javascript":
            return tuple(_javascript(parsed(step.text, "javascript"), ""))
        case "go":
            return tuple(_go(step.text))
        case "java":
            return tuple(re.findall(rf"etProperty\({_STRING}, {_STRING}\)", step.text))
        case "ini":
            return tuple(_ini(step.text))
        case "sh" | "powershell":
            return tuple(_words(step.text))
        case "screen":
            return tuple(re.findall(r"(?m)^([A-Za-z ]+): (.+)$", step.text))
        case _:
            return ()


def _connection_string(text: str) -> Pairs:
    lines = [line for line in text.splitlines() if not line.startswith(("#", "["))]
    # What stands behind `sqlsrv:` names no driver; the service file has a line for each option.
    told = read_target(" ".join(lines)).options
    if "?" not in text:
        return told
    pairs = tuple(parse_qsl(text.partition("?")[2], keep_blank_values=True))
    assert {value for _, value in told} <= {value for _, value in pairs}
    return pairs


def _python(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The arguments of the call that connects, a context's parts with a dot before them."""
    context: list[tuple[str, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "create_default_context":
                context += [("", "create_default_context"), (".cafile", _value(node.keywords[0].value))]
            if node.func.attr == "load_cert_chain":
                context.append((".certfile", _value(node.args[0])))
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            context.append((f".{node.targets[0].attr}", _value(node.value)))
    for node in ast.walk(tree):
        if not (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "connect"
        ):
            continue
        for argument in node.args:
            yield from read_target(_value(argument)).options
        for keyword in node.keywords:
            assert keyword.arg is not None
            if isinstance(keyword.value, ast.Name):
                yield from ((keyword.arg + part, value) for part, value in context)
            elif isinstance(keyword.value, ast.Dict):
                for key, value in zip(keyword.value.keys, keyword.value.values, strict=True):
                    assert key is not None
                    yield f"{keyword.arg}.{_value(key)}", _value(value)
            else:
                yield keyword.arg, _value(keyword.value)


def _value(node: ast.expr) -> str:
    return str(ast.literal_eval(node))


def _javascript(node: tree_sitter.Node, place: str) -> Iterator[tuple[str, str]]:
    """Every member of an object, with the names of those around it; a file that is read stands for its path."""
    for child in node.children:
        if child.type != "pair":
            yield from _javascript(child, place)
            continue
        key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
        assert key is not None
        assert value is not None
        name = f"{place}{_text(key)}"
        if value.type == "object":
            yield from _javascript(value, f"{name}.")
        else:
            strings = re.findall(_STRING, _text(value))
            yield name.removeprefix("options."), strings[0] if strings else _text(value)


def _text(node: tree_sitter.Node) -> str:
    assert node.text is not None
    return node.text.decode()


def _go(text: str) -> Iterator[tuple[str, str]]:
    found = {
        "ca": re.search(rf"os\.ReadFile\({_STRING}\)", text),
        "tls.ServerName": re.search(rf"ServerName: {_STRING}", text),
        "tls.Certificates": re.search(rf"tls\.LoadX509KeyPair\({_STRING}", text),
        "tls": re.search(r'\?tls=([\w-]+)"', text),
    }
    yield from ((key, one[1]) for key, one in found.items() if one)


def _ini(text: str) -> Iterator[tuple[str, str]]:
    parser = configparser.ConfigParser(allow_no_value=True, interpolation=None)
    parser.read_string(text)
    (section,) = parser.sections()
    for key, value in parser.items(section):
        if section == "database":
            yield f"freetds.conf:{key}", value
        else:
            yield f"--{key.replace('_', '-')}", value or ""


def _words(text: str) -> Iterator[tuple[str, str]]:
    """The switches of a command, each with what follows it, and the variables before it."""
    words = shlex.split(text.replace("'\\s'", "status").partition("||")[0].replace("\n", " "))
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if variable := re.fullmatch(r"(SSL_CERT_FILE)=(.+)", word.rstrip(";")):
            yield variable[1], variable[2]
        elif word.startswith("-"):
            key, equals, value = word.partition("=")
            # `-F name` has its value behind a blank, `--ssl-ca=file` behind the sign, and `-Nm` has none.
            yield key, value if equals or following.startswith("-") else following
