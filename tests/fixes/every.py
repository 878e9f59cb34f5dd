"""One test for all fixes: thousands of small ones take longer to manage than to run."""

from __future__ import annotations

from collections.abc import Callable

from tests.fixes.carried_out.carrying import FIXES
from wizard.model.knowledge import FixEntry

Check = Callable[[FixEntry], None]


def failing(check: Check) -> list[str]:
    """The fixes that fail a check, each with what was asserted."""
    wrong = []
    for fix in FIXES.values():
        try:
            check(fix)
        except AssertionError as error:
            wrong.append(f"{fix.id}: {error}")
    return wrong


def every_fix(check: Check) -> Callable[[], None]:
    """Makes a test of a check of one fix: it holds for all of them, and names each for which it does not."""

    def test() -> None:
        assert not (wrong := failing(check)), "\n".join(wrong)

    test.__name__, test.__doc__, test.__module__ = check.__name__, check.__doc__, check.__module__
    return test
