"""The branches of the decision tree that a walk did not take: where they lead, and what kept it from them."""

from __future__ import annotations

import msgspec

from wizard.diagnosis.walk import Trailmark
from wizard.model.knowledge import Exit, Knowledge


class RuledOut(msgspec.Struct, frozen=True):
    """One branch that was not taken."""

    values: tuple[bool | str, ...]
    """The values of the question's fact that would have led there."""
    causes: tuple[str, ...]
    """The causes that the branch can end in and that the walk can no longer reach, the nearest first."""


def ruled_out(mark: Trailmark, knowledge: Knowledge) -> tuple[RuledOut, ...]:
    """Returns the branches of one question of the walk that its answer ruled out; none where it is unknown."""
    if mark.value is None:
        return ()
    node = knowledge.node(mark.node)
    taken = next((branch for branch in node.branches if mark.value in branch.when), None)
    reachable = _causes(taken or node.otherwise, knowledge)
    found = (
        (branch.when, tuple(cause for cause in _causes(branch, knowledge) if cause not in reachable))
        for branch in node.branches
        if branch is not taken
    )
    return tuple(RuledOut(values, causes) for values, causes in found if causes)


def _causes(exit_: Exit, knowledge: Knowledge) -> tuple[str, ...]:
    """Returns every cause below an exit, breadth first."""
    waiting, seen, causes = [exit_], set[str](), dict[str, None]()
    while waiting:
        here = waiting.pop(0)
        if here.verdict is not None:
            causes[here.verdict] = None
        elif here.go is not None and here.go not in seen:
            seen.add(here.go)
            node = knowledge.node(here.go)
            waiting += [*node.branches, node.otherwise]
    return tuple(causes)
