"""`dbtls clients`, held against the command-line contract."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import Document, Ran, dbtls, process
from tests.known import KNOWN
from wizard.cli.terminal import Exit
from wizard.lab.server import LabServer, serve

KEYS = {"client", "options", "connects", "encrypted", "verified", "symptom", "message", "why"}


def clients(server: LabServer, *arguments: str, trust: bool = True) -> Ran:
    """Runs `dbtls clients --json` against a lab server."""
    roots = ("--ca-file", str(server.ca_file)) if trust and server.ca_file else ()
    target = f"{server.scenario.engine}://{server.host}:{server.port}"
    return dbtls("clients", target, "--json", "--server-name", server.server_name, *roots, *arguments)


def rows(ran: Ran) -> list[Document]:
    """Returns the clients of the document."""
    found = ran.json["clients"]
    assert isinstance(found, list)
    return found


@pytest.fixture(scope="module")
def stranger() -> Iterator[LabServer]:
    """A SQL Server whose CA nobody knows."""
    with serve(KNOWN.scenario("sqlserver/private-ca-not-trusted")) as server:
        yield server


def test_all_clients_of_the_database_are_listed_with_their_defaults(stranger: LabServer) -> None:
    """Each has every key of the contract, a sentence why, and its outcome after each fix."""
    ran = clients(stranger)
    assert ran.status == Exit.FINE
    assert ran.json["schema"] == "dbtls/clients/1"
    found = rows(ran)
    wanted = {one.id for one in KNOWN.profiles if "sqlserver" in one.engines}
    assert {str(one["client"]) for one in found} == wanted
    fixes = ran.json["fixes"]
    assert isinstance(fixes, list)
    assert fixes
    for one in found:
        assert set(one) >= KEYS
        assert one["why"]
        assert one["options"] == {}
        after = one["after"]
        assert isinstance(after, list)
        assert [item["fix"] for item in after] == [item["id"] for item in fixes]


def test_the_same_server_lets_the_old_client_in_and_not_the_new_one(stranger: LabServer) -> None:
    """The article's story: nothing changed but the client."""
    by_client = {str(one["client"]): one for one in rows(clients(stranger))}
    assert by_client["system-data-sqlclient"]["connects"] is True
    assert by_client["sqlclient-5"]["connects"] is False
    assert by_client["odbc-17"]["connects"] is True
    assert by_client["odbc-18"]["symptom"] == "chain-not-trusted"


@pytest.mark.parametrize(
    ("options", "status", "expected"),
    [
        ([], Exit.FAULT, (False, None, None, "chain-not-trusted")),
        (["Encrypt=yes", "TrustServerCertificate=yes"], Exit.FINE, (True, "session", False, None)),
        (["Encrypt=no"], Exit.FINE, (True, "login", False, None)),
        (
            ["Encrypt=strict", "TrustServerCertificate=yes"],
            Exit.FAULT,
            (False, None, None, "chain-not-trusted"),
        ),
    ],
)
def test_one_client_with_its_options(
    stranger: LabServer, options: list[str], status: Exit, expected: tuple[object, ...]
) -> None:
    """The exit status says whether it connects, and the document why."""
    given = [part for option in options for part in ("--option", option)]
    ran = clients(stranger, "--client", "odbc-18", *given)
    (one,) = rows(ran)
    assert (one["connects"], one["encrypted"], one["verified"], one["symptom"]) == expected
    assert one["options"] == dict(option.split("=") for option in options)
    assert ran.status == status


def test_the_root_makes_the_difference() -> None:
    """With the CA's root the same client connects, verified."""
    with serve(KNOWN.scenario("sqlserver/healthy")) as server:
        (one,) = rows(clients(server, "--client", "odbc-18"))
        assert (one["connects"], one["verified"]) == (True, True)
        (without,) = rows(clients(server, "--client", "odbc-18", trust=False))
        assert without["connects"] is False


def test_a_file_of_roots_among_the_options_is_read(tmp_path: Path) -> None:
    """The right file lets libpq verify; a file that is not there, or is none, does not."""
    with serve(KNOWN.scenario("postgresql/healthy")) as server:
        assert server.ca_file is not None
        full = ("--client", "libpq", "--option", "sslmode=verify-full", "--option")
        (good,) = rows(clients(server, *full, f"sslrootcert={server.ca_file}", trust=False))
        assert (good["connects"], good["encrypted"], good["verified"]) == (True, "session", True)
        (missing,) = rows(clients(server, *full, f"sslrootcert={tmp_path / 'no.pem'}", trust=False))
        assert (missing["connects"], missing["symptom"]) == (False, "ca-file-unusable")


def test_what_only_a_login_shows_is_null() -> None:
    """Whether PostgreSQL lets plaintext in is not known; told by a person, it is."""
    with serve(KNOWN.scenario("postgresql/healthy")) as server:
        plain = ("--client", "libpq", "--option", "sslmode=disable")
        ran = clients(server, *plain)
        assert rows(ran)[0]["connects"] is None
        assert ran.status == Exit.INCONCLUSIVE
        assert rows(clients(server, *plain, "--answer", "policy=optional"))[0]["connects"] is True
        assert rows(clients(server, *plain, "--answer", "policy=required"))[0]["connects"] is False


def test_a_connection_string_picks_its_client_and_names_the_danger(stranger: LabServer) -> None:
    """Its options are used, its password is nowhere."""
    string = (
        f"Driver={{ODBC Driver 18 for SQL Server}};Server={stranger.host},{stranger.port};UID=sa;PWD=geheim;"
        "Encrypt=yes;TrustServerCertificate=yes"
    )
    ran = dbtls("clients", string, "--json")
    (one,) = rows(ran)
    assert (one["client"], one["connects"]) == ("odbc-18", True)
    dangers = one["dangers"]
    assert isinstance(dangers, list)
    assert [item["option"] for item in dangers] == ["TrustServerCertificate=yes"]
    assert "geheim" not in ran.out + ran.err
    plain = dbtls("clients", string)
    assert "! TrustServerCertificate=yes" in plain.out


def test_a_string_that_several_clients_read_shows_them_all(stranger: LabServer) -> None:
    """`Server=…;Encrypt=…` is read by every SqlClient, and they differ."""
    string = f"Server={stranger.host},{stranger.port};Database=x;Encrypt=False"
    found = {str(one["client"]): one for one in rows(dbtls("clients", string, "--json"))}
    assert {"system-data-sqlclient", "sqlclient-4", "sqlclient-5"} <= set(found)
    assert "odbc-18" not in found
    assert found["sqlclient-5"]["encrypted"] == "login"


def test_an_upgrade_is_explained(stranger: LabServer) -> None:
    """What was let in is refused, and the sentence says who changed."""
    ran = clients(stranger, "--explain-upgrade", "ssms-18", "ssms-20")
    before, after = ran.json["before"], ran.json["after"]
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    assert (before["connects"], after["connects"]) == (True, False)
    assert "the client did" in str(ran.json["meaning"])
    plain = dbtls(
        "clients", f"sqlserver://{stranger.host}:{stranger.port}", "--explain-upgrade", "ssms-18", "ssms-20"
    )
    assert plain.out.startswith("Before: ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--client", "odbc-81"], "There is no client 'odbc-81'"),
        (["--client", "psycopg"], "does not speak with this database"),
        (["--option", "Encrypt=yes"], "An option belongs to a client."),
        (["--client", "odbc-18", "--option", "Encript=yes"], "did you mean 'Encrypt'"),
        (["--client", "odbc-18", "--option", "=yes"], "KEY=VALUE"),
        (["--explain-upgrade", "ssms-18", "ssms-99"], "There is no client 'ssms-99'"),
        (["--save-disagreement", "x.md"], "nothing to compare without --driver"),
        (["--login-unverified"], "belongs to --login"),
        (["--login", "sa", "--no-probe"], "A login needs a server."),
        (["--explain-upgrade", "ssms-18", "ssms-20", "--driver"], "names its clients itself"),
        (["--driver", "--no-probe"], "--no-probe forbids that"),
        (["--login", " "], "The name of the user is empty."),
        (["--explain-upgrade", "odbc-17", "odbc-18", "--option", "Encript=no"], "did you mean 'Encrypt'"),
    ],
)
def test_a_wrong_usage_is_told_in_a_sentence(stranger: LabServer, arguments: list[str], said: str) -> None:
    """Exit status 2, one sentence, no traceback."""
    ran = clients(stranger, *arguments)
    assert ran.status == Exit.USAGE
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert ran.out == ""


def test_a_server_that_is_not_reached_lets_nobody_in() -> None:
    """Exit status 3; every client fails, and none of them on its certificate."""
    with serve(KNOWN.scenario("postgresql/port-closed")) as server:
        ran = clients(server)
    assert ran.status == Exit.UNREACHABLE
    assert {one["connects"] for one in rows(ran)} == {False}


def test_facts_that_a_person_tells_are_enough() -> None:
    """Without a connection the answers decide, and what they leave open is null."""
    told = ("--no-probe", "--answer", "tls.offered=true", "--answer", "policy=optional")
    trusted = (
        "--answer",
        "trust.status=trusted",
        "--answer",
        "names.status=match",
        "--answer",
        "names.matched_by=",
    )
    some = dbtls("clients", "sqlserver://db01", "--json", *told, "--client", "odbc-18")
    assert rows(some)[0]["connects"] is None
    all_ = dbtls(
        "clients", "sqlserver://db01", "--json", *told, "--client", "odbc-18", *trusted[:4],
        "--answer", "names.matched_by=alternative-name", "--answer", "validity.status=valid",
    )  # fmt: skip
    assert rows(all_)[0]["connects"] is True


def test_a_value_that_nobody_has_checked_is_unknown(stranger: LabServer) -> None:
    """A slip of the pen is not the default; the reason names what was meant."""
    ran = clients(stranger, "--client", "odbc-18", "--option", "Encrypt=mandatry")
    (one,) = rows(ran)
    assert one["connects"] is None
    assert "did you mean 'mandatory'" in str(one["why"])
    assert ran.status == Exit.INCONCLUSIVE


@pytest.mark.parametrize(("typed", "client"), [("ODBC-18", "odbc-18"), ("MSSQL", "tedious")])
def test_a_client_is_known_by_its_names_in_any_case(stranger: LabServer, typed: str, client: str) -> None:
    """Its id and its other names, however they are typed."""
    (one,) = rows(clients(stranger, "--client", typed))
    assert one["client"] == client


@pytest.mark.parametrize(("typed", "meant"), [("obdc-18", "odbc-18"), ("Tediuos", "tedious")])
def test_the_nearest_client_is_suggested(stranger: LabServer, typed: str, meant: str) -> None:
    """A slip of the finger shows the way back."""
    ran = clients(stranger, "--client", typed)
    assert ran.status == Exit.USAGE
    assert f"did you mean '{meant}'?" in ran.err


def test_an_option_beside_a_connection_string_is_held_to_the_client(stranger: LabServer) -> None:
    """What the string holds besides is passed over, but not what the person types; that comes over the string."""
    string = f"Driver={{ODBC Driver 18 for SQL Server}};Server={stranger.host},{stranger.port};Database=x;Encrypt=yes"
    wrong = dbtls("clients", string, "--option", "Encript=no")
    assert wrong.status == Exit.USAGE
    (one,) = rows(dbtls("clients", string, "--json", "--option", "Encrypt=no"))
    assert one["encrypted"] == "login"


@pytest.mark.parametrize(
    ("option", "shown"),
    [
        ("trustStorePassword=geheim", "trustStorePassword=***"),
        ("javax.net.ssl.trustStorePassword=geheim", "javax.net.ssl.trustStorePassword=***"),
        ("encrypt=true;password=geheim", "encrypt=true;password=***"),
        ("trustStore=/corp/roots.jks", "trustStore=/corp/roots.jks"),
    ],
)
def test_a_password_among_the_options_is_not_shown(option: str, shown: str) -> None:
    """It is blanked in the text and in the document; what is no secret stays."""
    told = ("clients", "sqlserver://db01", "--no-probe", "--client", "jdbc-13", "--option", option)
    plain, document = dbtls(*told), dbtls(*told, "--json")
    assert "geheim" not in plain.out + plain.err + document.out + document.err
    assert f"with {shown}" in plain.out
    key, _, value = shown.partition("=")
    assert rows(document)[0]["options"] == {key: value}


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        ("ssms-18", "ssms-20", Exit.FAULT),
        ("ssms-20", "ssms-18", Exit.FINE),
        ("ssms-18", "ssms-19", Exit.FINE),
        ("ssms-18", "dbatools", Exit.INCONCLUSIVE),
        ("dbatools", "ssms-18", Exit.INCONCLUSIVE),
        ("dbatools", "ssms-20", Exit.FAULT),
    ],
)
def test_the_exit_status_of_an_upgrade_is_that_of_the_new_client(
    stranger: LabServer, old: str, new: str, status: Exit
) -> None:
    """1 where it fails, 0 where it connects; 4 where one of the two is unknown."""
    assert clients(stranger, "--explain-upgrade", old, new).status == status


def plain(server: LabServer, columns: str) -> Ran:
    """Runs `dbtls clients` against a lab server, for a person; in a process, for the width is read at its start."""
    target = f"{server.scenario.engine}://{server.host}:{server.port}"
    return process("clients", target, "--server-name", server.server_name, COLUMNS=columns)


def test_fixes_that_make_the_same_of_this_server_are_one_column() -> None:
    """It names what is wrong now, and ids stay in one piece."""
    with serve(KNOWN.scenario("sqlserver/self-generated-certificate")) as server:
        out = plain(server, "80").out
    assert "(2)" not in out
    assert "(1) once mended: maker of the certificate, trust, name check. For example" in out
    assert "(sqlserver-windows-issue-certificate)" in out


def test_fixes_that_differ_in_what_they_mend_are_columns_of_their_own() -> None:
    """To trust the CA that MySQL made does not make the name match."""
    with serve(KNOWN.scenario("mysql/self-generated-certificate")) as server:
        out = plain(server, "80").out
    assert "(1) once mended: maker of the certificate, trust, name check. For" in out
    assert "(2) once mended: trust. For" in out
    assert "(mysql-trust-automatic-ca)" in out


def test_a_narrow_terminal_says_what_it_leaves_out(stranger: LabServer) -> None:
    """The legend explains the columns that are there, and no others."""
    narrow, wide = plain(stranger, "40").out, plain(stranger, "80").out
    assert "There is no room here" in narrow
    assert "bypass:" not in narrow
    assert "There is no room here" not in wide
    assert "bypass:" in wide


@pytest.mark.parametrize(
    ("string", "said"),
    [
        ("mysql://app:geheim@db01/shop?ssl-mode=VERIFY_IDENTITY", "Not counted: ssl-mode. Which client"),
        ("host=db01 password=geheim sslmode=require sslcrl=/crl.pem", "Not counted: sslcrl. No client"),
        ("host=db01 password=geheim sslmode=require sslrootcert=/root.pem", ""),
    ],
)
def test_settings_of_a_connection_string_are_not_passed_over_in_silence(string: str, said: str) -> None:
    """What no client takes from it is named; where all of it counts, nothing is said."""
    ran = dbtls("clients", string, "--no-probe")
    assert ran.err.startswith(said) if said else ran.err == ""
    assert "geheim" not in ran.out + ran.err


def test_the_table_does_not_wait_for_the_drivers() -> None:
    """It stands there before the first of them is asked, and stays if they are interrupted."""
    pytest.importorskip("psycopg")
    with serve(KNOWN.scenario("postgresql/self-signed-certificate")) as server:
        done = subprocess.run(
            [
                sys.executable, "-m", "wizard", "clients", f"postgresql://{server.host}:{server.port}",
                "--client", "psycopg", "--driver",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=60,
            check=False,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        )  # fmt: skip
    assert done.stdout.index("✓ connects") < done.stdout.index("Connecting with psycopg")
    assert done.stdout.index("Connecting with psycopg") < done.stdout.index("DRIVERS of this machine")


def test_a_client_that_dbtls_cannot_drive_is_named(stranger: LabServer) -> None:
    """The sentence says for which client there is no driver, not that there is none at all."""
    ran = clients(stranger, "--client", "jdbc-13", "--driver")
    assert "it can ask for jdbc-13." in ran.err
    assert rows(ran)[0]["driver"] is None
