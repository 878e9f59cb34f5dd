"""Real MariaDB servers for tests: one data directory is made, each server runs on a copy of it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from tests.servers import programs
from tests.servers.certificates import Certificate, make_certificate
from tests.servers.process import Account, free_port, wait_until, workplace
from tests.servers.running import PASSWORD, USER, RunningServer, Version, Versions

# Small files are quick to copy, and nothing of it has to survive a power failure.
SMALL = ("--innodb-log-file-size=4M", "--innodb-buffer-pool-size=16M", "--innodb-flush-log-at-trx-commit=0")


@dataclass(frozen=True, kw_only=True)
class MariadbServer(RunningServer):
    """A running MariaDB.

    Attributes:
        home: its directory, with its certificate and its Unix socket.
        account: who runs it.
    """

    home: Path
    account: Account

    def present(self, certificate: Certificate) -> None:
        """Makes the server present another certificate from its next connection on, without a restart."""
        _write_certificate(self.account, self.home, certificate)
        self.query("FLUSH SSL")

    def aborted_connects(self) -> int:
        """Returns how many connections ended before a login; reading it adds none."""
        return int(self.query("SHOW GLOBAL STATUS LIKE 'Aborted_connects'").split()[1])

    def query(self, sql: str) -> str:
        """Returns the rows of a statement, sent through the Unix socket by MariaDB's own client."""
        client = [str(programs.find("mariadb")), "--no-defaults", f"--socket={self.home / 'socket'}"]
        done = subprocess.run(
            [*client, f"--user={self.user}", "--batch", "--skip-column-names", f"--execute={sql}"],
            env={"PATH": os.defpath, "MYSQL_PWD": self.password},
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        return done.stdout


@dataclass(frozen=True)
class Mariadb:
    """An installed MariaDB with a fresh data directory as the template of its servers."""

    program: Path
    account: Account
    template: Path

    @classmethod
    @contextlib.contextmanager
    def prepared(cls) -> Iterator[Mariadb]:
        """Makes the template, for as long as the context lasts; MissingProgramError without MariaDB."""
        program = programs.mariadb()
        account = Account.for_server("mysql")
        with workplace("dbtls-my-") as place:
            account.owns(place, 0o755)
            template = place / "template"
            options = ["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]
            installer = [str(programs.find("mariadb-install-db")), *options, *SMALL]
            account.run([*installer, f"--datadir={template}"], home=place)
            yield cls(program, account, template)

    @contextlib.contextmanager
    def __call__(
        self,
        certificate: Certificate | None = None,
        *,
        tls: bool = True,
        require_tls: bool = False,
        versions: Versions | None = None,
        lax: bool = False,
        client_certificate: bool = False,
    ) -> Iterator[MariadbServer]:
        """Runs a server for as long as the context lasts.

        Args:
            certificate: what it presents; default: one for the loopback from a private CA.
            tls: whether it offers TLS.
            require_tls: whether it refuses a login without TLS (`require_secure_transport`).
            versions: oldest and newest TLS version; default: MariaDB's own.
            lax: whether it takes a certificate that OpenSSL finds too weak.
            client_certificate: whether it demands the client's own certificate (`REQUIRE X509`).
        """
        certificate = certificate or make_certificate(engine="mariadb")
        with workplace("dbtls-my-") as home:
            port = free_port()
            self.account.copy(self.template, home / "data")
            self.account.owns(home, 0o755)
            _write_certificate(self.account, home, certificate)
            demand = " REQUIRE X509" if client_certificate else ""
            user = f"CREATE USER {USER} IDENTIFIED BY '{PASSWORD}'{demand};\nGRANT ALL ON *.* TO {USER};\n"
            self.account.write(home / "user.sql", user)
            log = home / "server.log"
            command = [
                str(self.program),
                "--no-defaults",
                *SMALL,
                f"--datadir={home / 'data'}",
                f"--socket={home / 'socket'}",
                f"--pid-file={home / 'pid'}",
                f"--init-file={home / 'user.sql'}",
                f"--port={port}",
                "--bind-address=127.0.0.1",
                "--skip-name-resolve",
                f"--require-secure-transport={'ON' if require_tls else 'OFF'}",
                *_tls_options(home, tls=tls, versions=versions),
            ]
            # Its data is thrown away, so nothing has to be put in order at its end.
            running = self.account.start(command, home=home, log=log, stop=signal.SIGKILL, lax=lax)
            with running as process:
                wait_until(lambda: b"ready for connections" in log.read_bytes(), process, log)
                yield MariadbServer(
                    port=port, ca_file=home / "ca.pem", log=log, home=home, account=self.account
                )


def _write_certificate(account: Account, home: Path, certificate: Certificate) -> None:
    account.write(home / "server.pem", certificate.chain)
    account.write(home / "server.key", certificate.key)
    account.owns(account.write(home / "ca.pem", certificate.anchor), 0o644)


def _tls_options(home: Path, *, tls: bool, versions: Versions | None) -> list[str]:
    if not tls:
        return ["--skip-ssl"]
    options = [f"--ssl-cert={home / 'server.pem'}", f"--ssl-key={home / 'server.key'}"]
    if versions:
        known = get_args(Version)
        taken = known[known.index(versions[0]) : known.index(versions[1]) + 1]
        options.append(f"--tls-version={','.join(taken)}")
        if versions[0] in ("TLSv1.0", "TLSv1.1"):
            # OpenSSL 3 signs those versions' handshakes (SHA-1) at security level 0 only.
            options.append("--ssl-cipher=DEFAULT:@SECLEVEL=0")
    return options
