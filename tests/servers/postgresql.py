"""Real PostgreSQL servers for tests: one data directory is made, each server runs on a copy of it."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.servers import programs
from tests.servers.certificates import Certificate, make_certificate
from tests.servers.process import START_SECONDS, Account, StartError, free_port, wait_until, workplace
from tests.servers.running import PASSWORD, USER, RunningServer, Versions

RELOADED = "received SIGHUP, reloading configuration files"


@dataclass(frozen=True, kw_only=True)
class PostgresqlServer(RunningServer):
    """A running PostgreSQL.

    Attributes:
        home: its directory, with its certificate.
        account: who runs it.
        pid: its process id.
    """

    home: Path
    account: Account
    pid: int

    def present(self, certificate: Certificate) -> None:
        """Makes the server present another certificate from its next connection on, without a restart."""
        before = self.logged().count(RELOADED)
        _write_certificate(self.account, self.home, certificate)
        os.kill(self.pid, signal.SIGHUP)
        deadline = time.monotonic() + START_SECONDS
        while self.logged().count(RELOADED) == before:
            if time.monotonic() > deadline:
                raise StartError("PostgreSQL did not reload its configuration")
            time.sleep(0.02)


@dataclass(frozen=True)
class Postgresql:
    """An installed PostgreSQL with a fresh data directory as the template of its servers."""

    programs: Path
    account: Account
    template: Path

    @classmethod
    @contextlib.contextmanager
    def prepared(cls) -> Iterator[Postgresql]:
        """Makes the template, for as long as the context lasts; MissingProgramError without PostgreSQL."""
        home = programs.postgresql()
        account = Account.for_server("postgres")
        with workplace("dbtls-pg-") as place:
            account.owns(place, 0o755)
            template = place / "template"
            password = account.write(place / "password", PASSWORD)
            options = [
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
                "--no-instructions",
                "--wal-segsize=1",  # MB: quick to copy
            ]
            initdb = [str(home / "initdb"), *options, f"--username={USER}", f"--pwfile={password}"]
            account.run([*initdb, f"--pgdata={template}"], home=place)
            yield cls(home, account, template)

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
    ) -> Iterator[PostgresqlServer]:
        """Runs a server for as long as the context lasts.

        Args:
            certificate: what it presents; default: one for the loopback from a private CA.
            tls: whether it offers TLS.
            require_tls: whether it refuses a login without TLS (`hostssl`).
            versions: oldest and newest TLS version; default: PostgreSQL's own.
            lax: whether it takes a certificate that OpenSSL finds too weak.
            client_certificate: whether it demands TLS and the client's own certificate.
        """
        certificate = certificate or make_certificate()
        with workplace("dbtls-pg-") as home:
            port = free_port()
            data = self.account.copy(self.template, home / "data")
            self.account.owns(home, 0o755)
            _write_certificate(self.account, home, certificate)
            settings = _settings(home, port, tls=tls, versions=versions)
            if client_certificate:
                settings += f"ssl_ca_file = '{home}/ca.pem'\n"
            self.account.write(data / "postgresql.auto.conf", settings)
            kind = "hostssl" if require_tls or client_certificate else "host"
            how = "scram-sha-256 clientcert=verify-full" if client_certificate else "scram-sha-256"
            self.account.write(data / "pg_hba.conf", f"{kind} all all 127.0.0.1/32 {how}\n")
            log = home / "server.log"
            command = [str(self.programs / "postgres"), "-D", str(data)]
            # Its data is thrown away, so it shuts down at once.
            running = self.account.start(command, home=home, log=log, stop=signal.SIGQUIT, lax=lax)
            with running as process:
                wait_until(lambda: _is_ready(data / "postmaster.pid"), process, log)
                yield PostgresqlServer(
                    port=port,
                    ca_file=home / "ca.pem",
                    log=log,
                    home=home,
                    account=self.account,
                    pid=process.pid,
                )


def _is_ready(pid_file: Path) -> bool:
    """Returns whether the server says so on line 8 of its pid file, as `pg_ctl --wait` reads it."""
    try:
        lines = pid_file.read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"


def _write_certificate(account: Account, home: Path, certificate: Certificate) -> None:
    account.write(home / "server.pem", certificate.chain)
    account.write(home / "server.key", certificate.key)
    account.owns(account.write(home / "ca.pem", certificate.anchor), 0o644)


def _settings(home: Path, port: int, *, tls: bool, versions: Versions | None) -> str:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "fsync": "off",
        "shared_buffers": "1MB",
        "autovacuum": "off",
        "lc_messages": "C",
        "log_connections": "on",
        "ssl": "on" if tls else "off",
        "ssl_cert_file": f"{home}/server.pem",
        "ssl_key_file": f"{home}/server.key",
    }
    if versions:
        # PostgreSQL calls the first version TLSv1.
        oldest, newest = (version.removesuffix(".0") for version in versions)
        settings |= {"ssl_min_protocol_version": oldest, "ssl_max_protocol_version": newest}
        if oldest in ("TLSv1", "TLSv1.1"):
            # OpenSSL 3 signs those versions' handshakes (SHA-1) at security level 0 only.
            settings["ssl_ciphers"] = "DEFAULT:@SECLEVEL=0"
    return "".join(f"{name} = '{value}'\n" for name, value in settings.items())
