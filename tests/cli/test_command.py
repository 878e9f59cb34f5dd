"""What the tests run within their own process is what a process of dbtls does."""

from __future__ import annotations

import re

import pytest

from tests.cli.command import Ran, dbtls, process
from wizard.cli.terminal import Exit

CASES: list[tuple[tuple[str, ...], str | None, Exit]] = [
    (("check", "mysql://127.0.0.1:1"), None, Exit.UNREACHABLE),
    (("check", "mysql://127.0.0.1:1", "--json"), "", Exit.UNREACHABLE),
    (("explain",), "certificate has expired", Exit.FINE),
    (("fix", "certificate-expird"), "", Exit.USAGE),
    (("check", "mysql://db01", "--nonsense"), None, Exit.USAGE),
]


def lasting(ran: Ran) -> Ran:
    """A run without how long it took."""
    return Ran(ran.status, re.sub(r'"elapsed_ms": ?\d+|\d+ m?s\b', "", ran.out), ran.err)


@pytest.mark.parametrize(("arguments", "stdin", "status"), CASES)
def test_within_the_tests_it_is_as_in_a_process(
    arguments: tuple[str, ...], stdin: str | None, status: Exit
) -> None:
    """Status, stdout and stderr are the same: a result, a document, a text on stdin, and two refusals."""
    within, alone = (lasting(run(*arguments, stdin=stdin)) for run in (dbtls, process))
    assert within == alone
    assert within.status == status


def test_another_encoding_reaches_it_as_in_a_process() -> None:
    """The environment of a run is that of its streams too; the next run has its own again."""
    arguments = ("check", "mysql://127.0.0.1:1")
    plain = dbtls(*arguments, PYTHONIOENCODING="ascii")
    assert lasting(plain) == lasting(process(*arguments, PYTHONIOENCODING="ascii"))
    assert plain.out.isascii()
    assert not dbtls(*arguments).out.isascii()
