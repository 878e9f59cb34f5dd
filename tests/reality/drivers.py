"""The drivers of all languages: what can be run here, and one living process for each driver and environment."""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import TracebackType

import msgspec

HERE = Path(__file__).parent
HOME = Path(os.environ.get("DBTLS_REALITY_HOME") or Path.home() / ".cache" / "dbtls-reality")
"""Everything is installed in here, outside the work tree. Read once: tests get another home directory."""
GRACE = 5.0
"""Seconds that a program has beyond the deadline it was given, until it is killed."""
FROM_OUTSIDE = ("PATH", "JAVA_HOME", "DOTNET_ROOT", "TMPDIR")
"""All that a driver sees of the environment of whoever runs the tests."""
ANSWER_LIMIT = 1 << 20
HUNG, CRASHED = "hung:", "crashed:"
"""How the runner's own errors begin."""


class OptionSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way to set up a driver; `{root}`, `{other}`, `{leaf}` and `{chain}` stand for files in PEM."""

    options: dict[str, str] = {}
    environment: dict[str, str] = {}


class Driver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry of a language's drivers.json.

    Attributes:
        driver: its name.
        client: the id of the client in the knowledge.
        engines: the servers that it speaks to.
        command: the program; `{here}` is the language's folder in the tree, `{home}` the one that `setup` makes,
            `{python}` the running interpreter.
        needs: programs that have to be installed besides.
        module: for Python, the module that has to be importable; also in the running interpreter, where `setup`
            was not run.
        fresh: a new process for each attempt, since the driver keeps something of the one before.
        option_sets: how it is set up.
        language: the name of the language's folder; not in the file.
    """

    driver: str
    client: str
    engines: tuple[str, ...]
    command: tuple[str, ...]
    needs: tuple[str, ...] = ()
    module: str | None = None
    fresh: bool = False
    option_sets: tuple[OptionSet, ...]
    language: str = ""

    @property
    def home(self) -> Path:
        """The folder that the language's `setup` makes."""
        return HOME / self.language

    def arguments(self) -> list[str]:
        """Returns the command to run; LookupError says what is missing for it."""
        here = str(HERE / self.language)
        command = [part.format(here=here, home=self.home, python=sys.executable) for part in self.command]
        if self.module and not _importable(command[0], self.module):
            if not _importable(sys.executable, self.module):
                raise LookupError(f"the module {self.module} is not installed; run {here}/setup")
            command[0] = sys.executable
        # A class path is a list of paths.
        for part in (path for text in command for path in text.split(os.pathsep)):
            if part.startswith("/") and not Path(part).exists():
                raise LookupError(f"{part} does not exist; run {here}/setup")
        for program in (command[0], *self.needs):
            if shutil.which(program) is None:
                raise LookupError(f"{program} is not installed")
        if not self.module and any("{home}" in part for part in self.command) and not self.home.is_dir():
            raise LookupError(f"{self.home} does not exist; run {here}/setup")
        return command


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to connect, as a program reads it."""

    host: str
    port: int
    user: str
    password: str
    database: str | None
    options: dict[str, str]
    seconds: int = 10


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an attempt; `encrypted` and `tls` are what the server said of the session."""

    connected: bool
    encrypted: str | None = None
    tls: str | None = None
    error: str | None = None
    version: str | None = None

    @property
    def broke(self) -> bool:
        """Whether these are the runner's words about a program that gave no answer."""
        return (self.error or "").startswith((HUNG, CRASHED))


def load(folder: Path = HERE) -> list[Driver]:
    """Returns the drivers of all languages, by the order of their folders."""
    return [
        msgspec.structs.replace(driver, language=file.parent.name)
        for file in sorted(folder.glob("*/drivers.json"))
        for driver in msgspec.json.decode(file.read_bytes(), type=list[Driver])
    ]


def set_up(language: str) -> str | None:
    """Runs a language's `setup`; returns what is missing, or None where all is ready."""
    done = subprocess.run(
        [str(HERE / language / "setup")],
        env={**os.environ, "DBTLS_REALITY_HOME": str(HOME)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    told = done.stderr.strip().splitlines()
    if done.returncode == 0 and not told:
        return None
    return told[-1] if told else f"setup ended with exit status {done.returncode}"


@cache
def _importable(interpreter: str, module: str) -> bool:
    try:
        done = subprocess.run(
            [interpreter, "-c", f"import {module}"], capture_output=True, timeout=60, check=False
        )
    except OSError:
        return False
    return done.returncode == 0


class Program:
    """A driver program that answers one request after another, and is replaced when it hangs or crashes."""

    def __init__(self, command: list[str], environment: Mapping[str, str], folder: Path) -> None:
        """Starts nothing yet.

        Args:
            command: the program and its arguments.
            environment: what it sees besides `FROM_OUTSIDE`.
            folder: an empty home for it.
        """
        self._command = command
        outside = {name: os.environ[name] for name in FROM_OUTSIDE if name in os.environ}
        fixed = {"HOME": str(folder), "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
        self._environment = {**outside, **fixed, **environment}
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._noise = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as this

    def __enter__(self) -> Program:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        self._noise.close()

    def ask(self, request: Request) -> Answer:
        """Returns the answer to a request; a hang and a crash are answers, too."""
        process = self._process or self._start()
        assert process.stdin is not None
        try:
            process.stdin.write(msgspec.json.encode(request) + b"\n")
            process.stdin.flush()
            line = self._line(process, time.monotonic() + request.seconds + GRACE)
        except TimeoutError:
            self._end()
            return Answer(connected=False, error=f"{HUNG} no answer in {request.seconds + GRACE:g} s")
        except OSError:
            line = b""
        try:
            return msgspec.json.decode(line, type=Answer)
        except msgspec.DecodeError:
            status = self._end()
            return Answer(
                connected=False, error=f"{CRASHED} exit status {status}\n{self._last_noise()}".strip()
            )

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._noise,
            env=self._environment,
            cwd=self._folder,
            start_new_session=True,
        )
        return self._process

    def _line(self, process: subprocess.Popen[bytes], deadline: float) -> bytes:
        """Returns one line, or what there is at the end of the output; TimeoutError at the deadline."""
        assert process.stdout is not None
        data = b""
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while not data.endswith(b"\n") and len(data) < ANSWER_LIMIT:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError
                more = os.read(process.stdout.fileno(), 1 << 16)
                if not more:
                    break
                data += more
        return data

    def _end(self) -> int | None:
        """Ends the program and whatever it started; returns its exit status."""
        process, self._process = self._process, None
        if process is None:
            return None
        with process:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(BrokenPipeError):
                        pipe.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.5)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
        return process.returncode

    def _last_noise(self) -> str:
        self._noise.seek(0)
        return "\n".join(self._noise.read().decode("utf-8", "replace").splitlines()[-5:])


def languages() -> Iterator[str]:
    """Gives the names of the languages that have drivers."""
    for file in sorted(HERE.glob("*/drivers.json")):
        yield file.parent.name
