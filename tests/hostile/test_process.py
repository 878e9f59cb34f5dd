"""The program as a process of its own, against hostile servers: small, in time, and it can be interrupted."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.asked import DOCUMENTED, MOST_MEMORY, SLACK, document_of, measured
from tests.hostile.behaviours import BEHAVIOURS
from tests.hostile.monsters import SHORT, certificate, chain, with_key
from tests.hostile.server import GREETING, HELLO, HOST, Script, a_byte_a_second, listening
from wizard.cli.terminal import Exit
from wizard.model.target import Engine

DEEDS = {one.does: one.deed for one in BEHAVIOURS}
CASES: dict[str, tuple[Script, str]] = {
    "a byte a second": (Script("mysql", GREETING, a_byte_a_second), "timed-out"),
    "hellos without end": (
        Script("sqlserver", HELLO, DEEDS["asks for hellos without end"]),
        "handshake-reset",
    ),
    "more than is read": (Script("mysql", chain=chain("more than is read")), "handshake-reset"),
    "2,000 names each": (Script("postgresql", chain=chain("2,000 names each")), "name-mismatch"),
    "half a megabyte": (Script("postgresql", chain=chain("escape codes")), "private-ca-not-trusted"),
}


def limited(script: Script, cause: str, engine: Engine) -> None:
    """Fails where a diagnosis takes too much, too long, or finds something else."""
    with listening(script) as port:
        status, peak, out = measured(
            "check", f"{engine}://{HOST}:{port}", "--json", "--timeout", "1", "--server-name", SHORT
        )
    document = document_of(out)
    assert peak < MOST_MEMORY
    assert status in DOCUMENTED
    assert cause in document.causes
    assert document.elapsed_ms < document.connections * 1000 + SLACK


@pytest.mark.parametrize("name", CASES)
def test_the_process_stays_small(name: str) -> None:
    """Below 100 MB, whatever is sent; the deadline is the one that was given."""
    script, cause = CASES[name]
    limited(script, cause, script.engine)


def test_the_process_stays_small_once_tls_is_up(tmp_path: Path) -> None:
    """A server that talks on without end after the handshake has shown its certificate all the same."""
    file = tmp_path / "server.pem"
    file.write_text(with_key((certificate(),)), "ascii")
    deed = next(one.deed for one in BEHAVIOURS if one.modern and one.does == "talks on")
    limited(Script("postgresql", deed=deed, modern=file), "private-ca-not-trusted", "postgresql")


def test_memory_is_that_of_the_command_alone() -> None:
    """What this process holds is not counted, and what the command holds is."""
    ballast = bytearray(MOST_MEMORY * 1024)
    small, large = (
        _peak(f"x = bytearray({size}); x[::4096] = b'x' * len(x[::4096])") for size in (0, 50_000_000)
    )
    assert small < MOST_MEMORY / 2 < large
    assert len(ballast) > large - small


def _peak(code: str) -> int:
    from tests.bench.processes import MEMORY

    launcher = [sys.executable, "-I", "-S", "-c", MEMORY, sys.executable, "-I", "-S", "-c", code]
    return int(subprocess.run(launcher, capture_output=True, check=True, timeout=60).stdout.split()[1])


@pytest.mark.parametrize(
    "command",
    [("clients",), ("check", "--watch"), ("check", "--json"), ("clients", "--client", "psycopg")],
    ids=" ".join,
)
def test_an_interrupt_does_not_wait_for_a_server(command: tuple[str, ...], tmp_path: Path) -> None:
    """Ctrl+C while a server says nothing: status 130, one word, and no traceback, for many servers at once too."""
    with socket.create_server((HOST, 0)) as server:
        target = f"postgresql://{HOST}:{server.getsockname()[1]}"
        many = tmp_path / "servers.txt"
        many.write_text("".join(f"postgresql://localhost{at}:1\n{target}\n" for at in ("", ".")), "ascii")
        where = ("--targets", str(many)) if "--client" in command else (target,)
        with subprocess.Popen(
            [sys.executable, "-m", "wizard", *command, *where, "--timeout", "80"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=dict(os.environ),
        ) as process:
            client, _ = server.accept()
            with client:
                process.send_signal(signal.SIGINT)
                out, said = process.communicate(timeout=40)
    assert process.returncode == Exit.INTERRUPTED
    assert said.endswith("Interrupted.\n")
    assert "Traceback" not in out + said
