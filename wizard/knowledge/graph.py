"""Draws the decision tree: as Mermaid text, and as SVG that needs nothing to be shown."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import NamedTuple

from wizard.model.knowledge import Exit, Knowledge, Node

_ROW, _TOP, _BOX, _WIDTH = 46, 30, 30, 1330
_NODE_X, _NODE, _CAUSE_X = 330, 330, 950
_LANE = 13
"""Between two ways that pass over nodes, on the left of the boxes."""
_LABEL = 36
"""Letters of a label; a longer one is cut, the Mermaid form has it whole."""
_ARROWHEAD = (
    '<marker id="a" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">'
    '<path d="M0 0L8 4L0 8z" style="fill:#555;stroke:none;marker-end:none"/></marker>'
)


def as_mermaid(known: Knowledge) -> str:
    """Returns the tree as a Mermaid flowchart (https://mermaid.js.org/syntax/flowchart.html)."""
    lines = ["flowchart TD"]
    for node in known.nodes:
        lines.append(f'  {_name(node.id)}{{"{_words(known, node)}"}}')
        lines.extend(f"  {_name(node.id)} -->|{label}| {_goal(way)}" for label, way in _ways(known, node))
    verdicts = dict.fromkeys(
        way.verdict for node in known.nodes for _, way in _ways(known, node) if way.verdict
    )
    lines.extend(f'  {_name("verdict-" + cause)}(["{_verdict(known, cause)}"])' for cause in verdicts)
    return "\n".join(lines) + "\n"


def _ways(known: Knowledge, node: Node) -> Iterator[tuple[str, Exit]]:
    """Yields the label and the exit of each way out of a node."""
    for branch in node.branches:
        yield ", ".join(str(value).lower() for value in branch.when), branch
    yield ("unknown" if known.fact(node.fact).choices else "anything else"), node.otherwise


def _verdict(known: Knowledge, cause: str) -> str:
    """Returns the words for a verdict; "nothing is wrong" takes complete evidence."""
    return f"{cause}, if all is known" if known.cause(cause).severity == "none" else cause


def _goal(way: Exit) -> str:
    return _name(way.go) if way.go else _name(f"verdict-{way.verdict}")


def _name(id_: str) -> str:
    return id_.replace("-", "_")


def _words(known: Knowledge, node: Node) -> str:
    return known.fact(node.fact).title.replace('"', "'")


class _Line(NamedTuple):
    label: str
    verdict: str


def as_svg(known: Knowledge) -> str:
    """Returns the tree as an SVG drawing: the questions downwards, the verdicts to their right."""
    parts: list[str] = []
    y = _TOP
    centres: dict[str, int] = {}
    goals: list[tuple[str, str, str]] = []
    for node in known.nodes:
        verdicts = [_Line(label, way.verdict) for label, way in _ways(known, node) if way.verdict]
        height = max(1, len(verdicts)) * _ROW
        centres[node.id] = y + _BOX // 2
        parts.append(_box(_NODE_X, y, _NODE, _words(known, node), "node"))
        for row, line in enumerate(verdicts):
            at = y + row * _ROW
            parts.append(_arrow(_NODE_X + _NODE, y + _BOX // 2, _CAUSE_X, at + _BOX // 2, line.label))
            parts.append(_box(_CAUSE_X, at, 340, _verdict(known, line.verdict), "cause"))
        goals.extend((node.id, way.go, label) for label, way in _ways(known, node) if way.go)
        y += height + 14
    order = list(centres)
    passing: dict[str, int] = {}
    for start, goal, label in _merged(goals):
        if order.index(goal) == order.index(start) + 1:
            parts.append(_down(centres[start] + _BOX // 2, centres[goal] - _BOX // 2, label))
        else:
            lane = passing.get(start, 0)
            parts.append(_past(centres[start], centres[goal], label, lane))
            passing[start] = lane + 1
    style = (
        "text{font:13px sans-serif}.node rect{fill:#eef3fb;stroke:#3b5b8c}.cause rect{fill:#fdf1ea;stroke:#9a4b1c}"
        "path{fill:none;stroke:#555;marker-end:url(#a)}.label{fill:#333;font-size:11px}"
    )
    size = f'viewBox="0 0 {_WIDTH} {y + 20}" width="{_WIDTH}" height="{y + 20}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>'
    return "\n".join([head, f"<style>{style}</style><defs>{_ARROWHEAD}</defs>", *parts, "</svg>"]) + "\n"


def _merged(goals: list[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    """Joins the labels of ways between the same two nodes."""
    ways: dict[tuple[str, str], list[str]] = {}
    for start, goal, label in goals:
        ways.setdefault((start, goal), []).append(label)
    yield from ((start, goal, ", ".join(labels)) for (start, goal), labels in ways.items())


def _box(x: int, y: int, width: int, words: str, kind: str) -> str:
    return (
        f'<g class="{kind}"><rect x="{x}" y="{y}" width="{width}" height="{_BOX}" rx="6"/>'
        f'<text x="{x + 10}" y="{y + 20}">{escape(words)}</text></g>'
    )


def _arrow(x1: int, y1: int, x2: int, y2: int, label: str) -> str:
    bend = x1 + 40
    return (
        f'<path d="M{x1} {y1}H{bend}V{y2}H{x2 - 2}"/>'
        f'<text class="label" x="{bend + 6}" y="{y2 - 4}">{escape(_short(label))}</text>'
    )


def _down(y1: int, y2: int, label: str) -> str:
    x = _NODE_X + 30
    return f'<path d="M{x} {y1}V{y2 - 2}"/><text class="label" x="{x + 6}" y="{y1 + 14}">{escape(_short(label))}</text>'


def _past(y1: int, y2: int, label: str, lane: int) -> str:
    """Draws a way that passes over the next node, on the left of the boxes; `lane` counts those of one node."""
    x = _NODE_X - 16 - _LANE * lane
    y = y1 - 8 + _LANE * lane
    return (
        f'<path d="M{_NODE_X} {y}H{x}V{y2}H{_NODE_X - 2}"/>'
        f'<text class="label" x="{x - 4}" y="{y + 4}" text-anchor="end">{escape(_short(label))}</text>'
    )


def _short(label: str) -> str:
    return label if len(label) <= _LABEL else label[: _LABEL - 1] + "…"
