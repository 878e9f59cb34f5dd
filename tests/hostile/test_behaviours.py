"""Whatever a server does, at whichever stage: the diagnosis ends in time, names it, and never fails itself."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.hostile.asked import SLACK, Asked, acting, asked, complaints, dbtls
from tests.hostile.behaviours import BRIEF, LONG, SILENT, WORDS, Behaviour, lines
from tests.hostile.monsters import certificate, with_key
from tests.hostile.server import ENGINES, GREETING, HOST, Script, full, listening, saying
from wizard.model.target import Engine

AT_ONCE = 8
"""Servers that are asked at the same time: most of them only let wait."""
TELLING = ("connect.status", "preamble.status", "handshake.status", "trust.status")
"""The facts beside which the reason stands."""


@pytest.fixture(scope="module")
def modern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate with its key, for servers that complete the handshake."""
    file = tmp_path_factory.mktemp("server") / "server.pem"
    file.write_text(with_key((certificate(),)), "ascii")
    return file


def tried(engine: Engine, stage: int, one: Behaviour, modern: Path) -> Asked:
    """Asks a server that behaves like this."""
    script = Script(engine, stage, one.deed, modern=modern if one.modern else None)
    with listening(script) as port:
        return asked(engine, port, one.seconds)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_behaviour_at_every_stage(engine: Engine, modern: Path) -> None:
    """The verdict fits, the exit status is documented, the deadline holds, and a phrase says what was wrong."""

    def wrong(line: tuple[str, int, Behaviour]) -> Iterator[str]:
        name, stage, one = line
        found = tried(engine, stage, one, modern)
        for complaint in complaints(found, [one.cause], one.seconds):
            yield f"{name}: {complaint}"
        if not found.document.reason(*TELLING).strip():
            yield f"{name}: no reason is given"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        faults = [fault for some in pool.map(lambda line: list(wrong(line)), lines(engine)) for fault in some]
    assert not faults


def test_a_wrong_verdict_would_be_seen() -> None:
    """The test above can fail: another verdict, too long a time, and a bug in a probe are complained of."""
    with listening(Script("postgresql")) as port:
        found = asked("postgresql", port, LONG)
    assert list(complaints(found, ["private-ca-not-trusted"], LONG)) == []
    assert "not timed-out" in next(complaints(found, ["timed-out"], LONG))
    found.document.elapsed_ms = int(found.document.connections * BRIEF * 1000 + SLACK + 1)
    found.document.unknown["policy"] = "the probe itself failed (KeyError); this is a bug in dbtls"
    assert len(list(complaints(found, ["private-ca-not-trusted"], BRIEF))) == 2


def test_who_accepts_nobody_is_timed_out() -> None:
    """A full backlog looks like a firewall: nothing answers, and the phrase says so."""
    with full() as port:
        found = asked("mysql", port, BRIEF)
    assert list(complaints(found, [SILENT], BRIEF)) == []
    assert found.document.facts["connect.status"] == "timed-out"


@pytest.mark.parametrize("name", WORDS)
def test_words_before_tls_stay_words(name: str) -> None:
    """Errors, versions and banners are shown without what acts in them, and are not shown at length."""
    words = WORDS[name]
    with listening(Script(words.engine, GREETING, saying(words.says))) as port:
        ran = dbtls("check", f"{words.engine}://{HOST}:{port}", "--timeout", "5")
    assert f"\n  {words.cause}, confirmed" in ran.out
    assert not acting(ran.out + ran.err)
    assert max(map(len, (ran.out + ran.err).splitlines())) < 1_100
    assert "bug in dbtls" not in ran.out + ran.err
