"""SQL Browser's answer comes by UDP, from whoever likes to send one."""

from __future__ import annotations

import sys

import pytest

from tests.hostile.asked import Asked, asked
from tests.hostile.monsters import NASTY
from tests.hostile.server import HOST, Reply, Script, browser, listening
from wizard.wire import sql_browser

SECONDS = 0.4
FORGED = sql_browser.answer_for("PAYROLL", 9)


def answer(words: str, *, claimed: int | None = None) -> bytes:
    """Returns a datagram with any words, which may lie about their length."""
    raw = words.encode("latin-1", "replace")
    return b"\x05" + (len(raw) if claimed is None else claimed).to_bytes(2, "little") + raw


def told(port: str) -> bytes:
    """Returns an answer with any port."""
    return answer(f"ServerName;X;InstanceName;PAYROLL;IsClustered;No;Version;16.0;tcp;{port};;")


REPLIES: dict[str, tuple[list[Reply], str | None]] = {
    "from another port": ([Reply(FORGED, HOST)], "no-answer"),
    "from another address": ([Reply(FORGED, "127.0.0.2")], "no-answer"),
    "an empty datagram": ([Reply(b"")], None),
    "garbage": ([Reply(b"\xde\xad\xbe\xef" * 200)], None),
    "as long as UDP allows": ([Reply(answer("x" * 60_000, claimed=60_000))], None),
    "longer than its limit": ([Reply(answer("ServerName;X;tcp;9;;" + "x" * 2_000))], None),
    "shorter than it claims": ([Reply(answer("tcp;9;;", claimed=500))], None),
    "port 0": ([Reply(told("0"))], "not-found"),
    "port -1": ([Reply(told("-1"))], "not-found"),
    "port 99999": ([Reply(told("99999"))], "not-found"),
    "a port of 900 digits": ([Reply(told("9" * 900))], "not-found"),
    "a port in other digits": ([Reply(told("\xb9\xb2\xb3"))], "not-found"),
    "a port with a command": ([Reply(told("$(id)"))], "not-found"),
    "no port": ([Reply(answer("ServerName;X;InstanceName;PAYROLL;;"))], "not-found"),
}
"""What comes back, and what it says of the instance; None: it is no answer."""


def find_instance(replies: list[Reply], monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Asks for an instance of SQL Server."""
    with browser(replies) as port:
        monkeypatch.setattr(sql_browser, "PORT", port)
        return asked("sqlserver", None, SECONDS, instance="PAYROLL")


@pytest.mark.parametrize("name", REPLIES)
def test_no_port_is_taken_from_what_is_no_answer(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger is not heard, a broken answer is none, and no connection goes to a port that cannot be."""
    replies, status = REPLIES[name]
    if "address" in name and sys.platform == "darwin":
        pytest.skip("macOS has one loopback address")
    found, exit_status = find_instance(replies, monkeypatch)
    assert found.facts.get("instance.status") == status
    assert found.facts.get("instance.port") is None
    assert found.connections == 0
    assert found.reason("instance.status")
    assert exit_status in (3, 4)


@pytest.mark.parametrize("words", ["", *NASTY])
def test_the_first_answer_of_the_right_server_counts(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With foreign words in its names, named twice, and followed by a second answer: the port is the first's."""
    with listening(Script("sqlserver")) as port:
        name = words.replace(";", "")
        listed = answer(f"ServerName;{name};InstanceName;{name};IsClustered;No;Version;{name};tcp;{port};;")
        found, _ = find_instance([Reply(FORGED, HOST), Reply(listed), Reply(FORGED)], monkeypatch)
    assert found.facts["instance.port"] == port
    assert "private-ca-not-trusted" in found.causes
    assert found.facts["server.version"] == "16.0.1000"
