"""The options of the clients' profiles reach the drivers; others never do."""

from __future__ import annotations

import pytest

from tests.known import KNOWN
from wizard.diagnosis.clients.profiles import profile_of
from wizard.errors import UsageError
from wizard.probes.drivers.dialect import DIALECTS
from wizard.probes.drivers.spelling import CANNOT_BE_PASSED, spelt


@pytest.mark.parametrize("client", DIALECTS)
def test_every_option_of_a_profile_reaches_its_driver(client: str) -> None:
    """Each key with each of its values is taken, but for the documented ones that cannot be passed on."""
    for entry in profile_of(client, None, KNOWN).options:
        if entry.key in CANNOT_BE_PASSED:
            with pytest.raises(UsageError):
                spelt(client, ((entry.key, "x"),))
            continue
        for value in [word for one in entry.values for word in one.is_] or ["/a file.pem"]:
            for key, _ in spelt(client, ((entry.key, value),)):
                assert key in DIALECTS[client].options


@pytest.mark.parametrize(
    ("client", "given", "taken"),
    [
        ("freetds-1.3", ("freetds.conf:ca file", "/ca"), (("ca file", "/ca"),)),
        ("pymssql", ("freetds.conf:encryption", "strict"), (("freetds.conf:encryption", "strict"),)),
        ("mariadb-cli", ("--ssl-ca", "/ca"), (("ssl-ca", "/ca"),)),
        ("mysqlclient", ("ssl.ca", "/ca"), (("ssl_ca", "/ca"),)),
        ("asyncpg", ("ssl", "verify-full"), (("sslmode", "verify-full"),)),
        ("asyncpg", ("ssl", "false"), (("sslmode", "disable"),)),
        ("asyncpg", ("ssl", "true"), (("ssl", "true"),)),
        ("asyncpg", ("ssl", "None"), ()),
        ("pymysql", ("ssl", "{}"), ()),
        ("psycopg", ("SSLMode", "require"), (("sslmode", "require"),)),
    ],
)
def test_spellings_become_the_drivers_own(
    client: str, given: tuple[str, str], taken: tuple[tuple[str, str], ...]
) -> None:
    """What a profile calls an option is what the driver is told."""
    assert spelt(client, (given,)) == taken


@pytest.mark.parametrize(
    ("client", "key"), [("psycopg", "passfile"), ("mysql-cli", "--init-command"), ("asyncpg", "ssl.keylog")]
)
def test_other_options_are_refused(client: str, key: str) -> None:
    """They could change the login, or run something."""
    with pytest.raises(UsageError):
        spelt(client, ((key, "x"),))
