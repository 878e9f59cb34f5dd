"""Practising: an exercise from the list to the server that connects again, and nothing that gives it away."""

from __future__ import annotations

import socket
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from textual.widgets import OptionList

from tests.lab.practice import KNOWN
from tests.tui.driver import Driver, run, started
from wizard.diagnosis.grade import exercise_step
from wizard.lab.exercises import exercises
from wizard.model.knowledge import FactEntry
from wizard.state.progress import attempts
from wizard.tui.app import WizardApp
from wizard.tui.practise.cause import CauseScreen
from wizard.tui.practise.compared import ComparedScreen
from wizard.tui.practise.exercise import ExerciseScreen
from wizard.tui.practise.fix import PickScreen
from wizard.tui.practise.frame import ExerciseStep
from wizard.tui.practise.list import PractiseScreen
from wizard.tui.practise.mended import MendedScreen
from wizard.tui.practise.question import QuestionStep
from wizard.tui.screens.start import StartScreen
from wizard.workbench import Workbench

EXERCISES = exercises(KNOWN)
NUMBERS = {one.scenario.id: one.number for one in EXERCISES}
EXPIRED = "postgresql/certificate-expired"
LARGE, SMALL = (110, 44), (40, 12)


class Trainee(Driver):
    """Sits in front of the application and does what a trainee does."""

    async def settle(self, *, besides: str | None = "the lab's server") -> None:
        """Waits until all is done but the server of the exercise, which goes on until it is left."""
        await super().settle(besides=besides)

    async def comes_to(self, *kinds: type[object]) -> None:
        """Waits for a screen of one of these kinds."""
        await self.until(lambda: isinstance(self.app.screen, kinds) and self.app.screen.is_mounted)
        await self.settle()

    def words(self) -> str:
        """Returns what can be seen without the breaks and frames between its words."""
        return " ".join(self.text().replace("│", " ").split())

    async def opens(self, scenario: str) -> None:
        """Opens an exercise from the list and waits for its evidence."""
        self.app.screen.query_one("#exercises", OptionList).highlighted = NUMBERS[scenario] - 1
        await self.press("enter")
        await self.comes_to(ExerciseScreen)
        await self.until(lambda: self.step.sitting.case is not None)

    @property
    def step(self) -> ExerciseStep:
        """The step of the exercise that shows."""
        assert isinstance(self.app.screen, ExerciseStep)
        return self.app.screen

    async def answers(self, **other: str) -> None:
        """Answers all questions as measured, but for `other`, which names the key for a fact; `__` is a dot."""
        await self.press("enter")
        keys = {fact.replace("__", "."): key for fact, key in other.items()}
        while True:
            await self.comes_to(QuestionStep, CauseScreen)
            if isinstance(self.app.screen, CauseScreen):
                return
            before, fact = self.app.screen, self.asked()
            await self.press(keys.get(fact.id, self.right_key()))
            await self.until(lambda before=before: self.app.screen is not before)  # type: ignore[misc]

    def asked(self) -> FactEntry:
        """Returns what is asked now."""
        sitting = self.step.sitting
        assert sitting.case is not None
        step = exercise_step(sitting.case, sitting.answers, KNOWN)
        assert isinstance(step, FactEntry)
        return step

    def right_key(self) -> str:
        """Returns the key of the measured answer."""
        case, fact = self.step.sitting.case, self.asked()
        assert case is not None
        return str([choice.value for choice in fact.choices].index(case.value(fact.id)) + 1)  # type: ignore[arg-type]

    async def chooses(self, list_id: str, option: str) -> None:
        """Chooses from a list."""
        shown = self.app.screen.query_one(list_id, OptionList)
        shown.highlighted = shown.get_option_index(option)
        await self.press("enter")

    async def names(self, cause: str) -> None:
        """Names the cause, and takes the first fix that mends it for good where there is one to pick."""
        await self.chooses("#causes", cause)
        await self.comes_to(PickScreen, ComparedScreen)
        sitting = self.step.sitting
        if isinstance(self.app.screen, PickScreen) and sitting.case is not None:
            await self.chooses("#picks", sitting.bench.fixes(sitting.case, cause)[0].id)
            await self.comes_to(ComparedScreen)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keeps the progress of each test in a folder of its own."""
    monkeypatch.setenv("DBTLS_STATE_DIR", str(tmp_path))
    return tmp_path


def practise(play: Callable[[Trainee], Awaitable[None]], size: tuple[int, int] = LARGE) -> None:
    """Opens the list of exercises and lets a trainee play."""

    async def scene() -> None:
        async with started(size=size, bench=Workbench, now=lambda: datetime.now(UTC)) as driver:
            trainee = Trainee(driver.app, driver.pilot)
            await trainee.press("3")
            await trainee.comes_to(PractiseScreen)
            await play(trainee)

    run(scene())
    assert not lab_threads()


def lab_threads() -> list[str]:
    """Returns the threads of lab servers that are still there."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("lab ")]


def listens(port: int) -> bool:
    """Says whether anybody accepts connections on a port of this machine."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_a_right_run_ends_in_a_server_that_connects() -> None:
    """All answers, the cause and the fix are right; the mended server is asked, and the progress shows in the list."""

    async def play(trainee: Trainee) -> None:
        await trainee.opens(EXPIRED)
        await trainee.answers()
        await trainee.names("certificate-expired")
        words = trainee.words()
        assert "4 of 4 answers right, the cause is right." in words
        assert "✗ wrong" not in words
        assert KNOWN.scenario(EXPIRED).title in words
        await trainee.press("enter")
        await trainee.comes_to(MendedScreen)
        assert "It connects now: TLS 1.3, certificate verified." in trainee.words()
        assert "Expired Valid now" in trainee.words()
        await trainee.press("enter")
        await trainee.comes_to(PractiseScreen)
        assert "1 of 198 solved" in trainee.words()

    practise(play)
    (kept,), message = attempts()
    assert (kept.scenario, kept.right, kept.wrong_turns, message) == (EXPIRED, True, 0, None)


def test_a_wrong_turn_is_explained() -> None:
    """Where it led is said, and the wrong cause is not counted as solved."""

    async def play(trainee: Trainee) -> None:
        await trainee.opens(EXPIRED)
        await trainee.answers(certificate__made_by="1")
        await trainee.names("self-signed-certificate")
        words = trainee.words()
        assert "1 of 2 answers right, the cause is another one." in words
        assert 'You said "The database server made it itself", but it is "Somebody else' in words
        assert "With your answer the tree goes to" in words
        assert "That is not so. The cause is this: The certificate has expired." in words
        await trainee.press("l")
        await trainee.comes_to(PractiseScreen)
        await trainee.until(lambda: bool(attempts()[0]))
        assert "0 of 198 solved" in trainee.words()

    practise(play)
    (kept,), _ = attempts()
    assert (kept.right, kept.wrong_turns) == (False, 1)


def test_the_next_fault_is_mended_too() -> None:
    """A server with three faults connects only after all are gone, and each is named when it shows."""

    async def play(trainee: Trainee) -> None:
        await trainee.opens("mysql/legacy-tls-only/weak-expired-certificate")
        await trainee.answers()
        await trainee.names("legacy-tls-only")
        await trainee.press("enter")
        await trainee.comes_to(MendedScreen)
        assert "The first fault is gone. The next one: " in trainee.words()
        assert "It connects now" not in trainee.words()
        for mended in (2, 3):
            await trainee.press("enter")
            assert trainee.words().count("mended: ") == mended
            assert "asking the server again" not in trainee.words().lower()
        assert "It connects now" in trainee.words()

    practise(play)


def test_where_nothing_is_wrong_there_is_nothing_to_mend() -> None:
    """No fix is asked for, the comparison offers none, and Enter leads back to the list."""

    async def play(trainee: Trainee) -> None:
        await trainee.opens("mysql/healthy/wildcard")
        await trainee.answers()
        await trainee.chooses("#causes", "healthy")
        await trainee.comes_to(ComparedScreen)
        assert "the cause is right" in trainee.words()
        assert "apply the fix" not in trainee.words()
        await trainee.press("enter")
        await trainee.comes_to(PractiseScreen)

    practise(play)


def test_going_back_loses_no_answer() -> None:
    """Esc goes back one question, where the cursor is on what was said; another answer takes its place."""

    async def play(trainee: Trainee) -> None:
        await trainee.opens(EXPIRED)
        await trainee.press("enter")
        await trainee.comes_to(QuestionStep)
        first = trainee.app.screen
        await trainee.press("3")
        await trainee.until(lambda: trainee.app.screen is not first)
        await trainee.press("escape")
        await trainee.until(lambda: trainee.app.screen is first)
        await trainee.press("escape")
        await trainee.comes_to(ExerciseScreen)
        await trainee.press("enter")
        await trainee.comes_to(QuestionStep)
        assert trainee.app.screen.query_one("#answers", OptionList).highlighted == 2
        await trainee.press("1")
        await trainee.comes_to(QuestionStep)
        assert trainee.step.sitting.answers == {"connect.status": "open"}

    practise(play)


@pytest.mark.parametrize("way", ["escape", "new case", "quit"])
def test_leaving_stops_the_server(way: str) -> None:
    """In the midst of the questions: the port is closed and the thread gone, whatever takes the screen away."""
    ports: list[int] = []

    async def play(trainee: Trainee) -> None:
        await trainee.opens(EXPIRED)
        case = trainee.step.sitting.case
        assert case is not None
        assert case.target is not None
        assert case.target.port is not None
        ports.append(case.target.port)
        assert listens(ports[0])
        await trainee.press("enter")
        await trainee.comes_to(QuestionStep)
        assert lab_threads()
        if way == "escape":
            await trainee.press("escape", "escape")
            await trainee.comes_to(PractiseScreen)
        elif way == "new case":
            assert isinstance(trainee.app, WizardApp)
            trainee.app.flow.start_over()
            await trainee.comes_to(StartScreen)
        else:
            await trainee.press("ctrl+q")
            return
        await trainee.until(lambda: not lab_threads())
        assert not listens(ports[0])

    practise(play)
    assert not listens(ports[0])


def test_leaving_at_once_leaves_no_server_behind() -> None:
    """Also where the server has not even begun to listen."""

    async def play(trainee: Trainee) -> None:
        for _ in range(3):
            await trainee.press("enter")
            await trainee.comes_to(ExerciseScreen)
            await trainee.press("escape")
            await trainee.comes_to(PractiseScreen)
        await trainee.until(lambda: not lab_threads())

    practise(play)


@pytest.mark.parametrize("scenario", [EXPIRED, "sqlserver/legacy-tls-only"])
def test_nothing_gives_the_answer_away(scenario: str) -> None:
    """No screen before the comparison shows the scenario's title or id, nor the cause but among all causes."""
    entry = KNOWN.scenario(scenario)
    seen: dict[str, str] = {}

    async def play(trainee: Trainee) -> None:
        def look() -> None:
            seen[f"{type(trainee.app.screen).__name__} {len(seen)}"] = trainee.words()

        look()
        await trainee.opens(scenario)
        look()
        await trainee.press("enter")
        await trainee.comes_to(QuestionStep)
        while isinstance(trainee.app.screen, QuestionStep):
            look()
            before = trainee.app.screen
            if not trainee.step.sitting.answers:
                await trainee.press("v")
                assert "the user says" in trainee.words()
                look()
                await trainee.press("escape")
                await trainee.comes_to(QuestionStep)
            await trainee.press(trainee.right_key())
            await trainee.until(lambda before=before: trainee.app.screen is not before)  # type: ignore[misc]
        await trainee.comes_to(CauseScreen)
        look()
        await trainee.chooses("#causes", "port-closed")
        await trainee.comes_to(PickScreen)
        look()

    practise(play)
    assert {name.split()[0] for name in seen} >= {
        "PractiseScreen",
        "ExerciseScreen",
        "CauseScreen",
        "PickScreen",
    }
    for name, words in seen.items():
        assert entry.id not in words, name
        assert entry.title.lower() not in words.lower(), name
        if not name.startswith("CauseScreen"):
            assert KNOWN.cause(entry.cause).title not in words, name


def test_the_causes_are_searched_as_one_types() -> None:
    """`/` goes to the search, Enter takes the first cause that fits, Esc empties the search."""

    async def play(trainee: Trainee) -> None:
        await trainee.opens("mysql/port-closed")
        await trainee.answers()
        causes = trainee.app.screen.query_one("#causes", OptionList)
        all_of_them = causes.option_count
        await trainee.press("slash", *"name")
        await trainee.until(lambda: causes.option_count < all_of_them)
        await trainee.press("escape")
        await trainee.until(lambda: causes.option_count == all_of_them)
        await trainee.press("slash", *"listens")
        await trainee.until(lambda: causes.option_count < 5)
        await trainee.press("enter")
        await trainee.comes_to(PickScreen)
        assert trainee.step.sitting.cause == "port-closed"

    practise(play)


def test_the_list_is_filtered_and_surprises() -> None:
    """By topic, difficulty and words; the surprise is one of those that are shown."""

    async def play(trainee: Trainee) -> None:
        listed = trainee.app.screen.query_one("#exercises", OptionList)
        assert listed.option_count == len(EXERCISES)
        await trainee.press("left", "down", "down", "d")
        await trainee.until(lambda: listed.option_count == 8)
        await trainee.press("right", "slash", *"mariadb", "enter")
        await trainee.comes_to(ExerciseScreen)
        assert trainee.step.sitting.exercise.scenario.engine == "mariadb"
        await trainee.press("escape")
        await trainee.comes_to(PractiseScreen)
        await trainee.press("escape", "s")
        await trainee.comes_to(ExerciseScreen)
        exercise = trainee.step.sitting.exercise
        assert (exercise.topic, exercise.difficulty) == ("policy", 1)

    practise(play)


def test_an_exercise_fits_a_small_terminal() -> None:
    """At 40 by 12 the whole way can be walked, and each step names itself."""

    async def play(trainee: Trainee) -> None:
        await trainee.opens(EXPIRED)
        assert "● evidence" in trainee.text()
        await trainee.answers()
        assert "● cause" in trainee.text()
        await trainee.names("certificate-expired")
        assert "4 of 4 answers right" in trainee.words()
        await trainee.press("enter")
        await trainee.comes_to(MendedScreen)
        assert "It connects now" in trainee.words()

    practise(play, SMALL)
