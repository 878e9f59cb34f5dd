"""Runs dbtls as other programs do, without a terminal: as a process, or within this one, which costs no start."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from typing import NamedTuple
from unittest import mock

import msgspec

from wizard.cli import main
from wizard.lab.server import LabServer

Document = dict[str, object]


class Ran(NamedTuple):
    """What a run printed and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Document:
        """The one JSON document on stdout."""
        return msgspec.json.decode(self.out, type=dict[str, object])


def dbtls(*arguments: str, stdin: str | None = "", **environment: str) -> Ran:
    """Runs dbtls within this process, on streams as pipes are; `stdin` None has nothing to read.

    That a process of its own prints the same is held in test_command.py.
    """
    encoding = environment.get("PYTHONIOENCODING", "utf-8")
    typed = io.TextIOWrapper(io.BytesIO((stdin or "").encode()), encoding)
    out, err = _pipe(encoding), _pipe(encoding, "backslashreplace")
    with (
        mock.patch.multiple(sys, stdin=typed, stdout=out, stderr=err),
        mock.patch.dict(os.environ, environment),
        mock.patch.object(main, "_hide_arguments"),  # the name of this process is that of the tests
    ):
        status = main.run(arguments)
    return Ran(int(status), _printed(out), _printed(err))


def process(*arguments: str, stdin: str | None = "", **environment: str) -> Ran:
    """Runs dbtls as a process of its own. `stdin` None closes it."""
    done = subprocess.run(
        [sys.executable, "-m", "wizard", *arguments],
        input=stdin if stdin is not None else None,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def check(server: LabServer, *arguments: str) -> Ran:
    """Runs `dbtls check --json` against a lab server as the scenario's client would."""
    trust = ("--ca-file", str(server.ca_file)) if server.ca_file else ()
    target = f"{server.scenario.engine}://{server.host}:{server.port}"
    return dbtls(
        "check", target, "--json", "--server-name", server.server_name, *trust, "--timeout", "1", *arguments
    )


def _pipe(encoding: str, errors: str = "strict") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding, errors)


def _printed(stream: io.TextIOWrapper) -> str:
    stream.flush()
    written = stream.buffer
    assert isinstance(written, io.BytesIO)
    return written.getvalue().decode()
