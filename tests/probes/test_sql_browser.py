"""SQL Browser: the question for a named instance, and what its answer may be."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.errors import PreambleError
from wizard.model.target import Target
from wizard.pki.trust import TrustStore
from wizard.probes.instance import INSTANCE
from wizard.probes.probe import Context, Counter, ProbeResult
from wizard.probes.resolve import RESOLVE
from wizard.wire import sql_browser

# The answer of [MC-SQLR] section 4.2, to a client that asks for the instance YUKONSTD.
DOCUMENTED = (
    b"\x05\x58\x00ServerName;ILSUNG1;InstanceName;YUKONSTD;IsClustered;No;Version;9.00.1399.06;tcp;57137;;"
)


def context(instance: str | None) -> Context:
    """Returns the context for a named instance on the loopback."""
    target = Target(engine="sqlserver", host="127.0.0.1", instance=instance, server_name="localhost")
    return Context(target, TrustStore.system(), datetime.now(UTC), 0.3, Counter())


def run(instance: str | None) -> ProbeResult:
    """Resolves and asks SQL Browser."""
    asked = context(instance)
    return INSTANCE.run(asked, {"resolve": RESOLVE.run(asked, {})})


@contextlib.contextmanager
def browser(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """Answers one datagram on the loopback; yields the questions that came."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        monkeypatch.setattr(sql_browser, "PORT", server.getsockname()[1])
        questions: list[bytes] = []

        def serve() -> None:
            question, sender = server.recvfrom(512)
            questions.append(question)
            server.sendto(answer, sender)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield questions
        thread.join(1)


def test_the_port_of_a_named_instance_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The question holds the instance's name, the answer its port."""
    with browser(sql_browser.answer_for("YUKONSTD", 57137), monkeypatch) as questions:
        result = run("YUKONSTD")
    assert questions == [b"\x04YUKONSTD\x00"]
    assert result.value("instance.status") == "found"
    assert result.value("instance.port") == 57137


def test_an_instance_without_tcp_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """An instance that listens on named pipes only cannot be reached here."""
    words = b"ServerName;S;InstanceName;I;IsClustered;No;Version;16.0.1000.6;np;\\\\S\\pipe\\sql\\query;;"
    with browser(b"\x05" + len(words).to_bytes(2, "little") + words, monkeypatch):
        assert run("I").value("instance.status") == "not-found"


def test_nobody_listens_on_the_browser_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without SQL Browser there is no answer, and no port is guessed."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setattr(sql_browser, "PORT", free.getsockname()[1])
    result = run("SQLEXPRESS")
    assert result.value("instance.status") == "no-answer"
    assert result.value("instance.port") is None


def test_without_an_instance_nothing_is_sent() -> None:
    """A target with a plain host needs no SQL Browser."""
    assert run(None).value("instance.status") == "not-needed"


def test_the_documented_answer_is_read() -> None:
    """The example of the specification gives its port."""
    assert sql_browser.tcp_port(DOCUMENTED) == 57137


@pytest.mark.parametrize("answer", [b"", b"\x05", b"\x05\xff\x03short", b"HTTP/1.1 200 OK"])
def test_a_broken_answer_is_refused(answer: bytes) -> None:
    """What is cut off or foreign is no answer."""
    with pytest.raises(PreambleError):
        sql_browser.tcp_port(answer)


@given(st.binary(max_size=2000))
def test_any_datagram_gives_a_port_or_an_error(answer: bytes) -> None:
    """No datagram does more than be read or be refused."""
    with contextlib.suppress(PreambleError):
        port = sql_browser.tcp_port(answer)
        assert port is None or 0 < port < 65536
