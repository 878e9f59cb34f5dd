"""The server's side of a TDS session, against broken clients. Real drivers hold it to the rest, in tests/lab."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.errors import PreambleError
from wizard.wire import tds_session

HEADERS = struct.pack("<IIHQI", 22, 18, 2, 0, 1)


def login(version: int) -> bytes:
    """Returns the fixed part of a LOGIN7 message."""
    return struct.pack("<II", 36, version) + bytes(28)


@pytest.mark.parametrize("version", [0x72090002, 0x730B0003, 0x74000004, 0x08000000])
def test_the_version_of_a_login_is_read_and_acknowledged(version: int) -> None:
    """The server acknowledges the version that the client asks for, in the other byte order."""
    assert tds_session.login_version(login(version)) == version
    assert struct.pack(">BI", 1, version) in tds_session.login_accepted(version, "16.0.1000")


@pytest.mark.parametrize("broken", [b"", bytes(36), login(0x71000001), login(0x74000004) + b"x"])
def test_a_broken_or_ancient_login_is_refused(broken: bytes) -> None:
    """A wrong length and a version whose tokens are not written here are refused."""
    with pytest.raises(PreambleError):
        tds_session.login_version(broken)


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (HEADERS + "SELECT 1".encode("utf-16-le"), "SELECT 1"),
        (b"", ""),
        (b"\xff\xff\xff\xff" + b"S\0", ""),
    ],
)
def test_the_text_of_a_batch_stands_behind_its_headers(payload: bytes, text: str) -> None:
    """The headers are passed over, and headers longer than the message leave no text."""
    assert tds_session.batch_text(payload) == text


def test_transactions_begin_and_end() -> None:
    """Begin, commit and rollback change the environment; commit may begin another one."""
    begin = tds_session.transaction_answer(HEADERS + b"\x05\0\0\0")
    commit = tds_session.transaction_answer(HEADERS + b"\x07\0\0\0")
    again = tds_session.transaction_answer(HEADERS + b"\x07\0\0\x01")
    assert begin is not None
    assert commit is not None
    assert again is not None
    assert (begin[3], commit[3]) == (8, 9)
    assert len(again) > len(commit)
    assert tds_session.transaction_answer(HEADERS + b"\x63\0") is None


@given(st.binary(max_size=80))
def test_only_a_preamble_error_escapes(payload: bytes) -> None:
    """A hostile client's messages are read or refused."""
    tds_session.batch_text(payload)
    tds_session.transaction_answer(payload)
    with suppress(PreambleError):
        tds_session.login_version(payload)
