"""A login that the person gives: what the server says of itself, and where the login does not go."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys
from pathlib import Path

from tests.cli.command import Document, Ran, dbtls
from tests.servers.certificates import make_certificate
from tests.servers.mariadb import Mariadb
from tests.servers.postgresql import Postgresql
from tests.servers.running import RunningServer
from wizard.cli.terminal import Exit
from wizard.lab.certificates import identity_for
from wizard.model.knowledge import ScenarioEntry


def check(
    engine: str, server: RunningServer, *arguments: str, trusted: bool = True, **environment: str
) -> Ran:
    """Runs `dbtls check --json --login` against a running server."""
    trust = ("--ca-file", str(server.ca_file)) if trusted else ()
    target = f"{engine}://{server.host}:{server.port}"
    login = ("--login", server.user, "--server-name", "localhost", "--timeout", "10")
    return dbtls("check", target, "--json", *login, *trust, *arguments, **environment)


def facts(ran: Ran) -> Document:
    """Returns the facts of the document."""
    found = ran.json["facts"]
    assert isinstance(found, dict)
    return found


def test_postgresql_tells_what_no_probe_can_see(postgres_server: Postgresql) -> None:
    """With a login the policy is known, and that the certificate that is configured is the one that is served."""
    with postgres_server(require_tls=True) as server:
        without = dbtls(
            "check", f"postgresql://{server.host}:{server.port}", "--json", "--ca-file", str(server.ca_file)
        )
        assert facts(without)["policy"] is None
        ran = check("postgresql", server, DBTLS_PASSWORD=server.password)
        seen = facts(ran)
        assert (seen["view.login"], seen["policy"], seen["view.configured"]) == (
            "accepted",
            "required",
            "served",
        )
        assert ran.status == Exit.FINE
        assert server.password not in ran.out + ran.err


def test_a_certificate_that_was_not_reloaded_is_named(postgres_server: Postgresql) -> None:
    """The file is new, the server presents the old one: the verdict says so, with the statement that mends it."""
    with postgres_server() as server:
        renewed = make_certificate()
        server.account.write(server.home / "server.pem", renewed.chain)
        server.account.write(server.home / "server.key", renewed.key)
        ran = check("postgresql", server, DBTLS_PASSWORD=server.password)
        verdict = ran.json["verdict"]
        assert isinstance(verdict, dict)
        assert verdict["cause"] == "certificate-not-reloaded"
        assert "pg_reload_conf()" in ran.out


def test_mariadb_takes_the_password_of_its_own_programs(mariadb_server: Mariadb) -> None:
    """MYSQL_PWD is read; the server's view comes with the version."""
    with mariadb_server() as server:
        seen = facts(check("mariadb", server, MYSQL_PWD=server.password))
        assert seen["view.login"] == "accepted"
        assert seen["policy"] == "optional"


def test_a_wrong_password_is_told_and_changes_nothing_else(postgres_server: Postgresql) -> None:
    """The login is refused; everything that the probes found is still there."""
    with postgres_server() as server:
        ran = check("postgresql", server, DBTLS_PASSWORD="wr0ng-S3cret")
        seen = facts(ran)
        assert seen["view.login"] == "refused"
        assert seen["trust.status"] == "trusted"
        assert seen["policy"] is None
        assert "wr0ng-S3cret" not in ran.out + ran.err + server.logged()


def test_a_login_stays_here_where_nothing_vouches_for_the_server(postgres_server: Postgresql) -> None:
    """Without the root it is not sent; the person may say that it shall be, and then it is."""
    with postgres_server() as server:
        kept = check("postgresql", server, trusted=False, DBTLS_PASSWORD=server.password)
        assert facts(kept)["view.login"] == "not-sent"
        assert "--login-unverified" in kept.err
        assert "password authentication" not in server.logged()
        sent = check(
            "postgresql", server, "--login-unverified", trusted=False, DBTLS_PASSWORD=server.password
        )
        assert facts(sent)["view.login"] == "accepted"


def test_the_drivers_of_this_machine_do_as_predicted(postgres_server: Postgresql) -> None:
    """Each that is here connects; where it stops is told, and what that leaves in the server's log."""
    with postgres_server() as server:
        target = f"postgresql://localhost:{server.port}"
        ran = dbtls(
            "clients",
            target,
            "--json",
            "--driver",
            "--ca-file",
            str(server.ca_file),
            "--answer",
            "policy=optional",
        )
        clients = ran.json["clients"]
        assert isinstance(clients, list)
        real = {one["client"]: one["driver"] for one in clients if one["driver"] is not None}
        assert "psycopg" in real
        assert {one["agreement"] for one in real.values()} == {"agrees"}, real
        assert {one["reached"] for one in real.values()} == {"login-refused"}
        assert all(one["leaves"] for one in real.values())


def test_one_driver_with_options_and_a_login(postgres_server: Postgresql) -> None:
    """With credentials it logs in, verified; with a stranger's root it is refused, as predicted."""
    with postgres_server() as server:
        target = f"postgresql://localhost:{server.port}"
        one = ("--client", "psycopg", "--driver", "--login", server.user, "--option", "sslmode=verify-full")
        roots = ("--ca-file", str(server.ca_file), "--option", f"sslrootcert={server.ca_file}")
        good = dbtls("clients", target, "--json", *one, *roots, DBTLS_PASSWORD=server.password)
        (row,) = rows(good)
        driver = row["driver"]
        assert isinstance(driver, dict)
        assert (driver["reached"], driver["agreement"], driver["encrypted"]) == (
            "connected",
            "agrees",
            "session",
        )
        other = Path(server.home) / "other.pem"
        stranger = ScenarioEntry(
            id="postgresql/stranger", title="-", cause="healthy", engine="postgresql", authority="Stranger"
        )
        identity = identity_for(stranger)
        assert identity is not None
        other.write_bytes(identity.anchor_pem())
        other.chmod(0o644)
        roots = ("--ca-file", str(server.ca_file), "--option", f"sslrootcert={other}")
        bad = dbtls("clients", target, "--json", *one, *roots, DBTLS_PASSWORD=server.password)
        (row,) = rows(bad)
        driver = row["driver"]
        assert isinstance(driver, dict)
        assert (driver["reached"], driver["agreement"]) == ("refused", "agrees")
        assert bad.status == Exit.FAULT


def rows(ran: Ran) -> list[Document]:
    """Returns the clients of the document."""
    found = ran.json["clients"]
    assert isinstance(found, list)
    return found


def test_on_a_terminal_the_password_is_asked_for_and_not_shown(postgres_server: Postgresql) -> None:
    """What is typed is not echoed, and it logs in."""
    with postgres_server() as server:
        command = [
            sys.executable, "-m", "wizard", "check", f"postgresql://{server.host}:{server.port}", "--login",
            server.user, "--ca-file", str(server.ca_file), "--server-name", "localhost",
        ]  # fmt: skip
        primary, secondary = pty.openpty()
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith(("DBTLS_", "PG"))
        }
        with subprocess.Popen(
            command,
            stdin=secondary,
            stdout=secondary,
            stderr=secondary,
            env=environment,
            start_new_session=True,
        ) as process:
            os.close(secondary)
            shown = b""
            asked = False
            with contextlib.suppress(OSError):
                while chunk := os.read(primary, 4096):
                    shown += chunk
                    if not asked and b"Password of" in shown:
                        asked = True
                        os.write(primary, server.password.encode() + b"\n")
            process.wait(30)
        os.close(primary)
        assert asked
        assert server.password.encode() not in shown
        assert b"WHAT THE SERVER SAYS ITSELF" in shown
