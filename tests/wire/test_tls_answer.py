"""Our own server's flight is read back as it was written, by our reader and by OpenSSL."""

from __future__ import annotations

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.wire.tls_answer import HANDSHAKE_FAILURE, PROTOCOL_VERSION, fatal_alert, first_flight
from wizard.wire.tls_flight import FlightReader, ServerFlight
from wizard.wire.tls_hello import client_hello
from wizard.wire.tls_names import SUITES, Version

OLD = (Version.TLS_1_0, Version.TLS_1_1, Version.TLS_1_2)


def read(data: bytes) -> FlightReader:
    """Returns the reader after it was fed the whole answer."""
    reader = FlightReader()
    reader.feed(data)
    return reader


@given(
    st.sampled_from(OLD),
    st.sampled_from(
        [suite for suite in SUITES if "DHE" not in suite.name and suite.since <= Version.TLS_1_2]
    ),
    st.lists(st.binary(min_size=1, max_size=20_000), max_size=4),
)
def test_a_flight_is_read_as_it_was_written(version: Version, suite: object, chain: list[bytes]) -> None:
    """Version, suite and chain come back, also where the chain spans several records."""
    assert isinstance(suite, type(SUITES[0]))
    reader = read(first_flight(version, suite.code, tuple(chain)))
    assert reader.done
    assert reader.flight == ServerFlight(
        version=version,
        cipher=suite.name,
        certificates=tuple(chain),
        client_certificate_requested=False,
    )


def test_a_flight_that_is_cut_off_is_not_done() -> None:
    """Without its last byte the flight is incomplete."""
    assert not read(first_flight(Version.TLS_1_2, 5, (b"one", b"two"))[:-1]).done


def test_tls_1_3_cannot_be_written() -> None:
    """All but its hello would have to be encrypted."""
    with pytest.raises(ValueError, match="cryptography"):
        first_flight(Version.TLS_1_3, 0x1301, ())


@pytest.mark.parametrize(
    ("code", "name"), [(HANDSHAKE_FAILURE, "handshake_failure"), (PROTOCOL_VERSION, "protocol_version")]
)
def test_an_alert_is_fatal_and_ends_the_flight(code: int, name: str) -> None:
    """The reader names it and expects no more."""
    reader = read(fatal_alert(code))
    assert reader.done
    assert (reader.flight.alert, reader.flight.alert_fatal) == (name, True)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (fatal_alert(HANDSHAKE_FAILURE), "HANDSHAKE_FAILURE"),
        (fatal_alert(PROTOCOL_VERSION), "PROTOCOL_VERSION"),
        (first_flight(Version.TLS_1_2, 0x0005, (b"no certificate",)), "WRONG_CIPHER_RETURNED|UNKNOWN_CIPHER"),
    ],
    ids=["handshake-failure", "protocol-version", "first-flight"],
)
def test_openssl_reads_our_answers(answer: bytes, reason: str) -> None:
    """A real client understands the alerts, and the hello well enough to refuse its cipher."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_bio(incoming, outgoing, server_hostname="db01")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    incoming.write(answer)
    with pytest.raises(ssl.SSLError, match=reason):
        client.do_handshake()


def test_the_outdated_suites_are_among_those_that_we_offer() -> None:
    """What the lab chooses, our hello has offered: otherwise a probe could not see it."""
    offered = client_hello("db01", lowest=Version.TLS_1_0, highest=Version.TLS_1_2)
    assert b"\x00\x05" in offered
    assert b"\x00\x0a" in offered
