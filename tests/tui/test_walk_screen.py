"""Why this verdict: the questions, their answers and who gave them; and another answer changes the verdict."""

from __future__ import annotations

from textual.widgets import OptionList

from tests.tui.driver import Driver, known, run, started
from tests.tui.faked import faked
from tests.tui.moves import (
    SELF_GENERATED,
    asked,
    cause,
    key_for,
    on,
    rows_of,
    to_the_evidence,
    to_the_questions,
)
from wizard.tui.screens.question import QuestionScreen
from wizard.tui.screens.verdict import VerdictScreen
from wizard.tui.screens.walk import WalkScreen

TALL = (100, 40)
MAKER = "certificate.made_by"


async def _to_the_walk(driver: Driver) -> None:
    """Goes to the walk of a case that probes have found."""
    await to_the_evidence(driver)
    await driver.press("enter", "w")
    on(driver, WalkScreen)


async def _choose(driver: Driver, fact: str) -> None:
    """Puts the cursor on the question about a fact."""
    walk = on(driver, WalkScreen).query_one("#walk", OptionList)
    walk.highlighted = walk.get_option_index(fact)
    await driver.settle()


async def _answer_again(driver: Driver, fact: str, value: str) -> None:
    """Answers a question of the walk another way."""
    await _choose(driver, fact)
    await driver.press("enter")
    assert asked(driver).id == fact
    await driver.press(key_for(asked(driver), value))


def _row(driver: Driver, fact: str) -> str:
    """Returns the line of a question, however it is wrapped."""
    return str(on(driver, WalkScreen).query_one("#walk", OptionList).get_option(fact).prompt)


def test_the_walk_shows_who_said_what() -> None:
    """Each question stands there once, with its answer and who gave it, probes and the person alike."""

    async def scene() -> None:
        async with started(size=TALL, bench=faked(SELF_GENERATED)) as driver:
            await _to_the_walk(driver)
            walk = on(driver, WalkScreen)
            done = walk.journey.diagnosis
            assert done is not None
            shown = [option.id for option in walk.query_one("#walk", OptionList).options]
            assert sorted(filter(None, shown)) == sorted({mark.fact for mark in done.verdict.trail})
            for fact in filter(None, shown):
                assert _row(driver, fact).endswith(("probed", "error text", "nobody knows", "you said")), fact
            made = _row(driver, MAKER)
            assert made.startswith("✗")
            assert "made it itself" in made
            assert made.endswith("probed")
            assert known().fact(MAKER).title in driver.words()

    run(scene())


def test_the_walk_shows_what_was_ruled_out() -> None:
    """Below the list stands what the answer excludes, cause by cause; an answer that is unknown excludes nothing."""

    async def scene() -> tuple[str, str]:
        async with started(size=TALL) as driver:
            await to_the_questions(driver)
            await driver.press("question_mark")
            await driver.press(key_for(asked(driver), "self-signed"), "w")
            await _choose(driver, "trust.status")
            excluded = " ".join(rows_of(driver, "#ruled-out"))
            await _choose(driver, MAKER)
            return excluded, " ".join(rows_of(driver, "#ruled-out"))

    excluded, unknown = run(scene())
    assert "ruled out, as it is not" in excluded
    assert known().cause("private-ca-not-trusted").title[:30] in excluded
    assert "ruled out, as" not in unknown
    assert "Nothing is ruled out by it" in unknown


def test_another_answer_changes_the_verdict_and_back() -> None:
    """The person's answer overrules a probe, in the walk and in the verdict below it; U takes it back."""

    async def scene() -> None:
        async with started(size=TALL, bench=faked(SELF_GENERATED)) as driver:
            await _to_the_walk(driver)
            await _choose(driver, MAKER)
            walk = driver.app.screen
            await driver.press("u")
            assert driver.app.screen is walk
            assert _row(driver, MAKER).endswith("probed"), "U took back what the person never said"

            await _answer_again(driver, MAKER, "inspector")
            assert driver.app.screen is walk
            assert _row(driver, MAKER).endswith("you said")
            # The second line of the verdict is there when the screen is laid out anew.
            await driver.until(lambda: "it was:" in " ".join(rows_of(driver, "#walk-verdict")))
            lead = " ".join(rows_of(driver, "#walk-verdict"))
            assert known().cause("tls-intercepted").title[:30] in lead
            assert "it was:" in lead
            await driver.press("escape")
            assert cause(driver) == "tls-intercepted"
            assert known().cause("tls-intercepted").title[:30] in driver.words()

            await driver.press("w")
            await _choose(driver, MAKER)
            await driver.press("u")
            assert _row(driver, MAKER).endswith("probed")
            await driver.press("escape")
            assert cause(driver) == "self-generated-certificate"

    run(scene())


def test_a_question_that_follows_opens_above_the_walk() -> None:
    """Where another answer leads to a new question it is asked at once; its answer leads back to the walk."""

    async def scene() -> None:
        async with started(size=TALL) as driver:
            await to_the_questions(driver)
            await driver.press(key_for(asked(driver), "server"), "w")
            walk = driver.app.screen
            await _answer_again(driver, MAKER, "other")
            assert asked(driver).id == "trust.status"
            assert walk in driver.app.screen_stack
            await driver.press(key_for(asked(driver), "self-signed"))
            assert driver.app.screen is walk
            assert known().cause("self-signed-certificate").title[:30] in driver.words()
            await driver.press("escape")
            assert cause(driver) == "self-signed-certificate"

    run(scene())


def test_esc_leaves_a_question_of_the_walk_unanswered() -> None:
    """Nothing changes; the walk and the verdict are as before, and Esc goes on back from there."""

    async def scene() -> None:
        async with started(size=TALL) as driver:
            await to_the_questions(driver)
            await driver.press(key_for(asked(driver), "server"), "w")
            walk = driver.app.screen
            await _choose(driver, MAKER)
            await driver.press("enter")
            on(driver, QuestionScreen)
            await driver.press("escape")
            assert driver.app.screen is walk
            await driver.press("escape")
            on(driver, VerdictScreen)
            assert cause(driver) == "self-generated-certificate"

    run(scene())


def test_esc_at_a_question_that_follows_leaves_a_whole_walk() -> None:
    """The walk that shows then, and the verdict below it, speak of the same case."""

    async def scene() -> None:
        async with started(size=TALL) as driver:
            await to_the_questions(driver)
            await driver.press(key_for(asked(driver), "server"), "w")
            walk = on(driver, WalkScreen)
            await _answer_again(driver, MAKER, "other")
            await driver.press("escape")
            assert driver.app.screen is walk
            assert _row(driver, MAKER).endswith("you said")
            await driver.press("escape")
            assert cause(driver) == "self-generated-certificate"

    run(scene())


def test_what_is_no_question_cannot_be_answered() -> None:
    """A fact without answers to choose from says so, and the walk stays."""

    async def scene() -> list[str]:
        async with started(size=TALL, bench=faked(SELF_GENERATED)) as driver:
            await _to_the_walk(driver)
            walk = driver.app.screen
            facts = []
            options = walk.query_one("#walk", OptionList).options
            for option in options:
                assert option.id is not None
                if not known().fact(option.id).choices:
                    facts.append(option.id)
                    await _choose(driver, option.id)
                    await driver.press("enter")
                    assert driver.app.screen is walk
                    assert "not a question with answers" in driver.words()
            return facts

    run(scene())
