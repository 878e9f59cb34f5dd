"""What is special to the clients of MySQL and MariaDB, by the profiles as they are shipped."""

from __future__ import annotations

from functools import cache

import pytest

from tests.known import KNOWN
from wizard.diagnosis.clients.names import carries
from wizard.diagnosis.clients.options import given, read_options
from wizard.diagnosis.clients.prediction import Prediction, prediction
from wizard.diagnosis.clients.profiles import profile_of
from wizard.diagnosis.clients.server import RootsFile, Server
from wizard.model.client import NameRule
from wizard.model.knowledge import Knowledge
from wizard.model.target import Engine

GOOD: dict[str, str | bool] = {
    "tls.offered": True,
    "policy": "optional",
    "trust.status": "trusted",
    "names.status": "match",
}


@cache
def known() -> Knowledge:
    """The knowledge."""
    return KNOWN


def predicted(
    client: str, options: tuple[str, ...], facts: dict[str, str | bool], engine: Engine = "mariadb"
) -> Prediction:
    """Returns the prediction for a server in order that has other facts."""
    profile = profile_of(client, engine, known())
    files = {"other.pem": RootsFile(facts={"trust.status": "unknown-issuer"})}
    server = Server(engine=engine, name="db1", facts=GOOD | facts, files=files, given_roots=True)
    return prediction(server, profile, given(profile, read_options(options), strictly=True), known())


@pytest.mark.parametrize(("engine", "symptom"), [("mariadb", "not-tls"), ("mysql", "tls-required")])
def test_only_mysql_says_why_it_refuses_plaintext(engine: Engine, symptom: str) -> None:
    """MariaDB calls it a wrong password."""
    said = predicted("mysql2", (), {"policy": "required"}, engine)
    assert (said.failure, said.symptom) == ("plaintext-refused", symptom)


def test_an_account_that_demands_a_certificate_refuses_plaintext() -> None:
    """REQUIRE X509 demands TLS, too; without it plaintext is let in."""
    assert predicted("mysql2", (), {"handshake.client_certificate": "demanded"}).connects is False
    assert predicted("mysql2", (), {"handshake.client_certificate": "requested"}).connects is True


def test_connector_j_looks_at_the_dates_in_any_case() -> None:
    """An expired certificate ends it, although nothing is verified; an unknown CA does not."""
    assert predicted("connector-j", (), {"validity.status": "expired"}).failure == "expired"
    said = predicted("connector-j", (), {"trust.status": "unknown-issuer"})
    assert (said.connects, said.verified) == (True, False)


@pytest.mark.parametrize(
    ("version", "engine", "options", "connects"),
    [
        ("11.4.4-MariaDB", "mariadb", (), None),
        ("10.11.6-MariaDB", "mariadb", (), False),
        ("9.3.0", "mysql", (), False),
        ("11.4.4-MariaDB", "mariadb", ("--ssl-ca=other.pem",), False),
    ],
)
def test_a_password_may_stand_in_for_a_ca(
    version: str, engine: Engine, options: tuple[str, ...], connects: bool | None
) -> None:
    """Only with MariaDB 11.4 or newer, and where no CA is given."""
    facts: dict[str, str | bool] = {"server.version": version, "trust.status": "self-signed"}
    assert predicted("mariadb-cli", options, facts, engine).connects is connects


def test_roots_of_an_option_may_come_on_top() -> None:
    """Connector/Python keeps the machine's roots beside ssl_ca; PyMySQL takes ssl_ca alone."""
    options = ("ssl_ca=other.pem", "ssl_verify_cert=true")
    assert predicted("mysql-connector-python", options, {}).connects is True
    assert predicted("pymysql", options, {}).connects is False


def test_words_may_depend_on_whether_it_verifies() -> None:
    """MariaDB's library tells of the chain or of the old version."""
    old: dict[str, str | bool] = {"versions.tls1_2": False, "versions.tls1_3": False}
    assert predicted("mariadb-cli-10.11", (), old).symptom == "chain-not-trusted"
    verifying = ("--ssl-verify-server-cert",)
    assert predicted("mariadb-cli-10.11", verifying, old).symptom == "weak-certificate"


@pytest.mark.parametrize(
    ("rule", "sans", "carried"),
    [
        ("localhost", ("DNS:localhost",), True),
        ("localhost", ("IP:10.0.0.1",), False),
        ("localhost-too", ("DNS:localhost", "IP:10.0.0.1"), True),
        ("localhost-too", ("DNS:localhost",), False),
        ("localhost-too", ("IP:10.0.0.1",), False),
    ],
)
def test_node_expects_localhost_where_the_server_is_an_address(
    rule: str, sans: tuple[str, ...], carried: bool
) -> None:
    """Without a server name Node takes localhost for it."""
    names = NameRule(common_name="without-dns-names", address=rule)  # type: ignore[arg-type]  # one of its values
    assert carries(names, "10.0.0.1", sans, None) is carried


def test_the_loopback_may_be_passed_over() -> None:
    """MariaDB's client since 11.4 compares no loopback address, but any other."""
    names = NameRule(common_name="never", address="alternative-name", loopback="not-checked")
    assert carries(names, "127.0.0.1", (), None) is True
    assert carries(names, "10.0.0.1", (), None) is False
