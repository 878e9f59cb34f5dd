"""The proof by real drivers: only after consent, beside what they did before, and in the report."""

from __future__ import annotations

import msgspec
import pytest

from tests.tui.driver import Driver, run, started
from tests.tui.faked import faked
from tests.tui.foretold import DRIVERS, foretell
from tests.tui.moves import HEALTHY, SELF_GENERATED, on, to_the_fixes
from wizard.report.json import proof_of
from wizard.tui.screens.client_dialogs import MayDriversConnect
from wizard.tui.screens.proof import ProofScreen


@pytest.fixture(autouse=True)
def foretold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drivers that connect to nothing."""
    foretell(monkeypatch)
    monkeypatch.setattr("wizard.tui.drivers.drivers_here", lambda done, known: DRIVERS)


def drivers(driver: Driver) -> list[tuple[str, str | None, str | None]]:
    """What the proof says of each driver: before and after."""
    proof = on(driver, ProofScreen).journey.proof
    assert proof is not None
    return [(one.client, one.before, one.after) for one in proof.drivers]


def test_drivers_prove_it_after_consent_only() -> None:
    """Esc sends nothing; Enter lets them connect, and what each did stands on the screen and in the report."""

    async def scene() -> None:
        async with started(size=(110, 40), bench=faked(SELF_GENERATED, HEALTHY)) as driver:
            await to_the_fixes(driver)
            await driver.press("p", "f5")
            on(driver, MayDriversConnect)
            await driver.press("escape")
            assert drivers(driver) == []
            await driver.press("f5", "enter")
            told = drivers(driver)
            assert [client for client, _, _ in told] == [one.client for one in DRIVERS]
            assert {before for _, before, _ in told} == {None}
            assert "got through TLS to the login" in driver.words()
            proof = on(driver, ProofScreen).journey.proof
            assert proof is not None
            listed = msgspec.to_builtins(proof_of(proof))["drivers"]
            assert [one["after"] for one in listed] == [after for _, _, after in told]

    run(scene())


def test_what_they_did_before_the_fix_stands_beside_it() -> None:
    """Asked among the clients first, each has both; asking the server again forgets what was asked of the last."""

    async def scene() -> None:
        async with started(size=(110, 40), bench=faked(SELF_GENERATED, HEALTHY, HEALTHY)) as driver:
            await to_the_fixes(driver)
            await driver.press("escape", "m", "f5", "enter", "escape", "enter", "p", "f5", "enter")
            before = {before for _, before, _ in drivers(driver)}
            assert before - {None}
            assert "→" in driver.words()
            await driver.press("r")
            assert drivers(driver) == []

    run(scene())


def test_a_machine_without_drivers_says_how_to_have_some(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence, and nobody is asked for consent."""
    monkeypatch.setattr("wizard.tui.drivers.drivers_here", lambda done, known: ())

    async def scene() -> None:
        async with started(size=(110, 40), bench=faked(SELF_GENERATED, HEALTHY)) as driver:
            await to_the_fixes(driver)
            await driver.press("p", "f5")
            on(driver, ProofScreen)
            assert "dbtls[drivers]" in driver.words()

    run(scene())
