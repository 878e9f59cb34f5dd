"""First flights of servers: recorded ones, cut and broken in every way."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.errors import HandshakeError
from wizard.wire.tls_flight import MAX_FLIGHT, FlightReader, ServerFlight
from wizard.wire.tls_names import Version

RECORDINGS = {
    path.stem: bytes.fromhex(path.read_text(encoding="ascii"))
    for path in sorted((Path(__file__).parent / "recordings" / "tls").glob("*.hex"))
}
CHAIN = RECORDINGS["openssl-tls12-chain-client-certificate"]
WARNING = b"\x15\x03\x01\x00\x02\x01\x70"
FATAL = b"\x15\x03\x01\x00\x02\x02\x28"

# version, cipher, number of certificates, client certificate requested, then what else is known
EXPECTED: dict[str, tuple[Version, str, int, bool | None, dict[str, object]]] = {
    "openssl-tls10-rsa1024-sha1": (Version.TLS_1_0, "ECDHE-RSA-AES256-SHA", 1, False, {"group": "x25519"}),
    "openssl-tls11-dhe1024": (Version.TLS_1_1, "DHE-RSA-AES256-SHA", 1, False, {"dh_bits": 1024}),
    "openssl-tls12-chain-client-certificate": (
        Version.TLS_1_2, "ECDHE-RSA-AES256-GCM-SHA384", 2, True, {"group": "x25519"},
    ),
    "openssl-tls12-alpn": (
        Version.TLS_1_2, "ECDHE-RSA-AES256-GCM-SHA384", 1, False, {"group": "x25519", "alpn": "postgresql"},
    ),
    "openssl-tls13": (Version.TLS_1_3, "TLS_AES_256_GCM_SHA384", 0, None, {"group": "x25519"}),
    "openssl-tls13-retry": (
        Version.TLS_1_3, "TLS_AES_256_GCM_SHA384", 0, None, {"group": "secp384r1", "retry_requested": True},
    ),
    "go-tls12-rc4": (Version.TLS_1_2, "RC4-SHA", 1, False, {}),
    "go-tls10-3des": (Version.TLS_1_0, "DES-CBC3-SHA", 1, False, {}),
    "java-sslv3": (Version.SSL_3, "ECDHE-RSA-AES256-SHA", 1, False, {"group": "x25519"}),
}  # fmt: skip
REFUSED = {
    "openssl-refuses-tls10": "protocol_version",
    "openssl-level2-tls10": "internal_error",
    "openssl-no-shared-protocol": "no_application_protocol",
    "openssl-no-shared-cipher": "handshake_failure",
}


def read(*pieces: bytes) -> FlightReader:
    """Returns a reader that was fed `pieces`."""
    reader = FlightReader()
    for piece in pieces:
        reader.feed(piece)
    return reader


def outcome(*pieces: bytes) -> tuple[bool, ServerFlight] | str:
    """Returns what `pieces` lead to: a flight, or the message of a HandshakeError."""
    try:
        reader = read(*pieces)
    except HandshakeError as error:
        return error.message
    return reader.done, reader.flight


def record(payload: bytes, kind: int = 22) -> bytes:
    """Returns one TLS 1.2 record."""
    return bytes([kind, 3, 3]) + len(payload).to_bytes(2) + payload


def message(kind: int, body: bytes) -> bytes:
    """Returns one handshake message."""
    return bytes([kind]) + len(body).to_bytes(3) + body


def server_hello(version: int = 0x0303, cipher: int = 0xC030, extensions: bytes = b"") -> bytes:
    """Returns a ServerHello message."""
    tail = len(extensions).to_bytes(2) + extensions if extensions else b""
    return message(2, version.to_bytes(2) + bytes(33) + cipher.to_bytes(2) + b"\x00" + tail)


def certificates(*ders: bytes) -> bytes:
    """Returns a Certificate message up to TLS 1.2."""
    entries = b"".join(len(der).to_bytes(3) + der for der in ders)
    return message(11, len(entries).to_bytes(3) + entries)


DONE = message(14, b"")


def test_every_recording_is_expected() -> None:
    """No recording is left untested."""
    assert set(RECORDINGS) == set(EXPECTED) | set(REFUSED)


@pytest.mark.parametrize("name", EXPECTED)
def test_recorded_flights_are_described(name: str) -> None:
    """What real servers sent is read completely, SSLv3, RC4 and 3DES too."""
    version, cipher, certificate_count, requested, others = EXPECTED[name]
    reader = read(RECORDINGS[name])
    flight = reader.flight
    assert reader.done
    assert flight == ServerFlight(
        version=version,
        cipher=cipher,
        certificates=flight.certificates,
        client_certificate_requested=requested,
        **others,  # type: ignore[arg-type]
    )
    assert len(flight.certificates) == certificate_count
    for der in flight.certificates:
        assert der[:2] == b"\x30\x82"
        assert int.from_bytes(der[2:4]) == len(der) - 4


@pytest.mark.parametrize("name", REFUSED)
def test_recorded_refusals_are_named(name: str) -> None:
    """A fatal alert completes the flight and leaves everything else unknown."""
    reader = read(RECORDINGS[name])
    assert reader.done
    assert reader.flight == ServerFlight(alert=REFUSED[name], alert_fatal=True)


@pytest.mark.parametrize("name", RECORDINGS)
def test_byte_at_a_time_gives_the_same_flight(name: str) -> None:
    """The size of the pieces does not matter, and what follows a complete flight is ignored."""
    data = RECORDINGS[name]
    assert outcome(*(bytes([byte]) for byte in data)) == outcome(data) == outcome(data, b"garbage")


@pytest.mark.parametrize("name", EXPECTED)
def test_truncated_flights_stay_open(name: str) -> None:
    """A flight that stops early is not done, and never says that no client certificate is asked for."""
    reader = read(RECORDINGS[name][:60])
    assert not reader.done
    assert reader.flight.client_certificate_requested is None


def test_messages_may_span_and_share_records() -> None:
    """All messages in one record, each byte in its own, and empty records between give the same flight."""
    messages = server_hello() + certificates(b"leaf", b"issuer") + DONE
    together = outcome(record(messages))
    apart = outcome(*(record(bytes([byte])) + record(b"") for byte in messages))
    assert together == apart
    assert together == (
        True,
        ServerFlight(
            version=Version.TLS_1_2,
            cipher="ECDHE-RSA-AES256-GCM-SHA384",
            certificates=(b"leaf", b"issuer"),
            client_certificate_requested=False,
        ),
    )


def test_warning_before_the_hello_is_kept_and_passed_over() -> None:
    """unrecognized_name as a warning does not end the flight; the fatal alert does."""
    warned = read(WARNING, CHAIN)
    assert warned.done
    assert (warned.flight.alert, warned.flight.alert_fatal) == ("unrecognized_name", False)
    assert len(warned.flight.certificates) == 2
    assert not read(WARNING).done
    refused = read(WARNING, FATAL)
    assert refused.done
    assert (refused.flight.alert, refused.flight.alert_fatal) == ("handshake_failure", True)


def test_alerts_may_be_cut_and_unknown() -> None:
    """An alert in two records is one alert; an unknown one keeps its number; a close ends the flight."""
    assert read(record(b"\x02", 21), record(b"\x46", 21)).flight.alert == "protocol_version"
    assert read(record(b"\x02\xfb", 21)).flight.alert == "alert_251"
    closed = read(record(b"\x01\x00", 21))
    assert closed.done
    assert (closed.flight.alert, closed.flight.alert_fatal) == ("close_notify", False)


def test_retry_is_recognised_by_its_random() -> None:
    """The special random is the hash that RFC 8446 section 4.1.3 says it is; any other is no retry."""
    special = hashlib.sha256(b"HelloRetryRequest").digest()
    data = RECORDINGS["openssl-tls13-retry"]
    assert special in data
    assert read(data).flight.retry_requested
    assert not read(data.replace(special, bytes(32))).flight.retry_requested


def test_unknown_numbers_are_shown_as_numbers() -> None:
    """A suite without a name is shown as its number; an unknown version is an error that names it."""
    assert read(record(server_hello(cipher=0x1234))).flight.cipher == "0x1234"
    assert outcome(record(server_hello(version=0x7F1C))) == (
        "The server chose the TLS version 0x7f1c, which is unknown."
    )


def test_protocol_chosen_by_the_server_is_harmless() -> None:
    """Escape codes in the chosen application protocol are not passed on."""
    name = b"\x1b]0;x\x07"
    entry = bytes([len(name)]) + name
    extension = b"\x00\x10" + (len(entry) + 2).to_bytes(2) + len(entry).to_bytes(2) + entry
    assert read(record(server_hello(extensions=extension))).flight.alpn == "\\x1b]0;x\\x07"


@pytest.mark.parametrize(
    ("data", "message_part"),
    [
        (b"HTTP/1.1 400", "not TLS: it starts with the byte 0x48"),
        (b"\x16\x00\x00\x00\x0a5.7.30", "not TLS: it starts with the byte 0x16"),
        (b"\x80\x03\x00\x00\x01", "speaks SSL 2.0"),
        (b"\x84\x2e\x04\x00\x01\x00\x02", "speaks SSL 2.0"),
        (b"\xff\x00\x00\x00\x02", "not TLS"),
        (WARNING + b"oops", "stopped speaking TLS"),
        (b"\x16\x03\x03\x48\x01", "record of 18433 bytes"),
        (record(b"\x02\x10\x00\x01"), "message of 1048577 bytes"),
        (record(server_hello() + certificates(*[b"x"] * 101)), "more than 100 certificates"),
        (record(certificates(b"x")), "type 11 where it does not belong"),
        (record(server_hello() * 2), "type 2 where it does not belong"),
        (record(server_hello() + message(20, b"")), "type 20 where it does not belong"),
        (record(b"\x01", 20), "record of type 20"),
        (record(b"\x07\x00", 21), "malformed TLS alert"),
        (WARNING * 17, "more than 16 TLS warnings"),
        (record(message(2, b"\x03\x03")), "malformed"),
        (record(server_hello() + message(11, b"\x00\x00\x05\x00\x00\x09")), "malformed"),
        (record(server_hello(cipher=0x0033) + message(12, b"\xff\xff")), "malformed"),
    ],
)
def test_what_is_no_flight_is_named_in_one_sentence(data: bytes, message_part: str) -> None:
    """Other protocols, broken limits and malformed messages are a HandshakeError, however they are cut."""
    error = outcome(data)
    assert isinstance(error, str)
    assert message_part in error
    assert error.endswith(".")
    assert outcome(*(bytes([byte]) for byte in data)) == error


def test_limits_are_reached_but_not_passed() -> None:
    """A chain of 100 certificates, a record of the greatest length and 16 warnings are read."""
    assert len(read(record(server_hello() + certificates(*[b"x"] * 100))).flight.certificates) == 100
    hello = server_hello()
    longest = record(hello + message(22, bytes(2**14 + 2048 - len(hello) - 4)))
    assert read(longest, record(DONE)).done
    assert read(WARNING * 16, CHAIN).done


def test_endless_flights_come_to_an_end() -> None:
    """A server that never completes its flight is cut off by the number of bytes."""
    piece = record(b"") * 1000
    reader = FlightReader()
    for _ in range(MAX_FLIGHT // len(piece)):
        reader.feed(piece)
    with pytest.raises(HandshakeError, match="without completing"):
        reader.feed(piece)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Returns `data` in pieces that end at `places`."""
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(ends)]


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=8))
def test_random_bytes_raise_nothing_else(data: bytes, places: list[int]) -> None:
    """Any bytes in any pieces are a flight or a HandshakeError, the same one however they are cut."""
    assert outcome(*cut(data, places)) == outcome(data)


@given(
    st.binary(max_size=120),
    st.sampled_from([2, 11, 12, 13, 22]),
    st.sampled_from([0xC030, 0x0033, 0x1301]),
)
def test_random_messages_raise_nothing_else(body: bytes, kind: int, cipher: int) -> None:
    """Any body of any message is read or a HandshakeError."""
    before = b"" if kind == 2 else server_hello(cipher=cipher)
    outcome(record(before + message(kind, body) + DONE))


@given(
    st.sampled_from(sorted(RECORDINGS)),
    st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=6),
    st.lists(st.integers(0, 4000), max_size=8),
)
def test_mutated_recordings_raise_nothing_else(
    name: str, changes: list[tuple[int, int]], places: list[int]
) -> None:
    """A recording with changed bytes gives the same outcome however it is cut."""
    data = bytearray(RECORDINGS[name])
    for place, value in changes:
        data[place % len(data)] = value
    whole = bytes(data)
    assert outcome(*cut(whole, places)) == outcome(whole)
