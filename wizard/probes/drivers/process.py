"""Runs a driver in a child process: the password goes through its stdin, and it is killed at the deadline.

A driver may hang in native code, where no thread can be stopped.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event
from typing import IO

import msgspec

import wizard
from wizard.model.login import Login
from wizard.probes.drivers.request import Message, Request
from wizard.probes.threads import start

LONGEST_LINE = 1 << 20
"""Octets; the child cuts what a server sends far below that."""

_TICK = 0.05
if sys.platform == "win32":
    _NO_WINDOW = subprocess.CREATE_NO_WINDOW
else:
    _NO_WINDOW = 0
_STEERING = (
    "PG",
    "MYSQL",
    "LIBMYSQL",
    "MARIADB",
    "TDS",
    "FREETDS",
    "SQLCMD",
    "DBTLS_PASSWORD",
    "SSLKEYLOGFILE",
)
"""How the variables begin that would give a driver a login, an address or an option that nobody gave to this program.

SSL_CERT_FILE and SSL_CERT_DIR stay: they say what this machine trusts. SSLKEYLOGFILE has the keys of a session written.
"""


def messages(
    request: Request, login: Login | None, seconds: float, cancelled: Event, command: tuple[str, ...] = ()
) -> Iterator[Message | None]:
    """Yields what the child answers, and last None where it did not end by itself.

    Args:
        request: what to do; holds no password.
        login: whose password to hand over through the child's stdin.
        seconds: after which the child and all that it started are killed.
        cancelled: set from elsewhere to kill it at once.
        command: another child, for tests.
    """
    deadline = time.monotonic() + seconds
    # What a driver writes while it runs goes with this folder, also where it is killed.
    with tempfile.TemporaryDirectory(prefix="dbtls-", ignore_cleanup_errors=True) as folder:
        environment = _environment(request.ca_file) | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), folder)
        if request.queries and login is not None and not login.reveal():
            environment |= _own_password_file()
        yield from _messages(request, login, deadline, cancelled, command, environment)


def _messages(
    request: Request,
    login: Login | None,
    deadline: float,
    cancelled: Event,
    command: tuple[str, ...],
    environment: dict[str, str],
) -> Iterator[Message | None]:
    child = subprocess.Popen(
        command or (sys.executable, "-P", "-m", "wizard.probes.drivers.child"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        # No terminal that it could ask for a password; elsewhere than on Windows also one group to kill.
        start_new_session=True,
        creationflags=_NO_WINDOW,
    )
    lines: SimpleQueue[bytes] = SimpleQueue()
    try:
        start(lambda: _read(child.stdout, lines), "driver")
        _hand_over(child, request, login)
        yield from _until(lines, deadline, cancelled)
    finally:
        _kill(child)


def _hand_over(child: subprocess.Popen[bytes], request: Request, login: Login | None) -> None:
    envelope = {"request": request, "password": login.reveal() if login else None}
    assert child.stdin is not None  # noqa: S101 - a pipe was asked for above
    with contextlib.suppress(BrokenPipeError), child.stdin as stdin:
        stdin.write(msgspec.json.encode(envelope))


def _read(stdout: IO[bytes] | None, lines: SimpleQueue[bytes]) -> None:
    """Hands over each line, and an empty one at the end."""
    with contextlib.suppress(OSError, ValueError):  # the parent closed the pipe
        while stdout and (line := stdout.readline(LONGEST_LINE)):
            lines.put(line)
    lines.put(b"")


def _until(lines: SimpleQueue[bytes], deadline: float, cancelled: Event) -> Iterator[Message | None]:
    while not cancelled.is_set() and (left := deadline - time.monotonic()) > 0:
        try:
            line = lines.get(timeout=min(left, _TICK))
        except Empty:
            continue
        if not line:
            return
        with contextlib.suppress(ValueError, RecursionError):
            # A driver that writes to stdout itself is not believed: it is no JSON, no UTF-8, or nested without end.
            yield msgspec.json.decode(line, type=Message)
    yield None


def _kill(child: subprocess.Popen[bytes]) -> None:
    """Ends the child with all that it started; it is gone when this returns."""
    if sys.platform == "win32":
        child.kill()
    else:
        # The child is not waited for yet, so that its id is still its own.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    if child.stdout:
        child.stdout.close()


def _environment(ca_file: str | None) -> dict[str, str]:
    """Returns the child's environment: no passwords, English messages, and the chosen roots for OpenSSL's users."""
    environment = {
        name: value for name, value in os.environ.items() if not name.upper().startswith(_STEERING)
    }
    root = str(Path(wizard.__file__).parents[1])
    paths = [root, *filter(None, [environment.get("PYTHONPATH")])]
    environment |= {"PYTHONPATH": os.pathsep.join(paths), "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PGPASSFILE"] = str(Path(os.devnull) / "none")  # libpq warns of a file that is no plain one
    if ca_file is not None:
        # The roots stand in place of the system's, so that its folder must not add to them.
        environment |= {"SSL_CERT_FILE": ca_file, "SSL_CERT_DIR": os.devnull}
    return environment


def _own_password_file() -> dict[str, str]:
    """Returns where libpq finds the person's own passwords: PGPASSFILE, or the file that it reads by itself."""
    named = os.environ.get("PGPASSFILE")
    folder = Path(os.environ.get("APPDATA", "")) / "postgresql" if sys.platform == "win32" else Path.home()
    usual = folder / ("pgpass.conf" if sys.platform == "win32" else ".pgpass")
    return {"PGPASSFILE": named or str(usual)}
