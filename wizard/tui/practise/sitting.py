"""What the screens of one exercise hand on, and in which words an exercise and its result are shown."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from textual.content import Content

from wizard.lab.exercises import Difficulty, Exercise
from wizard.lab.server import LabServer
from wizard.model.case import Case
from wizard.model.evidence import Value
from wizard.model.knowledge import Knowledge
from wizard.model.target import Target
from wizard.state.progress import Attempt
from wizard.tui.text import MUTED, joined, literal, marked
from wizard.workbench import Workbench

SECONDS = 2.0
"""How long one connection may take: on the loopback, only a server that says nothing takes any time."""
DIFFICULTIES: dict[Difficulty, str] = {1: "easy", 2: "medium", 3: "hard"}


class Sitting(msgspec.Struct, frozen=True, kw_only=True):
    """One exercise on its way through the screens. Going back is dropping the newest, as in a case."""

    exercise: Exercise
    bench: Workbench
    case: Case | None = None
    """None until the probes are done."""
    answers: Mapping[str, Value | None] = {}
    """What the trainee said, by fact and in the order of the questions; None is "I don't know"."""
    cause: str | None = None
    """Id of the cause that they named; None: none."""
    fix: str | None = None
    """Id of the fix that they picked; None: none."""
    chosen: dict[str, str] = msgspec.field(default_factory=dict)
    """What was chosen last at each step. All screens share it, so that going back loses nothing."""

    @property
    def knowledge(self) -> Knowledge:
        """The knowledge that the exercise is graded by."""
        return self.bench.knowledge


def of_difficulty(difficulty: Difficulty) -> str:
    """Returns how hard an exercise is, in stars and a word."""
    return f"{'*' * difficulty:<3} {DIFFICULTIES[difficulty]:<6}"


def of_attempt(best: Attempt | None) -> Content:
    """Returns the mark of the best attempt at an exercise."""
    if best is None:
        return marked("skipped", literal("new    ", MUTED))
    return marked("passed", "right  ") if best.right else marked("failed", "not yet")


def of_wrong_turns(count: int) -> str:
    """Returns how many choices were wrong."""
    return "no wrong turn" if count == 0 else f"{count} wrong turn{'s' if count > 1 else ''}"


def first_line(report: str) -> str:
    """Returns the first line of what the user says that says something."""
    said = [line.strip() for line in report.splitlines()]
    return next((line for line in said if line.strip("-= ") and not line.startswith("TITLE:")), report)


def numbered(number: str, words: Content | str) -> Content:
    """Returns a choice behind its number or sign."""
    return joined([Content(f"{number}  "), words])


def bench_for(bench: Workbench, server: LabServer) -> Workbench:
    """Returns a workbench that trusts what the clients of a lab server trust."""
    options = msgspec.structs.replace(bench.options, seconds=SECONDS, ca_file=server.ca_file)
    return bench.renewed(options)


def target_of(server: LabServer) -> Target:
    """Returns where a lab server is and what its clients call it."""
    engine = server.scenario.engine
    return Target(engine=engine, host=server.host, port=server.port, server_name=server.server_name)
