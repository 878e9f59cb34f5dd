"""What the recipes for MySQL's and MariaDB's clients print is handed to the real drivers, against a real MariaDB."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from tests.fixes.carried_out.carrying import carries_out, rendered
from tests.fixes.carried_out.client_authority import client_certificate, trusting_clients, written_to
from tests.fixes.carried_out.connecting import Attempt, both, ran, shelled, taken_back, written
from tests.servers.certificates import certificate_of, make_certificate
from tests.servers.mariadb import Mariadb
from tests.servers.running import RunningServer
from wizard.fixes.render import RenderedFix, RenderedStep
from wizard.fixes.values import Given
from wizard.model.knowledge import ScenarioEntry

Client = Literal["mariadb-cli", "mysql-connector-python", "pymysql"]
CLIENTS: tuple[Client, ...] = ("mariadb-cli", "mysql-connector-python", "pymysql")
MODULES = {"mysql-connector-python": "mysql.connector", "pymysql": "pymysql"}
LOGIN = "[client]\nuser = app\npassword = app-password\nprotocol = TCP\n"
UNTRUSTED = (
    "certificate verify failed",
    "CERTIFICATE_VERIFY_FAILED",
    "self-signed",
    "unable to get local issuer",
)
WRONG_NAME = (
    "does not match",
    "Hostname mismatch",
    "doesn't match",
    "Validation of SSL server certificate failed",
)

every_client = pytest.mark.parametrize("client", CLIENTS)


@pytest.fixture(scope="module")
def server(mariadb_server: Mariadb) -> Iterator[RunningServer]:
    """A MariaDB with a certificate of a private CA."""
    with mariadb_server(make_certificate(engine="mariadb")) as running:
        yield running


@pytest.fixture(scope="module")
def misnamed(mariadb_server: Mariadb) -> Iterator[RunningServer]:
    """One whose certificate has another name."""
    with mariadb_server(make_certificate(engine="mariadb", names=("db.corp.example",))) as running:
        yield running


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA file that holds no root of the servers: one of another name."""
    scenario = ScenarioEntry(
        id="mariadb/stranger", title="-", cause="healthy", engine="mariadb", authority="Stranger"
    )
    file = tmp_path_factory.mktemp("stranger") / "ca.pem"
    file.write_bytes(certificate_of(scenario).anchor)
    return file


def shell_of(client: Client) -> str:
    """In which language the recipes for a client are."""
    return "sh" if client == "mariadb-cli" else "python"


def attempt(client: Client, home: Path) -> Attempt:
    """How a client connects: with the login in its option file, or in the call."""

    def by_command(step: RenderedStep) -> str | None:
        (home / ".my.cnf").write_text(LOGIN)
        return shelled(step.text, home)

    def by_code(step: RenderedStep) -> str | None:
        pure = {"use_pure": True} if client == "mysql-connector-python" else {}
        return ran(step, MODULES[client], user="app", password="app-password", **pure)

    return by_command if client == "mariadb-cli" else by_code


def recipe(name: str, server: RunningServer, ca_file: Path, **more: Given) -> RenderedFix:
    """A fix for a server."""
    return rendered(name, host="localhost", port=server.port, ca_file=str(ca_file), **more)


def says(answer: str | None, words: tuple[str, ...]) -> bool:
    """Whether the driver failed with one of these words."""
    return answer is not None and any(word in answer for word in words)


@every_client
@carries_out("mariadb-cli-verify", "mysql-connector-python-verify", "pymysql-verify")
def test_the_ca_file_is_verified_with(
    client: Client, server: RunningServer, misnamed: RunningServer, stranger: Path, tmp_path: Path
) -> None:
    """It connects with the CA's file; a strange file and a wrong name fail; the way back verifies nothing."""
    name, shell, connect = f"{client}-verify", shell_of(client), attempt(client, tmp_path)
    good = recipe(name, server, server.ca_file)
    assert says(connect(written(recipe(name, server, stranger), shell)), UNTRUSTED)
    assert connect(written(good, shell)) is None
    assert connect(written(recipe(name, misnamed, misnamed.ca_file), shell)) is not None
    assert connect(taken_back(good, shell)) is None


@every_client
@carries_out("mariadb-cli-10.11-verify-ca", "mysql-connector-python-verify-ca", "pymysql-verify-ca")
def test_the_name_may_be_another_one(
    client: Client, misnamed: RunningServer, stranger: Path, tmp_path: Path
) -> None:
    """By the way back the name is wrong; by the fix it connects, and a strange CA is refused still."""
    name = "mariadb-cli-10.11-verify-ca" if client == "mariadb-cli" else f"{client}-verify-ca"
    shell, connect = shell_of(client), attempt(client, tmp_path)
    fix = recipe(name, misnamed, misnamed.ca_file)
    assert says(connect(taken_back(fix, shell)), WRONG_NAME)
    assert connect(written(fix, shell)) is None
    assert says(connect(written(recipe(name, misnamed, stranger), shell)), UNTRUSTED)
    assert says(connect(taken_back(fix, shell)), WRONG_NAME)


@every_client
@carries_out(
    "mariadb-cli-10.11-without-verification", "mysql-connector-python-unverified", "pymysql-unverified"
)
def test_the_bypass_connects_and_can_be_taken_back(
    client: Client, server: RunningServer, stranger: Path, tmp_path: Path
) -> None:
    """Verifying with the wrong CA it fails, without verification it connects, and then it fails again."""
    names = {
        "mariadb-cli": "mariadb-cli-10.11-without-verification",
        "mysql-connector-python": "mysql-connector-python-unverified",
        "pymysql": "pymysql-unverified",
    }
    shell, connect = shell_of(client), attempt(client, tmp_path)
    fix = recipe(names[client], server, stranger)
    assert says(connect(taken_back(fix, shell)), UNTRUSTED)
    assert connect(written(fix, shell)) is None
    assert says(connect(taken_back(fix, shell)), UNTRUSTED)


@pytest.mark.parametrize("client", ["mysql-connector-python", "pymysql", "mariadb-cli"])
@carries_out("mysql-connector-python-automatic-ca", "pymysql-automatic-ca", "mariadb-cli-10.11-automatic-ca")
def test_mysqls_automatic_ca_vouches_for_its_server(
    client: Client, mariadb_server: Mariadb, stranger: Path, tmp_path: Path
) -> None:
    """A server with certificates as MySQL makes them is verified by its ca.pem, and by no other file."""
    name = "mariadb-cli-10.11-automatic-ca" if client == "mariadb-cli" else f"{client}-automatic-ca"
    shell, connect = shell_of(client), attempt(client, tmp_path)
    with mariadb_server(make_certificate("self-generated", engine="mysql")) as made:
        assert connect(written(recipe(name, made, made.ca_file), shell)) is None
        assert says(connect(written(recipe(name, made, stranger), shell)), UNTRUSTED)


@carries_out("mariadb-option-file", "mariadb-cli-encryption-on")
@pytest.mark.parametrize("name", ["mariadb-option-file", "mariadb-cli-encryption-on"])
def test_an_option_file_verifies(name: str, server: RunningServer, stranger: Path, tmp_path: Path) -> None:
    """The client reads the group; with a strange CA in it it fails, and without the group it connects."""
    for file, good in ((server.ca_file, True), (stranger, False)):
        fix = recipe(name, server, file)
        (tmp_path / ".my.cnf").write_text(LOGIN + written(fix, "ini").text + "\n")
        said = shelled(fix.steps[-1].text, tmp_path)
        assert (said is None) == good
        assert good or says(said, UNTRUSTED)
    (tmp_path / ".my.cnf").write_text(LOGIN)
    assert shelled(recipe(name, server, stranger).steps[-1].text, tmp_path) is None


@pytest.mark.parametrize("client", ["mysql-connector-python", "pymysql"])
@carries_out("mysql-connector-python-encryption-on", "pymysql-encryption-on")
def test_a_server_that_demands_tls_lets_the_client_in(
    client: Client, mariadb_server: Mariadb, tmp_path: Path
) -> None:
    """Without TLS it refuses; by the recipe the client connects."""
    with mariadb_server(make_certificate(engine="mariadb"), require_tls=True) as demanding:
        fix = recipe(f"{client}-encryption-on", demanding, demanding.ca_file)
        without = both(f"{client}-unverified", "python", host="localhost", port=demanding.port, ca_file="/x")[
            0
        ]
        text = without.text.replace("ssl_verify_cert=False", "ssl_disabled=True")
        plain = RenderedStep(title="-", run_on="client", shell="python", text=text, as_administrator=False)
        connect = attempt(client, tmp_path)
        assert says(connect(plain), ("insecure transport", "3159", "1045"))
        assert connect(written(fix, "python")) is None


@every_client
@carries_out(
    "mariadb-cli-client-certificate",
    "mysql-connector-python-client-certificate",
    "pymysql-client-certificate",
)
def test_a_client_certificate_is_shown(client: Client, mariadb_server: Mariadb, tmp_path: Path) -> None:
    """By the way back the account is refused; with certificate and key it is let in."""
    made = client_certificate("mariadb")
    with trusting_clients(mariadb_server, made) as demanding:
        fix = recipe(
            f"{client}-client-certificate",
            demanding,
            demanding.ca_file,
            **written_to(tmp_path, made),
        )
        if client == "mariadb-cli":
            for step, good in ((written(fix, "ini"), True), (taken_back(fix, "ini"), False)):
                (tmp_path / ".my.cnf").write_text(LOGIN + step.text + "\n")
                assert (shelled(fix.steps[-1].text, tmp_path) is None) == good
            return
        connect = attempt(client, tmp_path)
        assert connect(taken_back(fix, "python")) is not None
        assert connect(written(fix, "python")) is None
