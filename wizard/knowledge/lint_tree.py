"""Checks the decision tree: no circle, every node reachable, every path to a verdict, tree and signs agree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from wizard.diagnosis.walk import Ask, Verdict, answered, next_step, probed
from wizard.model.case import Case
from wizard.model.evidence import Evidence, unknown
from wizard.model.knowledge import CauseEntry, Condition, Exit, Knowledge, Node, Sign

Values = frozenset[bool | str]


class TreeProblem(NamedTuple):
    """Something wrong with one node."""

    node: str
    place: str
    message: str


def tree_problems(known: Knowledge) -> Iterator[TreeProblem]:
    """Yields what is wrong with the tree. All references are taken to exist."""
    circle = _circle(known)
    if circle:
        yield TreeProblem(circle[0], ".id", f"the tree runs in a circle: {' → '.join(circle)}")
        return
    yield from _exits(known)
    yield from _unreachable(known)
    for path in _paths(known, known.nodes[0], Way({}, {}, None)):
        yield from _disagreement(known, path)
    yield from _unheard(known)


def _exits_of(node: Node) -> Iterator[tuple[str, Exit]]:
    for number, branch in enumerate(node.branches):
        yield f".branches[{number}]", branch
    yield ".otherwise", node.otherwise


def _circle(known: Knowledge) -> tuple[str, ...]:
    """Returns the ids of a circle, or nothing."""
    done: set[str] = set()

    def visit(node: Node, above: tuple[str, ...]) -> tuple[str, ...]:
        if node.id in above:
            return (*above[above.index(node.id) :], node.id)
        if node.id in done:
            return ()
        for _, way in _exits_of(node):
            found = visit(known.node(way.go), (*above, node.id)) if way.go else ()
            if found:
                return found
        done.add(node.id)
        return ()

    return next((found for node in known.nodes if (found := visit(node, ()))), ())


def _exits(known: Knowledge) -> Iterator[TreeProblem]:
    """Each exit leads somewhere, each value of a fact has at most one branch, each choice one at least."""
    for node in known.nodes:
        for place, way in _exits_of(node):
            if (way.go is None) == (way.verdict is None):
                yield TreeProblem(node.id, place, "an exit has either `go` or `verdict`")
        values = [value for branch in node.branches for value in branch.when]
        for value in sorted({str(value) for value in values if values.count(value) > 1}):
            yield TreeProblem(node.id, ".branches", f"the value '{value}' has more than one branch")
        for choice in known.fact(node.fact).choices:
            if choice.value not in values:
                yield TreeProblem(
                    node.id, ".branches", f"the value '{choice.value}' of '{node.fact}' has no branch"
                )


def _unreachable(known: Knowledge) -> Iterator[TreeProblem]:
    reached = {known.nodes[0].id} | {way.go for node in known.nodes for _, way in _exits_of(node) if way.go}
    for node in known.nodes:
        if node.id not in reached:
            yield TreeProblem(node.id, ".id", "no path leads to this node")


class Path(NamedTuple):
    """One way through the tree: what is known on it, where it ends, and whether something stayed unknown."""

    known: dict[str, Values]
    end: Node
    place: str
    cause: str
    complete: bool


class Way(NamedTuple):
    """What the exits taken so far say of the facts: their values, values they have not, and which is unknown."""

    known: dict[str, Values]
    ruled_out: dict[str, Values]
    unknown: str | None

    def having(self, fact: str, values: Values) -> Way | None:
        """Returns the way on which the fact has one of the values; None where it cannot."""
        possible = (values & self.known.get(fact, values)) - self.ruled_out.get(fact, frozenset())
        return self._replace(known={**self.known, fact: possible}) if possible else None

    def lacking(self, fact: str, values: Values, *, closed: bool) -> Way | None:
        """Returns the way on which the fact has none of the values; None where it must have one of them.

        A closed fact has no other values, so it is unknown. Unknowns multiply the ways, and what they lead to
        differs only in that one fact, so at most one of them is followed.
        """
        if fact in self.known or (closed and self.unknown not in (None, fact)):
            return None
        excluded = self.ruled_out.get(fact, frozenset()) | values
        return self._replace(
            ruled_out={**self.ruled_out, fact: excluded}, unknown=fact if closed else self.unknown
        )


def _paths(known: Knowledge, node: Node, way: Way) -> Iterator[Path]:
    """Yields the paths below a node."""
    all_values = frozenset(value for branch in node.branches for value in branch.when)
    closed = bool(known.fact(node.fact).choices)
    exits = [
        (f".branches[{number}]", branch, way.having(node.fact, frozenset(branch.when)))
        for number, branch in enumerate(node.branches)
    ]
    for place, taken, here in (
        *exits,
        (".otherwise", node.otherwise, way.lacking(node.fact, all_values, closed=closed)),
    ):
        if here is None:
            continue
        if taken.verdict is not None:
            yield Path(here.known, node, place, taken.verdict, here.unknown is None)
        elif taken.go is not None:
            yield from _paths(known, known.node(taken.go), here)


def _disagreement(known: Knowledge, path: Path) -> Iterator[TreeProblem]:
    """A complete path must show a sign of its cause; an incomplete one must at least not contradict all of them."""
    cause = known.cause(path.cause)
    if any(_possible(sign, path) for sign in cause.signs):
        return
    shown = ", ".join(
        f"{fact}={'|'.join(map(str, sorted(values, key=str)))}" for fact, values in path.known.items()
    )
    yield TreeProblem(
        path.end.id, path.place, f"the verdict '{cause.id}' contradicts its own signs on the path {shown}"
    )


def _possible(sign: Sign, path: Path) -> bool:
    ruled_out = any(
        path.known.get(condition.fact, frozenset((None,))) <= frozenset(condition.one_of)
        for condition in sign.unless
    )
    return not ruled_out and all(_agrees(condition, path) for condition in sign.all)


def _agrees(condition: Condition, path: Path) -> bool:
    """Says whether the path's values of a fact fulfil the condition; where something is unknown, they may."""
    values = path.known.get(condition.fact)
    return not path.complete if values is None else values <= frozenset(condition.one_of)


def _unheard(known: Knowledge) -> Iterator[TreeProblem]:
    """The tree must name each cause where its sign is the only thing out of the ordinary.

    A note only stands beside a verdict and never is one.
    """
    normal = {fact.id: fact.normal for fact in known.facts if fact.normal is not None}
    for cause in known.causes:
        for sign in cause.signs if cause.severity != "note" else ():
            for values in _examples(sign):
                yield from _heard(known, cause, sign, {**normal, **values})


def _examples(sign: Sign) -> Iterator[dict[str, bool | str]]:
    """Yields values that show the sign, each value of each condition once."""
    first = {condition.fact: condition.one_of[0] for condition in sign.all}
    for condition in sign.all:
        for value in condition.one_of:
            yield {**first, condition.fact: value}


def _heard(
    known: Knowledge, cause: CauseEntry, sign: Sign, values: dict[str, bool | str]
) -> Iterator[TreeProblem]:
    evidence = (Evidence(fact, value, "probe") for fact, value in values.items())
    probes = tuple(fact.probe for fact in known.facts if fact.probe is not None)
    case = probed(answered(Case(), *evidence), *probes)
    while isinstance(step := next_step(case, known), Ask):
        case = answered(case, unknown(step.fact.id, "person", "nobody knows"))
    named = step.cause.id if isinstance(step, Verdict) and step.cause else None
    if named != cause.id:
        shown = ", ".join(f"{condition.fact}={values[condition.fact]}" for condition in sign.all)
        end = step.trail[-1].node if step.trail else known.nodes[0].id
        yield TreeProblem(end, ".id", f"with the sign of '{cause.id}' ({shown}) the tree names '{named}'")
