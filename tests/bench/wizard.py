"""How fast the wizard is to the hand: `python -m tests.bench.wizard` prints it. Asserts nothing.

First frame, key press to screen while probes run, a paste of a megabyte, and what fifty cases leave in memory; each
in the real program in a terminal of its own.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import statistics
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wizard.knowledge.cache import knowledge
from wizard.lab.server import serve

RUNS = 7
PASTE = (
    "2026-11-21 10:00:00 spid51 Login succeeded for user 'app'. Connection made using SQL authentication.\r\n"
)
REASON = "error: 0 - The certificate chain was issued by an authority that is not trusted.\r\n"


class Terminal:
    """The program in a pseudo-terminal of 80 columns and 24 rows."""

    def __init__(self, *arguments: str) -> None:
        self.began = time.monotonic()
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm-256color"
            os.execv(sys.executable, [sys.executable, "-m", "wizard", *arguments])  # noqa: S606
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.shown = b""

    def until(self, words: str, seconds: float = 20.0) -> float:
        """Reads until `words` were shown since the last call; returns the seconds since the start."""
        end, wanted = time.monotonic() + seconds, words.encode()
        while wanted not in self.shown:
            if time.monotonic() > end:
                raise TimeoutError(f"'{words}' was not shown; the end was {self.shown[-2000:]!r}")
            self._read(0.05)
        now = time.monotonic() - self.began
        self.shown = b""
        return now

    def reaction(self, keys: str) -> float:
        """Sends keys and returns the milliseconds until something is drawn."""
        while self._read(0.02):
            pass
        sent = time.monotonic()
        os.write(self.descriptor, keys.encode())
        while not self._read(0.5):
            pass
        return (time.monotonic() - sent) * 1000

    def send(self, text: str) -> None:
        """Sends keys or a paste, reading meanwhile so that neither side waits for the other."""
        data = text.encode()
        while data:
            readable, writable, _ = select.select([self.descriptor], [self.descriptor], [], 1)
            if readable:
                self._read(0)
            if writable:
                data = data[os.write(self.descriptor, data[:4096]) :]

    def memory(self) -> float:
        """Returns the resident memory in MB."""
        status = Path(f"/proc/{self.pid}/status").read_text("ascii")
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]

    def end(self) -> None:
        """Quits."""
        os.write(self.descriptor, b"\x11")
        while self._read(1):
            pass
        os.waitpid(self.pid, 0)

    def _read(self, seconds: float) -> bool:
        if not select.select([self.descriptor], [], [], seconds)[0]:
            return False
        try:
            got = os.read(self.descriptor, 65536)
        except OSError:
            return False
        self.shown += got
        return bool(got)


@contextmanager
def terminal(*arguments: str) -> Iterator[Terminal]:
    """Runs the program and quits it."""
    opened = Terminal(*arguments)
    try:
        yield opened
    finally:
        opened.end()


def first_frames() -> list[float]:
    """Returns the seconds from the command to the three doors, of each run."""
    with state_of_its_own():
        return [_first_frame() for _ in range(RUNS)]


def _first_frame() -> float:
    with terminal() as shown:
        return shown.until("I have an error message")


def keys_while_probing() -> None:
    """Prints how long a key takes to show while a silent server is asked."""
    with (
        serve(knowledge().scenario("postgresql/timed-out")) as server,
        terminal(f"postgresql://{server.host}:{server.port}", "--timeout", "20") as shown,
    ):
        shown.until("Asking the server")
        times = [shown.reaction("\x1b[B" if number % 2 else "\x1b[A") for number in range(40)]
    print(f"key while probing     {statistics.median(times):6.0f} ms  (slowest {max(times):.0f})")


def megabyte() -> None:
    """Prints how long a log of a megabyte takes to be recognised, and a key meanwhile."""
    half = PASTE * (500_000 // len(PASTE))
    with terminal() as shown:
        shown.until("I have an error message")
        shown.send("1")
        shown.until("Paste the error message")
        began = time.monotonic()
        shown.send(f"\x1b[200~{half}{REASON}{half}\x1b[201~")
        sent = time.monotonic() - began
        shown.until("does not trust who issued")
        took = time.monotonic() - began
    print(f"paste of 1 MB         {took:6.2f} s   (of which sending it {sent:.2f})")


def fifty_cases() -> None:
    """Prints the memory after the first case and after fifty more."""
    with serve(knowledge().scenario("mysql/certificate-expired")) as server, terminal() as shown:
        shown.until("I have an error message")
        first = 0.0
        for number in range(51):
            shown.send("2")
            shown.until("Which server?")
            shown.send(f"mysql://{server.host}:{server.port}\r")
            shown.until("Press Enter for the verdict")
            shown.send("\r")
            shown.until("What shows it")
            shown.send("\r")
            shown.until("Intermediate")
            for below in ("What shows it", "facts found", "Which server?", "Practise"):
                shown.send("\x1b")
                shown.until(below)
            if number == 0:
                first = shown.memory()
        last = shown.memory()
    print(f"memory                {last:6.0f} MB  (first case {first:.0f}, fifty more {last - first:+.0f})")


@contextmanager
def state_of_its_own() -> Iterator[None]:
    """Keeps the cases of the person out of it, and these out of the person's."""
    with tempfile.TemporaryDirectory() as folder:
        before = os.environ.get("DBTLS_STATE_DIR")
        os.environ["DBTLS_STATE_DIR"] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ["DBTLS_STATE_DIR"]
            else:
                os.environ["DBTLS_STATE_DIR"] = before


def main() -> None:
    """Prints everything."""
    times = first_frames()
    print(f"first frame           {statistics.median(times):6.2f} s   ({min(times):.2f} to {max(times):.2f})")
    with state_of_its_own():
        for measure in (keys_while_probing, megabyte, fifty_cases):
            measure()


if __name__ == "__main__":
    main()
