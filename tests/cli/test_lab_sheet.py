"""`dbtls lab list` for a trainer: filters, and the exercise sheet with its solutions."""

from __future__ import annotations

import json
import re

from tests.cli.command import dbtls
from tests.known import KNOWN
from wizard.cli.exercise_sheet import sheet_of
from wizard.cli.lab import find_scenario
from wizard.cli.terminal import Exit
from wizard.lab.exercises import exercises

ALL = exercises(KNOWN)


def test_the_filters_choose_by_topic_and_difficulty() -> None:
    """In JSON and in text; without them every scenario is listed."""
    chosen = {one.scenario.id for one in ALL if (one.topic, one.difficulty) == ("validity", 3)}
    arguments = ("lab", "list", "--topic", "validity", "--difficulty", "3")
    rows = json.loads(dbtls(*arguments, "--json").out)
    assert {row["scenario"] for row in rows} == chosen
    assert {(row["topic"], row["difficulty"]) for row in rows} == {("validity", 3)}
    assert {line.split()[0] for line in dbtls(*arguments).out.splitlines()} == chosen
    everything = json.loads(dbtls("lab", "list", "--json").out)
    assert [row["scenario"] for row in everything] == [one.id for one in KNOWN.scenarios]


def test_a_topic_or_difficulty_that_does_not_exist_is_refused() -> None:
    """And so is a sheet in JSON."""
    for wrong in (["--topic", "weather"], ["--difficulty", "4"], ["--sheet", "--json"]):
        done = dbtls("lab", "list", *wrong)
        assert (done.status, done.out) == (Exit.USAGE, "")


def test_the_sheet_has_an_exercise_and_a_solution_for_each_choice() -> None:
    """With the same numbers, which are those of the whole list."""
    done = dbtls("lab", "list", "--sheet", "--topic", "names", "--difficulty", "3")
    assert done.status == Exit.FINE
    numbers = [one.number for one in ALL if (one.topic, one.difficulty) == ("names", 3)]
    assert [int(one) for one in re.findall(r"^### Exercise (\d+)$", done.out, re.M)] == numbers
    assert [int(one) for one in re.findall(r"^### Solution (\d+)$", done.out, re.M)] == numbers
    assert [int(one) for one in re.findall(r"`dbtls lab serve (\d+)`", done.out)] == numbers


def test_the_exercises_do_not_give_their_answers_away() -> None:
    """No id and no title of a scenario or a cause stands above the solutions."""
    sheet = "\n".join(sheet_of(ALL, KNOWN))
    above, below = sheet.split("# Solutions", 1)
    for one in ALL:
        assert one.scenario.id not in above
        assert one.scenario.title not in above
        assert f"**{KNOWN.cause(one.scenario.cause).title}.**" in below
        assert all(line.strip() in above for line in one.report.splitlines())


def test_a_solution_names_the_facts_and_the_permanent_fix() -> None:
    """In words; what else is wrong, too, and for a healthy server that nothing is to be mended."""
    (one,) = (
        each for each in ALL if each.scenario.id == "postgresql/name-mismatch/wrong-usage-incomplete-chain"
    )
    solution = "\n".join(sheet_of([one], KNOWN)).split("# Solutions", 1)[1]
    assert 'Name check is "The certificate is for other names"' in solution
    assert f"Also wrong: {KNOWN.cause('wrong-usage').title}; " in solution
    assert "Permanent fix: Install a certificate from your CA in PostgreSQL" in solution
    (healthy,) = (each for each in ALL if each.scenario.id == "postgresql/healthy")
    solution = "\n".join(sheet_of([healthy], KNOWN))
    assert "There is nothing to mend." in solution
    assert "Also wrong" not in solution


def test_no_solution_lacks_a_fix_or_a_sign() -> None:
    """Every cause of the lab has a permanent fix, and signs that a look at the server shows."""
    below = "\n".join(sheet_of(ALL, KNOWN)).split("# Solutions", 1)[1]
    assert below.count("Permanent fix: none.") == sum(one.scenario.cause == "healthy" for one in ALL)
    assert "Shown by: .\n" not in below


def test_an_exercise_is_served_by_its_number() -> None:
    """As the sheet says; a number without an exercise is refused like any other word."""
    assert find_scenario("1") == ALL[0].scenario
    assert find_scenario(str(len(ALL))) == ALL[-1].scenario
    for wrong in ("0", str(len(ALL) + 1)):
        assert dbtls("lab", "serve", wrong).status == Exit.USAGE
