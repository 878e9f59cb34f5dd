"""A whole case as one HTML file that needs nothing else: no script, no image, no address is ever loaded.

It opens in any browser, from a disk or a ticket, in light and dark, and prints on paper.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

from wizard.report.document import (
    Block,
    Fields,
    Foreign,
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

_SMALLEST_HEADING = 6
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""The second lock behind escaping: a browser would run and load nothing (W3C CSP 3)."""
_STYLE = """\
:root { color-scheme: light dark; --text: #1b1b1b; --page: #fff; --box: #f2f2f2; --line: #bbb; --warn: #a00000 }
@media (prefers-color-scheme: dark) {
  :root { --text: #e8e8e8; --page: #16181b; --box: #24272b; --line: #555; --warn: #ff9a9a }
}
body { font: 1rem/1.5 system-ui, sans-serif; color: var(--text); background: var(--page); margin: 0 }
main { max-width: 62rem; margin: 0 auto; padding: 1rem }
h1, h2, h3, h4, h5, h6 { line-height: 1.25; margin: 1.6em 0 .5em; overflow-wrap: anywhere }
h2 { border-bottom: 1px solid var(--line); padding-bottom: .2em }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .2rem 1rem; margin: .5rem 0 }
dt { font-weight: 600 }
dd { margin: 0; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 }
th, td { border: 1px solid var(--line); padding: .3rem .5rem; text-align: left; vertical-align: top }
th { background: var(--box) }
td { overflow-wrap: anywhere }
pre { background: var(--box); border: 1px solid var(--line); padding: .6rem; overflow-x: auto }
code { font: .9rem/1.4 ui-monospace, Consolas, monospace }
strong { color: var(--warn) }
@media print {
  :root { color-scheme: light; --text: #000; --page: #fff; --box: #fff; --line: #888; --warn: #000 }
  main { max-width: none; padding: 0 }
  pre { white-space: pre-wrap; overflow-wrap: anywhere }
  tr, pre { break-inside: avoid }
  h1, h2, h3, h4, h5, h6 { break-after: avoid }
}
"""


def report(done: Diagnosis, knowledge: Knowledge, at: datetime, proof: Proof | None = None) -> str:
    """Returns the whole case as one HTML5 document.

    Args:
        done: the diagnosis.
        knowledge: what the diagnosis was made with.
        at: the moment that the report speaks of, in UTC.
        proof: what became of the fault after a fix, where that was measured.
    """
    whole = document(done, knowledge, at, proof)
    lines = (
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{escape(_plain(whole.title))}</title>",
        f"<style>\n{_STYLE}</style>",
        "</head>",
        "<body>",
        "<main>",
        *_section(whole, 1),
        "</main>",
        "</body>",
        "</html>",
    )
    return "\n".join(lines) + "\n"


def _section(section: Section, level: int) -> Iterator[str]:
    size = min(level, _SMALLEST_HEADING)
    yield f"<section>\n<h{size}>{_words(section.title)}</h{size}>"
    for block in section.blocks:
        yield from _block(block, level)
    yield "</section>"


def _block(block: Block, level: int) -> Iterator[str]:
    if isinstance(block, Section):
        yield from _section(block, level + 1)
    elif isinstance(block, Paragraph):
        words = _words(block.words)
        yield f"<p><strong>{words}</strong></p>" if block.strong else f"<p>{words}</p>"
    elif isinstance(block, Fields):
        yield "<dl>"
        yield from (f"<dt>{_words(label)}</dt><dd>{_words(words)}</dd>" for label, words in block.pairs)
        yield "</dl>"
    elif isinstance(block, Table):
        yield "<table>"
        yield f"<thead>{_row(block.heads, 'th scope=col')}</thead>"
        yield "<tbody>"
        yield from (_row(row, "td") for row in block.rows)
        yield "</tbody>\n</table>"
    else:
        lines = "\n".join(many_lines(block.text))
        yield f'<pre><code class="language-{escape(block.language)}">{escape(lines)}</code></pre>'


def _row(cells: tuple[Words, ...], tag: str) -> str:
    end = tag.split()[0]
    return f"<tr>{''.join(f'<{tag}>{_words(cell)}</{end}>' for cell in cells)}</tr>"


def _words(words: Words) -> str:
    """Foreign text is isolated, or letters that run from right to left would reorder ours beside them (UAX 9)."""
    if isinstance(words, tuple):
        return "".join(_words(part) for part in words)
    if isinstance(words, Foreign):
        return f"<bdi>{escape(one_line(words.text))}</bdi>"
    return escape(one_line(words))


def _plain(words: Words) -> str:
    if isinstance(words, tuple):
        return "".join(_plain(part) for part in words)
    return one_line(words.text if isinstance(words, Foreign) else words)
