"""Runs whole programs: how long they take, how much memory they hold, how many connections they open."""

from __future__ import annotations

import contextlib
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

LONGEST_RUN = 900
"""Seconds after which a command is given up."""

ENOUGH_SECONDS = 40
"""A command that has run for so long altogether is not run again."""

# A child's peak memory includes what its parent held when it forked, so a bare interpreter starts it. The alarm goes
# on through exec, so that a command which never ends leaves nothing behind.
MEMORY = f"""
import os, signal, subprocess, sys
null = subprocess.DEVNULL
limit = lambda: signal.alarm({LONGEST_RUN})
child = subprocess.Popen(sys.argv[1:], stdin=null, stdout=null, stderr=null, preexec_fn=limit)
_, status, usage = os.wait4(child.pid, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss)
"""


class GivenUpError(Exception):
    """A command did not end."""


def dbtls(*arguments: str) -> list[str]:
    """Returns our command: the console script of this environment, else the module."""
    script = Path(sys.executable).with_name("dbtls")
    return [str(script), *arguments] if script.exists() else [sys.executable, "-m", "wizard", *arguments]


def status_and_memory(command: list[str]) -> tuple[int, float]:
    """Runs a command once; returns its exit status and its peak resident memory in MiB.

    Raises:
        GivenUpError: it did not end.
    """
    launcher = [sys.executable, "-I", "-S", "-c", MEMORY, *command]
    done = subprocess.run(launcher, capture_output=True, text=True, check=True)
    status, peak = map(int, done.stdout.split())
    if status == -signal.SIGALRM:
        raise GivenUpError
    # Linux counts KiB, macOS bytes.
    return status, peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def seconds_of(command: list[str], runs: int) -> list[float]:
    """Returns the seconds of each run as a whole process; fewer runs of a command that takes very long.

    Raises:
        GivenUpError: it did not end.
    """
    seconds: list[float] = []
    quiet = subprocess.DEVNULL
    while len(seconds) < runs and sum(seconds) < ENOUGH_SECONDS:
        start = time.perf_counter()
        with subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet) as process:
            # Python's own time limit looks every 50 ms whether a process has ended, which would be half of a start.
            limit = threading.Timer(LONGEST_RUN, process.kill)
            limit.start()
            process.wait()
            limit.cancel()
        seconds.append(time.perf_counter() - start)
        if seconds[-1] > LONGEST_RUN:
            raise GivenUpError
    return seconds


def milliseconds(work: Callable[[], object], runs: int = 5) -> float:
    """Returns the median time of the work."""
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


@dataclass
class Relay:
    """Stands in front of a server and counts the connections; hands everything on.

    It has the server's port on another loopback address, since some programs guess the service by the port.
    """

    port: int
    host: str = "127.0.0.2"
    opened: int = 0
    _listener: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        self._listener = socket.create_server((self.host, self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Takes no more connections."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.opened += 1
            server = socket.create_connection(("127.0.0.1", self.port))
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=_hand_on, args=(one, other), daemon=True).start()


def _hand_on(source: socket.socket, to: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            to.sendall(data)
    with contextlib.suppress(OSError):
        to.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def relay(port: int) -> Iterator[Relay | None]:
    """A relay in front of this port; None where this machine has only one loopback address."""
    try:
        found = Relay(port)
    except OSError:
        yield None
        return
    try:
        yield found
    finally:
        found.close()
