"""What the recipes for PostgreSQL's clients print is handed to the real drivers, against a real PostgreSQL."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from tests.fixes.carried_out.carrying import carries_out, rendered
from tests.fixes.carried_out.client_authority import client_certificate, written_to
from tests.fixes.carried_out.connecting import Attempt, both, importable, ran, shelled, taken_back, written
from tests.servers.certificates import certificate_of, make_certificate
from tests.servers.postgresql import Postgresql, PostgresqlServer
from wizard.fixes.render import RenderedStep
from wizard.fixes.values import Given
from wizard.model.knowledge import ScenarioEntry

LOGIN = "user=app dbname=postgres connect_timeout=10 gssencmode=disable"
Client = Literal["psql", "psycopg-string", "psycopg", "asyncpg", "pg8000"]
CLIENTS: tuple[Client, ...] = ("psql", "psycopg-string", "psycopg", "asyncpg", "pg8000")
UNTRUSTED = ("certificate verify failed", "CERTIFICATE_VERIFY_FAILED")
WRONG_NAME = ("does not match host name", "Hostname mismatch", "hostname")
SHELL = {"psql": "libpq", "psycopg-string": "libpq"}
VERIFY = {"psql": "libpq", "psycopg-string": "libpq"}
"""The beginning of a fix's id, where it is not the client's."""


@pytest.fixture(scope="module")
def server(postgres_server: Postgresql) -> Iterator[PostgresqlServer]:
    """One PostgreSQL, which presents another certificate for each test."""
    with postgres_server(make_certificate()) as running:
        yield running


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA file that holds no root of the server: one of another name."""
    scenario = ScenarioEntry(
        id="postgresql/stranger", title="-", cause="healthy", engine="postgresql", authority="Stranger"
    )
    file = tmp_path_factory.mktemp("stranger") / "ca.pem"
    file.write_bytes(certificate_of(scenario).anchor)
    return file


def attempt(client: Client, home: Path) -> Attempt:
    """How a client connects."""

    def by_psql(step: RenderedStep) -> str | None:
        environment = {"PGPASSWORD": "app-password"}
        return shelled(f"psql {quoted(f'{step.text} {LOGIN}')} -Atc 'SELECT 1'", home, environment)

    def by_string(step: RenderedStep) -> str | None:
        importable("psycopg")
        psycopg = importlib.import_module("psycopg")
        try:
            psycopg.connect(f"{step.text} {LOGIN} password=app-password").close()
        except psycopg.OperationalError as error:
            return str(error)
        return None

    def by_code(step: RenderedStep) -> str | None:
        database = {"psycopg": "dbname"}.get(client, "database")
        return ran(step, client, user="app", password="app-password", **{database: "postgres"})

    return {"psql": by_psql, "psycopg-string": by_string}.get(client, by_code)


def quoted(text: str) -> str:
    """One word for a shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def says(answer: str | None, words: tuple[str, ...]) -> bool:
    """Whether the driver failed with one of these words."""
    return answer is not None and any(word in answer for word in words)


every_client = pytest.mark.parametrize("client", CLIENTS)


@every_client
@carries_out("libpq-verify-full", "psycopg-verify-full", "asyncpg-verify-full", "pg8000-verify-full")
def test_the_ca_file_is_verified_with(
    client: Client, server: PostgresqlServer, stranger: Path, tmp_path: Path
) -> None:
    """It connects with the CA's file, and fails with that of another; the way back verifies nothing."""
    server.present(make_certificate())
    name, shell = f"{VERIFY.get(client, client)}-verify-full", SHELL.get(client, "python")
    place: dict[str, Given] = {"host": "localhost", "port": server.port}
    connect = attempt(client, tmp_path)
    good, plain = both(name, shell, **place, ca_file=str(server.ca_file))
    bad, _ = both(name, shell, **place, ca_file=str(stranger))
    assert says(connect(bad), UNTRUSTED)
    assert connect(good) is None
    assert connect(plain) is None


@every_client
@carries_out("libpq-verify-full", "psycopg-verify-full", "asyncpg-verify-full", "pg8000-verify-full")
def test_an_intermediate_that_is_missing_may_stand_in_the_file(
    client: Client, server: PostgresqlServer, tmp_path: Path
) -> None:
    """With the root alone it fails; with root and intermediate in one file it connects."""
    made = make_certificate(intermediate=True)
    leaf, between = made.chain.split(b"-----BEGIN", 2)[1:]
    server.present(type(made)(b"-----BEGIN" + leaf, made.key, made.anchor))
    name, shell = f"{VERIFY.get(client, client)}-verify-full", SHELL.get(client, "python")
    root, file = tmp_path / "root.pem", tmp_path / "both.pem"
    root.write_bytes(made.anchor)
    file.write_bytes(made.anchor + b"-----BEGIN" + between)
    connect = attempt(client, tmp_path)
    place: dict[str, Given] = {"host": "localhost", "port": server.port}
    assert says(connect(both(name, shell, **place, ca_file=str(root))[0]), UNTRUSTED)
    assert connect(both(name, shell, **place, ca_file=str(file))[0]) is None


@every_client
@carries_out("libpq-host-and-hostaddr", "psycopg-host-and-hostaddr", "asyncpg-verify-ca", "pg8000-verify-ca")
def test_another_name_is_accepted(
    client: Client, server: PostgresqlServer, stranger: Path, tmp_path: Path
) -> None:
    """By the way back the name is wrong; by the fix it connects, and a strange CA is refused still."""
    server.present(make_certificate(names=("db.corp.example",)))
    beginning, shell = VERIFY.get(client, client), SHELL.get(client, "python")
    kind = "host-and-hostaddr" if shell == "libpq" or client == "psycopg" else "verify-ca"
    name = f"{beginning}-{kind}"
    values: dict[str, Given] = {"host": "localhost", "port": server.port}
    if kind == "host-and-hostaddr":
        values |= {"presented_name": "db.corp.example", "address": "127.0.0.1"}
    connect = attempt(client, tmp_path)
    mended, named = both(name, shell, **values, ca_file=str(server.ca_file))
    assert says(connect(named), WRONG_NAME)
    assert connect(mended) is None
    assert says(connect(both(name, shell, **values, ca_file=str(stranger))[0]), UNTRUSTED)
    assert says(connect(named), WRONG_NAME)


@every_client
@carries_out("libpq-require", "psycopg-require", "asyncpg-require", "pg8000-without-verification")
def test_the_bypass_connects_and_can_be_taken_back(
    client: Client, server: PostgresqlServer, tmp_path: Path
) -> None:
    """With an expired certificate that nobody vouches for it fails, connects, and fails again."""
    server.present(make_certificate("self-signed", names=("db.corp.example",), valid_days=(-400, -10)))
    fixes = {"asyncpg": "asyncpg-require", "pg8000": "pg8000-without-verification"}
    name = fixes.get(client, f"{VERIFY.get(client, client)}-require")
    fix = rendered(name, host="localhost", port=server.port, ca_file=str(server.ca_file))
    shell = SHELL.get(client, "python")
    connect = attempt(client, tmp_path)
    assert says(connect(taken_back(fix, shell)), UNTRUSTED)
    assert connect(written(fix, shell)) is None
    assert says(connect(taken_back(fix, shell)), UNTRUSTED)


@carries_out("libpq-require", "psycopg-require")
def test_the_check_for_a_root_file_finds_one(tmp_path: Path) -> None:
    """With a file in its place, or one that the environment names, the check fails and says why."""
    check = rendered("libpq-require", host="db", port=1, ca_file="/ca.pem").steps[0].text
    assert shelled(check, tmp_path) is None
    assert says(shelled(check, tmp_path, {"PGSSLROOTCERT": "/ca.pem"}), ("will not help",))
    (tmp_path / ".postgresql").mkdir()
    (tmp_path / ".postgresql" / "root.crt").touch()
    assert says(shelled(check, tmp_path), ("will not help",))


@carries_out("libpq-verify-full", "libpq-encryption-on")
def test_the_line_with_psql_connects_verified(
    server: PostgresqlServer, stranger: Path, tmp_path: Path
) -> None:
    """The step that tests the string does so; with a strange CA it says what to read."""
    server.present(make_certificate())
    environment = {"PGPASSWORD": "app-password", "PGUSER": "app", "PGGSSENCMODE": "disable"}
    for name in ("libpq-verify-full", "libpq-encryption-on"):
        for file, good in ((server.ca_file, True), (stranger, False)):
            fix = rendered(name, host="localhost", port=server.port, ca_file=str(file))
            said = shelled(fix.steps[-1].text, tmp_path, environment)
            assert (said is None) == good
            assert good or says(said, ("No verified connection",))


@carries_out("libpq-service-file")
def test_a_service_file_verifies(server: PostgresqlServer, stranger: Path, tmp_path: Path) -> None:
    """The section is read by psql; with a strange file in its place it fails, and without the options it connects."""
    server.present(make_certificate())
    fix = rendered("libpq-service-file", host="localhost", port=server.port, ca_file=str(server.ca_file))
    section = next(step for step in fix.steps if step.shell == "libpq").text
    file = tmp_path / "pg_service.conf"
    environment = {
        "PGPASSWORD": "app-password",
        "PGUSER": "app",
        "PGSERVICEFILE": str(file),
        "PGGSSENCMODE": "disable",
    }
    test = fix.steps[-1].text
    # The root lies in a place of this test's own, not in /etc.
    for root, good in ((server.ca_file, True), (stranger, False)):
        file.write_text(section.replace("/etc/ssl/postgresql-root.crt", str(root)) + "\n")
        assert (shelled(test, tmp_path, environment) is None) == good
    file.write_text(taken_back(fix, "libpq").text + "\n")
    assert shelled(test, tmp_path, environment) is None


@every_client
@carries_out("libpq-encryption-on", "psycopg-encryption-on", "asyncpg-encryption-on", "pg8000-encryption-on")
def test_a_server_that_demands_tls_lets_the_client_in(
    client: Client, postgres_server: Postgresql, tmp_path: Path
) -> None:
    """Without TLS it refuses; with the recipe's text the client connects."""
    plain = {"psql": "sslmode=disable", "psycopg-string": "sslmode=disable"}
    beginning, shell = VERIFY.get(client, client), SHELL.get(client, "python")
    with postgres_server(make_certificate(), require_tls=True) as demanding:
        fix = rendered(
            f"{beginning}-encryption-on",
            host="localhost",
            port=demanding.port,
            ca_file=str(demanding.ca_file),
        )
        connect = attempt(client, tmp_path)
        if client in plain:
            without = f"{taken_back(fix, shell).text} {plain[client]}"
            step = RenderedStep(
                title="-", run_on="client", shell="libpq", text=without, as_administrator=False
            )
            assert says(connect(step), ("no encryption", "no pg_hba.conf entry"))
        assert connect(written(fix, shell)) is None


@every_client
@carries_out(
    "libpq-client-certificate",
    "psycopg-client-certificate",
    "asyncpg-client-certificate",
    "pg8000-client-certificate",
)
def test_a_client_certificate_is_shown(client: Client, postgres_server: Postgresql, tmp_path: Path) -> None:
    """By the way back the server refuses; with certificate and key it lets the user in."""
    files = written_to(tmp_path, client_certificate("postgresql"))
    key = Path(str(files["client_key"]))
    key.chmod(0o644)
    beginning, shell = VERIFY.get(client, client), SHELL.get(client, "python")
    with postgres_server(make_certificate(), client_certificate=True) as demanding:
        fix = rendered(
            f"{beginning}-client-certificate",
            host="localhost",
            port=demanding.port,
            ca_file=str(demanding.ca_file),
            **files,
        )
        connect = attempt(client, tmp_path)
        assert connect(taken_back(fix, shell)) is not None
        for step in fix.steps:
            if step.shell == "sh":
                assert shelled(step.text, tmp_path) is None
        assert oct(key.stat().st_mode & 0o777) == "0o600"
        assert connect(written(fix, shell)) is None
        assert connect(taken_back(fix, shell)) is not None


@carries_out("libpq-prefer")
def test_a_server_without_tls_is_reached_in_plain_text(postgres_server: Postgresql, tmp_path: Path) -> None:
    """By the way back the client demands TLS and fails; with prefer it connects."""
    with postgres_server(tls=False) as plain:
        mended, demanded = both("libpq-prefer", "libpq", host="localhost", port=plain.port)
        connect = attempt("psql", tmp_path)
        assert says(connect(demanded), ("server does not support SSL",))
        assert connect(mended) is None


def test_a_wrong_key_is_noticed_before_it_is_used(tmp_path: Path) -> None:
    """The check of certificate and key fails where they do not belong together, and says what to do."""
    first = make_certificate()
    other = certificate_of(
        ScenarioEntry(id="postgresql/e", title="-", cause="healthy", engine="postgresql", key="ec-p256")
    )
    certificate, key = tmp_path / "client.crt", tmp_path / "client.key"
    certificate.write_bytes(first.chain)
    key.write_bytes(other.key)
    values: dict[str, Given] = {"host": "db", "port": 1, "ca_file": "/ca.pem"}
    fix = rendered(
        "libpq-client-certificate", **values, client_certificate=str(certificate), client_key=str(key)
    )
    assert says(shelled(fix.steps[0].text, tmp_path), ("do not belong together",))
    key.write_bytes(first.key)
    assert shelled(fix.steps[0].text, tmp_path) is None
