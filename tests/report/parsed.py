"""Reads reports as the programs that show them do."""

from __future__ import annotations

from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.token import Token

Structure = list[str]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.structure: Structure = []
        self.code: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.structure.append(f"<{tag} {attrs}>")
        if tag == "code":
            self.code.append("")

    def handle_endtag(self, tag: str) -> None:
        self.structure.append(f"</{tag}>")

    def handle_comment(self, data: str) -> None:
        self.structure.append("<!-- -->")

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        inside = self.structure and self.structure[-1].startswith("<code ")
        if inside:
            self.code[-1] += data


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader


def elements(html: str) -> Structure:
    """Returns the tags of an HTML document with their attributes, in order."""
    return _read(html).structure


def code_of(html: str) -> list[str]:
    """Returns the contents of all code blocks of an HTML document."""
    return _read(html).code


def words_of(html: str) -> str:
    """Returns the text of an HTML document."""
    return "".join(_read(html).text)


def _tokens(markdown: str) -> list[Token]:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)


def blocks(markdown: str) -> Structure:
    """Returns the blocks of a Markdown document: headings, paragraphs, lists, cells and fences, in order."""
    return [f"{token.type} {token.tag} {token.info}" for token in _tokens(markdown)]


def pipes(markdown: str) -> list[int]:
    """Returns the number of pipes on the line of each row: a renderer drops the cells that are too many."""
    lines = markdown.splitlines()
    rows = [token.map for token in _tokens(markdown) if token.type == "tr_open" and token.map]
    return [lines[start].count("|") for start, _ in rows]


def fences(markdown: str) -> list[tuple[str, str]]:
    """Returns the language and the content of every fenced block."""
    return [
        (token.info, token.content.removesuffix("\n")) for token in _tokens(markdown) if token.type == "fence"
    ]


def inline(markdown: str) -> list[tuple[str, str]]:
    """Returns the kind and the content of everything on the lines of a Markdown document."""
    return [
        (child.type, child.content)
        for token in _tokens(markdown)
        if token.type == "inline"
        for child in token.children or ()
    ]
