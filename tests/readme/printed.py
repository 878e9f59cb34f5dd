"""What the Markdown files of the project print as commands, and what they say that these print."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import tree_sitter_bash
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token
from tree_sitter import Language, Node, Parser

ROOT = Path(__file__).parents[2]
MARKDOWN = MarkdownIt("commonmark").enable("table")
BASH = Parser(Language(tree_sitter_bash.language()))
LANGUAGES = ("console", "sh", "text", "yaml")
"""Blocks of any other language would not be looked at, so there may be none."""
PROGRAMS = ("bash", "dbtls", "gzip", "pip", "pipx", "pytest", "python", "python3", "sh", "uv")
"""A code span that begins with one of these, or with a program of the tree, is a command."""
SCRIPTS = ("run", "script", "before_script")
"""Keys of a CI job that hold commands."""


@dataclass(frozen=True)
class Printed:
    """A command as it stands in a document.

    Attributes:
        document: the file's name.
        line: where it stands; of a block's command the line of the block.
        text: the command itself.
        output: what it prints on stdout by the document; None where the document does not say.
        inline: it stands in a sentence or in a table.
    """

    document: str
    line: int
    text: str
    output: str | None = None
    inline: bool = False

    def __str__(self) -> str:
        """Says where it stands, and what it is."""
        return f"{self.document}:{self.line}: {self.text}"


def documents() -> tuple[Path, ...]:
    """The files whose commands people type."""
    names = ("README.md", "CONTRIBUTING.md", "SECURITY.md")
    return tuple(ROOT / name for name in names if (ROOT / name).exists())


def tokens(text: str) -> Iterator[tuple[int, Token]]:
    """Yields each part of a Markdown text, inline ones too, with the number of its line."""
    for token in MARKDOWN.parse(text):
        line = token.map[0] + 1 if token.map else 0
        yield line, token
        for child in token.children or ():
            yield line, child


def commands(document: str, text: str) -> Iterator[Printed]:
    """Yields the commands of a Markdown text in their order.

    Raises:
        ValueError: a block is of another language, or is no block of its language.
    """
    before: Printed | None = None  # the command of a block right before
    for line, token in tokens(text):
        if token.type == "fence":
            found = list(_of_block(document, line, token, before))
            yield from found
            before = found[-1] if found and token.info == "sh" else None
        elif token.type == "code_inline" and is_command(token.content):
            yield Printed(document, line, token.content, inline=True)
        if token.type not in ("fence", "inline"):
            before = None


def _of_block(document: str, line: int, block: Token, before: Printed | None) -> Iterator[Printed]:
    match block.info:
        case "sh":
            yield from (Printed(document, line, one) for one in statements(block.content))
        case "console":
            yield from _conversation(document, line, block.content)
        case "yaml":
            for script in scripts(yaml.safe_load(block.content)):
                yield from (Printed(document, line, one) for one in statements(script))
        case "text" if before is not None:
            # Right below its command: what that prints. It is run once more, for its output.
            yield Printed(document, line, before.text, output=block.content)
        case "text":
            pass
        case _:
            raise ValueError(f"{document}:{line}: a block is {' or '.join(LANGUAGES)}, not {block.info!r}")


def _conversation(document: str, line: int, content: str) -> Iterator[Printed]:
    said = re.split(r"^\$ ", content, flags=re.MULTILINE)
    if said[0]:
        raise ValueError(f"{document}:{line}: a console block begins with a command")
    for one in said[1:]:
        lines = one.splitlines(keepends=True)
        more = next((n for n, text in enumerate(lines[1:], 1) if not text.startswith("> ")), len(lines))
        command = lines[0] + "".join(text.removeprefix("> ") for text in lines[1:more])
        yield Printed(document, line, command.rstrip("\n"), output="".join(lines[more:]))


def statements(script: str) -> Iterator[str]:
    """Yields the commands of a shell script, those that `&&` joins one by one.

    Raises:
        ValueError: bash could not read it.
    """
    source = script.encode()

    def parts(node: Node) -> Iterator[str]:
        if node.type == "comment":
            return
        if node.type in ("program", "list") and "||" not in {child.type for child in node.children}:
            for child in node.named_children:
                yield from parts(child)
        else:
            yield source[node.start_byte : node.end_byte].decode()

    root = BASH.parse(source).root_node
    if root.has_error:
        raise ValueError(f"this is not bash: {script}")
    yield from parts(root)


def words(command: str) -> tuple[tuple[str, ...], ...]:
    """Returns the words of each program that a command calls, without quotes, variables of the call left out."""
    source = command.encode()
    found: list[tuple[str, ...]] = []

    def visit(node: Node) -> None:
        if node.type == "command":
            named = [child for child in node.named_children if child.type != "variable_assignment"]
            texts = (source[child.start_byte : child.end_byte].decode() for child in named)
            found.append(tuple(re.sub(r"""^(['"])(.*)\1$""", r"\2", text, flags=re.DOTALL) for text in texts))
        for child in node.children:
            visit(child)

    visit(BASH.parse(source).root_node)
    return tuple(found)


def is_command(span: str) -> bool:
    """Says whether a code span is a command, and not an option, a file or a word of a program."""
    first = re.sub(r"^([A-Z_]+=\S* )+", "", span).split(" ")[0]
    program = ROOT / first
    here = "/" in first and not first.endswith("/") and program.is_file() and os.access(program, os.X_OK)
    return first in PROGRAMS or here


def scripts(document: object) -> Iterator[str]:
    """Yields what a CI job runs."""
    match document:
        case dict():
            for key, value in document.items():
                if key in SCRIPTS:
                    yield "\n".join(value) if isinstance(value, list) else str(value)
                else:
                    yield from scripts(value)
        case list():
            for one in document:
                yield from scripts(one)
