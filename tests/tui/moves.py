"""What a person does in the wizard again and again: looks which screen it is, answers questions, opens a case."""

from __future__ import annotations

from typing import TypeVar

from textual.widget import Widget
from textual.widgets import Static
from textual.widgets._toast import Toast

from tests.tui.driver import Driver
from tests.tui.tour import CONNECTION, ERROR, Paste, act
from wizard.model.evidence import Value
from wizard.model.knowledge import FactEntry
from wizard.tui.screens.question import QuestionScreen
from wizard.tui.screens.verdict import VerdictScreen
from wizard.workbench import Diagnosis

SELF_GENERATED = "sqlserver-self-generated-certificate"
HEALTHY = "sqlserver-healthy"

Shown = TypeVar("Shown", bound=Widget)


def on(driver: Driver, kind: type[Shown]) -> Shown:
    """Returns the screen that shows; fails where it is of another kind."""
    screen = driver.app.screen
    assert isinstance(screen, kind), f"this is {screen}:\n{driver.text()}"
    return screen


def asked(driver: Driver) -> FactEntry:
    """Returns the fact that is asked for."""
    return on(driver, QuestionScreen)._ask.fact


def diagnosis(driver: Driver) -> Diagnosis:
    """Returns the outcome that shows."""
    done = on(driver, VerdictScreen).journey.diagnosis
    assert done is not None
    return done


def cause(driver: Driver) -> str | None:
    """Returns the id of the cause that the verdict names."""
    named = diagnosis(driver).verdict.cause
    return named.id if named else None


def key_for(fact: FactEntry, value: Value | None) -> str:
    """Returns the key that gives an answer; None is "I don't know"."""
    if value is None:
        return "question_mark"
    values: list[Value] = [choice.value for choice in fact.choices]
    return str(values.index(value) + 1)


async def answer_all(driver: Driver, answers: dict[str, Value]) -> list[str]:
    """Answers every question by a key, "I don't know" to all others; returns the facts that were asked for."""
    facts = []
    while isinstance(driver.app.screen, QuestionScreen):
        fact = asked(driver)
        facts.append(fact.id)
        await driver.press(key_for(fact, answers.get(fact.id)))
    return facts


async def to_the_questions(driver: Driver, error: str = ERROR) -> None:
    """Pastes an error text and says that the server cannot be reached."""
    await act(driver, "1", Paste(error), "enter", "f3", "enter")


async def to_the_evidence(driver: Driver) -> None:
    """Pastes an error text and a connection string, and lets the probes run."""
    await act(driver, "1", Paste(ERROR), "enter", Paste(CONNECTION), "enter")


async def to_the_fixes(driver: Driver) -> None:
    """Goes from the first screen to the fixes of what the probes found."""
    await to_the_evidence(driver)
    await driver.press("enter", "enter")


def told(driver: Driver) -> str:
    """Returns what is told at the edge of the screen, as one line."""
    notices = [str(toast.render()) for toast in driver.app.screen.query(Toast)]
    return " ".join(" ".join(notices).split())


def rows_of(driver: Driver, selector: str) -> list[str]:
    """Returns the rows of one part of the screen, as they are seen."""
    region = driver.app.screen.query_one(selector).region
    seen = driver.cells()[region.y : region.bottom]
    return ["".join(cell.character for cell in row[region.x : region.right]).strip() for row in seen]


def words_of(driver: Driver, selector: str) -> str:
    """Returns all words of a text on the screen, also what is scrolled away, as one line."""
    return " ".join(str(driver.app.screen.query_one(selector, Static).render()).split())


async def click(driver: Driver, selector: str, words: str) -> None:
    """Clicks on words in one part of the screen."""
    region = driver.app.screen.query_one(selector).region
    for y, row in enumerate(driver.cells()[region.y : region.bottom], start=region.y):
        text = "".join(cell.character or " " for cell in row[region.x : region.right])
        if words in text:
            await driver.pilot.click(offset=(region.x + text.index(words) + 1, y))
            await driver.settle()
            return
    raise AssertionError(f"'{words}' is not in {selector}:\n{driver.text()}")
