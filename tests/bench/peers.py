"""Times of `dbtls` beside those of its peers, in one run: medians, ratios, memory, and what MariaDB counts.

Run it from the project's root as `.venv/bin/python -m tests.bench.bench [--runs N]`. It asserts nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.servers import programs
from tests.servers.mariadb import Mariadb, MariadbServer
from tests.servers.postgresql import Postgresql

SSMS_20 = (
    "A connection was successfully established with the server, but then an error occurred during the login"
    " process. (provider: SSL Provider, error: 0 - The certificate chain was issued by an authority that is"
    " not trusted.)"
)
LAB_SCENARIO = "sqlserver/self-generated-certificate"
LONGEST_RUN = 60
"""Seconds after which a command is given up."""

ENOUGH_SECONDS = 60
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


@dataclass(frozen=True)
class Tool:
    """One program on one server.

    Attributes:
        name: how the table calls it.
        command: program and arguments; None where it cannot be run.
        why: why it cannot be run.
    """

    name: str
    command: list[str] | None
    why: str = ""


@dataclass(frozen=True)
class Subject:
    """A server to look at, and each tool's way to do so; the first tool is ours."""

    title: str
    tools: list[Tool]
    mariadb: MariadbServer | None = None


@dataclass(frozen=True)
class FirstRun:
    """What a tool's first run showed.

    Attributes:
        status: its exit status.
        memory: its peak resident memory in MiB.
        aborted: by how much MariaDB's `Aborted_connects` grew; `-` for other servers.
    """

    status: int
    memory: float
    aborted: str


def main() -> None:
    """Runs everything and prints the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=7, help="how often each command runs (default: 7)")
    runs: int = parser.parse_args().runs
    print_versions()
    explain = Tool("dbtls explain", dbtls("explain", SSMS_20))
    print_subject(Subject("explain, the text of SSMS 20", [explain]), runs)
    for subject in (lab_sqlserver, real_postgresql, real_mariadb):
        with subject() as found:
            if isinstance(found, str):
                print(f"\n{found}")
            else:
                print_subject(found, runs)


def dbtls(*arguments: str) -> list[str]:
    """Returns our command: the console script of this environment, else the module."""
    script = Path(sys.executable).with_name("dbtls")
    return [str(script), *arguments] if script.exists() else [sys.executable, "-m", "wizard", *arguments]


@contextlib.contextmanager
def lab_sqlserver() -> Iterator[Subject | str]:
    """The lab's SQL Server with its self-generated certificate; a sentence if it does not start."""
    serve = dbtls("lab", "serve", LAB_SCENARIO)
    quiet = subprocess.DEVNULL
    with subprocess.Popen(serve, stdin=quiet, stdout=subprocess.PIPE, stderr=quiet, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            if line:
                port: int = json.loads(line)["port"]
                missing = "does not speak TDS"
                peers = [Tool("openssl s_client", None, missing), Tool("sslscan", None, missing), nmap(port)]
                yield Subject(f"the lab's {LAB_SCENARIO}", [check("sqlserver", port), *peers])
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
        mine = check("postgresql", server.port, server.ca_file)
        peers = [s_client("postgres", server.port), sslscan("psql", server.port), nmap(server.port)]
        yield Subject("a real PostgreSQL", [mine, *peers])


@contextlib.contextmanager
def real_mariadb() -> Iterator[Subject | str]:
    """A real MariaDB; a sentence if it is missing."""
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(stack.enter_context(Mariadb.prepared())())
        except programs.MissingProgramError as missing:
            yield f"{missing}."
            return
        mine = check("mariadb", server.port, server.ca_file)
        peers = [s_client("mysql", server.port), sslscan("mysql", server.port), nmap(server.port)]
        yield Subject("a real MariaDB", [mine, *peers], server)


def check(engine: str, port: int, ca_file: Path | None = None) -> Tool:
    """Returns our full diagnosis."""
    trust = ["--ca-file", str(ca_file)] if ca_file else []
    return Tool("dbtls check --json", dbtls("check", f"{engine}://127.0.0.1:{port}", *trust, "--json"))


def s_client(protocol: str, port: int) -> Tool:
    """Returns one handshake by openssl."""
    return peer("openssl", "s_client", "-starttls", protocol, "-showcerts", "-connect", f"127.0.0.1:{port}")


def sslscan(protocol: str, port: int) -> Tool:
    """Returns sslscan's versions, suites and certificate."""
    return peer("sslscan", f"--starttls-{protocol}", "--no-colour", f"127.0.0.1:{port}")


def nmap(port: int) -> Tool:
    """Returns nmap's recognition of the service with its certificate and suites."""
    scripts = "ssl-cert,ssl-enum-ciphers"
    return peer("nmap", "-n", "-Pn", "-sV", "--script", scripts, "-p", str(port), "127.0.0.1")


def peer(name: str, *arguments: str) -> Tool:
    """Returns another project's program, or that it is missing here."""
    found = shutil.which(name, path=programs.SEARCH_PATH)
    title = f"{name} {arguments[0]}" if name == "openssl" else name
    return Tool(title, [found, *arguments]) if found else Tool(title, None, "not installed")


def print_versions() -> None:
    """Names what is compared."""
    for name in programs.FINDERS:
        print(f"{name}: {programs.describe(name)}")


def print_subject(subject: Subject, runs: int) -> None:
    """Runs each tool on one server and prints a line for each."""
    print(f"\n{subject.title}")
    print(
        f"  {'tool':20}{'median':>11}{'slowest':>11}{'runs':>6}{'ratio':>8}{'memory':>10}{'status':>8}{'aborted':>9}"
    )
    ours: float | None = None
    for tool in subject.tools:
        if tool.command is None:
            print(f"  {tool.name:20}{tool.why:>11}")
            continue
        try:
            first = first_run(tool.command, subject.mariadb)
            seconds = time_of(tool.command, runs)
        except subprocess.TimeoutExpired:
            print(f"  {tool.name:20}did not end within {LONGEST_RUN} s")
            continue
        median = statistics.median(seconds)
        ours = ours or median
        times = f"{median * 1000:8.0f} ms{max(seconds) * 1000:8.0f} ms{len(seconds):6}{median / ours:7.1f}x"
        print(f"  {tool.name:20}{times}{first.memory:6.0f} MiB{first.status:8}{first.aborted:>9}", flush=True)


def first_run(command: list[str], server: MariadbServer | None) -> FirstRun:
    """Runs a command once, which also warms the disk for the timed runs."""
    before = server.aborted_connects() if server else 0
    launcher = [sys.executable, "-I", "-S", "-c", MEMORY, *command]
    done = subprocess.run(launcher, capture_output=True, text=True, check=True)
    status, peak = map(int, done.stdout.split())
    if status == -signal.SIGALRM:
        raise subprocess.TimeoutExpired(command, LONGEST_RUN)
    aborted = "-"
    if server:
        time.sleep(0.2)  # the server notices the last farewell after the client has gone
        aborted = f"+{server.aborted_connects() - before}"
    # Linux counts KiB, macOS bytes.
    return FirstRun(status, peak / (1024 * 1024 if sys.platform == "darwin" else 1024), aborted)


def time_of(command: list[str], runs: int) -> list[float]:
    """Returns the seconds of each run as a whole process; fewer runs of a command that takes very long."""
    seconds: list[float] = []
    while len(seconds) < runs and sum(seconds) < ENOUGH_SECONDS:
        start = time.perf_counter()
        run(command)
        seconds.append(time.perf_counter() - start)
    return seconds


def run(command: list[str]) -> None:
    """Runs a command in silence."""
    subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=LONGEST_RUN,
        check=False,
    )


if __name__ == "__main__":
    main()
