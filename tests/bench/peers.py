"""`dbtls check` beside the programs that look at the same servers: time, memory, connections."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.processes import GivenUpError, dbtls, relay, seconds_of, status_and_memory
from tests.servers import programs
from tests.servers.mariadb import Mariadb, MariadbServer
from tests.servers.postgresql import Postgresql

LAB_SCENARIO = "sqlserver/self-generated-certificate"
SQLSERVER_PORT = 1433
HERE = "127.0.0.1"


@dataclass(frozen=True)
class Tool:
    """One program on one server.

    Attributes:
        name: how the table calls it.
        command: program and arguments for an address of the server; None where it cannot be run.
        why: why it cannot be run.
    """

    name: str
    command: Callable[[str], list[str]] | None
    why: str = ""


@dataclass(frozen=True)
class Subject:
    """A server to look at, and each tool's way to do so; the first tool is ours."""

    engine: str
    title: str
    port: int
    tools: list[Tool]
    mariadb: MariadbServer | None = None


@dataclass(frozen=True)
class Measured:
    """What a tool took on a server: the median of the seconds, and what its first run showed."""

    seconds: float
    connections: int | None
    aborted: int | None


Table = dict[tuple[str, str], Measured]
"""By engine and by the name of the tool."""


def compare(runs: int) -> Table:
    """Runs each tool on each server, prints a table for each, and returns what was measured."""
    table: Table = {}
    for subject in (lab_sqlserver, real_postgresql, real_mariadb):
        with subject() as found:
            if isinstance(found, str):
                print(f"\n{found}")
            else:
                _compare(found, runs, table)
    return table


@contextlib.contextmanager
def lab_sqlserver() -> Iterator[Subject | str]:
    """The lab's SQL Server with its self-generated certificate; a sentence if it does not start."""
    port = SQLSERVER_PORT if _is_free(SQLSERVER_PORT) else 0  # nmap without -sV knows TDS by this port alone
    serve = dbtls("lab", "serve", LAB_SCENARIO, "--port", str(port))
    quiet = subprocess.DEVNULL
    with subprocess.Popen(serve, stdin=quiet, stdout=subprocess.PIPE, stderr=quiet, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            if line:
                port = json.loads(line)["port"]
                no_tds = [Tool(name, None, "does not speak TDS") for name in ("openssl", "sslscan", "sslyze")]
                tools = [check("sqlserver", port), nmap_by_port(port), *no_tds]
                yield Subject("sqlserver", f"the lab's {LAB_SCENARIO}", port, tools)
            else:
                yield f"The lab's {LAB_SCENARIO} did not start."
        finally:
            process.send_signal(signal.SIGINT)


@contextlib.contextmanager
def real_postgresql() -> Iterator[Subject | str]:
    """A real PostgreSQL; a sentence if it is missing."""
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(stack.enter_context(Postgresql.prepared())())
        except programs.MissingProgramError as missing:
            yield f"{missing}."
            return
        port = server.port
        tools = [
            check("postgresql", port, server.ca_file),
            s_client("postgres", port),
            sslscan("psql", port),
            nmap(port),
            sslyze("postgres", port),
            testssl("postgres", port),
        ]
        yield Subject("postgresql", "a real PostgreSQL", port, tools)


@contextlib.contextmanager
def real_mariadb() -> Iterator[Subject | str]:
    """A real MariaDB; a sentence if it is missing."""
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(stack.enter_context(Mariadb.prepared())())
        except programs.MissingProgramError as missing:
            yield f"{missing}."
            return
        port = server.port
        tools = [
            check("mariadb", port, server.ca_file),
            s_client("mysql", port),
            sslscan("mysql", port),
            nmap(port),
            Tool("sslyze", None, "does not speak MySQL's protocol"),
            testssl("mysql", port),
        ]
        yield Subject("mariadb", "a real MariaDB", port, tools, server)


def check(engine: str, port: int, ca_file: Path | None = None) -> Tool:
    """Returns our full diagnosis."""
    trust = ["--ca-file", str(ca_file)] if ca_file else []
    return Tool("dbtls", lambda host: dbtls("check", f"{engine}://{host}:{port}", *trust, "--json"))


def s_client(protocol: str, port: int) -> Tool:
    """Returns one handshake by openssl."""
    return peer(
        "openssl", lambda at: ["s_client", "-starttls", protocol, "-showcerts", "-connect", f"{at}:{port}"]
    )


def sslscan(protocol: str, port: int) -> Tool:
    """Returns sslscan's versions, suites and certificate."""
    return peer("sslscan", lambda at: [f"--starttls-{protocol}", "--no-colour", f"{at}:{port}"])


def nmap(port: int) -> Tool:
    """Returns nmap's recognition of the service with its certificate and suites."""
    scripts = "ssl-cert,ssl-enum-ciphers"
    return peer("nmap", lambda at: ["-n", "-Pn", "-sV", "--script", scripts, "-p", str(port), at])


def nmap_by_port(port: int) -> Tool:
    """Returns nmap's certificate and suites of a service that it takes for granted by the port."""
    if port != SQLSERVER_PORT:
        return Tool("nmap", None, f"port {SQLSERVER_PORT} is taken")
    scripts = "ssl-cert,ssl-enum-ciphers"
    return peer("nmap", lambda at: ["-n", "-Pn", "-sT", "--script", scripts, "-p", str(port), at])


def sslyze(protocol: str, port: int) -> Tool:
    """Returns sslyze's full scan."""
    return peer("sslyze", lambda at: ["--starttls", protocol, f"{at}:{port}"])


def testssl(protocol: str, port: int) -> Tool:
    """Returns testssl.sh's full scan; Debian calls the program testssl."""
    name = next((one for one in ("testssl.sh", "testssl") if _found(one)), "testssl.sh")
    quiet = ["--quiet", "--warnings", "off", "--color", "0", "--nodns", "none"]
    found = peer(name, lambda at: [*quiet, "-t", protocol, f"{at}:{port}"])
    return Tool("testssl.sh", found.command, found.why)


def peer(name: str, arguments: Callable[[str], list[str]]) -> Tool:
    """Returns another project's program, or that it is missing here."""
    found = _found(name)
    return Tool(name, lambda at: [found, *arguments(at)]) if found else Tool(name, None, "not installed")


def _found(name: str) -> str | None:
    return shutil.which(name, path=programs.SEARCH_PATH)


def _is_free(port: int) -> bool:
    try:
        socket.create_server((HERE, port)).close()
    except OSError:
        return False
    return True


def _compare(subject: Subject, runs: int, table: Table) -> None:
    """Runs each tool on one server and prints a line for each."""
    print(f"\n{subject.title}")
    heads = "".join(f"{head:>11}" for head in ("median", "slowest", "runs", "ratio", "memory", "status"))
    print(f"  {'tool':14}{heads}{'connections':>13}{'aborted':>9}")
    ours: float | None = None
    for tool in subject.tools:
        if tool.command is None:
            print(f"  {tool.name:14}{tool.why:>11}")
            continue
        try:
            status, memory, connections, aborted = _first_run(tool.command, subject)
            seconds = seconds_of(tool.command(HERE), runs)
        except GivenUpError:
            print(f"  {tool.name:14} did not end")
            continue
        median = statistics.median(seconds)
        ours = ours or median
        table[subject.engine, tool.name] = Measured(median, connections, aborted)
        shown = (
            f"{median:9.3f} s", f"{max(seconds):9.3f} s", f"{len(seconds)}", f"{median / ours:.1f}x",
            f"{memory:.0f} MiB", f"{status}",
        )  # fmt: skip
        counted = "".join("-" if one is None else f"{one:+}" for one in (aborted,))
        print(
            f"  {tool.name:14}{''.join(f'{one:>11}' for one in shown)}{connections or '-':>13}{counted:>9}",
            flush=True,
        )


def _first_run(
    command: Callable[[str], list[str]], subject: Subject
) -> tuple[int, float, int | None, int | None]:
    """Runs a command once: exit status, memory in MiB, connections opened, and how many MariaDB counts as aborted."""
    server = subject.mariadb
    before = server.aborted_connects() if server else 0
    with relay(subject.port) as counting:
        status, memory = status_and_memory(command(counting.host if counting else HERE))
        if server:
            time.sleep(0.2)  # the server notices the last farewell after the client has gone
        aborted = server.aborted_connects() - before if server else None
        return status, memory, counting.opened if counting else None, aborted
