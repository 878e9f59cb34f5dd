"""A password in what a person pastes is nowhere: not on a screen, not in a message, a log, a report or a file."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest
from textual import Logger, events
from textual.message import Message
from textual.widgets import Input

from tests.tui.driver import Driver, run, started
from tests.tui.faked import faked
from tests.tui.tour import Paste, act
from wizard.tui.screens.fix import FixScreen
from wizard.tui.screens.verdict import VerdictScreen

CANARY = "c4n4ry-S3cret"
CONNECTIONS = (
    f"Server=tcp:sql01.corp.example,1433;Database=d;User Id=app;Password={CANARY};Encrypt=True",
    f"jdbc:sqlserver://sql01.corp.example:1433;user=app;password={CANARY};encrypt=true",
    f"mssql+pyodbc://app:{CANARY}@sql01.corp.example:1433/db?driver=ODBC+Driver+18+for+SQL+Server",
    f"Driver={{ODBC Driver 18 for SQL Server}};Server=sql01.corp.example,1433;UID=app;PWD={{{CANARY}}}",
)
ERROR = (
    f"Cannot connect. Connection string: Server=sql01;User Id=app;Password={CANARY};Encrypt=True. The certificate chain"
    " was issued by an authority that is not trusted."
)


class Witness:
    """Keeps everything that the wizard says anywhere, and what of it holds the canary."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.leaks: list[str] = []
        self.heard = 0
        self.workers: set[str] = set()

        def log(logger: Logger, *arguments: object, **others: object) -> None:
            if not any(
                isinstance(argument, events.Paste) or "Paste(" in str(argument) for argument in arguments
            ):
                self.hear(
                    "log", *arguments, *others.values()
                )  # what the terminal itself delivers is Textual's to log

        # Textual's own loggers stop early where no developer's console listens.
        monkeypatch.setattr(Logger, "__call__", log)

    def hear(self, where: str, *words: object) -> None:
        """Notes a leak where the words hold the canary."""
        self.heard += 1
        for word in words:
            if CANARY in str(word) or CANARY in repr(word):
                self.leaks.append(f"{where}: {type(word).__name__} {str(word)[:200]}")

    def message(self, message: Message) -> None:
        """Hears a message, unless it is what the terminal itself delivers."""
        if not isinstance(message, events.Paste | events.Key):
            self.hear("message", message)

    def look(self, driver: Driver) -> None:
        """Looks at the screen, and at the workers."""
        self.hear("screen", driver.text(), driver.app.clipboard)
        self.hear("widgets", *driver.app.screen.walk_children())
        for field in driver.app.screen.query(Input):
            self.hear("field", field.value)
        for worker in driver.app.workers:
            self.workers.add(worker.name)
            self.hear("worker", worker, worker.name, worker.description, worker.group)

    def files(self, *folders: Path) -> None:
        """Looks into every file."""
        for folder in folders:
            for path in folder.rglob("*"):
                if path.is_file():
                    self.hear(f"file {path.name}", path.read_text("utf-8", "replace"))


async def _go(driver: Driver, witness: Witness, *acts: str | Paste) -> None:
    for one in acts:
        await act(driver, one)
        witness.look(driver)


def test_no_screen_is_told_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the dialect of a connection string, its password ends in the field into which it was pasted."""
    witness = Witness(monkeypatch)

    async def scene() -> None:
        async with started(
            bench=faked("sqlserver-self-generated-certificate"), watch=witness.message
        ) as driver:
            for connection in CONNECTIONS:
                await _go(driver, witness, "2", Paste(connection), "escape")

    run(scene())
    assert witness.heard
    assert not witness.leaks, "\n".join(sorted(set(witness.leaks)))


def test_a_password_is_nowhere(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """From the paste to the proof: what was pasted holds it, and nothing that the wizard makes of it does."""
    caplog.set_level(logging.DEBUG)
    witness = Witness(monkeypatch)

    async def scene() -> None:
        bench = faked("sqlserver-self-generated-certificate", pace="slow")
        bench.gate.set()
        async with started(size=(120, 40), bench=bench, watch=witness.message) as driver:
            await _go(driver, witness, "1", Paste(ERROR), "enter", Paste(CONNECTIONS[0]))
            await driver.press("enter", settle=False)
            await driver.until(lambda: bench.asked > 0)
            witness.look(driver)  # with a worker that probes
            bench.pace = "fast"
            bench.gate.set()
            await driver.settle()
            await _go(driver, witness, "enter")
            assert isinstance(driver.app.screen, VerdictScreen)
            await _go(
                driver,
                witness,
                "e",
                "r",
                "c",
                "right",
                "c",
                "right",
                "c",
                "right",
                "c",
                "s",
                "enter",
                "escape",
            )
            await _go(driver, witness, "w", "escape", "enter")
            assert isinstance(driver.app.screen, FixScreen)
            witness.hear("journey", driver.app.screen.journey)
            await _go(driver, witness, "C", "p", "r", "ctrl+p", "escape", "f1", "escape")
            witness.hear("app", driver.app, vars(driver.app))

    run(scene())
    witness.files(tmp_path, Path(os.environ["DBTLS_STATE_DIR"]), Path(os.environ["HOME"]))
    witness.hear("log records", *caplog.messages)
    witness.hear("output", *capfd.readouterr())
    assert not witness.leaks, "\n".join(sorted(set(witness.leaks)))
    assert (tmp_path / "dbtls-report.json").exists()
    assert list(Path(os.environ["DBTLS_STATE_DIR"]).iterdir())
    assert "asking the server" in witness.workers


def test_the_password_of_a_half_typed_connection_string_is_kept_off_the_next_screens() -> None:
    """Where a connection string cannot be read, the field keeps what was typed, and no other screen gets it."""

    async def scene() -> str:
        async with started() as driver:
            await act(driver, "2", Paste(f"Server=;Password={CANARY}"), "enter")
            await driver.press("escape")
            return driver.text()

    assert CANARY not in run(scene())


def test_a_leak_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The check itself works: a screen, a message, a worker, a log and a file that hold it are told."""
    witness = Witness(monkeypatch)

    class Leaking(Message):
        def __repr__(self) -> str:
            return CANARY

    async def scene() -> None:
        async with started(watch=witness.message) as driver:
            driver.app.post_message(Leaking())
            driver.app.notify(CANARY)
            driver.app.log(CANARY)
            driver.app.run_worker(driver.pilot.pause(0.2), name=CANARY)
            witness.look(driver)
            await driver.settle()
            witness.look(driver)

    run(scene())
    (tmp_path / "kept.json").write_text(CANARY)
    witness.files(tmp_path)
    assert {leak.partition(":")[0] for leak in witness.leaks} >= {
        "message",
        "log",
        "worker",
        "screen",
        "file kept.json",
    }
