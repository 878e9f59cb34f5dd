"""Which fixes to show with their commands, where all of them would be too many to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizard.fixes.render import RenderedFix
    from wizard.model.knowledge import Tier

_FEW = 4
"""So many fixes are all shown with their commands."""
AT_FIRST: Mapping[Tier, int] = {"permanent": 3, "intermediate": 2, "bypass": 1}
"""Of each tier at the end of a diagnosis on a terminal."""
TO_CHOOSE_FROM: Mapping[Tier, int] = {"permanent": 5, "intermediate": 3, "bypass": 2}
"""Of each tier where somebody asked for the fixes, or reads a report."""


def most_useful(rendered: Sequence[RenderedFix], most: Mapping[Tier, int] | None = None) -> frozenset[str]:
    """Returns the ids of the fixes to show with their commands, where all would be too many to read.

    Those for one client's options are left out where there are others: which client it is, is not known then.

    Args:
        rendered: the fixes.
        most: how many of each tier; None: no limit.
    """
    if len(rendered) <= _FEW or (len({fix.client for fix in rendered} - {None}) <= 1 and most is None):
        return frozenset(fix.id for fix in rendered)
    shown: list[str] = []
    for tier, group in groupby(rendered, key=lambda fix: fix.tier):
        of_tier = list(group)
        general = [fix.id for fix in of_tier if fix.client is None] or [fix.id for fix in of_tier]
        shown += general[: most[tier]] if most else general
    return frozenset(shown)
