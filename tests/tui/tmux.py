"""Runs the wizard as a person does: in a shell, in a terminal. The terminal is a tmux of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import programs

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0
"""Seconds after which what does not show is held to be missing."""
PROMPT = "ready>"
_POLL_S = 0.05
_STARTER = "dbtls"
"""The name of the program in the folder of the shell."""


class Terminal:
    """A terminal with a shell in it."""

    def __init__(self, tmux: Path, folder: Path) -> None:
        self._tmux = tmux
        self._socket = f"dbtls-{uuid.uuid4().hex}"
        self._folder = folder
        self._recorded = folder / "recorded"

    def open(self, width: int, height: int) -> None:
        """Starts the shell."""
        starter = self._folder / _STARTER
        starter.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m wizard "$@"\n')
        starter.chmod(0o755)
        # A server without a session would end at once, so all of it is one call.
        size = ("-x", str(width), "-y", str(height))
        shell = f"exec env ENV= PS1='{PROMPT} ' sh"
        self._run(
            *("set-option", "-g", "status", "off", ";"),
            *("set-option", "-s", "set-clipboard", "on", ";"),
            *("set-option", "-s", "escape-time", "0", ";"),
            *("set-option", "-g", "default-terminal", "tmux-256color", ";"),
            *("new-session", "-d", *size, "-c", str(self._folder), shell, ";"),
            *("pipe-pane", f"exec cat >'{self._recorded}'"),
        )
        self.until(PROMPT)

    def close(self) -> None:
        """Ends everything in it."""
        self._run("kill-server", check=False)

    def start(self, arguments: str = "", *, before: str = "") -> None:
        """Types the command that starts the wizard; its exit status is shown behind `status=`."""
        self.line(f"{before} ./{_STARTER} {arguments}; echo status=$?".strip())

    def line(self, command: str) -> None:
        """Types a line and presses Enter."""
        self.type(command)
        self.press("Enter")

    def type(self, text: str) -> None:
        """Sends a text as keys, as fast as the terminal takes them; a line feed is an Enter key."""
        self._run("send-keys", "-l", "--", text.replace("\n", "\r"))

    def press(self, *keys: str) -> None:
        """Presses keys, by the names that tmux gives them."""
        self._run("send-keys", *keys)

    def click(self, words: str) -> None:
        """Clicks with the mouse on the first place where some words are."""
        rows = self.screen().splitlines()
        row, column = next((y, text.index(words)) for y, text in enumerate(rows, 1) if words in text)
        # SGR mouse mode (xterm's ctlseqs, "Extended coordinates"): press and release of the left button.
        self.type(f"\x1b[<0;{column + 2};{row}M\x1b[<0;{column + 2};{row}m")

    def paste(self, text: str) -> None:
        """Pastes as this terminal does it; the wizard asks for marks around a paste, so it gets them."""
        self._run("load-buffer", "-b", "pasted", "-", given=text)
        self._run("paste-buffer", "-p", "-d", "-b", "pasted")

    def clipboard(self) -> str:
        """Returns what the program has put into the terminal's clipboard (OSC 52)."""
        return self._run("show-buffer", check=False)

    def resize(self, width: int, height: int) -> None:
        """Gives the terminal another size."""
        self._run("resize-window", "-x", str(width), "-y", str(height))

    def screen(self) -> str:
        """Returns what is on the screen, row by row."""
        return self._run("capture-pane", "-p")

    def told(self, name: str) -> str:
        """Returns what tmux tells about this terminal, by the name of one of its formats."""
        return self._run("display-message", "-p", f"#{{{name}}}").strip()

    def sent(self) -> bytes:
        """Returns everything that came to the terminal since it was opened."""
        return self._recorded.read_bytes()

    def left_on(self) -> set[str]:
        """Returns the modes of the terminal (DECSET) that were switched on and not off again."""
        on: set[str] = set()
        for modes, switch in re.findall(rb"\x1b\[\?([\d;]+)([hl])", self.sent()):
            told = set(modes.decode().split(";"))
            on = on | told if switch == b"h" else on - told
        return on

    def until(self, *words: str, gone: str | None = None) -> str:
        """Waits until all of some words are on the screen, and others are gone; returns the screen.

        Words may be broken over lines, where nothing stands beside them.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            screen = self.screen()
            flat = " ".join(screen.split())
            if all(one in flat for one in words) and (gone is None or gone not in flat):
                return screen
            assert time.monotonic() < deadline, f"{words} never came, or {gone!r} stays:\n{screen}"
            time.sleep(_POLL_S)

    def until_rows(self, hold: Callable[[list[str]], bool]) -> None:
        """Waits until something holds of the rows of the screen."""
        deadline = time.monotonic() + PATIENCE
        while not hold((screen := self.screen()).split("\n")[:-1]):
            assert time.monotonic() < deadline, f"this screen is not as it should be:\n{screen}"
            time.sleep(_POLL_S)

    def until_over(self, status: int = 0) -> None:
        """Waits until the wizard has ended, with an exit status, and the shell is there as it was."""
        self.until(f"status={status} {PROMPT}")

    def _run(self, *arguments: str, given: str | None = None, check: bool = True) -> str:
        done = subprocess.run(
            [str(self._tmux), "-u", "-L", self._socket, "-f", os.devnull, *arguments],
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            encoding="utf-8",
            env=dict(os.environ),  # importing readline puts the size of another terminal beside it
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0 or not check, f"tmux {arguments[0]}: {done.stderr}"
        return done.stdout


@contextmanager
def terminal(folder: Path, width: int = 80, height: int = 24) -> Iterator[Terminal]:
    """Opens a terminal with a shell, and ends whatever still runs in it.

    Args:
        folder: where the shell works.
        width: columns.
        height: rows.

    Raises:
        MissingProgramError: there is no tmux on this machine.
    """
    opened = Terminal(programs.find("tmux"), folder)
    try:
        opened.open(width, height)
        yield opened
    finally:
        opened.close()
