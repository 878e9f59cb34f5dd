"""The server's own view against real servers: what a login may see is told, the rest is unknown with its reason."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from tests.known import KNOWN
from tests.servers.certificates import make_certificate
from tests.servers.mariadb import Mariadb, MariadbServer
from tests.servers.postgresql import Postgresql, PostgresqlServer
from wizard.diagnosis.walk import Verdict, answered, next_step, probed
from wizard.lab import sqlserver as lab_sqlserver
from wizard.lab.server import serve
from wizard.model.case import Case
from wizard.model.certificate import Certificate
from wizard.model.evidence import Evidence
from wizard.model.knowledge import ScenarioEntry
from wizard.model.login import Login
from wizard.model.target import Engine, Target
from wizard.pki.certificate import describe
from wizard.pki.read import read_certificates
from wizard.probes.drivers import present, view_postgresql
from wizard.probes.drivers import server_view as server_view_module
from wizard.probes.drivers.server_view import INSTALL, server_view
from wizard.wire import tds, tds_session

SECONDS = 60.0
"""A loaded machine takes long to start a child; only a broken test ever waits for this."""

SECRET = "canary-Pa55-word"


def chain(pem: bytes) -> tuple[Certificate, ...]:
    """Returns the certificates of a PEM as the case holds them."""
    return tuple(describe(der) for der in read_certificates(pem, name="the test's chain"))


def view(
    server: PostgresqlServer | MariadbServer,
    engine: Engine,
    login: Login | None = None,
    *,
    served: bytes = b"",
    trusted: bool = True,
    unverified_ok: bool = False,
) -> dict[str, Evidence]:
    """Returns the view of a server by fact."""
    found = server_view(
        Target(engine=engine, host=server.host, port=server.port, server_name="localhost"),
        login or Login(server.user, server.password),
        SECONDS,
        ca_file=server.ca_file if trusted else None,
        served=chain(served) if served else (),
        unverified_ok=unverified_ok,
    )
    return {entry.fact: entry for entry in found}


def verdict(found: dict[str, Evidence], engine: Engine) -> str | None:
    """Returns the verdict of the walk with this view alone, all else being normal."""
    normal = [Evidence(fact.id, fact.normal, "probe") for fact in KNOWN.facts if fact.normal is not None]
    probes = [fact.probe for fact in KNOWN.facts if fact.probe]
    case = Case(target=Target(engine=engine, host="db", port=1, server_name="db"))
    step = next_step(probed(answered(answered(case, *normal), *found.values()), *probes), KNOWN)
    return step.cause.id if isinstance(step, Verdict) and step.cause else None


def test_postgresql_tells_a_superuser_everything(postgres_server: Postgresql) -> None:
    """Session, policy, settings, and that the configured certificate is the one that is served."""
    certificate = make_certificate()
    with postgres_server(certificate, require_tls=True) as server:
        found = view(server, "postgresql", served=certificate.chain)
    assert found["view.login"].value == "accepted"
    assert found["view.session"].value == "encrypted"
    assert found["view.configured"].value == "served"
    assert found["policy"].value == "required"
    assert str(found["view.certificate_file"].value).endswith("server.pem")
    assert str(found["server.version"].value)[0].isdigit()
    assert verdict(found, "postgresql") == "healthy"


def test_postgresql_keeps_a_new_certificate_until_its_reload(postgres_server: Postgresql) -> None:
    """The file holds another certificate than the one served: the verdict says so, and the reload mends it."""
    old, new = make_certificate(), make_certificate()
    with postgres_server(old) as server:
        (server.home / "server.pem").write_bytes(new.chain)
        found = view(server, "postgresql", served=old.chain)
        assert found["view.configured"].value == "other"
        assert found["policy"].value == "optional"
        assert verdict(found, "postgresql") == "certificate-not-reloaded"
        server.present(new)
        assert view(server, "postgresql", served=new.chain)["view.configured"].value == "served"


def test_a_plain_postgresql_account_is_told_less(postgres_server: Postgresql) -> None:
    """It may neither read files nor the rules; both are unknown because of its rights, its session is known."""
    certificate = make_certificate()
    with postgres_server(certificate) as server:
        execute(server, f"CREATE ROLE plain LOGIN PASSWORD '{SECRET}'")
        found = view(server, "postgresql", Login("plain", SECRET), served=certificate.chain)
    assert found["view.session"].value == "encrypted"
    assert found["view.configured"].value is None
    assert found["view.configured"].because == "because this login has no right to it"
    assert found["policy"].value is None
    assert verdict(found, "postgresql") == "healthy"


def test_the_private_key_in_the_certificates_file_stays_where_it_is(postgres_server: Postgresql) -> None:
    """Of a file with key and certificate only the first certificate is read."""
    certificate = make_certificate()
    with postgres_server(certificate) as server:
        (server.home / "server.pem").write_bytes(certificate.key + certificate.chain)
        found = view(server, "postgresql", served=certificate.chain)
    assert found["view.configured"].value == "served"
    assert "PRIVATE" not in str(found)


def test_no_login_goes_over_a_channel_that_is_not_verified(postgres_server: Postgresql) -> None:
    """Without the root nothing is sent, so the server sees no user; with the person's consent it is."""
    with postgres_server() as server:
        found = view(server, "postgresql", trusted=False)
        assert found["view.login"].value == "not-sent"
        assert "certificate verify failed" in str(found["view.login"].because)
        assert "authenticated" not in server.logged()
        agreed = view(server, "postgresql", trusted=False, unverified_ok=True)
        assert agreed["view.session"].value == "encrypted"


def test_a_server_without_tls_gets_a_login_only_with_consent(postgres_server: Postgresql) -> None:
    """Plain text is refused by default."""
    with postgres_server(tls=False) as server:
        assert view(server, "postgresql")["view.login"].value == "not-sent"
        agreed = view(server, "postgresql", unverified_ok=True)
    assert agreed["view.session"].value == "not-encrypted"
    assert agreed["policy"].value == "not-offered"


def test_a_wrong_password_is_refused_and_repeated_nowhere(
    postgres_server: Postgresql, mariadb_server: Mariadb
) -> None:
    """The server's word is told, the password is not."""
    with postgres_server() as postgres, mariadb_server() as maria:
        told = [
            view(postgres, "postgresql", Login("app", SECRET)),
            view(maria, "mariadb", Login("app", SECRET)),
        ]
        logs = postgres.logged() + maria.logged()
    for found in told:
        assert found["view.login"].value == "refused"
        assert found["view.session"].because == "the login was refused"
        assert "policy" not in found
    assert SECRET not in f"{told} {logs}"


def test_mariadb_tells_its_root_everything(mariadb_server: Mariadb) -> None:
    """Session, policy, accounts, and the file, where the server may read it out."""
    certificate = make_certificate(engine="mariadb")
    with mariadb_server(certificate, require_tls=True) as server:
        (server.home / "server.pem").chmod(0o644)
        found = view(server, "mariadb", served=certificate.chain)
        assert found["view.session"].value == "encrypted"
        assert found["policy"].value == "required"
        assert found["view.configured"].value == "served"
        assert found["view.account_requires"].value == "nothing"
        assert " of " in str(found["view.accounts_require_tls"].value)
        assert "GMT" in str(found["view.valid_until"].value)


def test_mariadb_keeps_a_new_certificate_until_it_is_flushed(mariadb_server: Mariadb) -> None:
    """The file holds another certificate: the verdict says so, and FLUSH SSL mends it."""
    old, new = make_certificate(engine="mariadb"), make_certificate(engine="mariadb")
    with mariadb_server(old) as server:
        file = server.home / "server.pem"
        file.write_bytes(new.chain)
        file.chmod(0o644)
        found = view(server, "mariadb", served=old.chain)
        assert found["view.configured"].value == "other"
        assert verdict(found, "mariadb") == "certificate-not-reloaded"
        server.present(new)
        file.chmod(0o644)
        assert view(server, "mariadb", served=new.chain)["view.configured"].value == "served"


def test_a_plain_mariadb_account_is_told_less(mariadb_server: Mariadb) -> None:
    """It sees its own demand, but neither the other accounts nor the file; no hash of a password leaves the child."""
    certificate = make_certificate(engine="mariadb")
    with mariadb_server(certificate) as server:
        server.query(f"CREATE USER plain IDENTIFIED BY '{SECRET}' REQUIRE SSL")
        found = view(server, "mariadb", Login("plain", SECRET), served=certificate.chain)
    assert found["view.account_requires"].value == "tls"
    assert found["view.accounts_require_tls"].because == "because this login has no right to it"
    assert found["view.configured"].value is None
    assert "IDENTIFIED" not in str(found)


def execute(server: PostgresqlServer, sql: str) -> None:
    """Runs a statement as the superuser."""
    driver = pytest.importorskip("psycopg")
    with driver.connect(
        host=server.host, port=server.port, user=server.user, password=server.password, dbname="postgres"
    ) as connection:
        connection.execute(sql)


LOADED = 'The certificate [Cert Hash(sha1) "{}"] was successfully loaded for encryption.'


def answering(thumbprint: str, *, log: str, encrypted: str = "TRUE") -> Callable[..., bytes]:
    """Returns the answers of a SQL Server on Windows to the view's queries."""

    def answer(conversation: object, message: tds.Message) -> bytes:
        query = tds_session.batch_text(message.payload) if message.kind == tds_session.SQL_BATCH else ""
        for words, value in (
            ("ProductVersion", "16.0.4135.4"),
            ("@@VERSION", "Microsoft SQL Server 2022 on Windows Server 2022"),
            ("encrypt_option", encrypted),
            ("N'Certificate'", thumbprint),
            ("N'ForceEncryption'", "1"),
            ("N'ForceStrict'", "0"),
            ("sp_readerrorlog 0", log),
        ):
            if words in query:
                return tds_session.one_row(value)
        if "sp_readerrorlog" in query:
            return tds_session.failed(22004, "xp_readerrorlog() returned error 2")
        return tds_session.done()

    return answer


def sql_server_view(
    monkeypatch: pytest.MonkeyPatch,
    answers: Callable[[Certificate], Callable[..., bytes]],
    *,
    trusted: bool = True,
    unverified_ok: bool = False,
) -> dict[str, Evidence]:
    """Returns the view of a look-alike that answers as `answers` says, through the driver of this machine."""
    pytest.importorskip("mssql_python_odbc")
    scenario = ScenarioEntry(id="sqlserver/healthy", title="-", cause="healthy", engine="sqlserver")
    with serve(scenario) as server:
        assert server.ca_file is not None
        assert server.identity is not None
        leaf = chain(server.identity.chain_pem())[0]
        monkeypatch.setattr(lab_sqlserver, "_answer", answers(leaf))
        found = server_view(
            Target(engine="sqlserver", host="127.0.0.1", port=server.port, server_name="localhost"),
            Login("app", SECRET),
            SECONDS,
            ca_file=server.ca_file if trusted else None,
            served=(leaf,),
            unverified_ok=unverified_ok,
        )
        assert SECRET not in f"{found} {server.log}"
        if not trusted and not unverified_ok:
            assert not any("logged in" in line for line in server.log)
    return {entry.fact: entry for entry in found}


def test_sql_server_tells_thumbprint_policy_and_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry names the served certificate, and the log says that it was loaded."""
    found = sql_server_view(
        monkeypatch, lambda leaf: answering(leaf.sha1.upper(), log=LOADED.format(leaf.sha1.upper()))
    )
    assert found["view.login"].value == "accepted"
    assert found["view.session"].value == "encrypted"
    assert found["view.configured"].value == "served"
    assert found["view.policy"].value == "required"
    assert found["load.problem"].value == "none"
    assert found["server.version"].value == "16.0.4135.4"
    assert verdict(found, "sqlserver") == "healthy"


def test_sql_server_that_was_not_restarted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry names another certificate than the one that was loaded and is served."""
    found = sql_server_view(monkeypatch, lambda leaf: answering("ab" * 20, log=LOADED.format(leaf.sha1)))
    assert found["view.configured"].value == "other"
    assert verdict(found, "sqlserver") == "certificate-not-reloaded"


def test_sql_server_that_could_not_load_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log says why, so that a restart would not help: another verdict."""
    log = f'Unable to load user-specified certificate [Cert Hash(sha1) "{"AB" * 20}"]. The server will not accept.'
    found = sql_server_view(monkeypatch, lambda leaf: answering("ab" * 20, log=log))
    assert found["load.problem"].value == "not-usable"
    assert verdict(found, "sqlserver") == "server-certificate-not-loaded"


def test_tls_that_ends_in_front_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server calls a session unencrypted that came through TLS: its own certificate is not the question."""
    found = sql_server_view(
        monkeypatch, lambda leaf: answering("ab" * 20, log="", encrypted="FALSE"), unverified_ok=True
    )
    assert found["view.session"].value == "ends-before"
    assert found["view.configured"].value == "in-front"
    assert verdict(found, "sqlserver") == "healthy"


def test_sql_server_gets_no_login_over_an_unverified_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its root is not known here, so the driver ends before the login."""
    found = sql_server_view(monkeypatch, lambda leaf: answering("", log=""), trusted=False)
    assert found["view.login"].value == "not-sent"


@pytest.mark.parametrize("engine", ["sqlserver", "mysql", "mariadb", "postgresql"])
def test_a_missing_driver_is_unknown_with_the_install_line(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No connection is made, nothing is raised."""
    monkeypatch.setattr(server_view_module, "has_package", lambda folder: False)
    monkeypatch.setattr(server_view_module, "odbc_drivers", lambda seconds: ())
    target = Target(engine=engine, host="db.invalid", port=1, server_name="db.invalid")
    found = server_view(target, Login("app", SECRET), 5)
    assert all(entry.value is None and INSTALL in str(entry.because) for entry in found)
    assert len(found) > 3


@pytest.mark.parametrize("engine", ["mariadb", "postgresql"])
def test_a_silent_server_ends_in_time_and_a_cancelled_view_at_once(engine: Engine) -> None:
    """The child is killed; all is unknown."""
    pytest.importorskip("psycopg" if engine == "postgresql" else "mysql.connector")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = Target(
            engine=engine, host="127.0.0.1", port=silent.getsockname()[1], server_name="localhost"
        )
        late = server_view(target, Login("app", SECRET), 1.0)
        cancelled = Event()
        threading.Timer(0.2, cancelled.set).start()
        ended = server_view(target, Login("app", SECRET), 600, cancelled=cancelled)
    assert not any(entry.known and entry.fact != "view.login" for entry in (*late, *ended))
    assert SECRET not in f"{late} {ended}"


def test_packages_are_looked_up_without_an_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that fails on import is found all the same."""
    package = tmp_path / "dbtls_broken" / "inner"
    package.mkdir(parents=True)
    (tmp_path / "dbtls_broken" / "__init__.py").write_text("raise ZeroDivisionError")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert present.has_package("dbtls_broken/inner")
    assert not present.has_package("dbtls_broken/other")
    assert not present.has_package("dbtls_absent/inner")


def test_a_closed_port_is_no_login_that_was_kept_back() -> None:
    """Nothing would be won by sending it anyway, so that is not what is said."""
    pytest.importorskip("psycopg")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    engines: tuple[Engine, ...] = ("postgresql", "mariadb")
    for engine in engines:
        target = Target(engine=engine, host="127.0.0.1", port=port, server_name="localhost")
        (told, *_) = server_view(target, Login("app", SECRET), SECONDS)
        assert (told.fact, told.value) == ("view.login", None)
        assert told.because


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("SSL error: certificate verify failed", True),
        ('server certificate for "a" does not match host name "b"', True),
        ("server does not support SSL, but SSL was required", True),
        ("2026 (HY000): SSL is required but the server doesn't support it", True),
        ("Connection refused", False),
        ("no pg_hba.conf entry for host", False),
        ("SSL error: tlsv1 alert protocol version", False),
        ("could not translate host name", False),
    ],
)
def test_a_login_is_kept_back_only_for_want_of_a_check(words: str, kept: bool) -> None:
    """A certificate that cannot be verified, or no TLS; nothing else would be mended by consent."""
    assert bool(server_view_module._NOT_VERIFIED.search(words)) is kept


def rule(line: int, kind: str, user: str, method: str, address: str = "all") -> tuple[str | None, ...]:
    """Returns a line of pg_hba.conf as the view reads it, for the login `app` from 10.0.0.5."""
    return (str(line), kind, "all", user, address, None, method, None, "10.0.0.5", "app", "postgres")


@pytest.mark.parametrize(
    ("rules", "policy"),
    [
        ([rule(1, "host", "+dba", "md5")], None),
        ([rule(1, "host", "all", "md5", "db.corp.example")], None),
        ([rule(1, "host", "all", "md5"), rule(2, "host", "+dba", "reject")], "optional"),
        ([rule(1, "host", "+dba", "md5"), rule(2, "host", "all", "md5")], "optional"),
        ([rule(1, "host", "+dba", "reject"), rule(2, "host", "all", "md5")], None),
        ([rule(1, "host", "+dba", "md5"), rule(2, "hostnossl", "all", "reject")], None),
        ([rule(1, "host", "+dba", "reject"), rule(2, "hostssl", "all", "md5")], "required"),
        ([rule(1, "hostnossl", "all", "reject"), rule(2, "host", "+dba", "md5")], "required"),
        ([rule(1, "host", "other", "md5"), rule(2, "hostssl", "all", "md5")], "required"),
    ],
)
def test_a_rule_that_may_fit_leaves_the_policy_unknown(
    rules: list[tuple[str | None, ...]], policy: str | None
) -> None:
    """Groups and host names settle nothing, unless all that could hold comes to the same."""
    found = view_postgresql._by_rules(tuple(rules))
    assert found.value == policy
    assert found.because
