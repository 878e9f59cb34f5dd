"""A chain as a card: who issued whom, the names against the name used, and how long it is still valid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from textual.content import Content

from wizard.model.case import Case
from wizard.model.certificate import Certificate
from wizard.report.words import of_days
from wizard.tui.text import MUTED, Hung, State, field, literal, marked
from wizard.tui.widgets.paragraphs import Paragraphs

_MOST_NAMES = 6
_BAR = 20
"""Cells of the bar of days."""


class CertificateCard(Paragraphs):
    """Shows the certificates of a case, leaf first."""

    def __init__(self, at: datetime, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes="card")
        self.border_title = "certificate"
        self.display = False
        self._at = at
        self._shown: tuple[Certificate, ...] = ()

    def show_case(self, case: Case) -> None:
        """Shows the chain of a case; nothing where there is none."""
        if case.certificates != self._shown:
            self._shown = case.certificates
            self.display = bool(case.certificates)
            self.show(card(case, self._at) if case.certificates else ())


def card(case: Case, at: datetime) -> Iterator[Content]:
    """Yields the lines of the card."""
    leaf = case.certificates[0]
    yield from _tree(case.certificates)
    yield field("key", f"{leaf.key}, signed with {leaf.signature}", 6)
    used = case.target.server_name if case.target else None
    yield from _names(leaf, used, case.value("names.status") == "match")
    if leaf.not_before and leaf.not_after:
        yield field("valid", f"{leaf.not_before:%Y-%m-%d} to {leaf.not_after:%Y-%m-%d}", 6)
        yield _days(leaf.not_before, leaf.not_after, at)
    for fault in leaf.malformed:
        yield marked("failed", fault)
    yield field("SHA-1", leaf.sha1, 6)


def _tree(chain: Sequence[Certificate]) -> Iterator[Content]:
    """Yields the chain from the top down, as it was sent."""
    last = chain[-1]
    depth = 0
    if not last.self_signed:
        yield literal(last.issuer or "(empty)", MUTED) + Content.styled("  was not sent", MUTED)
        depth = 1
    for one in reversed(chain):
        branch = f"{'   ' * (depth - 1)}└─ " if depth else ""
        made = Content.styled("  issued by itself", MUTED) if one.self_signed else Content("")
        yield (
            Content(branch) + literal(one.subject or "(no subject)", "bold" if one is chain[0] else "") + made
        )
        depth += 1


def _names(leaf: Certificate, used: str | None, matches: bool) -> Iterator[Content]:
    names = [san.partition(":")[2] for san in leaf.sans] or ([leaf.common_name] if leaf.common_name else [])
    if used is None:
        yield field("names", ", ".join(names) or "none", 6)
        return
    yield field("used", used, 6)
    kind = "" if leaf.sans else " (common name)"
    for name in sorted(names, key=lambda one: -_alike(one, used))[:_MOST_NAMES]:
        same = matches and _covers(name, used)
        yield _below(marked("passed" if same else "note" if matches else "failed", name + kind))
        if not matches and (under := _difference(name, used)):
            yield Content(" " * 8) + Content.styled(under, "$text-error")
    if len(names) > _MOST_NAMES:
        yield Content.styled(f"      and {len(names) - _MOST_NAMES} more", MUTED)
    if not names:
        yield _below(marked("failed", "it holds no name at all"))


def _labels(name: str) -> list[str]:
    return name.lower().rstrip(".").split(".")


def _alike(name: str, used: str) -> int:
    """Returns how many labels agree, from the right."""
    count = 0
    for one, other in zip(reversed(_labels(name)), reversed(_labels(used)), strict=False):
        if one != other:
            break
        count += 1
    return count


def _covers(name: str, used: str) -> bool:
    """Says whether this is a name by which the used one was accepted (RFC 9525 section 6.3); only for the mark."""
    first, *rest = _labels(name)
    return _labels(name) == _labels(used) or (first == "*" and rest == _labels(used)[1:])


def _difference(name: str, used: str) -> str:
    """Returns a line of `^` below the part of `name` that differs from the name used."""
    alike = _alike(name, used)
    if not alike:
        return ""
    labels = name.split(".")
    different = ".".join(labels[: len(labels) - alike])
    return "^" * len(different) + " differs" if different else "^ a part is missing before it"


def _days(start: datetime, end: datetime, at: datetime) -> Content:
    """Returns the days left as a bar of the whole validity, in words and signs."""
    whole = max((end - start).total_seconds(), 1.0)
    left = min(max((end - at).total_seconds() / whole, 0.0), 1.0)
    filled = round(left * _BAR)
    if at < start:
        return _below(marked("failed", f"not valid before {start:%Y-%m-%d %H:%M} UTC"))
    state: State = "failed" if at > end else "passed" if left > 0.1 else "unknown"
    bar = Content.styled("█" * filled, "$primary") + Content.styled("░" * (_BAR - filled), MUTED)
    return _below(bar + Content(" ") + marked(state, of_days(end, at)))


def _below(told: Content) -> Content:
    """Returns a row that stands below the values, without a label."""
    return Hung(Content(" " * 6) + told, 6)
