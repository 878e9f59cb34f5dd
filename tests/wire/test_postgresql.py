"""PostgreSQL's preamble against recorded peers and against hostile bytes."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.errors import PreambleError
from wizard.wire import postgresql
from wizard.wire.postgresql import PostgresDirect, PostgresSslRequest, StartupReader
from wizard.wire.preamble import Greeting


def recorded(name: str) -> bytes:
    """Returns the bytes of one recording."""
    file = Path(__file__).parent / "recordings" / "postgresql" / f"{name}.hex"
    return bytes.fromhex(file.read_text("utf-8").partition("\n")[2])


@pytest.mark.parametrize("name", ["psql-15", "psycopg-3"])
def test_the_request_is_that_of_real_clients(name: str) -> None:
    """The eight bytes are those that psql and psycopg send."""
    assert PostgresSslRequest().start() == recorded(name)
    assert StartupReader().feed(recorded(name)) == (postgresql.SSL_REQUEST, b"")


def test_yes_makes_tls_ready() -> None:
    """The answer of a real server lets TLS begin; whether it demands TLS is not told."""
    preamble = PostgresSslRequest()
    assert preamble.receive(recorded("reply-postgres-15")) == b""
    assert preamble.greeting == Greeting("postgresql", None, True, None)
    assert preamble.ready


def test_no_means_not_offered() -> None:
    """A server without TLS says so, and TLS may not begin."""
    preamble = PostgresSslRequest()
    preamble.receive(b"N")
    assert preamble.greeting == Greeting("postgresql", None, False, "not-offered")
    assert not preamble.ready


@pytest.mark.parametrize("answer", [b"S\x16\x03", b"NR", b"S" + bytes(100)])
def test_bytes_after_the_answer_are_refused(answer: bytes) -> None:
    """Bytes planted before TLS are not read after it (CVE-2021-23222)."""
    with pytest.raises(PreambleError, match="more than its answer"):
        PostgresSslRequest().receive(answer)
    preamble = PostgresSslRequest()
    preamble.receive(answer[:1])
    with pytest.raises(PreambleError, match="more than its answer"):
        preamble.receive(answer[1:])


@pytest.mark.parametrize(
    "error", [b"E\x00\x00\x00\x62SFATAL\x00", b"EFATAL:  go to http://evil.example\n\x00"]
)
def test_an_error_is_refused_without_its_words(error: bytes) -> None:
    """The words of an error before TLS could be anybody's, so they are not repeated (CVE-2024-10977)."""
    with pytest.raises(PreambleError, match="with an error") as caught:
        PostgresSslRequest().receive(error)
    assert "evil" not in caught.value.message


def test_direct_tls_offers_its_protocol_and_takes_nothing_before() -> None:
    """Direct TLS begins at once with ALPN and refuses any byte before it."""
    preamble = PostgresDirect()
    assert (preamble.start(), preamble.ready, preamble.alpn) == (b"", True, "postgresql")
    with pytest.raises(PreambleError):
        preamble.receive(b"S")


def test_a_plain_start_up_packet_is_read_byte_by_byte() -> None:
    """The server's side reads a driver's start-up packet in portions of one byte."""
    reader = StartupReader()
    raw = recorded("psycopg-3-plain")
    found = [reader.feed(bytes([byte])) for byte in raw]
    assert found[:-1] == [None] * (len(raw) - 1)
    assert found[-1] == (postgresql.PROTOCOL_3 << 16, b"user\0u\0database\0d\0\0")


@pytest.mark.parametrize(
    "wrong", [b"\x00\x00\x00\x07", b"\x7f\xff\xff\xff", b"GET / HTTP/1.1", postgresql.ssl_request() + b"\x16"]
)
def test_an_impossible_start_up_packet_is_refused(wrong: bytes) -> None:
    """A length that cannot be, and bytes before the answer, are refused."""
    with pytest.raises(PreambleError):
        StartupReader().feed(wrong)


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_only_a_preamble_error_escapes_the_start_up_reader(chunks: list[bytes]) -> None:
    """A hostile client's bytes are read or refused."""
    reader = StartupReader()
    with suppress(PreambleError):
        for chunk in chunks:
            reader.feed(chunk)
