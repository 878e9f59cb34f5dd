"""The first minute: from the error on the clipboard to a command on the clipboard; and the same by questions alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.tui.driver import NOW, Driver, known, run, started
from tests.tui.faked import Pace, faked
from tests.tui.moves import (
    HEALTHY,
    SELF_GENERATED,
    answer_all,
    asked,
    cause,
    diagnosis,
    on,
    to_the_evidence,
    to_the_questions,
    told,
)
from tests.tui.tour import ERROR, Act, Paste, act
from wizard.lab.server import LabServer, serve
from wizard.model.evidence import Value
from wizard.model.options import Options
from wizard.model.target import ENGINES
from wizard.tui.journey import Inputs, Opening
from wizard.tui.screens.evidence import EvidenceScreen
from wizard.tui.screens.fix import FixScreen
from wizard.tui.screens.question import QuestionScreen
from wizard.tui.screens.symptom import SymptomScreen
from wizard.workbench import Workbench

OUTPUTS = Path(__file__).parents[1] / "data" / "outputs"
MOST_KEYS = 8
PASSWORD = "c4n4ry-S3cret"


def _url(server: LabServer) -> str:
    return f"sqlserver://{server.host}:{server.port}"


def _connection_string(server: LabServer) -> str:
    return f"Server=tcp:{server.host},{server.port};User Id=app;Password={PASSWORD};Encrypt=True"


@pytest.mark.parametrize("target", [_url, _connection_string])
def test_from_an_error_to_a_copied_command(target: Callable[[LabServer], str]) -> None:
    """At most eight keys besides the two pastes, and the clipboard holds the first step exactly as it has to run."""
    keys: list[str] = []

    async def scene(server: LabServer) -> tuple[str, str, str]:
        async with started(bench=Workbench, now=lambda: datetime.now(UTC)) as driver:
            acts: tuple[Act, ...] = (
                "1",
                Paste(server.scenario.error or ""),
                "enter",
                Paste(target(server)),
                *("enter",) * 3,
                "c",
            )
            for one in acts:
                if isinstance(one, str):
                    keys.append(one)
                await act(driver, one)
            done = on(driver, FixScreen).journey.diagnosis
            assert done is not None
            assert done.verdict.cause is not None
            assert done.verdict.cause.id == "self-generated-certificate"
            assert PASSWORD not in driver.text()
            return driver.app.clipboard, done.fixes[0].steps[0].text, told(driver)

    with serve(known().scenario("sqlserver/self-generated-certificate")) as server:
        copied, step, notice = run(scene(server))
    assert len(keys) <= MOST_KEYS
    assert copied == step
    assert max(len(line) for line in copied.splitlines()) > 80, "no line of it is too long for the screen"
    assert not set(copied) & set("│╭╮╰╯…▎▌")
    assert f"{len(copied.splitlines())} lines sent to the clipboard" in notice
    assert "Nothing arrives when you paste? Not every terminal allows it" in notice


def test_nothing_is_copied_before_anybody_asks() -> None:
    """The clipboard belongs to the person: on the way to the fixes nothing is put there."""

    async def scene() -> str:
        async with started(bench=faked(SELF_GENERATED)) as driver:
            await to_the_evidence(driver)
            await driver.press("enter", "enter")
            on(driver, FixScreen)
            return driver.app.clipboard

    assert run(scene()) == ""


class Told(NamedTuple):
    """A case that is told from the error text on, and what it ends in."""

    scenario: str
    cause: str
    answers: dict[str, Value]


OTHER: dict[str, Value] = {"certificate.made_by": "other"}
TOLD = (
    Told(
        "sqlserver/self-generated-certificate",
        "self-generated-certificate",
        {"certificate.made_by": "server"},
    ),
    Told("sqlserver/self-generated-certificate", "tls-intercepted", {"certificate.made_by": "inspector"}),
    Told("sqlserver/certificate-expired", "certificate-expired", {}),
    Told("sqlserver/name-mismatch", "name-mismatch", {}),
    Told(
        "sqlserver/private-ca-not-trusted",
        "private-ca-not-trusted",
        OTHER | {"trust.status": "unknown-issuer", "certificate.issuer_expected": True},
    ),
    Told(
        "sqlserver/private-ca-not-trusted", "self-signed-certificate", OTHER | {"trust.status": "self-signed"}
    ),
    Told("mysql/self-generated-certificate", "self-generated-certificate", {"certificate.made_by": "server"}),
    Told("mysql/name-mismatch", "name-mismatch", {}),
    Told(
        "mysql/private-ca-not-trusted",
        "private-ca-not-trusted",
        OTHER | {"certificate.issuer_expected": True},
    ),
    Told("mysql/private-ca-not-trusted", "tls-intercepted", OTHER | {"certificate.issuer_expected": False}),
    Told(
        "mariadb/self-generated-certificate", "self-generated-certificate", {"certificate.made_by": "server"}
    ),
    Told(
        "mariadb/private-ca-not-trusted",
        "private-ca-not-trusted",
        OTHER | {"certificate.issuer_expected": True},
    ),
    Told("mariadb/tls-not-offered", "tls-not-offered", {}),
    Told("postgresql/name-mismatch", "name-mismatch", {}),
    Told(
        "postgresql/private-ca-not-trusted",
        "private-ca-not-trusted",
        OTHER | {"trust.status": "unknown-issuer", "certificate.issuer_expected": True},
    ),
    Told(
        "postgresql/missing-intermediate",
        "missing-intermediate",
        OTHER | {"trust.status": "missing-intermediate"},
    ),
    Told("postgresql/tls-not-offered", "tls-not-offered", {}),
)


def _error(scenario: str) -> str:
    error = known().scenario(scenario).error
    assert error is not None
    return error


async def _begin(driver: Driver, error: str) -> None:
    """Opens a case as the command line does where nothing may be sent."""
    options = Options(at=NOW, probing=False)
    inputs = Inputs(options=options, error=error)
    driver.app.flow.begin(Opening(inputs=inputs, bench=faked(HEALTHY)(known(), options), at="evidence"))
    await driver.settle()


@pytest.mark.parametrize("engine", ENGINES)
def test_number_keys_lead_to_the_cause(engine: str) -> None:
    """With no server to ask, an error text and the answers of a person end in the right cause, with its fixes."""
    cases = [case for case in TOLD if case.scenario.startswith(f"{engine}/")]

    async def scene() -> None:
        async with started() as driver:
            for case in cases:
                await _begin(driver, _error(case.scenario))
                put = await answer_all(driver, case.answers)
                assert set(case.answers) <= set(put), "an answer of the test was never asked for"
                assert cause(driver) == case.cause, case
                assert diagnosis(driver).fixes
                driver.app.flow.start_over()

    assert len(cases) > 2
    run(scene())


def test_nobody_knows_anything() -> None:
    """To know nothing still ends in a verdict: what would decide, what is likely, and A asks again."""

    async def scene() -> tuple[str, list[str], list[str]]:
        async with started(size=(100, 40)) as driver:
            await to_the_questions(driver, _error("sqlserver/private-ca-not-trusted"))
            put = await answer_all(driver, {})
            shown = driver.words()
            await driver.press("a")
            return shown, put, await answer_all(driver, {})

    shown, put, again = run(scene())
    assert "does not suffice to name the cause" in shown
    assert "What would decide" in shown
    assert "Likely, going by the error text" in shown
    assert "The client does not trust" in shown
    assert put == again == ["certificate.made_by", "trust.status"]


def test_a_suspicion_says_what_is_open() -> None:
    """Where only a part is unknown the cause is suspected, and A asks for that part alone."""

    async def scene() -> tuple[str, list[str]]:
        async with started(size=(100, 40)) as driver:
            await _begin(driver, _error("mysql/private-ca-not-trusted"))
            await answer_all(driver, {})
            shown = driver.words()
            await driver.press("a")
            return shown, await answer_all(driver, {})

    shown, again = run(scene())
    assert "suspected: something that would decide" in shown
    assert "What would decide" in shown
    assert again == ["certificate.made_by"]


def test_asking_again_changes_the_verdict() -> None:
    """What nobody knew at first and A asks again decides, as soon as somebody knows it; Esc goes back to before."""

    async def scene() -> tuple[str | None, str | None, str | None]:
        async with started() as driver:
            await _begin(driver, ERROR)
            await answer_all(driver, {})
            before = cause(driver)
            await driver.press("a", "escape")
            back = cause(driver)
            await driver.press("a")
            await answer_all(driver, {"certificate.made_by": "server"})
            return before, back, cause(driver)

    assert run(scene()) == (None, None, "self-generated-certificate")


@pytest.mark.parametrize(
    ("pace", "keys"),
    [("hanging", ("x", "enter")), ("hanging", ("a",)), ("failing", ("enter",))],
)
def test_probes_that_tell_nothing_lead_to_questions(pace: Pace, keys: tuple[str, ...]) -> None:
    """Where all probes hang or fail, X and A end them, and the person's answers name the cause."""
    bench = faked(SELF_GENERATED, pace=pace)

    async def scene() -> tuple[str | None, int]:
        async with started(bench=bench) as driver:
            await act(driver, "1", Paste(ERROR), "enter", Paste("sqlserver://sql01.corp.example"))
            await driver.press("enter", settle=False)
            await driver.until(lambda: bench.asked > 0)
            for key in keys:
                await driver.press(key, settle=False)
                await driver.settle(besides="asking the server")
            on(driver, QuestionScreen)
            fact = asked(driver)
            assert fact.id == "certificate.made_by"
            await driver.press("1" if fact.choices[0].value == "server" else "2", settle=False)
            await driver.settle(besides="asking the server")
            return cause(driver), len(diagnosis(driver).fixes)

    found, fixes = run(scene())
    assert (found, bool(fixes)) == ("self-generated-certificate", True)


def test_cancelled_probes_stay_unknown() -> None:
    """X ends the probes where they are: what has been told stays, the rest is marked as not asked."""
    bench = faked(SELF_GENERATED, pace="slow")

    async def scene() -> str:
        async with started(bench=bench) as driver:
            await act(driver, "2", Paste("sqlserver://sql01.corp.example"))
            await driver.press("enter", settle=False)
            bench.gate.set()
            await driver.until(lambda: "10.0.4.17" in driver.text())
            await driver.press("x")
            on(driver, EvidenceScreen)
            return driver.text()

    shown = run(scene())
    assert "✓ passed  resolve" in shown
    assert "– skipped handshake" in shown
    assert "not asked; it stays" in shown
    assert "running" not in shown


@pytest.mark.parametrize(
    ("scenario", "output", "answered"),
    [
        ("sqlserver/self-generated-certificate", "errorlog-self-generated.txt", "self-generated-certificate"),
        (
            "mysql/self-generated-certificate",
            "s_client-mysql-self-generated.txt",
            "self-generated-certificate",
        ),
    ],
)
def test_the_output_of_a_command_answers_a_question(scenario: str, output: str, answered: str) -> None:
    """Pasted at the question it is read, and what it says counts as read from a file."""

    async def scene() -> tuple[str | None, str]:
        async with started(size=(100, 40)) as driver:
            await _begin(driver, _error(scenario))
            assert asked(driver).id == "certificate.made_by"
            await driver.paste((OUTPUTS / output).read_text("utf-8"))
            return cause(driver), driver.words()

    found, shown = run(scene())
    assert found == answered
    assert "from the file" in shown


def test_an_output_that_tells_something_else_asks_on() -> None:
    """What it says is kept and counted, and the question stays; words that say nothing are told to say nothing."""

    async def scene() -> tuple[str, str]:
        async with started(size=(100, 40)) as driver:
            await _begin(driver, ERROR)
            question = on(driver, QuestionScreen)
            await driver.paste((OUTPUTS / "nc-open.txt").read_text("utf-8"))
            assert driver.app.screen is question
            first = driver.words()
            await driver.paste("it does not work")
            assert driver.app.screen is question
            return first, driver.words()

    told_something, told_nothing = run(scene())
    assert "the answer to this question is not among them" in told_something
    assert "There is nothing in it that is known here" in told_nothing


def test_an_error_that_nobody_knows_goes_on() -> None:
    """An unknown text is no dead end: it says what to paste instead, and Enter leads to the server all the same."""

    async def scene() -> tuple[str, str]:
        async with started() as driver:
            await act(driver, "1", Paste("my cat sat on the keyboard"))
            on(driver, SymptomScreen)
            shown = driver.words()
            await driver.press("enter")
            return shown, driver.words()

    shown, server = run(scene())
    assert "not recognised" in shown
    assert "Which server?" in server


def test_a_number_without_an_answer_does_nothing() -> None:
    """Keys for which the question has no answer leave it as it is."""

    async def scene() -> None:
        async with started() as driver:
            await _begin(driver, ERROR)
            question = on(driver, QuestionScreen)
            await driver.press("0", "9", "z")
            assert driver.app.screen is question

    run(scene())
