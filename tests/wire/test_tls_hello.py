"""Our ClientHello, read back by ourselves."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.errors import HandshakeError, TargetError
from wizard.wire.tls_hello import client_hello, read_client_hello
from wizard.wire.tls_names import SUITES, Version

TLS = (Version.TLS_1_0, Version.TLS_1_1, Version.TLS_1_2, Version.TLS_1_3)
ECDSA_SIGNATURES = b"\x04\x03\x05\x03\x06\x03"


def hello(
    server_name: str | None = "db.example.test",
    lowest: Version = Version.TLS_1_0,
    highest: Version = Version.TLS_1_3,
    alpn: tuple[str, ...] = (),
) -> bytes:
    """Returns a repeatable hello."""
    return client_hello(
        server_name, lowest=lowest, highest=highest, alpn=alpn, random=bytes(32), key_share=b"\x05" * 32
    )


@pytest.mark.parametrize("highest", TLS)
def test_versions_stand_where_old_and_new_servers_look(highest: Version) -> None:
    """The record says TLS 1.0, the hello at most TLS 1.2, and only TLS 1.3 brings a list of versions."""
    data = hello(highest=highest)
    assert data[:3] == b"\x16\x03\x01"
    assert int.from_bytes(data[9:11]) == min(highest, Version.TLS_1_2)
    seen = read_client_hello(data)
    assert seen is not None
    assert seen.versions == (tuple(reversed(TLS)) if highest is Version.TLS_1_3 else (highest,))


def test_old_hello_has_nothing_that_came_with_tls_1_2() -> None:
    """A hello up to TLS 1.1 has no signature algorithms and fewer suites; one for TLS 1.2 has both."""
    old, new = hello(highest=Version.TLS_1_1), hello(highest=Version.TLS_1_2)
    assert ECDSA_SIGNATURES not in old
    assert ECDSA_SIGNATURES in new
    old_seen, new_seen = read_client_hello(old), read_client_hello(new)
    assert old_seen is not None
    assert new_seen is not None
    assert len(old_seen.suites) < len(new_seen.suites)


def test_suites_fit_into_the_smallest_server() -> None:
    """No hello has more than the 32 suites that yaSSL can hold, and no suite is listed twice."""
    seen = read_client_hello(hello())
    assert seen is not None
    assert len(seen.suites) == 32
    assert len({suite.code for suite in SUITES}) == len(SUITES) == 31


def test_only_tls_1_3_offers_only_its_suites() -> None:
    """With TLS 1.3 as the lowest version no older suite and no older version is offered."""
    seen = read_client_hello(hello(lowest=Version.TLS_1_3))
    assert seen is not None
    assert seen.versions == (Version.TLS_1_3,)
    assert len(seen.suites) == 3


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("db.example.test", "db.example.test"),
        ("db.example.test.", "db.example.test"),
        ("localhost", "localhost"),
        ("sql_server-1", "sql_server-1"),
        ("bücher.example", "xn--bcher-kva.example"),
    ],
)
def test_host_names_are_sent_as_sni(name: str, sent: str) -> None:
    """A host name is sent as DNS writes it."""
    seen = read_client_hello(hello(name))
    assert seen is not None
    assert seen.server_name == sent


@pytest.mark.parametrize("name", [None, "", "127.0.0.1", "10.1", "::1", "fe80::1%eth0"])
def test_addresses_are_not_sent_as_sni(name: str | None) -> None:
    """An IP address is never a server name of SNI (RFC 6066 section 3)."""
    seen = read_client_hello(hello(name))
    assert seen is not None
    assert seen.server_name is None


@pytest.mark.parametrize("name", ["two words", "a\nb", "x" * 254, "ü" * 300])
def test_impossible_names_are_refused_without_being_repeated(name: str) -> None:
    """What DNS cannot hold is a TargetError that does not repeat the input."""
    with pytest.raises(TargetError) as caught:
        hello(name)
    assert name not in caught.value.message


def test_application_protocols_are_listed_in_order() -> None:
    """ALPN is sent where it is asked for, and only there."""
    seen = read_client_hello(hello(alpn=("tds/8.0", "postgresql")))
    assert seen is not None
    assert seen.alpn == ("tds/8.0", "postgresql")
    without = read_client_hello(hello())
    assert without is not None
    assert without.alpn == ()


def test_hellos_differ_unless_they_are_fixed() -> None:
    """Random and key share are fresh in each hello, and repeatable when they are given."""
    assert client_hello("a.test", lowest=TLS[0], highest=TLS[3]) != client_hello(
        "a.test", lowest=TLS[0], highest=TLS[3]
    )
    assert hello() == hello()


@pytest.mark.parametrize(
    ("lowest", "highest"), [(Version.TLS_1_2, Version.TLS_1_1), (Version.SSL_3, Version.TLS_1_2)]
)
def test_versions_that_make_no_sense_are_a_mistake_of_the_caller(lowest: Version, highest: Version) -> None:
    """Versions in the wrong order, and SSLv3, are a ValueError."""
    with pytest.raises(ValueError, match="lowest"):
        hello(lowest=lowest, highest=highest)


def test_random_of_a_wrong_size_is_a_mistake_of_the_caller() -> None:
    """A random that is not 32 bytes is a ValueError, an empty one too."""
    with pytest.raises(ValueError, match="32"):
        client_hello(None, lowest=TLS[0], highest=TLS[3], random=b"")


def test_hello_is_read_only_when_it_is_complete() -> None:
    """Every true beginning of a hello gives None; the whole and anything behind it gives the offer."""
    data = hello(alpn=("tds/8.0",))
    assert all(read_client_hello(data[:end]) is None for end in range(len(data)))
    assert read_client_hello(data) == read_client_hello(data + b"anything")


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"\x15\x03\x01\x00\x02\x02\x28",
        b"\x16\x03\x01\x00\x04\x02\x00\x00\x00",
        b"\x16\x03\x01\x00\x06\x01\x00\x00\x02\x03\x03",
    ],
)
def test_anything_else_is_not_a_hello(data: bytes) -> None:
    """Other protocols, alerts, other messages and hellos that end too early are a HandshakeError."""
    with pytest.raises(HandshakeError):
        read_client_hello(data)


def test_names_from_a_client_are_harmless() -> None:
    """Escape codes in the server name of a client are not passed on."""
    data = hello("evil.test").replace(b"evil.test", b"e\x1b[2J.tst")
    seen = read_client_hello(data)
    assert seen is not None
    assert seen.server_name == "e\\x1b[2J.tst"


@given(st.data())
def test_mutated_hellos_raise_nothing_else(data: st.DataObject) -> None:
    """A hello with changed bytes is read, incomplete, or a HandshakeError."""
    mutated = bytearray(hello(alpn=("postgresql",)))
    for _ in range(data.draw(st.integers(1, 5))):
        mutated[data.draw(st.integers(0, len(mutated) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(HandshakeError):
        read_client_hello(bytes(mutated))
