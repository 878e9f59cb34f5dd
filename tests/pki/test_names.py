"""Hostname verification."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pki.authority import make
from wizard.model.certificate import Certificate
from wizard.pki.certificate import describe
from wizard.pki.names import match_names


def certificate(*sans: str, common_name: str | None = "unused.example") -> Certificate:
    """Returns a described certificate with these subject alternative names."""
    base = describe(_BASE)
    return Certificate(
        **{field: getattr(base, field) for field in base.__struct_fields__}
        | {"sans": sans, "common_name": common_name}
    )


_BASE = make("base").der


@pytest.mark.parametrize(
    ("server_name", "san"),
    [
        ("db.example.com", "DNS:db.example.com"),
        ("DB.Example.COM", "DNS:db.example.com"),
        ("db.example.com.", "DNS:db.example.com"),
        ("db.example.com", "DNS:DB.EXAMPLE.COM."),
        ("db.example.com", "DNS:*.example.com"),
        ("bücher.example.com", "DNS:xn--bcher-kva.example.com"),
        ("xn--bcher-kva.example.com", "DNS:*.example.com"),
        ("sql01", "DNS:sql01"),
        ("sql_01.corp.local", "DNS:sql_01.corp.local"),
        ("192.0.2.7", "IP:192.0.2.7"),
        ("2001:DB8:0:0::1", "IP:2001:db8::1"),
        ("[2001:db8::1]", "IP:2001:db8::1"),
        ("fe80::1%eth0", "IP:fe80::1"),
    ],
)
def test_names_that_match(server_name: str, san: str) -> None:
    """The table of matches of RFC 9525 section 6."""
    found = match_names(server_name, certificate(san))
    assert (found.status, found.matched) == ("match", san.partition(":")[2])
    assert not found.by_common_name


@pytest.mark.parametrize(
    ("server_name", "san"),
    [
        ("db.example.com", "DNS:other.example.com"),
        ("a.b.example.com", "DNS:*.example.com"),
        ("example.com", "DNS:*.example.com"),
        (".example.com", "DNS:*.example.com"),
        ("db1.example.com", "DNS:db*.example.com"),
        ("db.example.com", "DNS:db.*.com"),
        ("db.example.com", "DNS:*.*.com"),
        ("db.example.com", "DNS:*"),
        ("db.com", "DNS:*.com"),
        ("*.example.com", "DNS:*.example.com"),
        ("192.0.2.7", "DNS:192.0.2.7"),
        ("192.0.2.7", "DNS:*.0.2.7"),
        ("192.0.2.7", "IP:192.0.2.8"),
        ("::ffff:192.0.2.7", "IP:192.0.2.7"),
        ("db.example.com", "IP:192.0.2.7"),
        ("db.example.com", "URI:https://db.example.com"),
        ("db.example.com", "email:db.example.com"),
        ("db.example.com", "DNS:db.example.com\ufffd"),
        ("", "DNS:"),
        ("sql01", "DNS:sql01.corp.example"),
    ],
)
def test_names_that_do_not_match(server_name: str, san: str) -> None:
    """The table of refusals: partial, deep and bare wildcards, addresses as names, other kinds."""
    found = match_names(server_name, certificate(san))
    assert (found.status, found.matched) == ("mismatch", None)


def test_common_name_counts_only_without_dns_names() -> None:
    """The common name matches where there is no dNSName, is marked, and never overrules one."""
    alone = match_names("db.example.com", certificate(common_name="db.example.com"))
    assert (alone.status, alone.by_common_name) == ("match", True)
    beside = match_names("db.example.com", certificate("DNS:other.example.com", common_name="db.example.com"))
    assert (beside.status, beside.presented) == ("mismatch", ("other.example.com",))
    address = match_names("192.0.2.7", certificate(common_name="192.0.2.7"))
    assert address.status == "mismatch"


def test_no_name_at_all_is_a_mismatch() -> None:
    """A certificate that presents nothing matches nothing."""
    found = match_names("db.example.com", certificate(common_name=None))
    assert (found.status, found.presented) == ("mismatch", ())


@given(st.from_regex(r"[a-z][a-z0-9]{0,8}(\.[a-z][a-z0-9]{0,8}){0,3}", fullmatch=True))
def test_a_name_matches_itself_however_it_is_written(name: str) -> None:
    """Case and a trailing dot never change the outcome."""
    one = certificate(f"DNS:{name}")
    assert {match_names(form, one).status for form in (name, name.upper(), f"{name}.")} == {"match"}
    assert match_names(f"x{name}", one).status == "mismatch"


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_text_gives_an_answer(server_name: str, san: str) -> None:
    """No server name and no presented name makes matching fail, and asking again gives the same."""
    one = certificate(f"DNS:{san}", f"IP:{san}")
    assert match_names(server_name, one) == match_names(server_name, one)
