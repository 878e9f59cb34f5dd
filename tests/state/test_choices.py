"""Progress in the lab and settings: the best attempt counts, and a choice lasts."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wizard.state.progress import Attempt, attempts, note
from wizard.state.settings import Settings, keep, settings

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def attempt(*, right: bool, wrong_turns: int, scenario: str = "mysql/expired", hour: int = 12) -> Attempt:
    """Returns an attempt on the first of June."""
    return Attempt(scenario=scenario, when=NOON.replace(hour=hour), right=right, wrong_turns=wrong_turns)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [((False, 0), (True, 5)), ((True, 3), (True, 2)), ((False, 3), (False, 1))],
    ids=["right at last", "fewer wrong turns", "wrong, but sooner"],
)
def test_a_better_attempt_takes_the_place(
    folder: Path, earlier: tuple[bool, int], later: tuple[bool, int]
) -> None:
    """The right cause counts first, then fewer wrong turns; the other way round the first one stays."""
    worse = attempt(right=earlier[0], wrong_turns=earlier[1])
    better = attempt(right=later[0], wrong_turns=later[1], hour=13)
    assert note(worse) is None
    assert attempts() == ((worse,), None)
    assert note(better) is None
    assert attempts() == ((better,), None)
    assert note(worse) is None
    assert attempts() == ((better,), None)


def test_an_equal_attempt_changes_nothing(folder: Path) -> None:
    """The time is that of the first attempt that went as well."""
    first = attempt(right=True, wrong_turns=1)
    assert note(first) is None
    assert note(attempt(right=True, wrong_turns=1, hour=13)) is None
    assert attempts() == ((first,), None)


def test_each_exercise_has_its_own_record(folder: Path) -> None:
    """They come in the order in which they were first tried."""
    one = attempt(right=False, wrong_turns=2)
    other = attempt(right=True, wrong_turns=0, scenario="postgresql/expired")
    better = attempt(right=True, wrong_turns=0, hour=14)
    for noted in (one, other, better):
        assert note(noted) is None
    assert attempts() == ((better, other), None)


def test_a_time_without_a_zone_is_refused(folder: Path) -> None:
    """It could not be read again, so it does not take the place of what can."""
    first = attempt(right=False, wrong_turns=0)
    assert note(first) is None
    message = note(Attempt(scenario="mysql/expired", when=datetime(2026, 6, 1), right=True, wrong_turns=0))
    assert (
        message
        == "Your exercise results could not be saved: they hold a value that does not fit into a file."
    )
    assert attempts() == ((first,), None)


def test_a_theme_is_kept(folder: Path) -> None:
    """None stands for the program's own, before a choice and after it is taken back."""
    assert settings() == (Settings(), None)
    assert keep(Settings(theme="nord")) is None
    assert settings() == (Settings(theme="nord"), None)
    assert keep(Settings()) is None
    assert settings() == (Settings(theme=None), None)


def test_damaged_settings_do_not_touch_the_rest(folder: Path) -> None:
    """Each document has a file of its own."""
    done = attempt(right=True, wrong_turns=0)
    assert note(done) is None
    (folder / "settings.json").write_text("{")
    chosen, message = settings()
    assert chosen == Settings()
    assert message is not None
    assert attempts() == ((done,), None)


@pytest.mark.parametrize("call", ["settings()", "keep(Settings(theme='nord'))"])
def test_a_start_that_only_reads_loads_no_lock(folder: Path, call: str) -> None:
    """The lock's package takes longer to load than all the rest; only a write needs it."""
    script = f"import sys\nfrom wizard.state.settings import *\n{call}\nprint('filelock' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[2],
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout.strip() == str(call.startswith("keep"))
