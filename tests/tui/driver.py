"""Drives the wizard as a person does - keys, pastes, a terminal of some size - and reads what it shows."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple, TypeVar
from unittest.mock import patch

import msgspec
from rich.cells import cell_len
from rich.console import RenderableType
from rich.style import Style
from textual import events, geometry
from textual._compositor import Compositor, LayoutUpdate
from textual.app import ScreenStackError
from textual.color import Color
from textual.message import Message
from textual.pilot import Pilot
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Input, TextArea

from tests.tui.faked import faked
from wizard.diagnosis.match import Matcher
from wizard.knowledge.load import load
from wizard.knowledge.locate import knowledge_folder
from wizard.model.knowledge import Knowledge
from wizard.tui.app import WizardApp
from wizard.tui.journey import Opening
from wizard.tui.widgets.key_line import KeyLine
from wizard.workbench import Workbench

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
"""The moment at which all of these tests take place."""
DEADLINE = 20.0
"""Seconds after which something that never settles fails its test."""
_POLL = 0.004
"""Seconds between two looks at what another thread does."""
_FRAME = 1 / 50
"""Seconds after which an app has taken up another size and a screen has drawn it."""
_EVERY_FRAME = os.environ.get("DBTLS_THOROUGH", "0") not in ("", "0")
"""Read before the tests clean the environment. Else only what somebody looks at is drawn, which is a third faster."""
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
    """Returns the knowledge, loaded and prepared once for all tests, as the program finds it in its cache."""
    loaded = load(knowledge_folder())
    return msgspec.structs.replace(loaded, prepared=Matcher(loaded).prepared)


def run(scene: Coroutine[None, None, Result]) -> Result:
    """Plays a scene from a test that is no coroutine itself."""
    return asyncio.run(scene)


class Driver:
    """A running wizard."""

    def __init__(self, app: WizardApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    async def press(self, *keys: str, settle: bool = True) -> None:
        """Presses keys one after the other, and waits until everything that follows is done.

        Letters that go into a field follow each other as fast as a person's never do, which spares the most time.
        """
        letters = False
        for key in keys:
            character = _CHARACTERS.get(key, key if len(key) == 1 else None)
            typed = settle and character is not None and isinstance(self.app.focused, Input)
            if letters and not typed:
                await self.settle()
            # The pilot's own press waits until this process is idle, which costs ten times as much.
            self.app.post_message(events.Key(key, character))
            if settle and not typed:
                await self.settle()
            letters = typed
        if letters:
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
        assert self.app._driver is not None
        self.app._driver._size = (width, height)
        # As `Pilot.resize_terminal` does it, which then waits until this process is idle.
        self.app.post_message(events.Resize(geometry.Size(width, height), geometry.Size(width, height)))
        # Not until all is quiet: in a terminal of one cell it may never be.
        await (self.settle() if settle else asyncio.sleep(_FRAME))

    async def settle(self, *, besides: str | None = None) -> None:
        """Waits until no worker runs, all messages are handled and everything is laid out and painted.

        Args:
            besides: the name of a kind of work that may go on, such as probes that hang.
        """
        async with asyncio.timeout(DEADLINE):
            while True:
                await self._quiet()
                if self._paint() or not await self._free():
                    continue
                behind = any(one._update_timer._active.is_set() for one in self.app._background_screens)
                if not behind and not self._busy(besides):
                    return
                await asyncio.sleep(_POLL)

    async def _quiet(self) -> None:
        """Waits until nothing in this thread can go on: each task waits for a timer, another thread or a message."""
        # Asyncio tells nobody that it is idle; what it would run next is all that shows it.
        ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        while ready:
            await asyncio.sleep(0)

    async def _free(self) -> bool:
        """Waits while the app, its screen or the keys are in the middle of something; returns whether none was."""
        # To parse Markdown is a thread's work that no worker tells of, and the app waits for it.
        handled = 0

        def count() -> None:
            nonlocal handled
            handled += 1

        # The line of keys is taken apart and made anew in its own time, and is empty meanwhile.
        pumps = (self.app, self.app.screen, *self.app.screen.query(KeyLine))
        asked = sum(pump.call_later(count) for pump in pumps)
        await self._quiet()
        free = handled == asked
        while handled < asked and not self._ended:
            await asyncio.sleep(_POLL)
        return free or self._ended

    @property
    def _ended(self) -> bool:
        return self.app._exit or self.app._exception is not None

    def _paint(self) -> bool:
        """Does at once what app and screen would do with the next frame; returns whether there was anything to do."""
        screen = self.app.screen
        due = (
            screen._layout_required
            or screen._scroll_required
            or screen._repaint_required
            or screen._recompose_required
            or bool(screen._dirty_widgets or screen._callbacks)
        )
        if self.app._resize_event is not None:
            self.app._check_resize()
            return True
        if due:
            screen._on_timer_update()
        return due

    def _busy(self, besides: str | None) -> list[str]:
        return [
            worker.name for worker in self.app.workers if not worker.is_finished and worker.name != besides
        ]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Waits until something holds, while work may still go on."""
        async with asyncio.timeout(DEADLINE):
            while not holds():
                await asyncio.sleep(_POLL)

    def _strips(self) -> list[Strip]:
        # What the app's own screenshot is made from; there is no public way to it.
        compositor, behind = self.app.screen._compositor, self.app._background_screens
        drawn = compositor.render_update(full=True, screen_stack=behind)
        assert isinstance(drawn, LayoutUpdate)
        return [Strip.join(row) for row in drawn.strips]

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
    frames: bool = _EVERY_FRAME,
) -> AsyncIterator[Driver]:
    """Starts a wizard in a terminal that is not there, and ends it.

    Args:
        size: columns and rows.
        bench: its workbench; without one, a fake that has nothing recorded.
        opening: tells where it opens, and what is known already.
        watch: is told of every message.
        now: the moment, where a server makes its certificate while the test runs.
        frames: draws every frame, as on a terminal, and not only what is looked at; drawing may change a layout.
    """
    if "DBTLS_STATE_DIR" not in os.environ:
        raise RuntimeError("DBTLS_STATE_DIR is not set: these tests would change what you have kept")
    known()  # an error in the knowledge shall not look like one of the wizard
    app = WizardApp(known, bench=bench or faked("postgresql-healthy"), opening=opening, now=now)
    app.animation_level = "none"
    running = app.run_test(size=size, notifications=True, message_hook=_without_blinking(watch))
    with nullcontext() if frames else _drawn_where_looked_at():
        async with running as pilot:
            driver = Driver(app, pilot)
            try:
                await driver.settle()
                yield driver
            except ScreenStackError as ended:
                raise app.crash or ended from ended


@contextmanager
def _drawn_where_looked_at() -> Iterator[None]:
    """Draws nothing that goes nowhere: a terminal that is not there gets no frames."""
    draw = Compositor.render_update

    def unless_unseen(
        self: Compositor,
        full: bool = False,
        screen_stack: list[Screen[object]] | None = None,
        simplify: bool = False,
    ) -> RenderableType | None:
        if full:
            return draw(self, full=full, screen_stack=screen_stack, simplify=simplify)
        self._dirty_regions.clear()
        return None

    with patch.object(Compositor, "render_update", unless_unseen):
        yield


def _without_blinking(watch: Callable[[Message], None] | None) -> Callable[[Message], None]:
    """Returns what is told of every message, and makes the cursor of each field stand still."""

    def told(message: Message) -> None:
        if isinstance(message, events.Mount) and isinstance(message._sender, Input | TextArea):
            message._sender.cursor_blink = False
        if watch is not None:
            watch(message)

    return told
