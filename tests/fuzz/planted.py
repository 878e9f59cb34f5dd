"""A parser with a fault: the guided run has to find it."""

from __future__ import annotations

from tests.fuzz.target import Target


def check_planted(data: bytes) -> None:
    """Breaks on four octets in the middle of an input."""
    if b"BUG!" in data[1:]:
        raise IndexError("planted")


TARGETS = (
    Target("planted", "nothing of dbtls", check_planted, lambda: [b"begin", b"[middle]"], (b"BUG!",), 64),
)
