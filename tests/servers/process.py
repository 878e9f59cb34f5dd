"""Server processes of the tests: run by an ordinary user, waited for, and ended."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 60
"""A loaded machine takes long to start a database; only a broken server ever waits for this."""

LAX_OPENSSL = """openssl_conf = settings
[settings]
ssl_conf = ssl
[ssl]
system_default = everything
[everything]
CipherString = DEFAULT:@SECLEVEL=0
"""
"""Settings of OpenSSL that take 1024-bit keys and MD5 signatures."""

STOP_SECONDS = 30

MEMORY = Path("/dev/shm")
MEMORY_WANTED = 2 << 30
"""Bytes: some servers at the same time, in each of some processes of the tests."""


class StartError(RuntimeError):
    """A server ended or stayed silent; carries the end of its log."""


@dataclass(frozen=True)
class Account:
    """Who runs a server: database servers refuse root.

    Attributes:
        name: the account, or None for whoever runs the tests.
        uid: its user id.
        gid: its group id.
    """

    name: str | None
    uid: int
    gid: int

    @classmethod
    def for_server(cls, preferred: str) -> Account:
        """Returns the account for a server: our own, or for root the server's usual one or `nobody`."""
        if os.geteuid() != 0:
            return cls(None, os.geteuid(), os.getegid())
        for name in (preferred, "nobody"):
            with contextlib.suppress(KeyError):
                entry = pwd.getpwnam(name)
                return cls(name, entry.pw_uid, entry.pw_gid)
        raise StartError(f"this machine has neither the user {preferred} nor nobody")

    def owns(self, path: Path, mode: int) -> Path:
        """Gives a path to this account; returns it."""
        path.chmod(mode)
        os.chown(path, self.uid, self.gid)
        return path

    def write(self, path: Path, content: bytes | str) -> Path:
        """Writes a file that only this account can read; returns its path."""
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return self.owns(path, 0o600)

    def copy(self, template: Path, to: Path) -> Path:
        """Copies a data directory that this account has made; returns the copy, which is its own too."""
        # One process: a data directory has a thousand files.
        subprocess.run(["cp", "-Rp", str(template), str(to)], check=True)
        return self.owns(to, 0o700)

    def run(self, command: list[str], *, home: Path) -> None:
        """Runs a program to its end as this account; StartError carries what it said if it fails."""
        with self.start(command, home=home, log=home / "setup.log") as process:
            if process.wait(START_SECONDS) != 0:
                raise StartError(f"{command[0]} failed:\n{_tail(home / 'setup.log')}")

    @contextlib.contextmanager
    def start(
        self,
        command: list[str],
        *,
        home: Path,
        log: Path,
        stop: signal.Signals = signal.SIGTERM,
        lax: bool = False,
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Starts a program as this account in a bare environment; ends it by `stop` when the context ends.

        `lax` lets its OpenSSL take weak keys and signatures; this machine's own settings stay as they are.
        """
        environment = {"PATH": os.defpath, "HOME": str(home), "LC_ALL": "C"}
        if lax:
            environment["OPENSSL_CONF"] = str(self.owns(self.write(home / "openssl.cnf", LAX_OPENSSL), 0o644))
        with (
            log.open("ab") as output,
            subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=home,
                env=environment,
                user=self.uid if self.name else None,
                group=self.gid if self.name else None,
                extra_groups=[] if self.name else None,
            ) as process,
        ):
            try:
                yield process
            finally:
                process.send_signal(stop)
                try:
                    process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()


@contextlib.contextmanager
def workplace(prefix: str) -> Iterator[Path]:
    """A directory that other accounts may enter. Short, since the path of a Unix socket ends at 107 bytes.

    In memory where there is room: nothing of a server outlives its test, and it writes a lot when it starts.
    """
    with tempfile.TemporaryDirectory(prefix=prefix, dir=_in_memory(), ignore_cleanup_errors=True) as made:
        path = Path(made)
        path.chmod(0o755)
        yield path


def _in_memory() -> Path | None:
    """The folder of the memory that processes share, or None where it has no room for some servers."""
    roomy = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > MEMORY_WANTED
    return MEMORY if roomy else None


def free_port() -> int:
    """Returns a TCP port of the loopback that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Waits until a server says that it is ready, without connecting to it; StartError otherwise."""
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise StartError(f"the server did not start:\n{_tail(log)}")
        time.sleep(0.02)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
