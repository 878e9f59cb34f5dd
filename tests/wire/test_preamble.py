"""Recognising another service by its first bytes."""

from __future__ import annotations

import unicodedata
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.errors import PreambleError
from wizard.wire.mysql import MySqlGreeting
from wizard.wire.postgresql import PostgresDirect, PostgresSslRequest
from wizard.wire.preamble import Preamble, recognise, spoken
from wizard.wire.tds import TdsPrelogin, TdsStrict

RECORDINGS = Path(__file__).parent / "recordings"
PREAMBLES: tuple[type[Preamble], ...] = (
    TdsPrelogin,
    TdsStrict,
    MySqlGreeting,
    PostgresSslRequest,
    PostgresDirect,
)


@pytest.mark.parametrize(
    ("first", "service"),
    [
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "SSH"),
        (b"HTTP/1.1 400 Bad Request\r\n", "HTTP"),
        (b"220 mail.corp.example ESMTP\r\n", "SMTP or FTP"),
        (b"-ERR unknown command\r\n", "Redis"),
        (b"+OK ready\r\n", "POP3"),
        (b"* OK IMAP4rev1\r\n", "IMAP"),
        (b"RFB 003.008\n", "VNC"),
        (b"\x15\x03\x03\x00\x02\x02\x28", "TLS"),
        (b"\x16\x03\x01\x02\x00\x01", "TLS"),
        (b"\x17\x00\x00\x00\xff\x10\x04Too many", "MySQL"),
        (b"E\x00\x00\x00\x62SFATAL\x00", "PostgreSQL"),
        (b"EFATAL:  unsupported\n", "PostgreSQL"),
        (b"", None),
        (b"S", None),
        (b"\x00\x01\x02\x03", None),
    ],
)
def test_a_service_is_named_by_its_first_bytes(first: bytes, service: str | None) -> None:
    """The usual services are named, and nothing is guessed from bytes that fit none."""
    assert recognise(first) == service


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("tds/reply-sql2012", "SQL Server"),
        ("mysql/greeting-mysql-8.0.42", "MySQL"),
        ("mysql/greeting-mariadb-10.11", "MariaDB"),
        ("mysql/refused-1040", "MySQL"),
    ],
)
def test_recorded_databases_are_named(name: str, service: str) -> None:
    """What real databases sent first is recognised as theirs."""
    digits = (RECORDINGS / f"{name}.hex").read_text("utf-8").partition("\n")[2]
    assert recognise(bytes.fromhex(digits)) == service


def test_every_recording_tells_its_origin() -> None:
    """A recording without an origin cannot be judged, so none is kept."""
    files = sorted(RECORDINGS.glob("*/*.hex"))
    assert files
    assert all(file.read_text("utf-8").startswith("# ") for file in files if file.parent.name != "tls")


@pytest.mark.parametrize("preamble", PREAMBLES)
@pytest.mark.parametrize(
    ("first", "service"), [(b"HTTP/1.1 400 Bad Request\r\n", "HTTP"), (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH")]
)
def test_every_preamble_names_a_foreign_service(preamble: type[Preamble], first: bytes, service: str) -> None:
    """Each codec refuses another service and carries its name, so that the port can be corrected."""
    with pytest.raises(PreambleError, match=f"answers like {service}") as caught:
        preamble().receive(first)
    assert caught.value.service == service


@given(chunks=st.lists(st.binary(max_size=80), max_size=6), which=st.sampled_from(PREAMBLES))
def test_only_a_preamble_error_escapes(chunks: list[bytes], which: type[Preamble]) -> None:
    """Hostile bytes never cause another exception, in any portions."""
    preamble = which()
    preamble.start()
    with suppress(PreambleError):
        for chunk in chunks:
            preamble.receive(chunk)
    with suppress(PreambleError):
        for chunk in chunks:
            preamble.unwrap(chunk)


@given(st.binary(max_size=300))
def test_a_servers_words_lose_their_control_characters(raw: bytes) -> None:
    """No escape code and no line break of a server reaches a screen."""
    assert not {unicodedata.category(sign) for sign in spoken(raw)} & {"Cc", "Cf", "Zl", "Zp", "Cs"}
    assert len(spoken(raw)) <= 200
