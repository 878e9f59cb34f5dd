"""A Debian cluster of PostgreSQL in a root of its own, as a fresh package makes it."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from tests.fixes.carried_out.carrying import Root, scratch_root
from tests.known import KNOWN
from tests.servers import programs
from tests.servers.certificates import Certificate, make_certificate
from tests.servers.process import free_port
from wizard.fixes.render import RenderedFix, RenderedStep
from wizard.model.target import Target
from wizard.workbench import Options, Workbench

PASSWORD = "app-password"
NAME = "dbtls"

# There is no service manager in the root. Its words are those of systemd 252, for the one unit of the cluster; the
# environment is that of the packages for RHEL.
SYSTEMCTL = """#!/bin/bash
unit=postgresql@{version}-{name}.service
state() {{ /usr/bin/pg_lsclusters -h | awk '$2 == "{name}" {{ print $4 }}'; }}
case "$1" in
  list-units)
    if [ "$(state)" = online ]; then now='active running'; else now='failed failed'; fi
    case "$*" in *--state=failed*) [ "$now" = 'failed failed' ] || exit 0 ;; esac
    echo "$unit loaded $now PostgreSQL Cluster {version}-{name}" ;;
  show) echo "PGDATA=/var/lib/postgresql/{version}/{name}/ PG_OOM_ADJUST_FILE=/proc/self/oom_score_adj" ;;
  restart|reload|start) exec pg_ctlcluster {version} {name} "${{1/start/start}}" ;;
  *) echo "Unknown command verb $1." >&2; exit 1 ;;
esac
"""

# Without a service manager ps knows no units.
PS = """#!/bin/bash
if [ "$1 $2" = "-o unit=" ]; then echo postgresql@{version}-{name}.service; else exec /usr/bin/ps "$@"; fi
"""

# Its container is the cluster. As in the official image, exec is root where -u says nothing else, and the port inside
# is the server's own. As `docker exec -i` does, it takes all of its standard input; `docker start` does not wait.
DOCKER = """#!/bin/bash
known() {{
  [ "$1" = {container} ] && return
  echo "Error response from daemon: No such container: $1" >&2; exit 1
}}
verb=$1; shift
case $verb in
  exec)
    user=root
    while :; do
      case $1 in
        -i) shift ;;
        -u) user=$2; [ "$user" != 0 ] || user=root; shift 2 ;;
        *) break ;;
      esac
    done
    known "$1"; shift; cd /
    exec setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups -- env PGPORT={port} "$@" < <(cat) ;;
  inspect) known "$1"; printf '%s\n' '        "Image": "sha256:0123",' '            "Image": "postgres:{version}",' ;;
  run)
    while [ "$1" != sha256:0123 ]; do [ "$1" = --volumes-from ] && known "$2"; shift; done
    shift; PGDATA=/var/lib/postgresql/{version}/{name} exec sh "$@" ;;
  start)
    known "$1"
    pg_ctlcluster {version} {name} status > /dev/null || pg_ctlcluster {version} {name} start > /dev/null 2>&1
    echo "$1" ;;
  port) known "$1"; sed -n 's/^ *- "\\(.*\\):5432"$/5432\\/tcp -> 0.0.0.0:\\1/p' /opt/admin/compose.yaml ;;
  compose)
    [ ! -e /opt/admin/published.pid ] || {{ kill -9 "$(cat /opt/admin/published.pid)"; sleep 0.2; }}
    rm -f /opt/admin/published.pid
    port=$(sed -n 's/^ *- "\\(.*\\):5432"$/\\1/p' compose.yaml 2> /dev/null)
    if grep -q 'volumes:' compose.yaml; then
      ln -sfn "$PWD/tls" /run/tls
      options=$(grep -o '"-c", "[^"]*"' compose.yaml | sed 's/"-c", "/-c /; s/"$//' | tr '\\n' ' ')
      pg_ctlcluster {version} {name} restart -o "$options"
    elif [ -e /run/tls ]; then
      rm /run/tls; pg_ctlcluster {version} {name} restart
    fi
    [ -n "$port" ] || exit 0
    setsid {python} /usr/local/bin/publish "$port" {port} < /dev/null > /dev/null 2>&1 &
    echo $! > /opt/admin/published.pid ;;
  kill) known "$3"; pg_ctlcluster {version} {name} reload ;;
  *) echo "docker: '$verb' is not a docker command." >&2; exit 1 ;;
esac
"""
CONTAINER = "corp-db-1"

# What Docker does for a published port: each connection is passed on to the port inside.
PUBLISH = """
import asyncio, sys

async def carry(reader, writer):
    try:
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()
    finally:
        writer.close()

async def connected(reader, writer):
    inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", int(sys.argv[2]))
    await asyncio.gather(carry(reader, inner_writer), carry(inner_reader, writer), return_exceptions=True)

async def main():
    async with await asyncio.start_server(connected, "127.0.0.1", int(sys.argv[1])) as server:
        await server.serve_forever()

asyncio.run(main())
"""


class Cluster:
    """One cluster on a port of the loopback; its files are those of the root."""

    def __init__(self, root: Root, version: str, port: int) -> None:
        self.root = root
        self.version = version
        self.port = port
        self.data = f"/var/lib/postgresql/{version}/{NAME}"

    def sql(self, *statements: str) -> str:
        """What a superuser is answered, without headers; one statement after the other."""
        lines = "\n".join(f"{one};" for one in statements)
        text = f"cd / && sudo -u postgres psql -p {self.port} -XAtq -v ON_ERROR_STOP=1 << 'END'\n{lines}\nEND"
        return self.root.run(text).stdout.strip()

    def paste(self, step: RenderedStep) -> str:
        """Pastes a step of SQL into the superuser's psql; an error fails the test."""
        assert step.shell == "postgresql", step.shell
        text = (
            f"cd / && sudo -u postgres psql -p {self.port} -XAt -v ON_ERROR_STOP=1 << 'END'\n{step.text}\nEND"
        )
        return self.root.run(text).stdout

    def pasted(self, *steps: RenderedStep) -> str:
        """Pastes the steps of SQL among these."""
        return "".join(self.paste(one) for one in steps if one.shell == "postgresql")

    def control(self, verb: str, *options: str, check: bool = True) -> str:
        """Starts, stops or reloads the cluster."""
        command = " ".join(("pg_ctlcluster", *options, self.version, NAME, verb))
        return self.root.run(command, check=check).stdout

    def logged(self) -> str:
        """The end of its log."""
        log = f"/var/log/postgresql/postgresql-{self.version}-{NAME}.log"
        return self.root.file(log).read_text()[-2000:]

    def settings(self) -> str:
        """What ALTER SYSTEM has set."""
        lines = self.root.file(f"{self.data}/postgresql.auto.conf").read_text().splitlines()
        return "\n".join(sorted(line for line in lines if line and not line.startswith("#")))

    def present(self, certificate: Certificate) -> None:
        """Makes it use another certificate, by files in its data directory."""
        for name, content in (("old.crt", certificate.chain), ("old.key", certificate.key)):
            self.owned(f"{self.data}/{name}", content)
        self.sql(
            "ALTER SYSTEM SET ssl_cert_file = 'old.crt'",
            "ALTER SYSTEM SET ssl_key_file = 'old.key'",
            "SELECT pg_reload_conf()",
        )
        self.sql("SELECT pg_sleep(0.1)")

    def owned(self, path: str, content: bytes, mode: int = 0o600) -> Path:
        """Writes a file that belongs to the server's user."""
        file = self.root.write(path, content, mode)
        self.root.run(f"chown postgres:postgres {shlex.quote(path)}")
        return file

    def fresh(self) -> None:
        """Takes back what tests have changed, but for files in the data directory."""
        self.sql("ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()")
        self.root.run("rm -rf /opt/admin/pg-tls /opt/admin/client-tls")

    def cause(self, ca_file: Path | None = None, server_name: str = "localhost") -> str:
        """The verdict of a diagnosis of it: the id of a cause."""
        target = Target(engine="postgresql", host="127.0.0.1", port=self.port, server_name=server_name)
        bench = Workbench(KNOWN, Options(at=datetime.now(UTC), ca_file=ca_file))
        found = bench.diagnose(bench.open_case(target=target)).verdict.cause
        return found.id if found else "none"

    def connect(self, ca_file: Path | None = None, *, host: str = "localhost", **options: str) -> str:
        """Logs in over TCP and returns `TLSv1.3` or so, or `none`; a failure is returned as its text.

        With `ca_file` everything is verified.
        """
        if ca_file is not None:
            options = {"sslmode": "verify-full", "sslrootcert": str(ca_file), **options}
        try:
            with psycopg.connect(
                host=host,
                port=self.port,
                user="app",
                password=PASSWORD,
                dbname="postgres",
                connect_timeout=10,
                **options,  # type: ignore[arg-type]
            ) as connection:
                row = connection.execute(
                    "SELECT coalesce(version, 'none') FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
                ).fetchone()
                return str(row[0]) if row else "none"
        except psycopg.OperationalError as error:
            return str(error)

    def undone(self, fix: RenderedFix, settings: str, cause: str, ca_file: Path | None) -> None:
        """The undo brings the settings back, and with them the fault; once more it says that there is nothing."""
        for step in fix.undo:
            self.root.step(step)
        assert self.settings() == settings
        self.sql("SELECT pg_sleep(0.1)")
        assert self.cause(ca_file) == cause
        assert "There is nothing to undo." in self.root.step(fix.undo[0])
        assert self.settings() == settings


@contextmanager
def debian_cluster(place: Path) -> Iterator[Cluster]:
    """Makes and starts a cluster with a user `app`; skips where the server or Debian's tools for it are missing."""
    for program in ("postgresql", "openssl"):
        if missing := programs.why_missing(program):
            pytest.skip(missing)
    version = re.search(r"postgresql/(\d+)/", str(programs.postgresql()))
    if version is None or not Path("/usr/bin/pg_createcluster").exists():
        pytest.skip("pg_createcluster (postgresql-common) is not installed")
    with scratch_root(place) as root:
        cluster = Cluster(root, version[1], free_port())
        # The steps wait a second where a server has not reloaded yet.
        root.write("/usr/local/bin/sleep", "#!/bin/sh\nexec /usr/bin/sleep 0.2\n", 0o755)
        root.write("/usr/local/bin/systemctl", SYSTEMCTL.format(version=cluster.version, name=NAME), 0o755)
        root.write("/usr/local/bin/ps", PS.format(version=cluster.version, name=NAME), 0o755)
        docker = DOCKER.format(
            container=CONTAINER,
            port=cluster.port,
            version=cluster.version,
            name=NAME,
            python=sys.executable,
        )
        root.write("/usr/local/bin/publish", PUBLISH)
        root.write("/usr/local/bin/docker", docker, 0o755)
        # What the package ssl-cert makes is for the name of this machine; here it is always for localhost.
        made = make_certificate("self-signed")
        root.write("/etc/ssl/certs/ssl-cert-snakeoil.pem", made.chain)
        root.write("/etc/ssl/private/ssl-cert-snakeoil.key", made.key, 0o640)
        root.run("chgrp ssl-cert /etc/ssl/private/ssl-cert-snakeoil.key")
        root.run(f"pg_createcluster {cluster.version} {NAME} -p {cluster.port} -- --no-sync")
        root.run(f"echo 'fsync = off' >> /etc/postgresql/{cluster.version}/{NAME}/postgresql.conf")
        cluster.control("start")
        try:
            cluster.sql(f"CREATE ROLE app LOGIN SUPERUSER PASSWORD '{PASSWORD}'")
            yield cluster
        finally:
            cluster.control("stop", "-m", "immediate", check=False)


def carry_out(root: Root, fix: RenderedFix) -> str:
    """Carries the shell steps of a fix out twice, and returns what the first run printed.

    The second time each step is pasted into a shell: one line comes after the other, and a program that reads its
    standard input would take the rest away.
    """
    printed = []
    for step in (one for one in fix.steps if one.shell == "sh"):
        printed.append(root.step(step))
        paste(root, step.text)
    return "".join(printed)


def paste(root: Root, text: str, *, folder: str = "/") -> str:
    """Pastes lines into a shell that goes on after an error; the last status has to be 0. Returns what it printed."""
    said = root.run(f"cd {folder} && exec bash -s", typed=f"{text}\necho ended $?\n").stdout
    assert said.endswith("ended 0\n"), said
    return said.removesuffix("ended 0\n")
