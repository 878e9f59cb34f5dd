"""A network of its own in which the hosts of the documents exist, with the lab's servers on the standard ports.

Nothing else can be reached from it: what runs there needs no internet and no server of anybody.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from wizard.knowledge.load import load
from wizard.knowledge.locate import knowledge_folder
from wizard.lab import server as lab
from wizard.lab.certificates import ServerIdentity, identity_for
from wizard.model.knowledge import Knowledge, ScenarioEntry
from wizard.wire import sql_browser

SECONDS = 60
"""After that a command is taken for one that hangs, and killed."""
HASTY = "import time\nsleep = time.sleep\ntime.sleep = lambda seconds: sleep(min(seconds, 0.2))\n"
"""Python reads it first (sitecustomize): what pauses between two questions, as `--watch` does, pauses shortly."""
HOME = "/home/you"
"""What documents call the home directory."""
CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK = 0x8913, 0x8914, 0x8916, 0x891C
IFF_UP = 1


class Place(NamedTuple):
    """A server: where it listens, under which names, and what is wrong with it."""

    address: str
    port: int
    names: tuple[str, ...]
    """How the documents call the host. The first one is the name that a certificate in order is for."""
    scenario: str
    instance: str | None = None


PLACES = (
    Place("10.0.0.11", 1433, ("sql01.corp.example", "sql01"), "sqlserver/self-generated-certificate"),
    Place(
        "10.0.0.11", 49172, ("sql01.corp.example", "sql01"), "sqlserver/name-mismatch/short-name", "PAYROLL"
    ),
    Place("10.0.0.12", 1433, ("sql02.corp.example", "sql02"), "sqlserver/healthy"),
    Place("10.0.0.21", 3306, ("db02",), "mysql/private-ca-not-trusted"),
    Place("10.0.0.21", 5432, ("db02",), "postgresql/private-ca-not-trusted"),
    Place("10.0.0.22", 3306, ("db02.corp.example",), "mariadb/self-generated-certificate"),
    Place("10.0.0.7", 5432, ("pg-prod.corp.example",), "postgresql/private-ca-not-trusted"),
    Place("10.0.0.8", 5432, ("pg-prod",), "postgresql/certificate-expired"),
)


@cache
def known() -> Knowledge:
    """The knowledge, read once, and by no one who only collects tests."""
    return load(knowledge_folder())


class Stage:
    """The network, its servers, and a folder in which commands are run as a stranger would."""

    def __init__(self, holder: int, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self._holder = holder
        self._running: dict[Place, ExitStack] = {}

    @contextmanager
    def inside(self) -> Iterator[None]:
        """What this thread opens is opened in that network, and so is what the threads open that it starts."""
        with open("/proc/thread-self/ns/net") as own, open(f"/proc/{self._holder}/ns/net") as other:  # noqa: PTH123
            _enter(other.fileno())
            try:
                yield
            finally:
                _enter(own.fileno())

    def present(self, place: Place, scenario: ScenarioEntry, identity: ServerIdentity | None = None) -> None:
        """Serves a scenario at a place, instead of what is served there."""
        self.close(place)
        running = ExitStack()
        with self.inside(), patch.object(lab, "HOST", place.address):
            running.enter_context(lab.serve(scenario, place.port, identity=identity))
        self._running[place] = running

    def close(self, *places: Place) -> None:
        """Stops the servers at these places."""
        for place in places:
            self._running.pop(place, ExitStack()).close()

    def close_all(self) -> None:
        """Stops every server."""
        self.close(*tuple(self._running))

    def mend(self, host: str, ca_file: str | None) -> None:
        """Gives the servers of a host a certificate in order: the one beside `ca_file`, if it is one of dbtls."""
        for place in tuple(self._running):
            if host in place.names and place.instance is None:
                good = scenario_of(place._replace(scenario=f"{place.scenario.split('/')[0]}/healthy"))
                made = (
                    None
                    if ca_file is None
                    else self._made(self.folder / ca_file.replace("~", str(self.home)))
                )
                self.present(place, good, made)

    @staticmethod
    def _made(ca_file: Path) -> ServerIdentity | None:
        certificate, key_file = ca_file.with_name("server.pem"), ca_file.with_name("server.key")
        if not key_file.exists():
            return None
        key = load_pem_private_key(key_file.read_bytes(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        leaf, root = (x509.load_pem_x509_certificate(one.read_bytes()) for one in (certificate, ca_file))
        return ServerIdentity(key, (leaf.public_bytes(Encoding.DER),), root.public_bytes(Encoding.DER))

    def start(self, command: str) -> subprocess.Popen[str]:
        """Starts a command as it is printed, without a terminal; it leads a process group."""
        here = ("nsenter", f"--target={self._holder}", "--net", "--mount")
        return subprocess.Popen(
            [
                *here,
                "--",
                "env",
                f"--chdir={self.folder}",
                "timeout",
                "-s",
                "KILL",
                f"{SECONDS}",
                "bash",
                "-c",
                command,
            ],
            env={
                **os.environ,
                "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}",
                "HOME": str(self.home),
                "PYTHONPATH": str(self.folder.parent / "hasty"),
                "LC_ALL": "C.UTF-8",
                "GITHUB_STEP_SUMMARY": str(
                    self.folder / "summary.md"
                ),  # what the runner of an example job sets
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )


def scenario_of(place: Place) -> ScenarioEntry:
    """The scenario of a place: its certificate is for the names here, unless a wrong name is what is wrong."""
    scenario = known().scenario(place.scenario)
    wrong = scenario.cause == "name-mismatch"
    names = scenario.names if wrong else (*place.names, place.address)
    return msgspec.structs.replace(scenario, server_name=place.names[0], names=names)


@contextmanager
def stage(folder: Path, places: tuple[Place, ...] = PLACES) -> Iterator[Stage]:
    """Makes it for as long as the context lasts; skips the test where that is not possible."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a network of one's own needs Linux and the rights of root")
    if missing := [name for name in ("mount", "nsenter", "unshare", "jq") if shutil.which(name) is None]:
        pytest.skip(f"{', '.join(missing)} is not installed")
    hosts = folder / "hosts"
    lines = {f"{place.address} {' '.join(place.names)}" for place in PLACES}
    hosts.write_text("\n".join(["127.0.0.1 localhost", *sorted(lines), ""]), encoding="utf-8")
    work = folder / "work"
    (work / "home").mkdir(parents=True)
    (folder / "hasty").mkdir()
    (folder / "hasty" / "sitecustomize.py").write_text(HASTY, encoding="utf-8")
    script = 'mount --bind "$0" /etc/hosts && echo ready && exec cat'
    command = ["unshare", "--net", "--mount", "--propagation=private", "--", "sh", "-c", script, str(hosts)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stderr is not None
        try:
            if holder.stdout.readline() != "ready\n":
                pytest.skip(f"a network of one's own cannot be made here: {holder.stderr.read().strip()}")
            made = Stage(holder.pid, work)
            with ExitStack() as servers:
                servers.callback(made.close_all)
                with made.inside():
                    try:
                        _bring_up()
                    except PermissionError as error:
                        pytest.skip(f"a network of one's own cannot be made here: {error.strerror}")
                    for address in sorted({place.address for place in places if place.instance}):
                        servers.enter_context(_sql_browser(address))
                for place in places:
                    made.present(place, scenario_of(place))
                _furnish(made.folder)
                yield made
        finally:
            holder.stdin.close()


def _enter(namespace: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(namespace, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def _bring_up() -> None:
    """Starts the loopback, and gives it all of 10.0.0.0/8: `ip` is not on every machine."""
    import fcntl  # other systems have none, and collect these tests too

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:

        def tell(request: int, interface: bytes, value: bytes) -> None:
            fcntl.ioctl(any_socket, request, struct.pack("16s16s", interface, value))

        tell(SIOCSIFFLAGS, b"lo", struct.pack("h", IFF_UP))
        for request, number in ((SIOCSIFADDR, "10.0.0.1"), (SIOCSIFNETMASK, "255.0.0.0")):
            tell(request, b"lo:1", struct.pack("HH4s", socket.AF_INET, 0, socket.inet_aton(number)))


@contextmanager
def _sql_browser(address: str) -> Iterator[None]:
    """Tells the ports of a host's named instances (UDP 1434)."""
    ports = {place.instance: place.port for place in PLACES if place.address == address and place.instance}
    answers = {sql_browser.ask_for(name): sql_browser.answer_for(name, port) for name, port in ports.items()}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as browser:
        browser.bind((address, sql_browser.PORT))

        def answer() -> None:
            while True:
                asked, sender = browser.recvfrom(512)
                if not asked:
                    return
                if asked in answers:
                    browser.sendto(answers[asked], sender)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield
        finally:
            browser.sendto(b"", browser.getsockname())
            thread.join()


def _furnish(folder: Path) -> None:
    """Makes the files that the documents take for granted."""
    bought = identity_for(scenario_of(PLACES[0]._replace(scenario="sqlserver/healthy/intermediate")))
    assert bought is not None
    (folder / "chain.pem").write_bytes(bought.chain_pem())
    (folder / "corp-root.pem").write_bytes(bought.anchor_pem())
    (folder / "linked-servers.txt").write_text("sqlserver://sql01\nsqlserver://sql02\n", encoding="utf-8")
    # What `python3 -m venv .venv` makes: the programs of the environment that the tests run in.
    (folder / ".venv").mkdir()
    (folder / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
