"""The fixes as commands, and the proof that one of them has helped."""

from __future__ import annotations

import stat
from pathlib import Path

import msgspec
import pytest
from textual.widgets import Select, Tabs

from tests.tui.driver import Driver, known, run, started
from tests.tui.faked import Pace, Recording, faked, recording
from tests.tui.moves import (
    HEALTHY,
    SELF_GENERATED,
    cause,
    on,
    to_the_fixes,
    to_the_questions,
    told,
    words_of,
)
from tests.tui.tour import CONNECTION, Paste, act
from wizard.fixes.render import RenderedFix
from wizard.model.evidence import unknown
from wizard.report.words import of_proof
from wizard.state.recent import recent
from wizard.tui.screens.dialogs import PlainText, SaveAs
from wizard.tui.screens.evidence import EvidenceScreen
from wizard.tui.screens.fix import FixScreen
from wizard.tui.screens.proof import ProofScreen
from wizard.tui.screens.start import StartScreen
from wizard.tui.screens.symptom import SymptomScreen
from wizard.tui.screens.verdict import VerdictScreen
from wizard.tui.widgets.changes_table import ChangesTable
from wizard.tui.widgets.command_box import CommandBox

NEXT = "mysql-name-mismatch"


def _shown(driver: Driver) -> RenderedFix:
    fix = on(driver, FixScreen)._shown
    assert fix is not None
    return fix


def _titles(driver: Driver) -> set[str]:
    return {fix.title for fix in on(driver, FixScreen)._fixes}


def test_the_tiers_change_with_the_arrows() -> None:
    """Right and Left go round the three tiers, and each shows its own fixes only."""

    async def scene() -> None:
        async with started(bench=faked(SELF_GENERATED)) as driver:
            await to_the_fixes(driver)
            seen = []
            for _ in range(3):
                seen.append(on(driver, FixScreen).query_one(Tabs).active)
                assert {fix.tier for fix in on(driver, FixScreen)._fixes} == {seen[-1]}
                assert _shown(driver).title[:30] in driver.words()
                await driver.press("right")
            assert seen == ["permanent", "intermediate", "bypass"]
            assert on(driver, FixScreen).query_one(Tabs).active == "permanent"
            await driver.press("left")
            assert on(driver, FixScreen).query_one(Tabs).active == "bypass"

    run(scene())


def test_a_bypass_says_what_it_gives_up() -> None:
    """It stands before the first command, with when it is tolerable and when not; a real fix gives nothing up."""

    async def scene() -> None:
        async with started(size=(100, 40), bench=faked(SELF_GENERATED)) as driver:
            await to_the_fixes(driver)
            assert "gives up" not in words_of(driver, "#fix-about")
            await driver.press("left")
            fix = _shown(driver)
            shown = driver.words()
            assert fix.gives_up is not None
            assert fix.when_not is not None
            for label, words in (("gives up", fix.gives_up), ("not when", fix.when_not)):
                assert f"{label} " in shown
                assert words.split(".")[0][:20] in shown

    run(scene())


def test_placeholders_are_listed() -> None:
    """What dbtls cannot know is named in words before the first step, where there is something to fill in."""

    async def scene() -> tuple[bool, bool]:
        async with started(size=(100, 40), bench=faked(SELF_GENERATED)) as driver:
            await to_the_fixes(driver)
            with_some, without = False, False
            for fix in on(driver, FixScreen)._fixes:
                on(driver, FixScreen)._show(fix)
                await driver.settle()
                about = words_of(driver, "#fix-about")
                assert ("fill in" in about) is bool(fix.missing)
                entry = next(one for one in known().fixes if one.id == fix.id)
                meanings = {one.id: one.meaning for one in entry.parameters}
                assert all(" ".join(meanings[name].split()) in about for name in fix.missing)
                with_some, without = with_some or bool(fix.missing), without or not fix.missing
            return with_some, without

    assert run(scene()) == (True, True)


def test_the_selectors_narrow() -> None:
    """A platform leaves out its rivals; a client that is chosen leaves out the fixes of the others."""

    async def scene() -> None:
        async with started(bench=faked(SELF_GENERATED)) as driver:
            await to_the_fixes(driver)
            screen = on(driver, FixScreen)
            everything = _titles(driver)
            screen.query_one("#select-server", Select).value = "linux-server"
            await driver.settle()
            linux = _titles(driver)
            assert linux < everything
            assert {fix.platform for fix in screen._fixes} <= {"linux-server", "any-server"} | {
                fix.platform for fix in screen._fixes if not fix.platform.endswith("server")
            }
            screen.query_one("#select-server", Select).clear()
            await driver.settle()
            assert _titles(driver) == everything
            await driver.press("left")
            client = screen.query_one("#select-client", Select)
            client.clear()
            await driver.settle()
            all_clients = {fix.client for fix in screen._fixes}
            chosen = min(filter(None, all_clients))
            client.value = chosen
            await driver.settle()
            assert {fix.client for fix in screen._fixes} < all_clients
            assert {fix.client for fix in screen._fixes} <= {chosen, None}

    run(scene())


def test_copying_takes_the_step_with_the_focus_or_all() -> None:
    """C copies the first step, or the one that has the focus; Shift+C all of them; each as it has to run."""

    async def scene() -> None:
        async with started(bench=faked(SELF_GENERATED)) as driver:
            await to_the_fixes(driver)
            steps = [step.text for step in _shown(driver).steps]
            assert len(steps) > 1
            await driver.press("c")
            assert driver.app.clipboard == steps[0]
            boxes = list(driver.app.screen.query(CommandBox))
            boxes[1].focus()
            await driver.press("c")
            assert driver.app.clipboard == steps[1]
            await driver.press("C")
            assert driver.app.clipboard == "\n\n".join(steps)

    run(scene())


def test_saving_asks_before_it_replaces(tmp_path: Path) -> None:
    """The file is for its owner alone; one that is there stays, until Enter is pressed once more."""

    async def scene() -> None:
        async with started(bench=faked(SELF_GENERATED)) as driver:
            await to_the_fixes(driver)
            await driver.press("s")
            on(driver, SaveAs)
            await driver.press("escape")
            assert not list(tmp_path.iterdir())

            await driver.press("s", "enter")
            on(driver, FixScreen)
            (saved,) = tmp_path.iterdir()
            assert "Saved:" in told(driver)
            assert stat.S_IMODE(saved.stat().st_mode) == 0o600
            written = saved.read_text("utf-8")
            lines = [line for step in _shown(driver).steps for line in step.text.splitlines()]
            assert all(line.strip() in written for line in lines)

            saved.write_text("mine")
            await driver.press("s", "enter")
            assert "is there already" in driver.words()
            await driver.press("escape")
            assert saved.read_text() == "mine"
            await driver.press("s", "enter", "enter")
            on(driver, FixScreen)
            assert _shown(driver).steps[0].text in saved.read_text("utf-8")

    run(scene())


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """It is one sentence on the screen, and nothing is written elsewhere."""

    async def scene() -> str:
        async with started(bench=faked(SELF_GENERATED)) as driver:
            driver.app.save("no/such/folder/x.txt", "text")
            await driver.press("enter")
            return told(driver)

    assert "cannot be written" in run(scene())
    assert not list(tmp_path.iterdir())


def test_plain_text_has_no_frame() -> None:
    """T shows the whole fix without the wizard around it, and C copies it from there."""

    async def scene() -> None:
        async with started(bench=faked(SELF_GENERATED)) as driver:
            await to_the_fixes(driver)
            steps = [step.text.splitlines()[0] for step in _shown(driver).steps]
            await driver.press("t")
            on(driver, PlainText)
            assert not set(driver.text()) & set("│╭╰")
            await driver.press("c")
            assert all(step in driver.app.clipboard for step in steps)
            await driver.press("escape")
            on(driver, FixScreen)

    run(scene())


def _unmeasured() -> Recording:
    """Returns a server whose certificate can no longer be looked at."""
    found = recording(HEALTHY)
    steps = tuple(
        msgspec.structs.replace(
            step, evidence=tuple(unknown(one.fact, "probe", "no answer") for one in step.evidence)
        )
        if step.probe in ("certificate", "handshake")
        else step
        for step in found.steps
    )
    return Recording(steps=steps)


@pytest.mark.parametrize(
    ("after", "outcome", "sentence"),
    [
        (HEALTHY, "fixed", "Fixed: the probes find nothing wrong any more."),
        (
            SELF_GENERATED,
            "still-failing",
            "Still failing: The server shows a certificate that it made itself.",
        ),
        (NEXT, "next-fault", "The first fault is gone. The next one:"),
        (_unmeasured(), "unproven", "Not proven: what showed the fault was not measured again."),
    ],
    ids=["fixed", "still-failing", "next-fault", "unproven"],
)
def test_the_proof_says_what_became_of_the_fault(after: str | Recording, outcome: str, sentence: str) -> None:
    """The server is asked once more, what has changed stands side by side, and one sentence says what it means."""
    bench = faked(SELF_GENERATED, after)

    async def scene() -> None:
        async with started(size=(110, 36), bench=bench) as driver:
            await to_the_fixes(driver)
            await driver.press("p")
            proof = on(driver, ProofScreen).journey.proof
            assert proof is not None
            assert proof.outcome == outcome
            assert of_proof(proof).startswith(sentence)
            shown = driver.words()
            assert sentence[:60] in shown.replace("│ ", "")
            assert outcome.replace("-", " ") in shown
            table = driver.app.screen.query_one(ChangesTable)
            assert table.row_count == max(len(proof.changes), 1)
            if outcome == "still-failing":
                assert "nothing has changed" in shown
            else:
                assert "before" in shown
                assert known().fact(proof.changes[0].fact).title[:12] in shown
            await driver.settle()

    run(scene())
    assert bench.asked == 2
    assert recent()[0][0].outcome == outcome


def test_enter_goes_on_with_the_next_fault() -> None:
    """The case as it is after the fix: its verdict shows at once, its evidence stands behind it, nobody is asked."""
    bench = faked(SELF_GENERATED, NEXT)

    async def scene() -> None:
        async with started(bench=bench) as driver:
            await to_the_fixes(driver)
            await driver.press("p", "enter")
            assert cause(driver) == "name-mismatch"
            await driver.press("escape")
            on(driver, EvidenceScreen)
            await driver.press("enter")
            on(driver, VerdictScreen)

    run(scene())
    assert bench.asked == 2


def test_enter_after_a_fix_leads_to_a_new_case() -> None:
    """Nothing is left to do; the case stands among those of lately, as fixed."""

    async def scene() -> str:
        async with started(bench=faked(SELF_GENERATED, HEALTHY)) as driver:
            await to_the_fixes(driver)
            await driver.press("p", "enter")
            on(driver, StartScreen)
            return driver.words()

    assert "self-generated-certificate fixed" in run(scene())


def test_the_proof_can_be_asked_again() -> None:
    """R asks once more: what was still failing may be fixed by now."""
    bench = faked(SELF_GENERATED, SELF_GENERATED, HEALTHY)

    async def scene() -> list[str]:
        async with started(bench=bench) as driver:
            await to_the_fixes(driver)
            outcomes: list[str] = []
            for key in ("p", "r"):
                await driver.press(key)
                proof = on(driver, ProofScreen).journey.proof
                assert proof is not None
                outcomes.append(proof.outcome)
            return outcomes

    assert run(scene()) == ["still-failing", "fixed"]


def test_a_case_that_was_told_says_how_to_prove_it() -> None:
    """No probe can; the command stands there, and Enter takes what the client says now."""

    async def scene() -> None:
        async with started() as driver:
            await to_the_questions(driver)
            await driver.press("1", "enter", "p")
            on(driver, ProofScreen)
            assert "the proof has to be told" in driver.words()
            assert "dbtls" in driver.app.screen.query_one(CommandBox).command
            await driver.press("r")
            on(driver, ProofScreen)
            await driver.press("enter")
            assert on(driver, SymptomScreen).journey.inputs.error is None

    run(scene())


@pytest.mark.parametrize("pace", ["failing"])
def test_a_proof_that_fails_is_told(pace: Pace) -> None:
    """One sentence, and the commands are behind it; it does not pass for a proof."""
    bench = faked(SELF_GENERATED)

    async def scene() -> None:
        async with started(bench=bench) as driver:
            await to_the_fixes(driver)
            bench.pace = pace
            await driver.press("p")
            assert on(driver, ProofScreen).journey.proof is None
            assert "✗ The [/bad] roots of [Microsoft] cannot be read." in driver.words()
            await driver.press("enter")
            on(driver, ProofScreen)
            await driver.press("escape")
            on(driver, FixScreen)

    run(scene())


def test_a_healthy_server_has_no_fixes() -> None:
    """Where nothing is wrong, the verdict says so, and Enter leads nowhere."""

    async def scene() -> None:
        async with started(bench=faked(HEALTHY)) as driver:
            await act(driver, "2", Paste(CONNECTION), "enter", "enter", "enter")
            on(driver, VerdictScreen)
            assert cause(driver) in ("healthy", None)

    run(scene())


def test_the_evidence_leads_to_the_fix_by_enter_alone() -> None:
    """Enter while the probes still run leads to the verdict as soon as they are done."""
    bench = faked(SELF_GENERATED, pace="slow")

    async def scene() -> None:
        async with started(bench=bench) as driver:
            await driver.press("2")
            await driver.paste("sqlserver://sql01.corp.example")
            await driver.press("enter", settle=False)
            await driver.until(lambda: isinstance(driver.app.screen, EvidenceScreen))
            await driver.until(lambda: driver.app.focused is not None)
            await driver.press("enter", settle=False)
            await driver.until(lambda: "The verdict follows" in driver.words())
            bench.pace = "fast"
            bench.gate.set()
            await driver.settle()
            on(driver, VerdictScreen)

    run(scene())
