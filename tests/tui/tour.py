"""A tour past every main screen of the wizard, and what was seen at each stop: one run for many tests."""

from __future__ import annotations

import asyncio
import os
import pickle
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest
from filelock import FileLock
from textual.errors import NoWidget
from textual.widget import Widget
from textual.widgets import Static
from textual.widgets._footer import FooterKey  # what a footer is made of

from tests.tui.driver import NOW, Cell, Driver, run, started
from tests.tui.faked import faked
from tests.tui.foretold import foretell
from wizard.model.case import Case
from wizard.state.recent import RecentCase, remember

ERROR = (
    "A connection was successfully established with the server, but then an error occurred during the login"
    " process. (provider: SSL Provider, error: 0 - The certificate chain was issued by an authority that is not"
    " trusted.)"
)
CONNECTION = "Server=tcp:sql01.corp.example,1433;User Id=app;Password=c4n4ry-S3cret;Encrypt=True"


class Paste(NamedTuple):
    """Something that is pasted; every other act is a key."""

    text: str


Act = str | Paste


class Stop(NamedTuple):
    """A screen of the tour: how to get there from the stop before, and how to leave it again."""

    name: str
    arrive: tuple[Act, ...] = ()
    leave: tuple[Act, ...] = ()


STOPS = (
    Stop("start"),
    Stop("help", ("f1",), ("escape",)),
    Stop("palette", ("ctrl+p", *"expired"), ("escape",)),
    Stop("question", ("2", "f3", "enter"), ("escape", "escape")),
    Stop("messages", ("1", "ctrl+l"), ("escape",)),
    Stop("error", (Paste(ERROR),)),
    Stop("server", ("enter", Paste(CONNECTION))),
    Stop("evidence", ("enter",)),
    Stop("verdict", ("enter",)),
    Stop("report", ("r",), ("escape",)),
    Stop("walk", ("w",), ("escape",)),
    Stop("clients", ("m",)),
    Stop("may-connect", ("f5",)),
    Stop("drivers", ("enter",), ("escape",)),
    Stop("log-in", ("l",), ("escape",)),
    Stop("fix", ("enter",)),
    Stop("proof", ("p",)),
)
NAMES = tuple(stop.name for stop in STOPS)


class Look(NamedTuple):
    """How the screens are looked at."""

    width: int = 80
    height: int = 24
    theme: str = "dbtls-dark"
    colour: bool = True

    def __str__(self) -> str:
        """Returns the name of the look, which is also its folder."""
        return (
            f"{self.width}x{self.height}-{self.theme.removeprefix('dbtls-') if self.colour else 'no-colour'}"
        )


DARK, LIGHT, NO_COLOUR = Look(), Look(theme="dbtls-light"), Look(colour=False)
ANSI = (Look(theme="ansi-dark"), Look(theme="ansi-light"))
SIZES = (Look(40, 12), Look(60, 18), DARK, Look(120, 40), Look(200, 60))
_FRAMES_BEHIND = 0.1
"""Seconds for some frames."""
_SMALLEST, *_IN_TURN = (look for look in SIZES if look != DARK)
TINY = ((6, 5), (1, 1))
"""Terminals that some programs report for a moment."""


class Picture(NamedTuple):
    """One screen as it was seen."""

    cells: list[list[Cell]]
    text: str
    lead: str | None
    """The sentence that says where one is, where the screen has one."""
    focused: str
    focus_shows: bool
    keys: tuple[str, ...]
    """What of the keys the footer shows."""
    behind: frozenset[tuple[int, int]]
    """Columns and rows where a dialog lets the screen behind it shine through, faded."""


class _Seen(NamedTuple):
    pictures: dict[tuple[Look, str], Picture]
    ended_by: Exception | None


def looks(name: str) -> tuple[Look, ...]:
    """Returns the looks in which each run sees a screen; the others are for a thorough one.

    These are the usual one and the one without colours, the smallest size and another one, and another theme: the
    screens take turns, so that each size and each theme is seen.
    """
    at = NAMES.index(name)
    return (
        DARK,
        NO_COLOUR,
        _SMALLEST,
        _IN_TURN[at % len(_IN_TURN)],
        (LIGHT, ANSI[at // 2 % len(ANSI)])[at % 2],
    )


def seen_in(*wanted: Look) -> pytest.MarkDecorator:
    """Returns the parameters `name` and `look` of a test: all screens in some looks, most of them thorough."""
    pairs = [(name, look) for look in wanted for name in NAMES]
    return pytest.mark.parametrize(
        ("name", "look"),
        [
            pytest.param(
                name, look, id=f"{name}-{look}", marks=[] if look in looks(name) else [pytest.mark.thorough]
            )
            for name, look in pairs
        ],
    )


def picture(look: Look, name: str) -> Picture:
    """Returns what was seen at a stop. There are three tours, each made once at most.

    They are one with colours, one without, and one with all sizes and themes.
    """
    seen = _toured(look.colour, look not in looks(name))
    if (look, name) not in seen.pictures:
        raise AssertionError(f"the tour did not get as far as '{name}' in {look}") from seen.ended_by
    return seen.pictures[look, name]


shared: list[Path] = []
"""The folder that all processes of this run share, where there are several."""


@cache
def _toured(colour: bool, thorough: bool) -> _Seen:
    """A tour that another process of this run has made need not be made again: it takes half a minute."""
    if not shared:
        return _made(colour, thorough)
    place = shared[0] / f"tour-{colour}-{thorough}.pickle"
    with FileLock(place.with_suffix(".lock")):
        if place.exists():
            return _Seen(pickle.loads(place.read_bytes()), None)  # noqa: S301 - of this run itself
        seen = _made(colour, thorough)
        if seen.ended_by is None:
            place.write_bytes(pickle.dumps(seen.pictures))
        return seen


def _made(colour: bool, thorough: bool) -> _Seen:
    pictures: dict[tuple[Look, str], Picture] = {}
    with pytest.MonkeyPatch.context() as changed:
        if not colour:
            changed.setenv("NO_COLOR", "1")  # Textual reads it when an application is made
        keep_cases()
        foretell(changed)
        try:
            run(_tour(pictures, DARK if colour else NO_COLOUR, thorough))
        # Whatever ended it: the stops before stand, and each one after it is told why it is missing.
        except Exception as error:  # noqa: BLE001
            return _Seen(pictures, error)
    return _Seen(pictures, None)


async def _tour(pictures: dict[tuple[Look, str], Picture], look: Look, thorough: bool) -> None:
    recordings = ("sqlserver-self-generated-certificate", "sqlserver-healthy")
    async with started(bench=faked(*recordings), frames=True) as driver:
        for stop in STOPS:
            await act(driver, *stop.arrive)
            pictures[look, stop.name] = taken(driver)
            if look.colour:
                await _from_all_sides(driver, pictures, stop, thorough)
            await act(driver, *stop.leave)


async def _from_all_sides(
    driver: Driver, pictures: dict[tuple[Look, str], Picture], stop: Stop, thorough: bool
) -> None:
    """Looks at a screen in the sizes and in the themes in which it is to be seen."""
    name = stop.name
    wanted = (*SIZES, LIGHT, *ANSI) if thorough else looks(name)
    for look in SIZES:
        if look != DARK:
            # Also where nobody looks: a scroll bar that came with one size may stay at the next.
            await driver.resize(look.width, look.height)
            if look in wanted:
                pictures[look, name] = taken(driver)
    for width, height in (*TINY, (DARK.width, DARK.height)):
        await driver.resize(width, height, settle=False)
    for look in (LIGHT, *ANSI):
        if look in wanted:
            # Of Textual's palette some parts stay in the theme in which it was opened.
            await act(driver, *(stop.leave if name == "palette" else ()))
            driver.app.theme = look.theme
            await driver.settle()
            await asyncio.sleep(_FRAMES_BEHIND)  # a screen behind a dialog draws at its own pace
            await act(driver, *(stop.arrive if name == "palette" else ()))
            await driver.settle()
            pictures[look, name] = taken(driver)
    driver.app.theme = DARK.theme


async def act(driver: Driver, *acts: Act) -> None:
    """Presses keys and pastes, one after the other."""
    for one in acts:
        if isinstance(one, Paste):
            await driver.paste(one.text)
        else:
            await driver.press(one)


def taken(driver: Driver) -> Picture:
    """Returns the screen as it is now."""
    screen, focused = driver.app.screen, driver.app.focused
    leads = [one for one in screen.query(".lead, #fix-cause, #verdict").results(Static) if one.display]
    keys = [key for key in screen.query(FooterKey) if shows(driver, key)]
    return Picture(
        cells=driver.cells(),
        text=driver.text(),
        lead=" ".join(str(leads[0].visual).split()) if leads else None,
        focused=repr(focused),
        focus_shows=focused is not None and shows(driver, focused),
        keys=tuple(key.description for key in keys),
        behind=frozenset(_behind(driver)),
    )


def _behind(driver: Driver) -> Iterator[tuple[int, int]]:
    screen = driver.app.screen
    if screen.is_modal and screen.styles.background.a < 1:
        width, height = screen.size
        for at in product(range(width), range(height)):
            if screen.get_widget_at(*at)[0] is screen:
                yield at


def shows(driver: Driver, widget: Widget) -> bool:
    """Says whether any of a widget is on the screen, and not scrolled or cut away."""
    try:
        return driver.app.screen.find_widget(widget).visible_region.area > 0
    except NoWidget:
        return False


def keep_cases() -> None:
    """Keeps two cases among those of lately, as an earlier wizard would have."""
    if not os.environ.get("DBTLS_STATE_DIR"):
        raise RuntimeError("DBTLS_STATE_DIR is not set")
    for days, title, cause, outcome in (
        (1, "sql01.corp.example:1433", "name-mismatch", "fixed"),
        (9, "pg-prod:5432", "certificate-expired", None),
    ):
        kept = RecentCase(
            id=f"{days:016x}",
            opened=NOW - timedelta(days=days),
            case=Case(),
            typed=None,
            title=title,
            cause=cause,
            outcome=outcome,  # type: ignore[arg-type]
        )
        assert remember(kept) is None
