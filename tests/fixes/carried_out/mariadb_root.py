"""A MariaDB in a root of its own, laid out as Debian's package has it, with stand-ins for what the machine lacks."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pymysql  # type: ignore[import-untyped]
import pytest

from tests.fixes.carried_out.carrying import Root, scratch_root
from tests.known import KNOWN
from tests.servers.certificates import Certificate
from tests.servers.mariadb import SMALL, Mariadb
from tests.servers.process import free_port
from tests.servers.running import PASSWORD, USER
from wizard.diagnosis.match import Matcher
from wizard.fixes.render import RenderedFix

DROP_INS = "/etc/mysql/mariadb.conf.d"
MATCHER = Matcher(KNOWN)

SYSTEMCTL = r"""#!/bin/sh
# What systemctl does for the one unit that this machine has: mariadb.
[ "$2" = mariadb ] || { echo "Unit $2.service not found." >&2; exit 5; }
pid=$(cat /run/mysqld/mysqld.pid 2> /dev/null)
# One that has ended may wait for long until its parent asks after it: that is state Z.
running() { [ -n "$pid" ] && grep -sq '^State:.[^ZX]' "/proc/$pid/status"; }
case $1 in
  is-active) running && echo active; exit ;;
  start) running && exit 0 ;;
  restart | stop) if running; then kill "$pid"; while running; do sleep 0.02; done; fi ;;
esac
rm -f /run/mysqld/mysqld.pid /var/log/mariadbd.log
[ "$1" = stop ] && exit 0
setsid mariadbd --user=mysql < /dev/null > /var/log/mariadbd.log 2>&1 &
started=$!
while ! grep -sq 'ready for connections' /var/log/mariadbd.log
do
  kill -0 $started 2> /dev/null || { echo 'Job for mariadb.service failed.' >&2; exit 1; }
  sleep 0.02
done
"""


@dataclass(frozen=True)
class MariadbRoot:
    """A root with Debian's MariaDB in it.

    Attributes:
        root: the root.
        port: the server's TCP port, which is the machine's.
        settings: the folder of the administrator's option files.
    """

    root: Root
    port: int
    settings: str = DROP_INS

    def option_file(self, name: str, *lines: str) -> None:
        """Writes an option file of the administrator, which the server reads at its next start."""
        self.root.write(f"{self.settings}/{name}.cnf", "[mysqld]\n" + "\n".join(lines) + "\n")

    def present(self, certificate: Certificate | None, *more: str) -> None:
        """Restarts the server with this certificate, as an administrator would set it; None: without one."""
        lines = []
        if certificate is not None:
            self.write("/etc/mysql/tls/server.pem", certificate.chain)
            self.write("/etc/mysql/tls/server.key", certificate.key)
            lines = ["ssl_cert = /etc/mysql/tls/server.pem", "ssl_key = /etc/mysql/tls/server.key"]
        self.option_file("60-own", *lines, *more)
        self.restart()

    def write(self, path: str, content: str | bytes) -> Path:
        """Writes a file that the server and everybody else can read."""
        return self.root.write(path, content)

    def restart(self) -> None:
        """Restarts the server."""
        self.root.run("systemctl restart mariadb")

    def sql(self, text: str, client: str = "mariadb") -> str:
        """What the client says to SQL, for root on the server; AssertionError where it fails."""
        # MariaDB's own client would not get in by the socket either where the server has only old versions of TLS.
        options = "--skip-ssl -NB" if client == "mariadb" else "-NB"
        return self.root.run(f"{client} {options}", typed=text).stdout

    def attempt(self, ca_file: str | None, host: str = "localhost", **tls: object) -> str:
        """How a client fares that verifies certificate and name: `verified`, or what its driver says.

        `ca_file` is a file of the root; None: it trusts what the machine trusts. `tls` goes to PyMySQL's `ssl`.
        """
        trusted = {"ca": str(self.root.file(ca_file))} if ca_file else {"verify_mode": "required"}
        options = {"check_hostname": True, **trusted, **tls}
        try:
            with pymysql.connect(host=host, port=self.port, user=USER, password=PASSWORD, ssl=options):
                return "verified"
        except pymysql.err.MySQLError as error:
            return str(error)

    def state(self) -> dict[str, bytes]:
        """The option files, and the PEM files of the data directory."""
        places = [
            *self.root.file("/etc/mysql").rglob("*.cnf"),
            *self.root.file("/var/lib/mysql").glob("*.pem*"),
        ]
        return {str(file): file.read_bytes() for file in places if file.is_file()}

    def sh(self, fix: RenderedFix, title: str) -> str:
        """Carries out those shell steps of a fix whose title begins so."""
        steps = [step for step in fix.steps if step.title.startswith(title)]
        assert steps, title
        return self.root.steps(tuple(steps))


def symptom(text: str) -> str | None:
    """The symptom that the program recognises in what a driver said."""
    return MATCHER.match(text).symptom


@contextmanager
def debian_mariadb(place: Path, template: Mariadb) -> Iterator[MariadbRoot]:
    """Makes the root and starts its server, for as long as the context lasts; skips where that is not possible."""
    with scratch_root(place) as root:
        if not root.file(DROP_INS).is_dir():
            pytest.skip("MariaDB is not laid out as in Debian's package here")
        port = free_port()
        root.write("/usr/local/bin/systemctl", SYSTEMCTL, 0o755)
        options = [option.removeprefix("--") for option in SMALL]
        root.write(f"{DROP_INS}/55-small.cnf", "\n".join(["[mysqld]", f"port = {port}", *options]) + "\n")
        root.write(
            "/dbtls/user.sql",
            f"CREATE USER {USER} IDENTIFIED BY '{PASSWORD}';\nGRANT ALL ON *.* TO {USER};\n",
        )
        template.account.copy(template.template, place / "data")
        root.run(
            textwrap.dedent("""
            rm -rf /var/lib/mysql /etc/mysql/tls
            mkdir -p /run/mysqld
            chown mysql /run/mysqld
            mv /dbtls/data /var/lib/mysql
            chown -R mysql:mysql /var/lib/mysql
            systemctl start mariadb
            mariadb < /dbtls/user.sql
            """)
        )
        try:
            yield MariadbRoot(root, port)
        finally:
            root.run("systemctl stop mariadb", check=False)
