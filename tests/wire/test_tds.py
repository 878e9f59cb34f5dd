"""SQL Server's preamble against recorded peers and against hostile bytes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.errors import PreambleError
from wizard.wire import tds
from wizard.wire.preamble import Greeting, Policy
from wizard.wire.tds import TdsPrelogin, TdsStrict


def recorded(name: str) -> bytes:
    """Returns the bytes of one recording."""
    file = Path(__file__).parent / "recordings" / "tds" / f"{name}.hex"
    return bytes.fromhex(file.read_text("utf-8").partition("\n")[2])


def reply(encryption: int, version: str = "16.0.1000") -> bytes:
    """Returns a server's PRELOGIN reply."""
    options = {tds.VERSION: tds.version_bytes(version), tds.ENCRYPTION: bytes([encryption])}
    return tds.packets(tds.REPLY, tds.prelogin(options))


@pytest.mark.parametrize(
    ("encryption", "offered", "policy"),
    [(0, True, "optional"), (1, True, "required"), (3, True, "required"), (2, False, "not-offered")],
)
def test_the_reply_to_encrypt_off_tells_the_policy(encryption: int, offered: bool, policy: Policy) -> None:
    """Asking for no encryption shows what the server demands, without any login."""
    preamble = TdsPrelogin()
    preamble.receive(reply(encryption))
    assert preamble.greeting == Greeting("sqlserver", "16.0.1000", offered, policy)
    assert preamble.ready is offered


def test_the_reply_to_encrypt_on_does_not_tell_the_policy() -> None:
    """A server answers ON to ON whether it forces encryption or not."""
    preamble = TdsPrelogin(tds.ENCRYPT_ON)
    preamble.receive(reply(tds.ENCRYPT_ON))
    assert preamble.greeting == Greeting("sqlserver", "16.0.1000", True, None)


@pytest.mark.parametrize(
    ("name", "version"), [("reply-sql2012", "11.0.3000"), ("reply-sql2008", "10.0.2531")]
)
def test_documented_replies_are_read_byte_by_byte(name: str, version: str) -> None:
    """The examples of the specification are read in portions of one byte."""
    preamble = TdsPrelogin(tds.ENCRYPT_ON)
    for byte in recorded(name):
        assert preamble.greeting is None
        preamble.receive(bytes([byte]))
    assert preamble.greeting == Greeting("sqlserver", version, True, None)


@pytest.mark.parametrize(
    ("name", "encryption"),
    [("odbc18-yes", 1), ("odbc18-no", 0), ("freetds-1.3", 0), ("pymssql", 0), ("request-ms-tds", 1)],
)
def test_the_requests_of_real_clients_are_read(name: str, encryption: int) -> None:
    """The server's side reads what each driver asks for."""
    reader = tds.MessageReader()
    (message,) = reader.feed(recorded(name))
    assert message.kind == tds.PRELOGIN
    assert tds.prelogin_options(message.payload)[tds.ENCRYPTION] == bytes([encryption])


@pytest.mark.parametrize("name", ["odbc18-yes-tls", "odbc18-no-tls", "freetds-1.3-tls", "pymssql-tls"])
def test_the_handshake_of_real_clients_is_unwrapped(name: str) -> None:
    """The ClientHello of each driver lies inside PRELOGIN packets."""
    hello = TdsPrelogin().unwrap(recorded(name))
    assert hello[:2] == b"\x16\x03"
    assert hello[5] == 1


@pytest.mark.parametrize(
    ("client", "policy", "answer"),
    [
        (0, "optional", 0), (1, "optional", 1), (2, "optional", 2), (3, "optional", 1), (0x80, "optional", 0),
        (0, "required", 3), (1, "required", 1), (2, "required", 3), (3, "required", 1),
        (0, "not-offered", 2), (1, "not-offered", 2), (2, "not-offered", 2), (3, "not-offered", 2),
    ],
)  # fmt: skip
def test_the_server_answers_by_the_specification(client: int, policy: Policy, answer: int) -> None:
    """The whole table of [MS-TDS] 2.2.6.5."""
    assert tds.encryption_answer(client, policy) == answer


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(tds.packets(tds.REPLY, b"\xff"), id="no options"),
        pytest.param(tds.packets(tds.REPLY, b"\x01\x00\x06\x00\x01"), id="no end"),
        pytest.param(tds.packets(tds.REPLY, b"\x01\x00\x40\x00\x01\xff"), id="outside"),
        pytest.param(tds.packets(tds.REPLY, tds.prelogin({1: b"\x07"})), id="unknown value"),
        pytest.param(b"\x04\x01\x00\x07\x00\x00\x01\x00", id="impossible length"),
        pytest.param(reply(0) + b"\x16\x03", id="bytes after the reply"),
        pytest.param(b"\x04\x00\xff\xff\x00\x00\x01\x00" + bytes(65527) + b"\x04\x00\xff\xff\x00\x00\x01\x00"
                     + bytes(65527), id="too large"),
    ],
)  # fmt: skip
def test_a_broken_reply_is_refused(wrong: bytes) -> None:
    """Nothing is believed of a reply that breaks the specification."""
    with pytest.raises(PreambleError):
        TdsPrelogin().receive(wrong)


def test_bytes_between_the_reply_and_tls_are_refused() -> None:
    """Bytes planted before TLS are not read after it."""
    preamble = TdsPrelogin()
    preamble.receive(reply(0))
    with pytest.raises(PreambleError, match="before TLS"):
        preamble.receive(b"\x04")


def test_a_packet_of_another_type_is_refused_during_the_handshake() -> None:
    """A login packet is no part of a TLS handshake."""
    with pytest.raises(PreambleError, match="0x10"):
        TdsPrelogin().unwrap(tds.packets(0x10, b"login"))


def test_strict_reads_its_greeting_inside_of_tls() -> None:
    """TDS 8.0 begins with TLS and tells its version only inside."""
    preamble = TdsStrict()
    assert (preamble.start(), preamble.ready, preamble.greeting) == (b"", True, None)
    assert preamble.alpn == "tds/8.0"
    preamble.receive_inside(reply(tds.ENCRYPT_NOT_SUP, "17.0.1000"))
    assert preamble.greeting == Greeting("sqlserver", "17.0.1000", True, None)


@given(payload=st.binary(max_size=20000), cuts=st.lists(st.integers(0, 20100), max_size=5))
def test_wrap_and_unwrap_are_inverse(payload: bytes, cuts: list[int]) -> None:
    """What one side wraps the other side unwraps, however the network cuts it."""
    wire = TdsPrelogin().wrap(payload)
    edges = [0, *sorted(min(cut, len(wire)) for cut in cuts), len(wire)]
    preamble = TdsPrelogin()
    parts = [preamble.unwrap(wire[a:b]) for a, b in pairwise(edges)]
    assert b"".join(parts) == payload


@given(st.dictionaries(st.integers(0, 254), st.binary(max_size=40), max_size=8))
def test_prelogin_options_survive_the_round_trip(options: dict[int, bytes]) -> None:
    """Every set of options is read as it was written."""
    assert tds.prelogin_options(tds.prelogin(options)) == options


@given(st.binary(max_size=200))
def test_only_a_preamble_error_escapes_the_option_table(payload: bytes) -> None:
    """A hostile option table is read or refused."""
    try:
        options = tds.prelogin_options(payload)
    except PreambleError:
        return
    assert all(len(value) <= len(payload) for value in options.values())


@given(st.binary(max_size=60))
def test_only_a_preamble_error_escapes_a_framed_reply(payload: bytes) -> None:
    """A well framed reply with a hostile payload is read or refused."""
    preamble = TdsPrelogin()
    try:
        preamble.receive(tds.packets(tds.REPLY, payload))
    except PreambleError:
        return
    assert preamble.greeting is not None
