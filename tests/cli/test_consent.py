"""What reaches a server: no user and no password without a login that was asked for, over a channel that was checked.

The lab's server keeps every octet that it is sent, before and behind TLS.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests.report.cases import KNOWN
from tests.tui.driver import run, started
from tests.tui.tour import Paste, act
from wizard.cli.commands import command
from wizard.lab.channel import Channel
from wizard.lab.server import LabServer, serve
from wizard.model.target import ENGINES, Engine
from wizard.tui.screens.evidence import EvidenceScreen
from wizard.workbench import Workbench

USER, PASSWORD = "Kookaburra", "c4n4ry-S3cret"
URLS = {
    "sqlserver": "mssql+pyodbc",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb",
    "postgresql": "postgresql",
}
DRIVERS = {"sqlserver": "pymssql", "mysql": "pymysql", "mariadb": "pymysql", "postgresql": "psycopg"}


def forms(word: str) -> set[bytes]:
    """Returns how a word can reach a server: as text, wide as in TDS, and blurred as TDS does it to a password."""
    wide = word.encode("utf-16-le")
    blurred = bytes((((one << 4) & 0xF0) | (one >> 4)) ^ 0xA5 for one in wide)  # MS-TDS 2.2.6.4
    return {word.encode(), wide, blurred}


class Witness:
    """Keeps all that clients send to lab servers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.plain = b""
        self.decrypted = b""
        raw, receive = Channel._raw, Channel.receive

        async def seen_raw(channel: Channel) -> bytes:
            data = await raw(channel)
            self.plain += data
            return data

        async def seen(channel: Channel) -> bytes:
            data = await receive(channel)
            self.decrypted += data
            return data

        monkeypatch.setattr(Channel, "_raw", seen_raw)
        monkeypatch.setattr(Channel, "receive", seen)

    def saw(self, word: str) -> bool:
        """Says whether a word reached the server in any form, under TLS or not."""
        return any(form in self.plain or form in self.decrypted for form in forms(word))

    def saw_in_plain(self, word: str) -> bool:
        """Says whether everybody on the way could have read it."""
        return any(form in self.plain for form in forms(word))


@pytest.fixture
def witness(monkeypatch: pytest.MonkeyPatch) -> Witness:
    """Keeps all that clients send."""
    return Witness(monkeypatch)


@contextlib.contextmanager
def serving(engine: Engine) -> Iterator[LabServer]:
    """Runs a server in order."""
    with serve(KNOWN.scenario(f"{engine}/healthy")) as server:
        yield server


def dbtls(*words: str) -> None:
    """Runs a command in this process."""
    command.main(list(words), prog_name="dbtls", standalone_mode=False)


def target_of(server: LabServer) -> str:
    """Returns a connection string with a user and a password in it."""
    return f"{URLS[server.scenario.engine]}://{USER}:{PASSWORD}@{server.host}:{server.port}/shop"


@pytest.mark.parametrize("engine", ENGINES)
def test_no_probe_sends_the_credentials_of_a_connection_string(
    engine: Engine, witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`check` and `clients` drop them; a password in the environment stays there as well."""
    monkeypatch.setenv("DBTLS_PASSWORD", PASSWORD)
    with serving(engine) as server:
        dbtls("check", target_of(server), "--json")
        dbtls("clients", target_of(server), "--json")
        assert server.log.count("connected") >= 2
    assert witness.plain
    assert not witness.saw(USER)
    assert not witness.saw(PASSWORD)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_driver_without_a_login_is_the_user_dbtls(engine: Engine, witness: Witness) -> None:
    """The user of the connection string does not reach the server, and neither does its password."""
    with serving(engine) as server:
        trust = ("--ca-file", str(server.ca_file)) if server.ca_file else ()
        dbtls("clients", target_of(server), "--json", "--driver", "--client", DRIVERS[engine], *trust)
        log = list(server.log)
    assert witness.saw("dbtls"), log
    assert not witness.saw(USER)
    assert not witness.saw(PASSWORD)


@pytest.mark.parametrize(
    ("trusted", "options", "sent"),
    [(True, (), True), (False, (), False), (False, ("--login-unverified",), True)],
    ids=["verified", "unverified", "unverified with consent"],
)
def test_a_login_goes_where_it_may(
    trusted: bool,
    options: tuple[str, ...],
    sent: bool,
    witness: Witness,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Over a verified channel, or with the person's word; else nothing of it is sent. In plain text it never is."""
    monkeypatch.setenv("DBTLS_PASSWORD", PASSWORD)
    with serving("postgresql") as server:
        target = f"postgresql://{server.host}:{server.port}"
        trust = ("--ca-file", str(server.ca_file)) if trusted else ()
        dbtls(
            "check", target, "--json", "--login", USER, "--server-name", server.server_name, *trust, *options
        )
    assert witness.saw(USER) is sent
    assert not witness.saw_in_plain(USER)
    assert not witness.saw_in_plain(PASSWORD)
    said = capsys.readouterr().err
    assert f"Logging in as {USER}" in said
    assert ("The login was not sent" in said) is not sent
    assert ("--login-unverified" in said) is not sent


def test_the_wizard_with_its_default_answers_sends_no_credentials(witness: Witness) -> None:
    """From the paste of a connection string on, nothing of the user or the password reaches the server."""

    async def scene(server: LabServer) -> None:
        async with started(bench=Workbench) as driver:
            await act(driver, "2", Paste(target_of(server)), "enter")
            await driver.until(lambda: "connected" in server.log)
            assert isinstance(driver.app.screen, EvidenceScreen)
            await driver.settle()
            await act(driver, "enter", "enter")

    with serving("postgresql") as server:
        run(scene(server))
    assert witness.plain
    assert not witness.saw(USER)
    assert not witness.saw(PASSWORD)
