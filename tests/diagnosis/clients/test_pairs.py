"""What real drivers do with two options at once, of which one overrules, excludes or undoes the other."""

from __future__ import annotations

import pytest

from tests.diagnosis.clients.test_combinations import EMPTY, identity, predicted
from wizard.diagnosis.clients.server import RootsFile
from wizard.model.client import FailureId
from wizard.model.evidence import Value
from wizard.model.target import Engine

Options = dict[str, str]

FORCED: dict[str, Value | None] = {"policy": "required"}
NO_TLS: dict[str, Value | None] = {"tls.offered": False, "policy": "not-offered"}
STRICT_ONLY: dict[str, Value | None] = {"policy": "strict-only"}
RANGE = {"ssl_min_protocol_version": "TLSv1.3", "ssl_max_protocol_version": "TLSv1.2"}
STORE = {"trustStore": "ca.pem"}
NO_CHECK = {"NODE_TLS_REJECT_UNAUTHORIZED": "0"}


@pytest.mark.parametrize(
    ("client", "engine", "options", "failure"),
    [
        ("jdbc-10", "sqlserver", {"encrypt": "strict"}, "bad-option"),
        ("jdbc-12", "sqlserver", {"encrypt": "strict"}, None),
        ("freetds", "sqlserver", {"freetds.conf:encryption": "default"}, "bad-option"),
        ("freetds-1.3", "sqlserver", {"freetds.conf:encryption": "default"}, "bad-option"),
        ("pymssql", "sqlserver", {"freetds.conf:encryption": "default"}, "bad-option"),
        ("pymssql", "sqlserver", {"freetds.conf:encryption": "request"}, None),
        ("psycopg", "postgresql", {"sslmode": "disable", **RANGE}, "bad-option"),
        ("libpq-15", "postgresql", {"sslmode": "require", **RANGE}, "bad-option"),
        ("libpq-15", "postgresql", {"sslmode": "require", "ssl_max_protocol_version": "TLSv1.2"}, None),
        ("lib-pq", "postgresql", {"sslmode": "require", "ssl_min_protocol_version": "TLSv1"}, "bad-option"),
        ("lib-pq", "postgresql", {"sslmode": "require", "ssl_min_protocol_version": "TLSv1.0"}, None),
        ("pgjdbc", "postgresql", {"sslmode": "disable", "channelBinding": "require"}, "bad-option"),
        ("pgjdbc", "postgresql", {"channelBinding": "require"}, None),
        ("pymysql", "mariadb", {"ssl": "true"}, "bad-option"),
        ("pymysql", "mariadb", {"ssl": "true", "ssl_verify_cert": "true"}, None),
        ("pymysql-1.1", "mariadb", {"ssl": "true"}, "bad-option"),
        ("pymysql-1.1", "mariadb", {"ssl": "true", "ssl_verify_cert": "true"}, None),
    ],
)
def test_a_value_that_a_client_does_not_take_ends_it(
    client: str, engine: Engine, options: Options, failure: FailureId | None
) -> None:
    """Whatever the server does; a value that it takes does not."""
    assert predicted(client, engine, options).failure == failure


@pytest.mark.parametrize(
    ("client", "symptom"),
    [({"sslmode": "prefer", "sslrootcert": "system"}, "ca-file-unusable"), (RANGE, "not-tls")],
)
def test_which_value_it_was_shows_in_the_symptom(client: Options, symptom: str) -> None:
    """The words are about the roots, or about no TLS at all."""
    assert predicted("psycopg", "postgresql", client).symptom == symptom


def test_go_reads_no_other_option_with_encrypt_disable() -> None:
    """Where the server forces encryption, it expects the server name and takes any trusted certificate."""
    for other in ({"hostNameInCertificate": "wrong.example"}, {"serverCertificate": "ca.pem"}):
        forced = predicted("go-mssqldb", "sqlserver", {"encrypt": "disable", **other}, facts=FORCED)
        assert (forced.connects, forced.verified) == (True, True)
        assert (
            predicted("go-mssqldb", "sqlserver", {"encrypt": "true", **other}, facts=FORCED).connects
            is not True
        )
    untrusted = predicted("go-mssqldb", "sqlserver", {"encrypt": "disable"}, facts=FORCED, trusted=False)
    assert untrusted.failure == "untrusted"


def test_tls_1_3_alone_is_nothing_that_tds_7_could_take() -> None:
    """SQL Server speaks it in TDS 8.0 only, so that nothing is left of what the client would take."""
    assert predicted("go-mssqldb", "sqlserver", {"tlsmin": "1.3"}).failure == "no-common-version"
    assert predicted("go-mssqldb", "sqlserver", {"tlsmin": "1.2"}).connects
    assert predicted("go-mssqldb", "sqlserver", {"encrypt": "strict", "tlsmin": "1.3"}).connects


def test_node_tells_tedious_not_to_verify_with_strict_alone() -> None:
    """With TDS 7 the driver says itself whether to verify."""
    strict = predicted("tedious", "sqlserver", {"encrypt": "strict", **NO_CHECK}, trusted=False)
    assert (strict.connects, strict.verified) == (True, False)
    assert predicted("tedious", "sqlserver", NO_CHECK, trusted=False).failure == "untrusted"
    assert predicted("tedious", "sqlserver", {"encrypt": "strict"}, trusted=False).failure == "untrusted"


@pytest.mark.parametrize(
    ("options", "verifies"),
    [
        ({"sslmode": "no-verify"}, False),
        ({"sslmode": "no-verify", "uselibpqcompat": "true"}, True),
        ({"ssl.rejectUnauthorized": "false"}, False),
        ({"ssl.rejectUnauthorized": "false", "sslrootcert": "ca.pem"}, True),
    ],
)
def test_the_url_of_node_postgres_comes_over_its_object(options: Options, verifies: bool) -> None:
    """And libpq knows no mode no-verify."""
    files = {"ca.pem": RootsFile(facts={"trust.status": "unknown-issuer"})}
    assert (
        predicted("node-postgres", "postgresql", options, trusted=False, files=files).connects is not verifies
    )


def test_the_server_refuses_an_option_that_is_handed_on_to_it() -> None:
    """Once the handshake is done: what ends that comes first."""
    mode = {"ssl": "verify-full", "sslrootcert": "ca.pem"}
    assert (
        predicted("postgres-js", "postgresql", {"sslrootcert": "ca.pem"}, facts=NO_TLS).failure
        == "bad-option"
    )
    assert predicted("postgres-js", "postgresql", mode).failure == "bad-option"
    assert predicted("postgres-js", "postgresql", mode, trusted=False).failure == "untrusted"
    fallback = {"tls": "true", "allowFallbackToPlaintext": "true"}
    assert predicted("go-sql-driver-1.5", "mariadb", fallback).failure == "bad-option"
    assert predicted("go-sql-driver-1.5", "mariadb", fallback, facts=NO_TLS).failure == "tls-not-offered"
    assert predicted("go-sql-driver", "mariadb", fallback).connects


def test_a_configuration_that_is_not_named_gives_go_no_roots() -> None:
    """The driver's own words stand for configurations of its own."""
    files = {"ca.pem": RootsFile(facts={"trust.status": "trusted"})}
    for word, connects in (("custom", True), ("true", False)):
        options = {"tls": word, "ca": "ca.pem"}
        said = predicted("go-sql-driver", "mariadb", options, trusted=False, files=files)
        assert said.connects is connects


def test_javas_own_factory_takes_no_file_of_roots() -> None:
    """The option sslrootcert is one of pgjdbc's LibPQFactory alone."""
    files = {"ca.pem": RootsFile(facts={"trust.status": "trusted"})}
    options = {"sslmode": "verify-full", "sslrootcert": "ca.pem"}
    assert predicted("pgjdbc", "postgresql", options, trusted=False, files=files).connects
    options["sslfactory"] = "org.postgresql.ssl.DefaultJavaSSLFactory"
    assert predicted("pgjdbc", "postgresql", options, trusted=False, files=files).failure == "untrusted"


def test_channel_binding_needs_tls() -> None:
    """The client pgjdbc does not go on in plaintext where the password's proof has to be tied to a session of TLS."""
    assert predicted("pgjdbc", "postgresql", {"channelBinding": "require"}, facts=NO_TLS).connects is False
    assert predicted("pgjdbc", "postgresql", {"channelBinding": "prefer"}, facts=NO_TLS).encrypted == "none"


@pytest.mark.parametrize(
    ("mode", "encrypted"), [("DISABLED", "none"), ("PREFERRED", "none"), ("REQUIRED", "session")]
)
def test_the_mode_of_mysqlclient_comes_over_its_dictionary(mode: str, encrypted: str) -> None:
    """`ssl=True` asks for TLS, and two of the modes of MariaDB's library undo that."""
    assert predicted("mysqlclient", "mariadb", {"ssl_mode": mode, "ssl": "true"}).encrypted == encrypted
    assert predicted("mysqlclient", "mariadb", {"ssl": "true"}).encrypted == "session"


@pytest.mark.parametrize(
    ("client", "options", "failure"),
    [
        ("go-mssqldb", {"encrypt": "true", "serverCertificate": "ca.pem"}, "ca-file-empty"),
        ("odbc-18", {"Encrypt": "strict", "ServerCertificate": "ca.pem"}, "ca-file-empty"),
        ("jdbc-13", {"encrypt": "strict", "serverCertificate": "ca.pem"}, "ca-file-empty"),
        ("odbc-18", {"Encrypt": "yes", "ServerCertificate": "ca.pem"}, None),
    ],
)
def test_a_pinned_file_without_a_certificate_is_no_mismatch(
    client: str, options: Options, failure: FailureId | None
) -> None:
    """The file is what is wrong, not the server; where the option has no effect, neither has the file."""
    assert predicted(client, "sqlserver", options, files=EMPTY).failure == failure


def test_go_reads_the_pinned_file_before_it_connects() -> None:
    """ODBC meets the server first."""
    go = predicted("go-mssqldb", "sqlserver", {"serverCertificate": "ca.pem"}, files=EMPTY, facts=STRICT_ONLY)
    assert go.failure == "ca-file-empty"
    options = {"Encrypt": "strict", "ServerCertificate": "ca.pem"}
    expired = identity(valid_days=(-400, -10))
    assert predicted("odbc-18", "sqlserver", options, expired, files=EMPTY).failure == "expired"


@pytest.mark.parametrize(
    ("client", "engine", "options", "connects"),
    [
        ("jdbc-13", "sqlserver", STORE, False),
        ("jdbc-9", "sqlserver", {"encrypt": "true", **STORE}, False),
        ("connector-j", "mysql", {"sslMode": "VERIFY_CA", "trustCertificateKeyStoreUrl": "ca.pem"}, False),
        ("mariadb-connector-j", "mysql", {"sslMode": "verify-full", "serverSslCert": "ca.pem"}, True),
        ("pgjdbc", "postgresql", {"sslmode": "verify-full", "sslrootcert": "ca.pem"}, True),
    ],
)
def test_some_drivers_look_at_the_dates_of_a_trusted_leaf(
    client: str, engine: Engine, options: Options, connects: bool
) -> None:
    """Java takes a certificate that is among its roots as it is; two drivers look at the dates themselves."""
    trusted: dict[str, Value | None] = {"trust.status": "trusted"}
    held = {"ca.pem": RootsFile(facts={**trusted, "validity.status": "expired"}, holds_leaf=True)}
    expired = identity(certificate="self-signed", valid_days=(-400, -10))
    assert predicted(client, engine, options, expired, files=held).connects is connects
    usage = identity(certificate="self-signed", usage="client-auth")
    held = {"ca.pem": RootsFile(facts=trusted, holds_leaf=True)}
    assert predicted(client, engine, options, usage, files=held).connects


def test_connector_j_takes_no_leaf_for_its_own_issuer() -> None:
    """Only a self-signed certificate among its roots ends the chain."""
    options = {"sslMode": "VERIFY_CA", "trustCertificateKeyStoreUrl": "ca.pem"}
    held = {"ca.pem": RootsFile(facts={"trust.status": "unknown-issuer"}, holds_leaf=True)}
    assert predicted("connector-j", "mysql", options, files=held).failure == "untrusted"
    assert predicted(
        "mariadb-connector-j", "mysql", {"sslMode": "verify-ca", "trustStore": "ca.pem"}, files=held
    ).connects


@pytest.mark.parametrize(
    ("client", "engine"),
    [("pgjdbc", "postgresql"), ("mariadb-connector-j", "mysql"), ("connector-j", "mysql")],
)
def test_java_announces_that_it_takes_no_md5(client: str, engine: Engine) -> None:
    """OpenSSL's servers end the handshake, whatever the options; Java takes SHA-1."""
    unverified = {"sslmode": "require"} if client == "pgjdbc" else {"sslMode": "REQUIRED"}
    assert predicted(client, engine, unverified, identity(signature="md5")).failure == "md5"
    assert predicted(client, engine, unverified, identity(signature="sha1")).connects


def test_the_common_name_counts_for_the_old_connector_of_mariadb_alone() -> None:
    """Since version 3 it does not where there are other names."""
    both = identity(names=("other.example",), common_name="localhost")
    assert predicted("mariadb-connector-j", "mysql", {"sslMode": "verify-full"}, both).failure == "name"
    assert predicted("mariadb-connector-j-2", "mysql", {"useSsl": "true"}, both).connects
    alone = identity(names=(), common_name="localhost")
    assert predicted("mariadb-connector-j", "mysql", {"sslMode": "verify-full"}, alone).connects


@pytest.mark.parametrize("client", ["go-mssqldb", "tedious", "jdbc-13"])
def test_tls_1_3_has_an_alert_of_its_own_for_a_certificate_that_is_missing(client: str) -> None:
    """Before, and so in TDS 7, a server can only say that the handshake failed."""
    demanded: dict[str, Value | None] = {"handshake.client_certificate": "demanded"}
    assert predicted(client, "sqlserver", {"encrypt": "true"}, facts=demanded).symptom == "handshake-failed"
    strict = {"encrypt": "strict"}
    assert predicted(client, "sqlserver", strict, facts=demanded).symptom == "client-certificate"
    old = {**demanded, "versions.tls1_3": False}
    assert predicted(client, "sqlserver", strict, facts=old).symptom == "handshake-failed"


def test_a_store_of_roots_leaves_nothing_to_the_password() -> None:
    """Without one, MariaDB's driver may take the account's password for a proof of the server."""
    zero: dict[str, Value | None] = {"server.version": "11.4.2-MariaDB"}
    options = {"sslMode": "verify-full"}
    said = predicted("mariadb-connector-j", "mariadb", options, facts=zero, trusted=False)
    assert said.connects is None
    files = {"ca.pem": RootsFile(facts={"trust.status": "unknown-issuer"})}
    options["trustStore"] = "ca.pem"
    said = predicted("mariadb-connector-j", "mariadb", options, facts=zero, trusted=False, files=files)
    assert said.failure == "untrusted"
