"""What real drivers do with two faults at once, with files that hold no root, and with options that overrule others."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import msgspec
import pytest

from tests.known import KNOWN
from wizard.certificate_files import read_files
from wizard.diagnosis.clients.names import carries
from wizard.diagnosis.clients.options import given
from wizard.diagnosis.clients.prediction import Prediction, prediction
from wizard.diagnosis.clients.profiles import profile_of
from wizard.diagnosis.clients.server import RootsFile, Server
from wizard.lab.certificates import ServerIdentity, identity_for
from wizard.model.case import Case
from wizard.model.client import NameRule
from wizard.model.evidence import Evidence, Value
from wizard.model.knowledge import Knowledge, ScenarioEntry
from wizard.model.target import Engine
from wizard.pki.certificate import describe
from wizard.pki.evidence import chain_evidence
from wizard.pki.trust import TrustStore

NOW = datetime.now(UTC)
REACHED: dict[str, Value | None] = {
    "connect.status": "open", "preamble.status": "ok", "tls.offered": True, "policy": "optional",
    "strict.offered": True, "handshake.status": "ok", "versions.tls1_2": True, "versions.tls1_3": True,
}  # fmt: skip
MISSING = {"ca.pem": RootsFile(facts=None, usable=False, missing=True)}
EMPTY = {"ca.pem": RootsFile(facts={"trust.status": "unknown-issuer"}, usable=False)}


@cache
def known() -> Knowledge:
    """Returns the knowledge that the program comes with."""
    return KNOWN


def identity(**changes: object) -> ServerIdentity:
    """Returns the lab's certificate with these faults."""
    healthy = ScenarioEntry(id="sqlserver/x", title="-", cause="healthy", engine="sqlserver")
    made = identity_for(msgspec.structs.replace(healthy, **changes))
    assert made is not None
    return made


def predicted(
    client: str,
    engine: Engine,
    options: dict[str, str],
    made: ServerIdentity | None = None,
    *,
    files: dict[str, RootsFile] | None = None,
    facts: dict[str, Value | None] | None = None,
    trusted: bool = True,
) -> Prediction:
    """Returns what a client does on a server with this certificate, which it trusts or not."""
    made = made or identity()
    stranger = identity(authority="Stranger")
    store = TrustStore("roots", certificates=((made if trusted else stranger).anchor,))
    judged = chain_evidence(made.chain, server_name="localhost", store=store, at=NOW, source="probe")
    server = Server(
        engine=engine,
        name="localhost",
        facts={**REACHED, **{one.fact: one.value for one in judged}, **(facts or {})},
        leaf=describe(made.chain[0]),
        files=files or {},
        given_roots=True,
    )
    profile = profile_of(client, engine, known())
    return prediction(server, profile, given(profile, tuple(options.items()), strictly=True), known())


GO = {"encrypt": "true"}
NODE = {"encrypt": "true"}


@pytest.mark.parametrize(
    ("client", "engine", "options", "connects"),
    [
        ("go-mssqldb", "sqlserver", GO, True),
        ("sqlclient-5", "sqlserver", {}, True),
        ("tedious", "sqlserver", NODE, False),
        ("odbc-18", "sqlserver", {}, False),
    ],
)
def test_a_key_usage_for_certificates_alone_ends_only_some(
    client: str, engine: Engine, options: dict[str, str], connects: bool
) -> None:
    """OpenSSL refuses it; Go and .NET look at the extended key usage alone."""
    assert predicted(client, engine, options, identity(usage="signs-certificates")).connects is connects
    assert predicted(client, engine, options, identity(usage="client-auth")).failure == "wrong-usage"


def test_go_announces_that_it_takes_no_md5() -> None:
    """OpenSSL's servers end the handshake then, also where nothing is verified; .NET takes the signature."""
    md5 = identity(signature="md5")
    for options in ({"sslmode": "require"}, {"sslmode": "verify-full"}):
        assert predicted("pgx", "postgresql", options, md5).failure == "md5"
    assert predicted("pgx", "postgresql", {"sslmode": "require"}, identity(signature="sha1")).connects
    assert predicted("pgx", "postgresql", {}, md5).encrypted == "none"
    assert predicted("sqlclient-5", "sqlserver", {}, md5).connects


def test_nobody_knows_whether_every_sql_server_minds_md5() -> None:
    """On Windows it is Schannel that looks, or does not look, at what the client announces."""
    assert predicted("go-mssqldb", "sqlserver", {}, identity(signature="md5")).connects is None


def test_rustls_refuses_a_servers_certificate_that_is_a_ca() -> None:
    """Whoever trusts it, it is no server's; where nothing is verified it passes, and OpenSSL takes it."""
    own = identity(certificate="self-signed", leaf_is_ca=True)
    verifying = {"encrypt": "true", "TrustServerCertificate": "false"}
    assert predicted("tiberius-rustls", "sqlserver", verifying, own).failure == "wrong-usage"
    assert predicted("tiberius-rustls", "sqlserver", {"TrustServerCertificate": "true"}, own).connects
    assert predicted("tiberius", "sqlserver", verifying, own).connects
    assert predicted("tiberius-rustls", "sqlserver", verifying, identity(certificate="self-signed")).connects


def test_sqlx_reads_the_certificate_without_verifying_it() -> None:
    """The signature of the handshake is checked in every mode, which needs a certificate that rustls reads."""
    old, short = identity(malformed="version-1"), identity(key="rsa-1024")
    for options in ({}, {"sslmode": "require"}):
        assert predicted("sqlx-pg", "postgresql", options, old).failure == "version-1"
        assert predicted("sqlx-pg", "postgresql", options, short).failure == "weak-key"
        assert predicted("sqlx-pg-native-tls", "postgresql", options, old).connects
    assert predicted("tiberius-rustls", "sqlserver", {"TrustServerCertificate": "true"}, short).connects


def test_tiberius_begins_tls_for_the_login_where_none_is_offered() -> None:
    """Others log in in plaintext then; with DANGER_PLAINTEXT it does, too."""
    none: dict[str, Value | None] = {"tls.offered": False, "policy": "not-offered"}
    login = {"encrypt": "false"}
    assert predicted("tiberius", "sqlserver", login, facts=none).failure == "handshake-broken"
    assert predicted("tiberius", "sqlserver", login).encrypted == "login"
    assert predicted("go-mssqldb", "sqlserver", login, facts=none).encrypted == "none"
    plain = predicted("tiberius", "sqlserver", {"encrypt": "DANGER_PLAINTEXT"}, facts=none)
    assert plain.encrypted == "none"


def test_tiberius_trusts_any_certificate_even_with_strict() -> None:
    """The option counts there too, unlike in the other drivers of SQL Server."""
    options = {"encrypt": "strict", "TrustServerCertificate": "true"}
    assert predicted("tiberius", "sqlserver", options, trusted=False).verified is False
    assert predicted("go-mssqldb", "sqlserver", options, trusted=False).failure == "untrusted"


def test_openssl_tells_the_dates_before_the_name() -> None:
    """The clients compare the name themselves, once the handshake is over."""
    both = identity(valid_days=(-400, -10), names=("other.example",))
    assert predicted("odbc-18", "sqlserver", {}, both).failure == "expired"
    assert predicted("odbc-18", "sqlserver", {}, identity(names=("other.example",))).failure == "name"


def test_node_tells_the_usage_of_a_certificate_that_issued_itself() -> None:
    """It goes on behind `self-signed`, but not behind an issuer that is not found."""
    own = identity(certificate="self-signed", usage="client-auth")
    assert predicted("tedious", "sqlserver", NODE, own, trusted=False).failure == "wrong-usage"
    of_a_ca = identity(usage="client-auth")
    assert predicted("tedious", "sqlserver", NODE, of_a_ca, trusted=False).failure == "untrusted"


def test_an_old_net_core_takes_a_root_that_says_that_it_is_one() -> None:
    """A certificate that issued itself is refused unless it is a CA."""
    options = {"Encrypt": "True", "SSL_CERT_FILE": "ca.pem"}
    files = {"ca.pem": RootsFile(facts={"trust.status": "trusted"}, holds_leaf=True)}
    for leaf_is_ca in (True, False):
        made = identity(certificate="self-signed", leaf_is_ca=leaf_is_ca)
        said = predicted("system-data-sqlclient", "sqlserver", options, made, files=files)
        assert said.connects is leaf_is_ca


@pytest.mark.parametrize(
    ("client", "engine", "options", "missing", "empty"),
    [
        ("libpq", "postgresql", {"sslmode": "require", "sslrootcert": "ca.pem"}, None, "ca-file-empty"),
        (
            "libpq",
            "postgresql",
            {"sslmode": "verify-ca", "sslrootcert": "ca.pem"},
            "ca-file-missing",
            "ca-file-empty",
        ),
        (
            "pgx",
            "postgresql",
            {"sslmode": "prefer", "sslrootcert": "ca.pem"},
            "ca-file-missing",
            "ca-file-empty",
        ),
        ("go-mssqldb", "sqlserver", {**GO, "certificate": "ca.pem"}, "ca-file-missing", "untrusted"),
        ("tedious", "sqlserver", {"cryptoCredentialsDetails.ca": "ca.pem"}, "ca-file-missing", "untrusted"),
        ("pymysql", "mariadb", {"ssl_ca": "ca.pem"}, "ca-file-missing", "ca-file-empty"),
        ("pymysql", "mariadb", {"ssl_ca": "ca.pem", "ssl_disabled": "true"}, None, None),
        ("odbc-18", "sqlserver", {"SSL_CERT_FILE": "ca.pem"}, None, None),
    ],
)
def test_what_follows_from_a_file_without_roots(
    client: str, engine: Engine, options: dict[str, str], missing: str | None, empty: str | None
) -> None:
    """It may be passed over, ended at once, or lead to a client that trusts nobody."""
    assert predicted(client, engine, options, files=MISSING).failure == missing
    assert predicted(client, engine, options, files=EMPTY).failure == empty


def test_some_fail_before_they_learn_that_there_is_no_tls() -> None:
    """The file is read before it connects by asyncpg, by libpq once the server has offered TLS."""
    options, none = {"sslmode": "verify-full", "sslrootcert": "ca.pem"}, {"tls.offered": False}
    first = predicted("asyncpg", "postgresql", options, files=MISSING, facts={**none})
    assert first.failure == "ca-file-missing"
    assert (
        predicted("libpq", "postgresql", options, files=MISSING, facts={**none}).failure == "tls-not-offered"
    )


def test_an_intermediate_is_an_anchor_for_go_alone(tmp_path: Path) -> None:
    """OpenSSL ends a chain in a root only."""
    made = identity(intermediate="sent")
    file = tmp_path / "issuing.pem"
    file.write_bytes(b"-----BEGIN" + made.chain_pem().split(b"-----BEGIN")[2])
    for client, option, connects in (("go-mssqldb", "certificate", True), ("freetds", "ca file", False)):
        options = {option: str(file), **(GO if client == "go-mssqldb" else {})}
        profile = profile_of(client, "sqlserver", known())
        pairs = given(profile, tuple(options.items()), strictly=True)
        case = Case(certificates=(describe(made.chain[0]),))
        files = read_files(case, pairs, NOW)
        assert files[str(file)].holds_anchor
        assert predicted(client, "sqlserver", options, made, files=files).connects is connects


def test_a_file_without_certificates_trusts_nobody(tmp_path: Path) -> None:
    """It is judged as a store without roots; the answer of a person still comes first."""
    file = tmp_path / "ca.pem"
    file.write_text("no certificate\n")
    profile = profile_of("go-mssqldb", "sqlserver", known())
    pairs = given(profile, (("certificate", str(file)),), strictly=True)
    case = Case(certificates=(describe(identity().chain[0]),))
    found = read_files(case, pairs, NOW)[str(file)]
    assert (found.usable, found.missing, found.holds_leaf) == (False, False, False)
    assert found.facts is not None
    assert found.facts["trust.status"] == "unknown-issuer"
    told = msgspec.structs.replace(case, evidence=(Evidence("trust.status", "trusted", "person"),))
    assert read_files(told, pairs, NOW)[str(file)].facts is None


@pytest.mark.parametrize("turned", [False, True])
def test_an_option_comes_before_the_environment(turned: bool) -> None:
    """`sslmode` overrules PGSSLMODE in whatever order they were told, and the later of two equals counts."""
    pairs = (("sslmode", "disable"), ("PGSSLMODE", "verify-full"))
    options = dict(reversed(pairs) if turned else pairs)
    assert predicted("libpq", "postgresql", options).encrypted == "none"
    only = {"PGSSLMODE": "verify-full", "sslrootcert": "ca.pem"}
    files = {"ca.pem": RootsFile(facts={"trust.status": "trusted"})}
    assert predicted("libpq", "postgresql", only, files=files).verified


def test_go_without_encryption_forgets_its_options_where_it_is_forced() -> None:
    """With encrypt=disable the machine's roots decide, whatever trusts or names others."""
    forced: dict[str, Value | None] = {"policy": "required"}
    for option in ({"TrustServerCertificate": "true"}, {"certificate": "ca.pem"}):
        files = {"ca.pem": RootsFile(facts={"trust.status": "trusted"})}
        said = predicted(
            "go-mssqldb",
            "sqlserver",
            {"encrypt": "disable", **option},
            facts=forced,
            files=files,
            trusted=False,
        )
        assert said.failure == "untrusted"
    trusting = {"encrypt": "false", "TrustServerCertificate": "true"}
    assert predicted("go-mssqldb", "sqlserver", trusting, facts=forced, trusted=False).connects


def test_roots_on_top_are_those_of_the_store_too() -> None:
    """Connector/Python trusts the CAs of SSL_CERT_FILE and of ssl_ca alike."""
    files = {
        "ca.pem": RootsFile(facts={"trust.status": "unknown-issuer"}),
        "store.pem": RootsFile(facts={"trust.status": "trusted"}),
    }
    options = {"ssl_ca": "ca.pem", "ssl_verify_cert": "true"}
    client = "mysql-connector-python"
    alone = predicted(client, "mariadb", options, files=files, trusted=False)
    assert alone.failure == "untrusted"
    both = {**options, "SSL_CERT_FILE": "store.pem"}
    assert predicted(client, "mariadb", both, files=files, trusted=False).verified


def test_a_server_that_ends_tds_7_without_a_word_may_take_tds_8() -> None:
    """For a client with Encrypt=strict the answer is not known; the others fail."""
    closed: dict[str, Value | None] = {"preamble.status": "closed", "strict.offered": None, "policy": None}
    assert predicted("odbc-18", "sqlserver", {"Encrypt": "strict"}, facts=closed).connects is None
    assert predicted("odbc-18", "sqlserver", {}, facts=closed).failure == "closed-early"


def test_an_address_may_be_the_common_name() -> None:
    """MariaDB's library takes that where there is no host name among the alternative names."""
    rule = NameRule(common_name="without-dns-names", address="name-too")
    assert carries(rule, "127.0.0.1", (), "127.0.0.1")
    assert carries(rule, "127.0.0.1", ("IP:127.0.0.1",), None)
    assert not carries(rule, "127.0.0.1", ("DNS:other.example",), "127.0.0.1")


def test_a_short_diffie_hellman_key_comes_behind_the_certificate() -> None:
    """OpenSSL tells the fault of the certificate first; Go has no such cipher, and Node.js takes the key."""
    weak: dict[str, Value | None] = {"handshake.key_exchange": "weak"}
    assert predicted("odbc-18", "sqlserver", {}, facts=weak).failure == "weak-dh"
    assert predicted("odbc-18", "sqlserver", {}, facts=weak, trusted=False).failure == "untrusted"
    assert predicted("go-mssqldb", "sqlserver", GO, facts=weak, trusted=False).failure == "weak-dh"
    assert predicted("tedious", "sqlserver", NODE, facts=weak).verified
