"""`dbtls doctor`: what a machine can do, and what to install where something is missing."""

from __future__ import annotations

import json
import os
import platform
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.pki.authority import make
from wizard.cli import doctor
from wizard.cli.main import run
from wizard.cli.terminal import Exit
from wizard.doctor import drivers, machine, missing, places, terminal
from wizard.doctor.drivers import Drivers, FoundDriver, Helper
from wizard.doctor.examine import Examined, examine
from wizard.doctor.machine import Family, Machine, OpenSSL, Python, System
from wizard.doctor.places import Known, Trust, Writable
from wizard.doctor.terminal import Terminal, this_terminal
from wizard.model.knowledge import Knowledge
from wizard.probes.drivers import present
from wizard.report import text

DEBIAN = Machine(system="linux", family="debian", name="Debian GNU/Linux 12", architecture="x86_64")
RHEL = Machine(system="linux", family="rhel", name="Rocky Linux 9", architecture="x86_64")
MACOS = Machine(system="macos", family="macos", name="macOS 15.1", architecture="arm64")
WINDOWS = Machine(system="windows", family="windows", name="Windows 11", architecture="AMD64")
STRANGE = Machine(system="other", family=None, name="FreeBSD", architecture="amd64")
FOUND = (
    FoundDriver(engine="sqlserver", driver="odbc-18", version="18", program="ODBC Driver 18 for SQL Server"),
    FoundDriver(engine="postgresql", driver="psycopg", version="3.3.9", program=None),
    FoundDriver(engine="mysql", driver="mysql-connector-python", version="9.1", program=None),
)
ALL = Drivers(found=FOUND, pyodbc="loads", psycopg="loads", libpq="17.5")
NONE = Drivers(found=(), pyodbc="absent", psycopg="absent", libpq=None)
GOOD_PLACE = Writable(
    folder="~/.local/state/dbtls", exists=True, writable=True, rights="drwx------", private=True, problem=None
)
GOOD_TRUST = Trust(
    file="/etc/ssl/certs/ca-certificates.crt",
    folder=None,
    roots=140,
    problem=None,
    variables={},
    left_out=None,
)
GOOD_TERMINAL = Terminal(
    is_terminal=True, front="full-screen", term="xterm-256color", encoding="utf-8", unicode=True, colours="256",
    columns=80, lines=24, multiplexer=None, clipboard=None,
    clipboard_because="this terminal does not say whether it takes it",
)  # fmt: skip
HEALTHY = Examined(
    dbtls="1.0",
    python=Python(version="3.12.1", implementation="CPython", environment="~/.venv", too_old=False),
    openssl=OpenSSL(python="OpenSSL 3.0.15", cryptography="OpenSSL 3.5.4"),
    machine=DEBIAN,
    drivers=ALL,
    helpers=(Helper(program="openssl", path="/usr/bin/openssl"),),
    terminal=GOOD_TERMINAL,
    trust=GOOD_TRUST,
    knowledge=Known(folder="~/knowledge", sha256="ab" * 32, counts={"causes": 43, "fixes": 526}, problems=()),
    cache=GOOD_PLACE,
    state=GOOD_PLACE,
)


def ids(examined: Examined) -> dict[str, bool]:
    """Returns the id of all that is missing, and whether it is needed."""
    return {one.id: one.needed for one in examined.missing()}


def install(machine: Machine, which: str, **changes: object) -> tuple[str, ...]:
    """Returns the commands for one missing thing on a machine."""
    changed = msgspec.structs.replace(HEALTHY, machine=machine, **changes)
    return next(one.install for one in changed.missing() if one.id == which)


@pytest.fixture
def nothing_heavy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes the knowledge as read and leaves the driver children out: other tests have both."""
    monkeypatch.setattr(places, "knowledge", Knowledge)
    monkeypatch.setattr("wizard.doctor.examine.drivers_here", lambda: ALL)


@pytest.mark.usefixtures("nothing_heavy")
def test_this_machine_has_every_key(capsys: pytest.CaptureFixture[str]) -> None:
    """One JSON document with the keys of the contract, and a status that says whether dbtls can work."""
    status = run(["doctor", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert list(told) == [
        "schema", "works", "missing", "dbtls", "python", "openssl", "machine", "drivers", "helpers", "terminal",
        "trust", "knowledge", "cache", "state",
    ]  # fmt: skip
    assert told["schema"] == "dbtls/doctor/1"
    assert status == (Exit.FINE if told["works"] else Exit.FAULT)
    assert set(told["trust"]) == {"file", "folder", "roots", "problem", "variables", "left_out"}
    for key in told:
        assert key in (doctor.__doc__ or "")


def test_the_drivers_of_this_machine_are_found() -> None:
    """What the children say agrees with what is installed; nothing native is imported into this process."""
    before = {"pyodbc", "psycopg", "mysql.connector"} & set(sys.modules)
    found = drivers.drivers_here()
    assert {"pyodbc", "psycopg", "mysql.connector"} & set(sys.modules) == before
    assert (found.psycopg == "loads") == (found.libpq is not None)
    assert (found.pyodbc == "absent") == (not present.has_package("pyodbc"))
    assert found.can_log_in("mysql") == present.has_package("mysql/connector")


def test_a_machine_with_everything_lacks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no section of what is missing, and the last line says that all is there."""
    assert HEALTHY.missing() == ()
    lines = [*doctor._lines(HEALTHY, ())]
    assert "MISSING" not in lines
    assert lines[-1] == "✓ dbtls can do all of its work here."


def test_missing_drivers_are_hints_with_commands() -> None:
    """Without drivers dbtls works; each database says what does not, and what to install."""
    bare = msgspec.structs.replace(HEALTHY, drivers=NONE)
    assert ids(bare) == {"sqlserver-driver": False, "postgresql-driver": False, "mysql-driver": False}
    assert install(DEBIAN, "postgresql-driver", drivers=NONE) == ("pip install 'psycopg[binary]'",)
    assert install(WINDOWS, "postgresql-driver", drivers=NONE) == ('pip install "psycopg[binary]"',)
    assert {one.without.partition(" reach ")[0] for one in bare.missing()} == {"--login and --driver do not"}
    program = FoundDriver(engine="mysql", driver="mariadb-cli", version="11.4", program="/usr/bin/mariadb")
    (lacking,) = [
        one
        for one in msgspec.structs.replace(
            bare, drivers=msgspec.structs.replace(NONE, found=(program,))
        ).missing()
        if one.id == "mysql-driver"
    ]
    assert lacking.without == "--login does not reach MySQL and MariaDB"
    said = " ".join(" ".join(doctor._lines(bare, bare.missing())).split())
    assert said.endswith("✓ dbtls can do its work here. 3 things are missing that it can do without.")


def test_a_cache_that_cannot_be_written_is_a_hint() -> None:
    """It costs time alone, so dbtls works; that time is what is told."""
    refused = Writable(
        folder="~/.cache/dbtls", exists=False, writable=False, rights=None, private=None, problem="no rights"
    )
    (lacking,) = msgspec.structs.replace(HEALTHY, cache=refused).missing()
    assert (lacking.id, lacking.needed) == ("cache", False)
    assert "some seconds" in lacking.without


@pytest.mark.parametrize(
    ("machine", "words"),
    [
        (DEBIAN, "apt-get install --yes msodbcsql18"),
        (RHEL, "dnf install --assumeyes msodbcsql18"),
        (MACOS, "brew install msodbcsql18"),
        (WINDOWS, "winget install --id Microsoft.msodbcsql.18"),
        (STRANGE, "pip install mssql-python"),
    ],
    ids=["debian", "rhel", "macos", "windows", "other"],
)
def test_the_odbc_driver_is_installed_as_the_platform_does(machine: Machine, words: str) -> None:
    """With pyodbc but without Microsoft's driver the commands are those of the platform."""
    lacking = Drivers(found=FOUND[1:], pyodbc="loads", psycopg="loads", libpq="17.5")
    commands = install(machine, "sqlserver-driver", drivers=lacking)
    assert words in commands[-1]
    others = {"apt-get", "dnf", "brew", "winget"} - set(words.split())
    assert not [command for command in commands for other in others if other in command]


def test_a_driver_that_does_not_load_is_told_from_one_that_is_absent() -> None:
    """The package pyodbc without unixODBC and psycopg without libpq are named as that."""
    broken = Drivers(found=FOUND[1:], pyodbc="does-not-load", psycopg="does-not-load", libpq=None)
    lacking = {one.id: one for one in msgspec.structs.replace(HEALTHY, drivers=broken).missing()}
    assert lacking["unixodbc"].install == ("sudo apt-get install --yes unixodbc",)
    assert "libpq" in lacking["postgresql-driver"].what
    assert "unixodbc" not in ids(msgspec.structs.replace(HEALTHY, drivers=NONE))


def test_openssl_is_missed_everywhere_but_on_windows() -> None:
    """Windows' commands do without the program; elsewhere its package is named."""
    without = (Helper(program="openssl", path=None),)
    assert install(RHEL, "openssl-program", helpers=without) == ("sudo dnf install --assumeyes openssl",)
    assert install(MACOS, "openssl-program", helpers=without) == ("brew install openssl",)
    assert ids(msgspec.structs.replace(HEALTHY, machine=WINDOWS, helpers=without)) == {}


def test_an_old_python_is_a_fault() -> None:
    """Python 3.10 cannot run dbtls; the oldest that can is not complained about."""
    for version, too_old in (((3, 10, 9), True), ((3, 11, 0), False)):
        python = machine.this_python(version)
        assert python.too_old is too_old
        assert ids(msgspec.structs.replace(HEALTHY, python=python)) == ({"python": True} if too_old else {})


@pytest.mark.parametrize("how", ["not-there", "empty", "no-certificate"])
@pytest.mark.usefixtures("nothing_heavy")
def test_an_empty_trust_store_is_a_fault(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """SSL_CERT_FILE that names no root: status 1, the variable is named, and the way out is a command."""
    file = tmp_path / "roots.pem"
    if how != "not-there":
        file.write_bytes(b"" if how == "empty" else b"no certificate\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    assert run(["doctor"]) == Exit.FAULT
    said = capsys.readouterr().out
    assert "SSL_CERT_FILE" in said
    assert "unset SSL_CERT_FILE SSL_CERT_DIR" in said.splitlines()
    assert "✗ dbtls cannot do its work here" in said


@pytest.mark.usefixtures("nothing_heavy")
def test_a_store_with_a_root_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One root in the file of SSL_CERT_FILE is enough, and is counted."""
    file = tmp_path / "roots.pem"
    file.write_bytes(make("Root").pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    found = examine("none")
    assert found.trust.roots == 1
    assert "roots" not in ids(found)


@pytest.mark.parametrize("family", ["debian", "rhel", "suse", "alpine"])
def test_without_a_variable_the_package_of_roots_is_named(family: Family) -> None:
    """A slim container has no roots at all: the system's package brings them."""
    slim = Machine(system="linux", family=family, name="slim", architecture="x86_64")
    (command,) = install(slim, "roots", trust=msgspec.structs.replace(GOOD_TRUST, roots=0))
    assert "ca-certificates" in command


@pytest.mark.usefixtures("nothing_heavy")
def test_a_state_folder_that_cannot_be_written_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file stands where the folder would be made: status 1 and another place as a command."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("DBTLS_STATE_DIR", str(tmp_path / "file" / "state"))
    assert run(["doctor"]) == Exit.FAULT
    assert "export DBTLS_STATE_DIR=~/dbtls-state" in capsys.readouterr().out.splitlines()
    (tmp_path / "fine").mkdir(mode=0o700)
    monkeypatch.setenv("DBTLS_STATE_DIR", str(tmp_path / "fine"))
    assert "state" not in ids(examine("none"))
    assert [*(tmp_path / "fine").iterdir()] == []


def test_the_rights_of_a_folder_decide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of others, one without rights above it, and one that others may look into are each named."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    found = places._writable(shared)
    assert (found.writable, found.private, found.rights) == (True, False, "drwxr-xr-x")
    assert ids(msgspec.structs.replace(HEALTHY, state=found)) == {"private-state": False}
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert places._writable(tmp_path / ("a" * 300)).problem == "File name too long"
    refused = places._writable(tmp_path / "none" / "below")
    assert (refused.exists, refused.writable) == (False, False)
    assert "may not write" in (refused.problem or "")

    def no_space(**_: object) -> Iterator[None]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", no_space)
    assert places._writable(shared).problem == "No space left on device"


def test_damaged_knowledge_is_a_fault() -> None:
    """A broken installation is named, with what repairs it."""
    damaged = Known(folder=None, sha256=None, counts={}, problems=("x: missing",))
    broken = msgspec.structs.replace(HEALTHY, knowledge=damaged)
    assert ids(broken) == {"knowledge": True}
    assert "install dbtls again" in broken.missing()[0].without


@pytest.mark.parametrize(
    ("system", "environment", "clipboard", "words"),
    [
        ("linux", {"TERM": "xterm-256color"}, None, "does not say"),
        ("linux", {"TERM": "xterm-kitty"}, True, "xterm-kitty"),
        ("linux", {"TERM": "dumb"}, False, "no commands"),
        ("linux", {"TERM": "linux"}, False, "Linux console"),
        ("linux", {"TERM": "screen.xterm", "STY": "1.pts"}, False, "GNU screen"),
        ("linux", {"TERM": "tmux-256color", "TMUX": "/tmp/x"}, False, "set-clipboard"),
        ("macos", {"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, False, "macOS Terminal"),
        ("macos", {"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, True, "iTerm.app"),
        ("windows", {"WT_SESSION": "1"}, True, "Windows Terminal"),
        ("windows", {}, None, "does not say"),
    ],
)
def test_the_clipboard_is_told_with_its_reason(
    system: System, environment: dict[str, str], clipboard: bool | None, words: str
) -> None:
    """OSC 52 is likely, unlikely or unknown by what the terminal says of itself."""
    found = this_terminal(system, "full-screen", environment, lambda: "external")
    assert found.clipboard is clipboard
    assert words in found.clipboard_because


def test_tmux_is_taken_by_its_word() -> None:
    """With set-clipboard on it may arrive; where tmux does not answer, nothing is claimed."""
    inside = {"TERM": "tmux-256color", "TMUX": "/tmp/x"}
    assert this_terminal("linux", "full-screen", inside, lambda: "on").clipboard is None
    assert this_terminal("linux", "full-screen", inside, lambda: None).clipboard is None
    off = this_terminal("linux", "full-screen", inside, lambda: "off")
    lacking = [*missing.of_terminal(DEBIAN, msgspec.structs.replace(off, is_terminal=True, unicode=True))]
    assert [one.install for one in lacking] == [("tmux set-option -s set-clipboard on",)]


def test_a_dumb_terminal_is_named_and_is_no_fault() -> None:
    """It gets the plain conversation; where nothing is a terminal there is nothing to complain about."""
    dumb = msgspec.structs.replace(GOOD_TERMINAL, front="plain", term="dumb", colours="none", clipboard=False)
    assert ids(msgspec.structs.replace(HEALTHY, terminal=dumb)) == {"full-screen": False, "clipboard": False}
    closed = msgspec.structs.replace(GOOD_TERMINAL, front="none")  # only stdin is none
    assert ids(msgspec.structs.replace(HEALTHY, terminal=closed)) == {}
    piped = msgspec.structs.replace(dumb, is_terminal=False, front="none")
    assert ids(msgspec.structs.replace(HEALTHY, terminal=piped)) == {}


@pytest.mark.parametrize(
    ("system", "environment", "colours"),
    [
        ("linux", {"TERM": "xterm-256color", "NO_COLOR": "1"}, "none"),
        ("linux", {"TERM": "dumb"}, "none"),
        ("linux", {}, "none"),
        ("linux", {"TERM": "xterm"}, "16"),
        ("linux", {"TERM": "xterm-256color"}, "256"),
        ("linux", {"TERM": "xterm", "COLORTERM": "truecolor"}, "truecolor"),
        ("windows", {}, "truecolor"),
    ],
)
def test_colours(system: System, environment: dict[str, str], colours: str) -> None:
    """NO_COLOR and a dumb terminal have none; the rest is what TERM and COLORTERM say."""
    assert this_terminal(system, "plain", environment, lambda: None).colours == colours


def test_an_encoding_without_signs_is_named_for_the_platform() -> None:
    """Code page 1252 has no ✓; how UTF-8 is switched on differs."""
    narrow = msgspec.structs.replace(GOOD_TERMINAL, unicode=False, encoding="cp1252", front="plain")
    assert "chcp 65001" in install(WINDOWS, "utf-8", terminal=narrow)[0]
    assert install(DEBIAN, "utf-8", terminal=narrow) == ("export LC_ALL=C.UTF-8",)
    assert [terminal._has_signs(one) for one in ("utf-8", "utf-8-sig", "cp1252", "cp437", "ascii", None)] == [
        True, True, False, False, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ids_", "family"),
    [("ubuntu|debian", "debian"), ("rocky|rhel centos fedora", "rhel"), ("opensuse-leap|suse opensuse", "suse"),
     ("alpine|", "alpine"), ("nixos|", None)],
)  # fmt: skip
def test_linux_families(ids_: str, family: Family | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The family comes from ID and ID_LIKE; one that is not known gets no command of another one."""
    name, _, like = ids_.partition("|")
    told = {"ID": name, "ID_LIKE": like, "PRETTY_NAME": "Some\x1b[31m Linux"}
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: told)
    found = machine.this_machine()
    assert (found.system, found.family) == ("linux", family)
    assert "\x1b" not in found.name
    if family is None:
        assert install(found, "roots", trust=msgspec.structs.replace(GOOD_TRUST, roots=0)) == ()


def test_macos_and_windows_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated: the name and the family are the platform's own; macOS says what its store leaves out."""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(platform, "mac_ver", lambda: ("15.1", ("", "", ""), "arm64"))
    found = machine.this_machine()
    assert (found.system, found.family, found.name) == ("macos", "macos", "macOS 15.1")
    assert "keychain" in (places.trust_here().left_out or "")
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(platform, "win32_ver", lambda: ("11", "10.0.22631", "SP0", ""))
    monkeypatch.setattr(ssl, "enum_certificates", lambda store: [(b"der", "x509_asn", True)], raising=False)
    found = machine.this_machine()
    assert (found.system, found.name) == ("windows", "Windows 11 (10.0.22631)")
    trust = places.trust_here()
    assert (trust.roots, trust.file, trust.left_out) == (2, None, None)
    shown = [*doctor._lines(msgspec.structs.replace(HEALTHY, trust=trust), ())]
    assert [line for line in shown if "ROOT and CA" in line]


@pytest.mark.parametrize("columns", [80, 40])
def test_lines_fit_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 80 and at 40 columns no line is longer, but for commands that are copied and paths without a break."""
    monkeypatch.setattr(text, "WIDTH", columns - 2)
    lacking = msgspec.structs.replace(HEALTHY, machine=RHEL, drivers=NONE)
    commands = {command for one in lacking.missing() for command in one.install}
    lines = [*doctor._lines(lacking, lacking.missing())]
    long = [line for line in lines if len(line) > columns and line not in commands and "/" not in line]
    assert long == []
    assert commands <= set(lines)


def test_no_secret_and_no_home_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], clean_environment: Path
) -> None:
    """Variables that may hold a password are not read, and the home folder is ~."""
    monkeypatch.setattr(places, "knowledge", Knowledge)
    monkeypatch.setattr("wizard.doctor.examine.drivers_here", lambda: ALL)
    for name in ("DBTLS_PASSWORD", "PGPASSWORD", "MYSQL_PWD", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "canary-5417")
    run(["doctor"])
    run(["doctor", "--json"])
    said = capsys.readouterr().out
    assert "canary-5417" not in said
    assert str(clean_environment) not in said
    assert "~/state" in said


@pytest.mark.usefixtures("nothing_heavy")
def test_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """No socket is opened while the machine is examined; the guard itself is seen to work."""
    import socket

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", forbidden)
    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    assert run(["doctor", "--json"]) in (Exit.FINE, Exit.FAULT)
    with pytest.raises(AssertionError):
        socket.create_connection(("127.0.0.1", 1))
