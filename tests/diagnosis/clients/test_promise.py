"""What options promise of every connection: whether a login may be sent, by the profiles as they are shipped."""

from __future__ import annotations

import pytest

from tests.known import KNOWN
from wizard.diagnosis.clients.options import behaviour, given, read_options
from wizard.diagnosis.clients.profiles import profile_of
from wizard.diagnosis.clients.promise import Promise, promise
from wizard.errors import UsageError
from wizard.model.client import ProfileEntry

BY_ID = {one.id: one for one in KNOWN.profiles}
NEVER = {
    "jtds": "it checks no name",
    "mysqljs": "it checks no name",
    "pymysql-1.1": "it goes on in plaintext where the server offers no TLS",
    "tedious": "it goes on in plaintext where the server offers no TLS",
}
"""The clients that can protect no login, whatever their options (REALITY)."""


def promised(client: str, options: dict[str, str]) -> Promise:
    """Returns what a client promises with these options."""
    return promise(profile_of(client, None, KNOWN), tuple(options.items()))


@pytest.mark.parametrize("profile", [one for one in KNOWN.profiles if one.verify], ids=lambda one: one.id)
def test_what_verifies_fully_lets_a_login_pass(profile: ProfileEntry) -> None:
    """The options that a profile gives for full verification are enough for a login, where anything is."""
    full = promise(profile, read_options(profile.verify))
    assert full.verified is (profile.id not in NEVER)
    assert full.channel == "session" or not full.verified


@pytest.mark.parametrize("profile", [one for one in KNOWN.profiles if one.bypass], ids=lambda one: one.id)
def test_a_bypass_lets_no_login_pass(profile: ProfileEntry) -> None:
    """The options that switch verification off are not enough, also after those that verify."""
    assert not promise(profile, read_options(profile.bypass)).verified


@pytest.mark.parametrize("client", BY_ID)
def test_a_value_that_nobody_has_checked_promises_nothing(client: str) -> None:
    """Whatever is made of it, it is not relied on."""
    profile = BY_ID[client]
    closed = [one for one in profile.options if one.values and not (one.role or one.does)]
    said = [promise(profile, ((option.key, "perhaps"),)) for option in closed]
    assert [one for one in said if one.channel or one.verified] == []


@pytest.mark.parametrize(
    ("client", "options", "channel"),
    [
        ("psycopg", {"sslmode": "require"}, "session"),
        ("psycopg", {"sslmode": "disable"}, "none"),
        ("psycopg", {"sslmode": "prefer"}, None),
        ("psycopg", {}, None),
        ("odbc-18", {}, "session"),
        ("odbc-18", {"Encrypt": "no"}, None),
        ("odbc-17", {}, None),
        ("python-tds", {}, "none"),
        ("mysql-connector-python", {"ssl_disabled": "True"}, "none"),
        ("mysqlclient", {"ssl_mode": "REQUIRED"}, None),
    ],
)
def test_the_channel_is_told_where_the_options_settle_it(
    client: str, options: dict[str, str], channel: str | None
) -> None:
    """Where the server has a say in it, nothing is promised."""
    assert promised(client, options).channel == channel


@pytest.mark.parametrize(
    ("client", "options", "verified"),
    [
        ("odbc-18", {}, True),
        ("odbc-18", {"TrustServerCertificate": "yes"}, False),
        ("odbc-18", {"Encrypt": "no"}, False),
        ("mssql-python", {}, True),
        ("odbc-17", {}, False),
        ("psycopg", {}, False),
        ("psycopg", {"sslmode": "verify-ca"}, False),
        ("mariadb-cli", {}, True),
        ("mariadb-cli", {"ssl": "0"}, False),
        ("mariadb-cli", {"ssl-verify-server-cert": "0"}, False),
        ("mariadb-cli", {"skip-ssl": ""}, False),
        ("mariadb-cli", {"ssl-fp": "00"}, False),
        ("mysqlclient", {"ssl_mode": "VERIFY_CA"}, False),
        ("mysqlclient", {"ssl_mode": "VERIFY_IDENTITY"}, True),
        ("pymysql", {"ssl_verify_cert": "True", "ssl_verify_identity": "True"}, False),
        ("pymysql", {"ssl.ca": "/ca.pem"}, True),
        ("pymysql", {"ssl.ca": "/ca.pem", "ssl.check_hostname": "false"}, False),
        ("pymysql", {"ssl": "create_default_context"}, True),
        ("pymysql", {"ssl": "_create_unverified_context"}, False),
        ("pymysql", {"ssl.check_hostname": "true"}, False),
        ("pg8000", {"ssl_context": "create_default_context"}, True),
        ("pg8000", {"ssl_context": "true"}, False),
        ("pg8000", {"ssl_context": "_create_unverified_context"}, False),
        ("pg8000", {"ssl_context": "create_default_context", "ssl_context.check_hostname": "false"}, False),
        ("asyncpg", {"ssl": "true"}, True),
        ("asyncpg", {"sslmode": "verify-full", "ssl.verify_mode": "CERT_NONE"}, False),
        ("asyncpg", {"sslmode": "require"}, False),
        ("pymssql", {"freetds.conf:encryption": "require", "freetds.conf:ca file": "/ca.pem"}, True),
        ("pymssql", {"freetds.conf:encryption": "require"}, False),
    ],
)
def test_a_login_passes_where_chain_and_name_are_checked(
    client: str, options: dict[str, str], verified: bool
) -> None:
    """However that is spelt, and nowhere else."""
    assert promised(client, options).verified is verified


def test_an_option_that_the_client_does_not_have_is_refused() -> None:
    """It is not passed over: it might have been meant to protect."""
    with pytest.raises(UsageError):
        promised("psycopg", {"Encrypt": "strict"})


def test_a_mode_that_checks_the_ca_alone_is_named_as_a_danger() -> None:
    """Whoever has a certificate of the same CA passes there; each client that lets it pass says so."""
    alone = {
        f"{profile.id} {option.key}": value.danger
        for profile in KNOWN.profiles
        for option in profile.options
        for value in option.values
        for word in value.is_
        if word.lower().replace("_", "-") in ("verify-ca", "verifyca")
        and behaviour(profile, given(profile, ((option.key, word),), strictly=True)).verifies == "chain"
    }
    assert len(alone) > 10
    assert [which for which, danger in alone.items() if not danger] == []
