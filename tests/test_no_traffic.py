"""Nothing leaves the machine but what the person asked for: no telemetry, no update check, no process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from wizard.knowledge.load import load
from wizard.knowledge.locate import knowledge_folder
from wizard.lab.server import LabServer, serve

ROOT = Path(__file__).parents[1]
QUIET = (
    ["--help"],
    ["--version"],
    ["explain", "The certificate chain was issued by an authority that is not trusted"],
    ["explain", "--json", "SSL: CERTIFICATE_VERIFY_FAILED at https://sql01.corp.example/"],
    ["fix", "certificate-expired", "postgresql://db01.corp.example"],
    ["howto", "trust.status", "postgresql://db01.corp.example"],
    ["knowledge", "check"],
    ["lab", "list"],
    ["check", "postgresql://db01.corp.example", "--no-probe", "--json"],
    ["check", "sql01.corp.example\\PAYROLL", "--no-probe", "--error", "the certificate has expired"],
    ["clients", "sqlserver://sql01.corp.example", "--no-probe"],
    ["inspect", "CERTIFICATE", "--server-name", "db01.corp.example"],
    ["no-such-command"],
)
"""Commands that open nothing and start nothing."""

Events = list[list[str]]


def done_by(*commands: list[str]) -> list[Events]:
    """Returns what each command did, all of them in one fresh interpreter."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.traffic", json.dumps(commands)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    told: list[Events] = json.loads(ran.stdout)
    return told


@pytest.fixture
def server() -> Iterator[LabServer]:
    """A database server on the loopback."""
    known = load(knowledge_folder())
    with serve(known.scenario("postgresql/healthy")) as running:
        yield running


def test_commands_without_a_server_reach_nobody(server: LabServer, tmp_path: Path) -> None:
    """Explaining, fixing, inspecting, listing and `--no-probe` open no socket, ask for no name and start no process."""
    file = tmp_path / "leaf.pem"
    assert server.identity is not None
    file.write_bytes(server.identity.anchor_pem())
    commands = [[str(file) if word == "CERTIFICATE" else word for word in command] for command in QUIET]
    told = done_by(*commands)
    assert dict(zip(map(" ".join, commands), told, strict=True)) == {" ".join(one): [] for one in commands}
    assert server.log == []


def test_a_check_reaches_its_server_alone(server: LabServer) -> None:
    """It connects to the target and its port, and to nothing else; that it is seen shows that the hook works."""
    target = f"postgresql://{server.host}:{server.port}"
    (told,) = done_by(["check", target, "--json", "--server-name", server.server_name])
    connected = {where for event, where in told if event == "socket.connect"}
    assert connected == {str((server.host, server.port))}
    names = {where for event, where in told if event == "socket.getaddrinfo"}
    assert names <= {f"{server.host} {server.port}", f"{server.host} None"}
    assert {event for event, _ in told} <= {"socket.connect", "socket.getaddrinfo"}


def test_a_named_instance_is_asked_for_at_sql_browser() -> None:
    """Where no port is given, one question goes to port 1434 of the same host, and nowhere else."""
    (told,) = done_by(["check", "127.0.0.1\\PAYROLL", "--json", "--timeout", "0.2"])
    reached = {
        where for event, where in told if event in ("socket.connect", "socket.sendto", "socket.sendmsg")
    }
    assert reached == {str(("127.0.0.1", 1434))}


def test_starting_the_wizard_reaches_nobody() -> None:
    """Its first screens, a pasted error text and its explanation open nothing; a connection made there is seen."""
    script = (
        "import asyncio, sys, json\n"
        "from tests import traffic\n"
        "from wizard.knowledge.cache import knowledge\n"
        "from wizard.tui.app import WizardApp\n"
        "async def scene():\n"
        "    async with WizardApp(knowledge).run_test() as pilot:\n"
        "        await pilot.press('1', *'expired', 'f1', 'escape', 'escape', '3')\n"
        "        await pilot.pause()\n"
        "        seen = list(traffic.events)\n"
        "        import socket\n"
        "        with socket.create_server(('127.0.0.1', 0)) as server:\n"
        "            socket.create_connection(server.getsockname()).close()\n"
        "        print(json.dumps([seen, traffic.events[len(seen):]]))\n"
        "sys.addaudithook(traffic.watch)\n"
        "asyncio.run(scene())\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    quiet, seen = json.loads(ran.stdout)
    assert quiet == []
    assert {event for event, _ in seen} >= {"socket.bind", "socket.connect"}
