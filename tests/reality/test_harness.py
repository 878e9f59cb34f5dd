"""The runner does what the comparison with real drivers relies on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from tests.reality import drivers, matrix
from tests.reality.drivers import Answer, Driver, OptionSet, Program, Request
from tests.reality.matrix import Row
from tests.reality.servers import BY_ADDRESS, FAULTS, Server, Servers

REQUEST = Request(host="localhost", port=1, user="u", password="p", database=None, options={}, seconds=0)
ANSWERING = """
import json, os, sys, time
for line in sys.stdin:
    print("noise", file=sys.stderr)
    options = json.loads(line)["options"]
    if "hang" in options:
        time.sleep(60)
    if "crash" in options:
        os._exit(7)
    if "garbage" in options:
        print("this is no answer", flush=True)
    print(json.dumps({"connected": True, "version": str(os.getpid())}), flush=True)
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    """A program that behaves as badly as its options say, killed at once when it hangs."""
    monkeypatch.setattr(drivers, "GRACE", 0.5)
    with Program([sys.executable, "-c", ANSWERING], {}, tmp_path) as made:
        # The interpreter itself takes a moment to start.
        assert made.ask(msgspec.structs.replace(REQUEST, seconds=20)).connected
        yield made


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """The servers, each started when a test first meets it."""
    with Servers(tmp_path_factory.mktemp("certificates")) as made:
        yield made


def asked(program: Program, option: str) -> Answer:
    """Returns the answer to a request with one option."""
    return program.ask(msgspec.structs.replace(REQUEST, options={option: ""}))


def rows(
    running: Servers, folder: Path, name: str, fault: str, options: Mapping[str, str], **environment: str
) -> list[Row]:
    """Runs one driver with one set of options against one fault."""
    driver = msgspec.structs.replace(
        known(name), option_sets=(OptionSet(options=dict(options), environment=environment),)
    )
    try:
        command = driver.arguments()
    except LookupError as missing:
        pytest.skip(str(missing))
    found: list[Row] = []
    matrix.run([(driver, command)], [fault], running, folder, found.append)
    return found


def known(name: str) -> Driver:
    """Returns the driver of this name."""
    return next(driver for driver in drivers.load() if driver.driver == name)


def outcome(row: Row) -> tuple[bool, str | None, bool | None]:
    """Returns what a prediction speaks of."""
    return row.connected, row.encrypted, row.verified


def test_a_program_answers_many_requests(program: Program) -> None:
    """One process serves them all, and what it writes to standard error is no answer."""
    first, second = asked(program, "a"), asked(program, "b")
    assert first.connected
    assert first.version == second.version


def test_a_hanging_driver_is_killed_and_reported(program: Program) -> None:
    """A hang is an answer, and the next request has a new process."""
    before = asked(program, "a").version
    assert asked(program, "hang") == Answer(connected=False, error="hung: no answer in 0.5 s")
    assert program.ask(msgspec.structs.replace(REQUEST, seconds=20)).version != before


def test_a_crash_is_reported(program: Program) -> None:
    """A program that ends without an answer has crashed, with its exit status and its last words."""
    answer = asked(program, "crash")
    assert not answer.connected
    assert (answer.error or "").startswith("crashed: exit status 7\nnoise")
    assert program.ask(msgspec.structs.replace(REQUEST, seconds=20)).connected


def test_what_is_no_answer_counts_as_a_crash(program: Program) -> None:
    """A line that is not an answer is never taken for one, and neither is what follows it."""
    assert (asked(program, "garbage").error or "").startswith("crashed")
    assert program.ask(msgspec.structs.replace(REQUEST, seconds=20)).connected


@pytest.mark.parametrize(
    ("command", "module", "reason"),
    [
        (("no-such-toolchain", "x"), None, "no-such-toolchain is not installed"),
        (("{home}/bin/driver",), None, "does not exist; run"),
        ((sys.executable, "-cp", "{home}/a.jar:{home}/b.jar"), None, "does not exist; run"),
        (("{python}", "{here}/x.py"), None, "does not exist; run"),
        ((sys.executable,), "no_such_module", "the module no_such_module is not installed; run"),
    ],
)
def test_a_missing_toolchain_is_named(command: tuple[str, ...], module: str | None, reason: str) -> None:
    """A driver that cannot be run says what is missing for it and what would bring it."""
    driver = Driver(
        driver="x", client="x", engines=(), command=command, module=module, option_sets=(), language="cobol"
    )
    with pytest.raises(LookupError, match=reason):
        driver.arguments()


def test_a_missing_client_is_named() -> None:
    """A program that wraps a client of the command line needs that client."""
    driver = known("psql")
    broken = msgspec.structs.replace(driver, needs=("no-such-client",))
    with pytest.raises(LookupError, match="no-such-client is not installed"):
        broken.arguments()


def test_a_module_of_the_running_interpreter_will_do() -> None:
    """Where nothing was set up, a Python driver that is importable here runs here."""
    driver = Driver(
        driver="x",
        client="x",
        engines=(),
        command=("{home}/venv/bin/python", __file__),
        module="json",
        option_sets=(),
        language="cobol",
    )
    assert driver.arguments() == [sys.executable, __file__]


def test_a_skipped_driver_is_shown(tmp_path: Path) -> None:
    """The command lists at its end what it did not run, and why."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.reality", "--driver", "pymysql-1.1", "--fault", "drop"],
        cwd=Path(__file__).parents[2],
        env={"PATH": "/nonexistent", "DBTLS_REALITY_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == ""
    assert f"skipped: pymysql-1.1: {tmp_path}/python/venv/bin/python does not exist; run" in done.stderr


def test_every_driver_is_described_once() -> None:
    """No two drivers share a name, each has options, and each placeholder is one that the runner fills."""
    everyone = drivers.load()
    assert len({driver.driver for driver in everyone}) == len(everyone)
    for driver in everyone:
        assert driver.option_sets, driver.driver
        assert len({str(one) for one in driver.option_sets}) == len(driver.option_sets), driver.driver
        for one in driver.option_sets:
            for text in (*one.options.values(), *one.environment.values()):
                assert "{" not in matrix.PLACEHOLDERS.sub("", text).replace("{}", ""), driver.driver


def test_every_fault_has_a_stranger_with_its_policy() -> None:
    """Whether a client verifies is told by a server that treats it alike, but for the certificate."""
    for name, fault in FAULTS.items():
        known_as = Server("sqlserver", name, 0, {}).stranger
        assert known_as != name
        stranger = FAULTS[known_as].changes
        if "authority" in fault.changes:
            continue
        if fault.changes.get("policy") != "not-offered":
            assert stranger.get("policy") == fault.changes.get("policy")
        assert stranger["authority"]
    assert set(BY_ADDRESS) <= set(FAULTS)


@pytest.mark.real_server("postgresql")
@pytest.mark.parametrize(
    ("fault", "options", "expected"),
    [
        ("good", {}, (True, "session", False)),
        ("good", {"sslmode": "disable"}, (True, "none", False)),
        ("good", {"sslmode": "verify-full", "sslrootcert": "{root}"}, (True, "session", True)),
        ("untrusted", {"sslmode": "verify-full", "sslrootcert": "{root}"}, (False, None, None)),
        # It falls back to plaintext there, so on a good server it has verified.
        ("good", {"sslmode": "prefer", "sslrootcert": "{root}"}, (True, "session", True)),
        ("untrusted", {"sslmode": "prefer", "sslrootcert": "{root}"}, (True, "none", False)),
        ("untrusted", {"sslmode": "require"}, (True, "session", False)),
    ],
)
def test_psycopg_is_told_apart(
    fault: str,
    options: dict[str, str],
    expected: tuple[bool, str | None, bool | None],
    running: Servers,
    tmp_path: Path,
) -> None:
    """Each attempt connects, encrypts and verifies on a real PostgreSQL as the options say."""
    found = rows(running, tmp_path, "psycopg", fault, options)
    assert [row.server_name for row in found] == ["localhost", "127.0.0.1"]
    assert {outcome(row) for row in found} == {expected}
    assert {row.options["sslmode"] for row in found if options} == (
        {options["sslmode"]} if options else set()
    )


@pytest.mark.real_server("postgresql")
def test_an_error_holds_no_file_of_this_run(running: Servers, tmp_path: Path) -> None:
    """Ports and files of a run are placeholders in its rows, so that two runs can be compared."""
    options = {"sslmode": "verify-full", "sslrootcert": "{root}"}
    (row,) = rows(running, tmp_path, "psycopg", "mismatch", options)[:1]
    port = str(running.get("postgresql", "mismatch").port)
    assert port not in (row.error or port)
    assert "port {port}" in (row.error or "")
    missing = {"sslmode": "verify-full"}
    (row,) = rows(running, tmp_path, "psycopg", "good", missing)[:1]
    assert '"{home}/.postgresql/root.crt"' in (row.error or "")


@pytest.mark.real_server("postgresql")
@pytest.mark.real_server("mariadb")
@pytest.mark.parametrize(
    ("driver", "words"), [("psycopg", "valid client certificate"), ("mysql-connector-python", "1045")]
)
def test_a_server_demands_the_clients_certificate(
    driver: str, words: str, running: Servers, tmp_path: Path
) -> None:
    """The real servers refuse a client without a certificate that gets into the same server without the demand."""
    (row,) = rows(running, tmp_path, driver, "client-certificate", {})
    assert not row.connected
    assert words in (row.error or "")
    assert all(row.connected for row in rows(running, tmp_path, driver, "good", {}))


@pytest.mark.real_server("mariadb")
def test_mysql_connector_is_told_apart(running: Servers, tmp_path: Path) -> None:
    """mysql-connector-python encrypts by itself, and verifies only when it is told to."""
    (plain, _) = rows(running, tmp_path, "mysql-connector-python", "untrusted", {})
    assert outcome(plain) == (True, "session", False)
    checked = {"ssl_ca": "{root}", "ssl_verify_cert": "true"}
    (good, _) = rows(running, tmp_path, "mysql-connector-python", "good", checked)
    assert outcome(good) == (True, "session", True)


@pytest.mark.parametrize(
    ("fault", "options", "environment", "expected"),
    [
        ("good", {"Encrypt": "no"}, {}, (True, "login", False)),
        ("good", {"Encrypt": "yes"}, {"SSL_CERT_FILE": "{root}"}, (True, "session", True)),
        ("good", {"Encrypt": "strict"}, {"SSL_CERT_FILE": "{root}"}, (True, "session", True)),
        ("not-offered", {"Encrypt": "no"}, {}, (True, "none", False)),
        ("untrusted", {"Encrypt": "strict", "ServerCertificate": "{leaf}"}, {}, (True, "session", True)),
        ("untrusted", {"Encrypt": "yes", "TrustServerCertificate": "yes"}, {}, (True, "session", False)),
        ("untrusted", {"Encrypt": "yes"}, {"SSL_CERT_FILE": "{root}"}, (False, None, None)),
    ],
)
def test_odbc_is_told_apart_by_the_servers_log(
    fault: str,
    options: dict[str, str],
    environment: dict[str, str],
    expected: tuple[bool, str | None, bool | None],
    running: Servers,
    tmp_path: Path,
) -> None:
    """The look-alike of SQL Server tells whether a session, a login or nothing was encrypted."""
    row = rows(running, tmp_path, "odbc-18", fault, options, **environment)[0]
    assert outcome(row) == expected, row.error


def test_a_server_is_started_once(running: Servers) -> None:
    """All drivers meet the same server of a fault."""
    one = running.get("sqlserver", "good")
    assert running.get("sqlserver", "good") is one
    assert running.get("sqlserver", "mismatch").port != one.port
