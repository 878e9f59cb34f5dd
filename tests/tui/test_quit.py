"""Ctrl+Q ends the wizard at once, whatever still hangs, and leaves the terminal as it was."""

from __future__ import annotations

import os
import pty
import re
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0
"""Seconds; a twentieth of what the probe would wait for its answer."""
CTRL_C, CTRL_Q = b"\x03", b"\x11"
ALTERNATE_SCREEN, NO_CURSOR = "1049", "25"


class Terminal:
    """A terminal with a wizard in it."""

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self.process = process
        self._master = master
        self.shown = b""

    def press(self, key: bytes) -> None:
        """Sends what a key sends."""
        os.write(self._master, key)

    def read_until(self, words: bytes) -> None:
        """Reads until some words have been shown."""
        deadline = time.monotonic() + PATIENCE
        while words not in self.shown:
            assert time.monotonic() < deadline, f"{words!r} never came: {self.shown[-2000:]!r}"
            assert self._read(), f"it ended before {words!r}: {self.shown[-2000:]!r}"

    def read_to_the_end(self) -> int:
        """Reads all that still comes; returns the exit status."""
        deadline = time.monotonic() + PATIENCE
        while self._read():
            assert time.monotonic() < deadline, "it does not end"
        return self.process.wait(PATIENCE)

    def _read(self) -> bool:
        if not select.select([self._master], [], [], PATIENCE)[0]:
            return False
        try:
            read = os.read(self._master, 65536)
        except OSError:  # Linux says so when nothing has the other end open any more
            return False
        self.shown += read
        return bool(read)

    def left_on(self) -> set[str]:
        """Returns the modes of the terminal (DECSET) that were switched on and not off again."""
        on: set[str] = set()
        for modes, switch in re.findall(rb"\x1b\[\?([\d;]+)([hl])", self.shown):
            told = set(modes.decode().split(";"))
            on = on | told if switch == b"h" else on - told
        return on


@contextmanager
def wizard(*arguments: str) -> Iterator[Terminal]:
    """Starts dbtls in a terminal of its own."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "wizard", *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=ROOT,
        env={
            **os.environ,
            "TERM": "xterm-256color",
            "COLUMNS": "80",
            "LINES": "24",
            "PYTHONIOENCODING": "utf-8",
        },
        start_new_session=True,
    )
    os.close(slave)
    try:
        yield Terminal(process, master)
    finally:
        process.kill()
        process.wait()
        os.close(master)


@pytest.fixture
def silent_server() -> Iterator[tuple[int, threading.Event]]:
    """A port that accepts and says nothing, and what is set as soon as somebody is connected."""
    connected, over = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            client, _ = server.accept()
            with client:
                connected.set()
                over.wait(PATIENCE * 4)

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1], connected
        over.set()


def test_quitting_does_not_wait_for_a_probe(silent_server: tuple[int, threading.Event]) -> None:
    """A server that never answers holds a probe for ten minutes, but not the person; the terminal is restored."""
    port, connected = silent_server
    with wizard(f"postgresql://127.0.0.1:{port}", "--timeout", "600") as terminal:
        assert connected.wait(PATIENCE)
        terminal.read_until(b"Asking")
        assert {ALTERNATE_SCREEN} <= terminal.left_on()
        assert NO_CURSOR not in terminal.left_on()
        terminal.press(CTRL_Q)
        assert terminal.read_to_the_end() == 0
        assert ALTERNATE_SCREEN not in terminal.left_on()
        assert NO_CURSOR in terminal.left_on()
        assert b"Traceback" not in terminal.shown


def test_ctrl_c_does_not_end_the_wizard() -> None:
    """It copies a selection elsewhere, so it may be pressed by habit: it says how to quit, and all goes on."""
    with wizard() as terminal:
        terminal.read_until(b"palette")
        terminal.press(CTRL_C)
        terminal.read_until(b"quit")
        terminal.press(b"2")
        terminal.read_until(b"reach")
        assert terminal.process.poll() is None
        terminal.press(CTRL_Q)
        assert terminal.read_to_the_end() == 0
