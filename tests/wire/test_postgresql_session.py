"""The server's side of a PostgreSQL session, against broken clients. Real drivers hold it to the rest, in tests/lab."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.errors import PreambleError
from wizard.wire.postgresql_session import MessageReader, message

LIMIT = 4096


@given(st.lists(st.tuples(st.sampled_from([b"Q", b"P", b"S"]), st.binary(max_size=50)), max_size=6))
def test_messages_are_cut_wherever_the_network_cuts_them(sent: list[tuple[bytes, bytes]]) -> None:
    """Messages that arrive byte by byte are the ones that were sent."""
    reader = MessageReader(LIMIT)
    wire = b"".join(message(kind, body) for kind, body in sent)
    assert [found for byte in wire for found in reader.feed(bytes([byte]))] == sent


@pytest.mark.parametrize("length", [b"\x00\x00\x00\x03", b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff"])
def test_an_impossible_length_is_refused(length: bytes) -> None:
    """A length below its own four bytes or above the limit is refused before anything is kept."""
    with pytest.raises(PreambleError):
        list(MessageReader(LIMIT).feed(b"Q" + length))


@given(st.binary(max_size=200))
def test_only_a_preamble_error_escapes(data: bytes) -> None:
    """A hostile client's messages are read or refused."""
    with suppress(PreambleError):
        list(MessageReader(LIMIT).feed(data))
