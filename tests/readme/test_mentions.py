"""What the documents mention exists: files, pictures, sections of a page, and options of the command line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.readme.command_line import every_command, find, options
from tests.readme.printed import ROOT, documents, tokens, words

CHANGELOG = ROOT / "CHANGELOG.md"
OPTION = re.compile(r"--?[A-Za-z][\w-]*")
ATTRIBUTE = re.compile(r"""\b(?:src|href|srcset)=["']([^"'\s]+)""")


@cache
def every_option() -> frozenset[str]:
    """The options of all commands."""
    return frozenset().union(*map(options, every_command()))


def written() -> list[Path]:
    """The documents for people at the top of the tree."""
    return [*documents(), CHANGELOG]


def links(text: str) -> Iterator[str]:
    """Yields where the links and the pictures of a Markdown text lead."""
    for _, token in tokens(text):
        if token.type in ("link_open", "image"):
            yield str(token.attrs.get("href") or token.attrs.get("src"))
        elif token.type in ("html_inline", "html_block"):
            yield from ATTRIBUTE.findall(token.content)


def sections(text: str) -> set[str]:
    """The anchors that a forge makes of a Markdown text's headings."""
    headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead(document: Path, text: str) -> list[str]:
    """The links of a text within the tree that lead nowhere."""
    found = []
    for link in links(text):
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        place = document.parent / unquote(parts.path) if parts.path else document
        there = place == document or (place.exists() and place.resolve().is_relative_to(ROOT))
        if there and parts.fragment:
            page = text if place == document else place.read_text(encoding="utf-8")
            there = parts.fragment in sections(page)
        if not there:
            found.append(f"{document.name}: {link}")
    return found


def unknown_options(document: str, text: str) -> list[str]:
    """The options of a text that dbtls, or the command of it that they stand with, does not have."""
    found = []
    for _, token in tokens(text):
        if token.type not in ("fence", "code_inline"):
            continue
        for call in words(token.content.replace("\n$ ", "\n").removeprefix("$ ")):
            given = {word.split("=")[0] for word in call[1:] if OPTION.match(word)}
            if call and call[0].split("/")[-1] == "dbtls":
                command, _ = find(call[1:])
                found += [f"{document}: {' '.join(call)}: {one}" for one in sorted(given - options(command))]
        # In a sentence an option stands alone: `--login USER`.
        alone = OPTION.match(token.content)
        if token.type == "code_inline" and alone and alone[0] not in every_option():
            found.append(f"{document}: {alone[0]}")
    return found


@pytest.mark.parametrize("document", written(), ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    """Files, pictures and sections exist in this tree."""
    assert dead(document, document.read_text(encoding="utf-8")) == []


def test_a_dead_link_is_noticed() -> None:
    """A file, a picture, one of HTML, a section and one outside the tree; a page of the web is not asked."""
    text = (
        '# A b!\n[a](README.md) [b](no.md) ![c](no.png) <img src="no.svg"> [d](#a-b) [e](#c) [f](../x)'
        " [g](https://example.com/no)\n"
    )
    assert [one.split()[1] for one in dead(ROOT / "x.md", text)] == [
        "no.md",
        "no.png",
        "no.svg",
        "#c",
        "../x",
    ]


@pytest.mark.parametrize("document", written(), ids=lambda path: path.name)
def test_every_option_exists(document: Path) -> None:
    """In blocks and in sentences, with its command or alone."""
    assert unknown_options(document.name, document.read_text(encoding="utf-8")) == []


def test_an_option_that_no_command_has_is_noticed() -> None:
    """One of another command counts only where it stands alone; those of other programs are not ours."""
    text = (
        "`--login USER` `--logn` `dbtls lab list --sheet` `dbtls lab list --login x` `ls --all`\n"
        "```console\n$ dbtls explain --jsno x | jq --raw\n```\n"
    )
    assert unknown_options("x.md", text) == [
        "x.md: --logn",
        "x.md: dbtls lab list --login x: --login",
        "x.md: dbtls explain --jsno x: --jsno",
    ]
