"""How each rule compares a name with a certificate."""

from __future__ import annotations

import pytest

from wizard.diagnosis.clients.names import carries
from wizard.model.client import NameRule

OPENSSL = NameRule(common_name="without-dns-names", address="alternative-name")
GO = NameRule(common_name="never", address="alternative-name")
ODBC = NameRule(common_name="without-alternative-names", address="as-a-name")
LIBPQ = NameRule(common_name="without-dns-names", address="either")


@pytest.mark.parametrize(
    ("rule", "name", "sans", "common_name", "expected"),
    [
        (OPENSSL, "db01.corp.example", ("DNS:db01.corp.example",), None, True),
        (OPENSSL, "DB01.corp.example", ("DNS:db01.CORP.example",), None, True),
        (OPENSSL, "db01.corp.example", ("DNS:*.corp.example",), None, True),
        (OPENSSL, "a.db01.corp.example", ("DNS:*.corp.example",), None, False),
        (OPENSSL, "db01", (), "db01", True),
        (OPENSSL, "db01", ("DNS:other",), "db01", False),
        (OPENSSL, "db01", ("IP:10.0.0.1",), "db01", True),
        (GO, "db01", (), "db01", False),
        (GO, "db01", ("DNS:db01",), None, True),
        (ODBC, "db01", ("IP:10.0.0.1",), "db01", False),
        (ODBC, "10.0.0.1", ("IP:10.0.0.1",), "db01", False),
        (ODBC, "10.0.0.1", (), "10.0.0.1", True),
        (ODBC, "*.corp.example", ("DNS:*.corp.example",), None, True),
        (OPENSSL, "10.0.0.1", ("IP:10.0.0.1",), None, True),
        (OPENSSL, "10.0.0.1", (), "10.0.0.1", False),
        (OPENSSL, "::1", ("IP:0:0:0:0:0:0:0:1",), None, True),
        (LIBPQ, "10.0.0.1", ("DNS:10.0.0.1",), None, True),
        (LIBPQ, "10.0.0.1", (), "10.0.0.1", True),
    ],
)
def test_a_rule_finds_the_name_or_not(
    rule: NameRule, name: str, sans: tuple[str, ...], common_name: str | None, expected: bool
) -> None:
    """As the real drivers did (tests/reality), or as their documents say."""
    assert carries(rule, name, sans, common_name) is expected


def test_a_rule_that_nobody_has_checked_decides_only_where_it_matters() -> None:
    """An alternative name that matches is enough; the common name alone stays unknown."""
    unsure = NameRule(common_name="unverified", address="unverified")
    assert carries(unsure, "db01", ("DNS:db01",), None) is True
    assert carries(unsure, "db01", ("DNS:db02",), "db02") is False
    assert carries(unsure, "db01", (), "db01") is None
    assert carries(unsure, "10.0.0.1", ("IP:10.0.0.1",), None) is None
