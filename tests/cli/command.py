"""Runs dbtls as other programs do: as a process, without a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import NamedTuple

import msgspec

from wizard.lab.server import LabServer

Document = dict[str, object]


class Ran(NamedTuple):
    """What a process printed and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Document:
        """The one JSON document on stdout."""
        return msgspec.json.decode(self.out, type=dict[str, object])


def dbtls(*arguments: str, stdin: str | None = "", **environment: str) -> Ran:
    """Runs dbtls. `stdin` None closes it."""
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
