"""Watching a server: rounds until the verdict changes, few connections, and no mistaking of a restart."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from tests.cli.command import dbtls
from tests.known import KNOWN
from tests.servers.certificates import make_certificate
from tests.servers.mariadb import Mariadb
from tests.servers.postgresql import Postgresql, PostgresqlServer
from wizard.cli.terminal import Exit
from wizard.errors import UsageError
from wizard.model.case import Case
from wizard.model.options import Options
from wizard.model.target import Engine, Target
from wizard.watch import MOST_ABORTED, PATIENCE, Round, watch
from wizard.workbench import Diagnosis, Workbench

EXPIRED = make_certificate(valid_days=(-30, -2))


class Watched:
    """A server that is watched, with what happens between two rounds."""

    def __init__(self, engine: Engine, port: int, ca_file: Path | None, error: str | None = None) -> None:
        self.target = Target(engine=engine, host="127.0.0.1", port=port, server_name="localhost")
        self.bench = Workbench(KNOWN, Options(at=datetime.now(UTC), seconds=1.0, ca_file=ca_file))
        self.first = self.bench.diagnose(self.bench.open_case(target=self.target, error=error))

    def again(self, bench: Workbench) -> Case:
        """The case anew."""
        return bench.open_case(target=self.target)

    def rounds(self, *between: Callable[[], object]) -> list[Round]:
        """The rounds, before each of which one thing happens; it ends when there is nothing left to happen."""
        left = iter(between)

        def pause() -> bool:
            happens = next(left, None)
            if happens is None:
                return False
            happens()
            return True

        return list(watch(self.first, self.again, self.bench, pause))


def nothing() -> None:
    """Nothing happens."""


def cause(done: Diagnosis | None) -> str | None:
    """The id of the verdict's cause."""
    return done.verdict.cause.id if done and done.verdict.cause else None


@pytest.fixture
def server(postgres_server: Postgresql) -> Iterator[PostgresqlServer]:
    """A real PostgreSQL whose certificate has expired, and which nobody's root vouches for yet."""
    with postgres_server(EXPIRED) as running:
        yield running


def test_it_ends_when_the_fault_is_mended(server: PostgresqlServer, tmp_path: Path) -> None:
    """Rounds without a change have no proof; after the fix the last one says what has changed."""
    good = make_certificate()
    both = tmp_path / "both.pem"
    both.write_bytes(EXPIRED.anchor + good.anchor)
    watched = Watched("postgresql", server.port, both)
    assert cause(watched.first) == "certificate-expired"
    *before, last = watched.rounds(nothing, nothing, lambda: server.present(good), nothing)
    assert [one.proof for one in before] == [None, None]
    assert last.proof is not None
    assert last.proof.outcome == "fixed"
    assert cause(last.diagnosis) == "healthy"
    assert "validity.status" in {change.fact for change in last.proof.changes}


def test_a_round_takes_no_more_connections_than_a_diagnosis(server: PostgresqlServer) -> None:
    """What decided the verdict is asked again, and nothing besides."""
    watched = Watched("postgresql", server.port, None)
    asked: list[int] = []

    def count() -> None:
        asked.append(server.logged().count("connection received"))

    watched.rounds(count, count, count)
    assert all(1 <= later - earlier <= watched.first.connections for earlier, later in pairwise(asked))


def test_another_fault_ends_it_too(server: PostgresqlServer) -> None:
    """It says which one shows now."""
    watched = Watched("postgresql", server.port, None)
    *_, last = watched.rounds(nothing, lambda: server.present(make_certificate(names=("other.example",))))
    assert last.proof is not None
    assert last.proof.outcome == "next-fault"


def test_a_restart_is_no_change_and_a_server_that_stays_away_is_one(postgres_server: Postgresql) -> None:
    """For some rounds it may be away; then that is the verdict."""
    with ExitStack() as stack:
        server = stack.enter_context(postgres_server(EXPIRED))
        watched = Watched("postgresql", server.port, None)
        rounds = watched.rounds(nothing, stack.close, *[nothing] * PATIENCE)
    away = [one.away for one in rounds]
    assert away == [False, *[True] * PATIENCE]
    assert [one.proof is not None for one in rounds] == [False] * PATIENCE + [True]
    assert cause(rounds[-1].diagnosis) == "port-closed"


def test_it_stops_before_mariadb_locks_this_machine_out(mariadb_server: Mariadb) -> None:
    """After that many connections without a login it ends, without a proof."""
    with mariadb_server(EXPIRED) as server:
        watched = Watched("mariadb", server.port, None)
        rounds = watched.rounds(*[nothing] * 100)
        assert len(rounds) < 100
        assert rounds[-1].proof is None
        assert server.aborted_connects() <= MOST_ABORTED + 6


def test_what_no_probe_sees_cannot_be_watched() -> None:
    """A fault that only the client's words tell of is refused, with what to do instead."""
    watched = Watched("postgresql", 1, None)
    bench = Workbench(KNOWN, Options(at=datetime.now(UTC), probing=False))
    told = bench.diagnose(bench.open_case(error='root certificate file "/x/root.crt" does not exist'))
    with pytest.raises(UsageError, match="nothing to watch"):
        list(watch(told, watched.again, bench, lambda: True))


def test_two_interrupts_end_it_without_a_trace(postgres_server: Postgresql) -> None:
    """Ctrl+C ends the rounds; pressed once more at once, it still ends with its status."""
    with postgres_server(EXPIRED) as server:
        command = [
            sys.executable,
            "-m",
            "wizard",
            "check",
            f"postgresql://localhost:{server.port}",
            "--watch",
        ]
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if line.startswith("Asking again"):
                    break
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGINT)
            try:
                _, said = process.communicate(timeout=30)
            finally:
                process.kill()
    assert (process.returncode, "Traceback" in said) == (Exit.INTERRUPTED, False)


def test_the_command_needs_a_server_that_it_may_ask() -> None:
    """Neither without a target nor with --no-probe; drivers only with --watch."""
    for arguments in (
        ("check", "--error", "x", "--watch"),
        ("check", "postgresql://127.0.0.1:1", "--watch", "--no-probe"),
        ("check", "postgresql://127.0.0.1:1", "--driver"),
    ):
        ran = dbtls(*arguments)
        assert (ran.status, ran.out) == (Exit.USAGE, ""), arguments
