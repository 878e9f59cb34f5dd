"""The child process of a driver: it ends in time, and its password stands nowhere that others can read."""

from __future__ import annotations

import json
import os
import pickle
import sys
import time
from pathlib import Path
from threading import Event, Thread

import msgspec
import pytest

from wizard.model.login import Login
from wizard.probes.drivers import process
from wizard.probes.drivers.process import messages
from wizard.probes.drivers.request import Failure, Message, Query, Request
from wizard.probes.drivers.session import Wish, code_of, failure

SECRET = "canary-7f3a-Pa55"
LOGIN = Login("app", SECRET)
REQUEST = Request(engine="postgresql", client="psycopg", host="127.0.0.1", port=1, seconds=60)

HANGS = "import sys, time; sys.stdin.buffer.read(); print('{}', flush=True); time.sleep(600)"
STARTS_ANOTHER = (
    "import subprocess, sys; sys.stdin.buffer.read();"
    "other = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "open(sys.argv[1], 'w').write(str(other.pid)); other.wait()"
)
ECHOES = (
    "import json, sys; got = json.load(sys.stdin);"
    "text = open('/proc/self/cmdline').read() + open('/proc/self/environ').read();"
    "seen = [str(got['password'] in text), str(got['request']).count(got['password'])];"
    "print('noise of a driver', flush=True);"
    "print(json.dumps({'type': 'failure', 'code': '', 'text': str(seen)}), flush=True)"
)


def ask(
    script: str, *arguments: str, seconds: float = 60, cancelled: Event | None = None
) -> list[Message | None]:
    """Runs a script in place of the child and returns what came back."""
    command = (sys.executable, "-c", script, *arguments)
    return [*messages(REQUEST, LOGIN, seconds, cancelled or Event(), command)]


def is_running(pid: int) -> bool:
    """Says whether a process still runs; one that has ended and that nobody waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_login_shows_its_password_nowhere() -> None:
    """Text, JSON and pickle hold no password; only `reveal` does."""
    assert SECRET not in f"{LOGIN} {LOGIN!r} {[LOGIN]} {vars(type(LOGIN))}"
    with pytest.raises(TypeError):
        msgspec.json.encode(LOGIN)
    with pytest.raises(TypeError):
        json.dumps(LOGIN)
    with pytest.raises(TypeError):
        pickle.dumps(LOGIN)
    assert LOGIN.reveal() == SECRET


def test_a_login_is_frozen_and_compared_by_its_content() -> None:
    """Two equal ones are equal, another password makes another, and none can be changed."""
    assert Login("app", SECRET) == LOGIN
    assert Login("app", "other") != LOGIN
    with pytest.raises(AttributeError):
        LOGIN.user = "root"


def test_a_hanging_child_is_killed_at_the_deadline() -> None:
    """It yields None for what it did not end, and the caller goes on."""
    assert ask(HANGS, seconds=0.3) == [None]


def test_cancelling_kills_at_once() -> None:
    """Long before the deadline the caller goes on."""
    cancelled = Event()
    told: list[list[Message | None]] = []
    waiting = Thread(target=lambda: told.append(ask(HANGS, seconds=600, cancelled=cancelled)))
    waiting.start()
    cancelled.set()
    waiting.join(60)
    assert told == [[None]]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_what_the_child_started_is_killed_too(tmp_path: Path) -> None:
    """A program that a driver runs does not outlive it."""
    file = tmp_path / "pid"
    cancelled = Event()
    waiting = Thread(target=ask, args=(STARTS_ANOTHER, str(file)), kwargs={"cancelled": cancelled})
    waiting.start()
    while not (file.exists() and file.read_text()):
        time.sleep(0.02)
    other = int(file.read_text())
    cancelled.set()
    waiting.join(60)
    for _ in range(100):
        if not is_running(other):
            break
        time.sleep(0.05)
    assert not is_running(other)


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="reads /proc")
def test_the_password_is_in_no_command_line_and_no_environment() -> None:
    """The child gets it through its stdin alone, beside the request; noise on stdout is no answer."""
    assert ask(ECHOES) == [Failure("", "['False', 0]")]


def test_passwords_of_the_environment_are_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver finds no login that nobody gave to this program; the rest of the environment stays."""
    monkeypatch.setenv("PGPASSWORD", SECRET)
    monkeypatch.setenv("MYSQL_PWD", SECRET)
    monkeypatch.setenv("ODBCINI", "kept")
    given = process._environment(None)
    assert SECRET not in str(given)
    assert given["ODBCINI"] == "kept"
    assert not Path(given["PGPASSFILE"]).exists()


@pytest.mark.parametrize(
    "name",
    [
        "PGHOSTADDR",
        "PGSSLMODE",
        "MYSQL_HOME",
        "MARIADB_TLS_DISABLE_PEER_VERIFICATION",
        "TDSHOST",
        "SSLKEYLOGFILE",
    ],
)
def test_the_environment_does_not_steer_a_driver(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what this program sets counts; what the machine trusts stays."""
    monkeypatch.setenv(name, "elsewhere")
    monkeypatch.setenv("SSL_CERT_FILE", "/company.pem")
    given = process._environment(None)
    assert name not in given
    assert given["SSL_CERT_FILE"] == "/company.pem"


TELLS_PASSFILE = (
    "import json, os, sys; sys.stdin.read();"
    "print(json.dumps({'type': 'failure', 'code': '', 'text': os.environ['PGPASSFILE']}), flush=True)"
)


def test_only_a_view_without_a_password_reads_the_persons_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The libpq finds ~/.pgpass, or what PGPASSFILE names, for the server's view alone."""
    view = msgspec.structs.replace(REQUEST, queries=(Query("one", "SELECT 1"),))
    command = (sys.executable, "-c", TELLS_PASSFILE)

    def told(request: Request, login: Login | None) -> str:
        found = next(iter(messages(request, login, 60, Event(), command)))
        assert isinstance(found, Failure)
        return found.text

    monkeypatch.delenv("PGPASSFILE", raising=False)
    assert told(view, Login("app", None)) == str(Path.home() / ".pgpass")
    monkeypatch.setenv("PGPASSFILE", "/own/passwords")
    assert told(view, Login("app", None)) == "/own/passwords"
    nothing = str(Path(os.devnull) / "none")
    assert told(view, LOGIN) == told(REQUEST, Login("app", None)) == told(REQUEST, None) == nothing


def test_what_a_killed_child_wrote_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folder for temporary files belongs to the parent."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    writes = "import sys, tempfile, time; tempfile.mkstemp(); print('x', flush=True); time.sleep(600)"
    assert ask(writes, seconds=0.5) == [None]
    assert [*tmp_path.iterdir()] == []


def test_the_given_roots_stand_in_place_of_the_systems() -> None:
    """OpenSSL's users read them, and no folder beside them."""
    assert process._environment("/roots.pem")["SSL_CERT_FILE"] == "/roots.pem"
    assert process._environment("/roots.pem")["SSL_CERT_DIR"] == os.devnull


def test_a_password_in_a_drivers_words_is_blotted_out() -> None:
    """Whatever a driver repeats, the password does not leave its process."""
    told = failure(ValueError(f"bad option in pwd={SECRET};"), SECRET)
    assert told.text == "bad option in pwd=•••;"
    wish = Wish("", "db", 1, "db", "app", SECRET, None, {}, None, 5)
    assert SECRET not in f"{wish} {wish!r}"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("ERROR 1045 (28000): Access denied", "1045"),
        ("[28000] [SQL Server]Login failed for user 'x'. (18456) (SQLDriverConnect)", "18456"),
        ("Msg 18456 (severity 14, state 1) from SQL", "18456"),
        ("no number at all", ""),
    ],
)
def test_the_servers_number_is_found_in_a_drivers_words(words: str, code: str) -> None:
    """Programs and the ODBC driver have it in their text alone."""
    assert code_of(ValueError(words), words) == code
