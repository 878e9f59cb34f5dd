"""Whatever a server, a file or an error text says, it stays text in every form of a report."""

from __future__ import annotations

import html as standard_html
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.report.cases import changed_to, in_all_forms, saying
from tests.report.parsed import blocks, elements, fences, inline, pipes
from wizard.diagnosis.secrets import without_secrets
from wizard.model.text import printable

NASTY = (
    "|", "\\", "\\|", "\\\\|", "`", "``", "```", "````\n", "~~~", "~~x~~", "\n", "\r\n", "\n\n", "\t", "    ", "# ",
    "- ", "1. ", "> ", "---", "===", "***", "__a__", "*a*", "[a](http://x)", "![a](b)", "<b>", "</td>", "</code>",
    "</pre>", "<!--", "-->", "<script>alert(1)</script>", "</title>", "</style>", "<![CDATA[", "]]>", "&lt;", "&#124;",
    "&amp;", "'", '"', "=", "$a$", "@all", "#1", "http://evil.example", "www.evil.example", "\x1b[31m", "\x00",
    "\u202e", "\u2028", "\u200b", "\x85", "é", "漢", "word",
)  # fmt: skip
HOSTILE = (
    st.lists(st.sampled_from(NASTY) | st.text(max_size=8), min_size=1, max_size=8).map("".join).filter(bool)
)
KINDS = {"text", "code_inline", "strong_open", "strong_close"}
"""All that may stand on the lines of a Markdown report."""

PLAIN = in_all_forms(saying("word"), changed_to("word"))


@given(HOSTILE)
@example("</code></pre><script>alert(1)</script>")
@example("</title><!--")
@settings(max_examples=60, deadline=None)
def test_html_keeps_its_elements(text: str) -> None:
    """The elements and attributes of the HTML do not depend on foreign text."""
    assert elements(in_all_forms(saying(text), changed_to(text))[".html"]) == elements(PLAIN[".html"])


def test_elements_that_break_out_would_be_seen() -> None:
    """The test above can fail: the same report without escaping has other elements."""
    report = in_all_forms(saying("<b>bold</b>"), changed_to("word"))[".html"]
    assert elements(standard_html.unescape(report)) != elements(PLAIN[".html"])


@given(HOSTILE)
@example("\\\\|")
@example("a\n```\n# Fixed\n")
@example("````")
@example("` `` ```")
@settings(max_examples=60, deadline=None)
def test_markdown_keeps_its_blocks(text: str) -> None:
    """Headings, tables with their cells, lists and fences do not depend on foreign text; no markup comes from it."""
    report = in_all_forms(saying(text), changed_to(text))[".md"]
    assert blocks(report) == blocks(PLAIN[".md"])
    assert pipes(report) == pipes(PLAIN[".md"])
    assert {kind for kind, _ in inline(report)} <= KINDS


def test_markup_that_breaks_out_would_be_seen() -> None:
    """The test above can fail: a report with a bare pipe, fence or link has other blocks or other signs."""
    report = PLAIN[".md"]
    assert pipes(report.replace("| word |", "| wo|rd |")) != pipes(report)
    assert blocks(report.replace("\nword\n", "\n```\n# word\n")) != blocks(report)
    assert not {kind for kind, _ in inline(report.replace("word", "[word](http://x)"))} <= KINDS


@given(HOSTILE)
@settings(max_examples=60, deadline=None)
def test_foreign_text_is_kept(text: str) -> None:
    """Only what acts on a screen is replaced: the name in the title reads as it was sent, and so does the error."""
    report = in_all_forms(saying(text), changed_to(text))[".md"]
    shown = printable(without_secrets(f"sqlserver://{text}:1433"))
    title = "".join(content for _, content in inline(report.partition("\n")[0]))
    if ":" not in text:  # as an IPv6 address it gets brackets
        assert title.split() == f"Database connection: {shown}".split()
    error = next(content for language, content in fences(report) if language == "text")
    letters = [sign for sign in without_secrets(text) if sign.isalnum()]
    assert [sign for sign in error if sign.isalnum()] == letters


@given(HOSTILE | st.text(st.characters(exclude_categories=()), min_size=1, max_size=20))
@settings(max_examples=80, deadline=None)
def test_no_control_character_remains(text: str) -> None:
    """No form holds a control, a mark that turns the direction, or half a character; all of them can be saved."""
    for report in in_all_forms(saying(text), changed_to(text)).values():
        report.encode("utf-8")
        bad = {sign for sign in report if unicodedata.category(sign) in ("Cc", "Zl", "Zp", "Cs")} - {
            "\n",
            "\t",
        }
        assert not bad
        assert not set(report) & set("\u200b\u202e\u2066\ufeff")


@pytest.mark.parametrize("ending", [".md", ".html"])
def test_tabs_and_line_breaks_stay_in_the_error(ending: str) -> None:
    """An error text keeps its lines and tabs in its block; a value of a table never has them."""
    report = in_all_forms(saying("first\r\n\tsecond\x0bthird"))[ending]
    assert "first\n\tsecond\nthird" in report
    assert "first\ufffd\ufffd\ufffdsecond\ufffdthird" in report


def test_links_and_mentions_stand_in_code_spans() -> None:
    """What a ticket system would turn into a link or a message to people is code; plain words are not."""
    spans = [
        content
        for kind, content in inline(in_all_forms(saying("@all www.evil.example"))[".md"])
        if kind == "code_inline"
    ]
    assert "@all www.evil.example" in spans
    assert "word" not in [content for kind, content in inline(PLAIN[".md"]) if kind == "code_inline"]
