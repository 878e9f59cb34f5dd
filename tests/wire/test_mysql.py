"""MySQL's and MariaDB's preamble against recorded peers and against hostile bytes."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.errors import PreambleError
from wizard.wire import mysql
from wizard.wire.mysql import Handshake, MySqlGreeting
from wizard.wire.preamble import Greeting


def recorded(name: str) -> bytes:
    """Returns the bytes of one recording."""
    file = Path(__file__).parent / "recordings" / "mysql" / f"{name}.hex"
    return bytes.fromhex(file.read_text("utf-8").partition("\n")[2])


@pytest.mark.parametrize(
    ("name", "greeting"),
    [
        ("greeting-mysql-8.0.42", Greeting("mysql", "8.0.42", True, None)),
        (
            "greeting-mariadb-10.11",
            Greeting("mariadb", "10.11.19-MariaDB-0+deb12u1", True, None),
        ),
    ],
)
def test_recorded_greetings_are_read_byte_by_byte(name: str, greeting: Greeting) -> None:
    """The engine, its true version and the offer of TLS come from the greeting, in portions of one byte."""
    preamble = MySqlGreeting()
    assert preamble.start() == b""
    sent = b"".join(preamble.receive(bytes([byte])) for byte in recorded(name))
    assert preamble.greeting == greeting
    assert preamble.ready
    assert sent[:4] == b"\x20\x00\x00\x01"
    assert mysql.is_ssl_request(sent[4:])


def test_the_recorded_plugin_and_nonce_are_read() -> None:
    """The parts that a login needs are found in a real greeting."""
    handshake = Handshake.decode(recorded("greeting-mysql-8.0.42")[4:])
    assert handshake.plugin == b"caching_sha2_password"
    assert len(handshake.nonce) == 20


@pytest.mark.parametrize("name", ["connector-python", "mariadb-cli"])
def test_the_requests_of_real_clients_are_recognised(name: str) -> None:
    """The server's side sees that each driver asks for TLS."""
    found = mysql.PacketReader().feed(recorded(name))
    assert found is not None
    assert found[0] == 1
    assert mysql.is_ssl_request(found[1])


def test_mariadb_is_told_by_its_flag_where_its_version_hides_it() -> None:
    """A hosted MariaDB may carry a version of its own; the flag that only MySQL sets still tells."""
    assert Handshake(b"10.3.39-azure", mysql.CLIENT_SSL).engine == "mariadb"
    assert Handshake(b"8.0.39-azure", mysql.CLIENT_SSL | mysql.CLIENT_MYSQL).engine == "mysql"


def test_a_greeting_without_the_flag_offers_no_tls() -> None:
    """Where CLIENT_SSL is absent nothing is sent and TLS may not begin."""
    preamble = MySqlGreeting()
    handshake = Handshake(b"8.4.3", mysql.CLIENT_MYSQL | mysql.CLIENT_PROTOCOL_41, plugin=b"x")
    assert preamble.receive(mysql.packet(0, handshake.encode())) == b""
    assert preamble.greeting == Greeting("mysql", "8.4.3", False, "not-offered")
    assert not preamble.ready


def test_a_recorded_refusal_carries_its_code() -> None:
    """A server that has no connection left says so instead of greeting."""
    with pytest.raises(PreambleError, match="error 1040: Too many connections"):
        MySqlGreeting().receive(recorded("refused-1040"))


@pytest.mark.parametrize(("code", "state"), [(1129, None), (1130, "HY000")])
def test_other_refusals_carry_their_code_and_no_control_characters(code: int, state: str | None) -> None:
    """A blocked host is told from a wrong password, and the server's words stay harmless."""
    words = "Host \x1b[31m'10.0.0.7'\r\n is blocked"
    with pytest.raises(PreambleError) as caught:
        MySqlGreeting().receive(mysql.packet(0, mysql.error_packet(code, state, words)))
    assert f"error {code}: Host \ufffd[31m'10.0.0.7'\ufffd\ufffd is blocked" in caught.value.message


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(b"\x00\x00\x00\x00\x0a", id="empty packet"),
        pytest.param(b"\x01\x00\x02\x00\x0a", id="too large"),
        pytest.param(b"\x05\x00\x00\x01\x0a8.4\x00", id="wrong sequence"),
        pytest.param(b"\x05\x00\x00\x00\x098.4\x00", id="protocol 9"),
        pytest.param(b"\x05\x00\x00\x00\x0a8.4\x00", id="cut off"),
        pytest.param(b"\x02\x00\x00\x00\xff\x10", id="refusal without a code"),
    ],
)
def test_a_broken_greeting_is_refused(wrong: bytes) -> None:
    """Nothing is believed of a greeting that breaks the protocol."""
    with pytest.raises(PreambleError):
        MySqlGreeting().receive(wrong)


def test_bytes_after_the_greeting_are_refused() -> None:
    """Bytes planted before TLS are not read after it."""
    whole = recorded("greeting-mysql-8.0.42")
    with pytest.raises(PreambleError, match="more than its greeting"):
        MySqlGreeting().receive(whole + b"x")
    preamble = MySqlGreeting()
    preamble.receive(whole)
    with pytest.raises(PreambleError, match="more than its greeting"):
        preamble.receive(b"x")


versions = st.binary(min_size=1, max_size=40).filter(lambda text: 0 not in text)


@given(version=versions, flags=st.integers(0, 2**32 - 1), nonce=st.binary(min_size=20, max_size=20))
def test_a_greeting_survives_the_round_trip(version: bytes, flags: int, nonce: bytes) -> None:
    """What the server's side writes the client's side reads."""
    handshake = Handshake(version, flags, nonce, b"caching_sha2_password", 7)
    assert Handshake.decode(handshake.encode()) == handshake


@given(st.binary(max_size=120))
def test_only_a_preamble_error_escapes_a_framed_greeting(payload: bytes) -> None:
    """A well framed greeting with a hostile payload is read or refused."""
    with suppress(PreambleError):
        MySqlGreeting().receive(mysql.packet(0, b"\x0a" + payload))
