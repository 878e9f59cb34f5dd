"""Drives the wizard as a person does - keys, pastes, a terminal of some size - and reads what it shows."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple, TypeVar

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.app import ScreenStackError
from textual.color import Color
from textual.message import Message
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import Input, TextArea

from tests.tui.faked import faked
from wizard.knowledge.load import load
from wizard.knowledge.locate import knowledge_folder
from wizard.model.knowledge import Knowledge
from wizard.tui.app import WizardApp
from wizard.tui.journey import Opening
from wizard.workbench import Workbench

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
"""The moment at which all of these tests take place."""
DEADLINE = 20.0
"""Seconds after which something that never settles fails its test."""
_CALM = 2
"""How often the picture has to be the same as before to count as settled."""
_CHARACTERS = {"space": " ", "question_mark": "?", "slash": "/"}

Size = tuple[int, int]
Result = TypeVar("Result")


class Cell(NamedTuple):
    """One character of the screen with its colours. A wide character has an empty one behind it."""

    character: str
    style: Style

    @property
    def foreground(self) -> Color:
        """The colour of the character as it is seen: turned round, faded and mixed as the terminal does it."""
        front, back = self._colours
        return back.blend(front, 0.66) if self.style.dim else front

    @property
    def background(self) -> Color:
        """The colour behind it."""
        return self._colours[1]

    @property
    def _colours(self) -> tuple[Color, Color]:
        front = Color.from_rich_color(self.style.color) if self.style.color else Color(255, 255, 255)
        back = Color.from_rich_color(self.style.bgcolor) if self.style.bgcolor else Color(0, 0, 0)
        return (back, front) if self.style.reverse else (front, back)


@cache
def known() -> Knowledge:
    """Returns the knowledge, loaded once for all tests."""
    return load(knowledge_folder())


def run(scene: Coroutine[None, None, Result]) -> Result:
    """Plays a scene from a test that is no coroutine itself."""
    return asyncio.run(scene)


class Driver:
    """A running wizard."""

    def __init__(self, app: WizardApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    async def press(self, *keys: str, settle: bool = True) -> None:
        """Presses keys one after the other, then waits until everything that follows is done."""
        for key in keys:
            # The pilot's own press waits until this process is idle, which costs ten times as much.
            character = _CHARACTERS.get(key, key if len(key) == 1 else None)
            self.app.post_message(events.Key(key, character))
            if settle:
                await self.settle()

    async def paste(self, text: str) -> None:
        """Pastes, as a terminal with bracketed paste does."""
        self.send_paste(text)
        await self.settle()

    def send_paste(self, text: str) -> None:
        """Pastes, and does not wait for what follows."""
        # A terminal's driver sends it to the app, which hands it to what has the focus or else to the screen.
        self.app.post_message(events.Paste(text))

    async def resize(self, width: int, height: int, *, settle: bool = True) -> None:
        """Gives the terminal another size."""
        await self.pilot.resize_terminal(width, height)
        if settle:
            await self.settle()

    async def settle(self, *, besides: str | None = None) -> None:
        """Waits until no worker runs, all messages are handled and the picture stands still.

        Args:
            besides: the name of a kind of work that may go on, such as probes that hang.
        """
        calm, before = 0, None
        async with asyncio.timeout(DEADLINE):
            while calm < _CALM:
                await self.pilot.pause(0.008)
                shown = None if self._busy(besides) else [strip.text for strip in self._strips()]
                calm = calm + 1 if shown is not None and shown == before else 0
                before = shown

    def _busy(self, besides: str | None) -> list[str]:
        return [
            worker.name for worker in self.app.workers if not worker.is_finished and worker.name != besides
        ]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Waits until something holds, while work may still go on."""
        async with asyncio.timeout(DEADLINE):
            while not holds():
                await self.pilot.pause(0.008)

    def _strips(self) -> list[Strip]:
        # What the app's own screenshot is made from; there is no public way to it.
        return self.app.screen._compositor.render_strips()

    def cells(self) -> list[list[Cell]]:
        """Returns the screen, row by row."""
        rows: list[list[Cell]] = []
        for strip in self._strips():
            row: list[Cell] = []
            for segment in strip:
                for character in segment.text:
                    cell = Cell(character, segment.style or Style.null())
                    width = cell_len(character)
                    row += [cell, *([Cell("", cell.style)] * (width - 1))] if width else []
            rows.append(row)
        return rows

    def text(self) -> str:
        """Returns the screen as characters, without blanks at the ends of lines."""
        rows = ("".join(cell.character for cell in row) for row in self.cells())
        return "\n".join(row.rstrip() for row in rows)

    def sent(self) -> list[str]:
        """Returns each row as it goes to the terminal, with whatever could act there."""
        return [strip.text for strip in self._strips()]

    def words(self) -> str:
        """Returns the screen as one line with single blanks: what was wrapped can be looked for."""
        return " ".join(self.text().split())

    def styles(self) -> list[list[Style]]:
        """Returns the style of every cell, row by row."""
        return [[cell.style for cell in row] for row in self.cells()]


@asynccontextmanager
async def started(
    *,
    size: Size = (80, 24),
    bench: type[Workbench] | None = None,
    opening: Callable[[], Opening] | None = None,
    watch: Callable[[Message], None] | None = None,
    now: Callable[[], datetime] = lambda: NOW,
) -> AsyncIterator[Driver]:
    """Starts a wizard in a terminal that is not there, and ends it.

    Args:
        size: columns and rows.
        bench: its workbench; without one, a fake that has nothing recorded.
        opening: tells where it opens, and what is known already.
        watch: is told of every message.
        now: the moment, where a server makes its certificate while the test runs.
    """
    if "DBTLS_STATE_DIR" not in os.environ:
        raise RuntimeError("DBTLS_STATE_DIR is not set: these tests would change what you have kept")
    known()  # an error in the knowledge shall not look like one of the wizard
    app = WizardApp(known, bench=bench or faked("postgresql-healthy"), opening=opening, now=now)
    app.animation_level = "none"
    async with app.run_test(size=size, notifications=True, message_hook=_without_blinking(watch)) as pilot:
        driver = Driver(app, pilot)
        try:
            await driver.settle()
            yield driver
        except ScreenStackError as ended:
            raise app.crash or ended from ended


def _without_blinking(watch: Callable[[Message], None] | None) -> Callable[[Message], None]:
    """Returns what is told of every message, and makes the cursor of each field stand still."""

    def told(message: Message) -> None:
        if isinstance(message, events.Mount) and isinstance(message._sender, Input | TextArea):
            message._sender.cursor_blink = False
        if watch is not None:
            watch(message)

    return told
