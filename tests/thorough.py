"""Whether the tests look at everything, or at one of each kind."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TypeVar

import pytest

THOROUGH = os.environ.get("DBTLS_THOROUGH", "0") not in ("", "0")
"""Read once: the environment of a test has none of these variables."""

Value = TypeVar("Value")


def alike(_: object) -> str:
    """All values are of one kind."""
    return ""


def one_of_each(values: Iterable[Value], kind: Callable[[Value], object] = alike) -> list[object]:
    """The values for `pytest.mark.parametrize`, where all but the first of each kind are thorough."""
    seen: set[object] = set()
    marked: list[object] = []
    for value in values:
        more = kind(value) in seen
        marked.append(pytest.param(value, marks=pytest.mark.thorough) if more else value)
        seen.add(kind(value))
    return marked
