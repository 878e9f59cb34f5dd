"""A whole case in Markdown, for the ticket of a helpdesk.

The signs are those of CommonMark 0.31 and the tables of GitHub Flavored Markdown. Foreign text stands in code spans,
where neither markup nor what ticket systems add to it (links, mentions, formulas) has a meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from wizard.report.document import (
    Block,
    Code,
    Fields,
    Paragraph,
    Section,
    Table,
    Words,
    document,
    many_lines,
    one_line,
)

if TYPE_CHECKING:
    from wizard.diagnosis.proof import Proof
    from wizard.model.knowledge import Knowledge
    from wizard.workbench import Diagnosis

_MARKUP = re.compile(r"[\\`*_\[\]<>&|~$#]")
_HARMLESS = re.compile(r"[A-Za-z0-9 ,;()'-]*")
"""Foreign text that reads better without a code span: no sign of it means anything."""
_SMALLEST_HEADING = 6


def report(done: Diagnosis, knowledge: Knowledge, at: datetime, proof: Proof | None = None) -> str:
    """Returns the whole case in Markdown.

    Args:
        done: the diagnosis.
        knowledge: what the diagnosis was made with.
        at: the moment that the report speaks of, in UTC.
        proof: what became of the fault after a fix, where that was measured.
    """
    return "\n\n".join(_section(document(done, knowledge, at, proof), 1)) + "\n"


def _section(section: Section, level: int) -> Iterator[str]:
    yield f"{'#' * min(level, _SMALLEST_HEADING)} {_words(section.title)}"
    for block in section.blocks:
        yield from _block(block, level)


def _block(block: Block, level: int) -> Iterator[str]:
    if isinstance(block, Section):
        yield from _section(block, level + 1)
    elif isinstance(block, Paragraph):
        yield f"**{_words(block.words)}**" if block.strong else _words(block.words)
    elif isinstance(block, Fields):
        yield "\n".join(f"- **{_words(label)}:** {_words(words)}" for label, words in block.pairs)
    elif isinstance(block, Table):
        rows = [[_words(cell, in_table=True) for cell in row] for row in (block.heads, *block.rows)]
        rows.insert(1, ["---"] * len(block.heads))
        yield "\n".join(f"| {' | '.join(row)} |" for row in rows)
    else:
        yield _fenced(block)


def _words(words: Words, *, in_table: bool = False) -> str:
    """Returns the words with every sign of markup escaped.

    Renderers do not agree on a pipe behind backslashes in the code span of a table, so foreign pipes are shown there
    as broken bars.
    """
    if isinstance(words, tuple):
        return "".join(_words(part, in_table=in_table) for part in words)
    if isinstance(words, str):
        return _MARKUP.sub(r"\\\g<0>", one_line(words))
    text = one_line(words.text)
    if in_table:
        text = text.replace("|", "¦")
    return text if _HARMLESS.fullmatch(text) else _code_span(text)


def _code_span(text: str) -> str:
    """A span ends only at a run of as many backticks as opened it (CommonMark 6.1)."""
    ticks = "`" * (_longest_run(text) + 1)
    space = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def _fenced(code: Code) -> str:
    """A block ends only at a fence that is as long as the one that opened it (CommonMark 4.5)."""
    lines = many_lines(code.text)
    fence = "`" * max(3, _longest_run(code.text) + 1)
    return "\n".join([f"{fence}{code.language}", *lines, fence])


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
