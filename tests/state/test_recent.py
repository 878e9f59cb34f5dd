"""Recent cases: a case comes back exactly, the newest first, no more than a list holds, and without a secret."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from wizard.diagnosis.secrets import without_secrets
from wizard.diagnosis.target import read_target
from wizard.diagnosis.walk import Verdict
from wizard.knowledge.load import load
from wizard.knowledge.locate import knowledge_folder
from wizard.lab.server import serve
from wizard.model.case import Case
from wizard.model.knowledge import ScenarioEntry
from wizard.model.target import ENGINES, Target
from wizard.state.recent import KEPT, RecentCase, forget_all, recent, remember
from wizard.workbench import Options, Workbench

KNOWN = load(knowledge_folder())
CANARY = "c4n4ry-S3cret"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)

MALFORMED = ("long-serial", "version-1")
SCENARIOS = [
    *(next(one for one in KNOWN.scenarios if (one.engine, one.intermediate) == (name, "sent")) for name in ENGINES),
    *(next(one for one in KNOWN.scenarios if one.malformed == kind) for kind in MALFORMED),
]  # fmt: skip
"""One of each database, with a chain, and certificates with values that are out of the ordinary."""


def made(number: int, *, case: Case | None = None, opened: datetime | None = None) -> RecentCase:
    """Returns a case that was opened so many minutes after noon."""
    return RecentCase(
        id=f"{number:032x}",
        opened=opened or NOON + timedelta(minutes=number),
        case=case or Case(),
        typed=None,
        title=f"case {number}",
    )


def titles() -> list[str]:
    """Returns what a list of the cases would show."""
    cases, message = recent()
    assert message is None
    return [one.title for one in cases]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.id)
def test_a_diagnosed_case_comes_back_exactly(folder: Path, scenario: ScenarioEntry) -> None:
    """All evidence and every octet of the certificates survive, and the verdict needs no new probe."""
    with serve(scenario) as server:
        target = Target(
            engine=scenario.engine, host=server.host, port=server.port, server_name=server.server_name
        )
        bench = Workbench(KNOWN, Options(at=datetime.now(UTC), seconds=1.0, ca_file=server.ca_file))
        done = bench.diagnose(bench.open_case(target=target))
    assert done.case.certificates
    assert done.verdict.cause is not None
    kept = RecentCase(
        id=secrets.token_hex(16),
        opened=datetime.now(UTC),
        case=done.case,
        typed=str(target),
        title=str(target),
        cause=done.verdict.cause.id,
        outcome="unproven",
        ca_file=str(server.ca_file),
        probing=False,
    )
    assert remember(kept) is None
    assert recent() == ((kept,), None)
    (reopened,), _ = recent()
    again = bench.next_step(reopened.case)
    assert isinstance(again, Verdict)
    assert again == done.verdict


def test_a_changed_octet_makes_another_case(folder: Path) -> None:
    """The look itself works: cases that differ in one certificate octet are not taken for equal."""
    scenario = SCENARIOS[0]
    with serve(scenario) as server:
        target = Target(engine=scenario.engine, host=server.host, port=server.port, server_name="localhost")
        bench = Workbench(KNOWN, Options(at=NOON, seconds=1.0))
        case = bench.diagnose(bench.open_case(target=target)).case
    leaf, *others = case.certificates
    bent = msgspec.structs.replace(leaf, der=leaf.der[:-1] + bytes([leaf.der[-1] ^ 1]))
    assert remember(made(1, case=case)) is None
    (kept,), _ = recent()
    assert kept.case == case
    assert kept.case != msgspec.structs.replace(case, certificates=(bent, *others))


def test_the_newest_is_first(folder: Path) -> None:
    """The order is that of opening, not that of remembering."""
    for number in (2, 3, 1):
        assert remember(made(number)) is None
    assert titles() == ["case 3", "case 2", "case 1"]


def test_a_case_of_the_same_id_is_replaced(folder: Path) -> None:
    """A case that goes on is in the list once, in its place."""
    for number in (1, 2):
        assert remember(made(number)) is None
    assert remember(msgspec.structs.replace(made(1), title="case 1, fixed", outcome="fixed")) is None
    assert titles() == ["case 2", "case 1, fixed"]


def test_no_more_than_a_list_holds_are_kept(folder: Path) -> None:
    """The oldest gives way; with one fewer none does."""
    for number in range(KEPT):
        assert remember(made(number)) is None
    assert len(titles()) == KEPT
    assert "case 0" in titles()
    assert remember(made(KEPT)) is None
    assert titles() == [f"case {number}" for number in range(KEPT, 0, -1)]


def test_a_case_of_a_slow_clock_is_kept(folder: Path) -> None:
    """The case at hand is not dropped because a wrong clock made all others newer."""
    for number in range(KEPT):
        assert remember(made(number)) is None
    assert remember(made(KEPT, opened=NOON - timedelta(days=1))) is None
    assert titles()[-1] == f"case {KEPT}"
    assert len(titles()) == KEPT


def test_all_are_forgotten(folder: Path) -> None:
    """Nothing of them is left in any file."""
    for number in (1, 2):
        assert remember(made(number)) is None
    assert forget_all() is None
    assert titles() == []
    assert not any(b"case" in file.read_bytes() for file in folder.iterdir())


def test_what_was_set_aside_is_told_of_when_all_are_forgotten(folder: Path) -> None:
    """A damaged file may hold cases too; it stays, and the person is told where it is."""
    assert remember(made(1)) is None
    whole = (folder / "recent.json").read_bytes()
    (folder / "recent.json").write_bytes(whole[:-3])
    message = forget_all()
    aside = folder / "recent.json.damaged-1"
    assert message is not None
    assert message.endswith(f"Files that were set aside may hold cases too; delete them yourself: {aside}")
    assert aside.read_bytes() == whole[:-3]
    aside.unlink()
    assert forget_all() is None


ERROR = (
    f"Login failed. Server=tcp:db01,1433;User Id=app;Password={CANARY};Encrypt=True - certificate has expired"
)
TARGET = f"postgresql://app:{CANARY}@db01.example.com:5432/d?sslmode=verify-full&password={CANARY}"


@pytest.mark.parametrize("cleaned", [True, False], ids=["cleaned", "as pasted"])
def test_no_file_holds_a_secret(folder: Path, cleaned: bool) -> None:
    """A case opened as the command line does holds no password; with the raw text the canary would be seen."""
    read = read_target(TARGET)
    bench = Workbench(KNOWN, Options(at=NOON, probing=False))
    error = without_secrets(ERROR) if cleaned else ERROR
    case = bench.open_case(target=read.target, options=read.options, error=error, client=read.client)
    kept = msgspec.structs.replace(made(1, case=case), typed=str(read.target), title=str(read.target))
    assert remember(kept) is None
    seen = [file.name for file in folder.iterdir() if CANARY.encode() in file.read_bytes()]
    assert seen == ([] if cleaned else ["recent.json"])
    assert b"db01.example.com" in (folder / "recent.json").read_bytes()
