"""SQL Server on Linux as recipes meet it: the lab's look-alike behind stand-ins for its tools, in a root of its own."""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import threading
from collections.abc import Iterator
from configparser import ConfigParser
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import msgspec
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from tests.fixes.carried_out.carrying import Root, scratch_root
from tests.known import KNOWN
from tests.lab.test_drivers import MSSQL_PYTHON, PYMSSQL, python
from tests.servers.certificates import Certificate
from tests.servers.process import free_port
from wizard.fixes.render import RenderedFix, RenderedStep
from wizard.fixes.values import Given
from wizard.lab.certificates import ServerIdentity
from wizard.lab.flaws import PrivateKey
from wizard.lab.server import LabServer, serve
from wizard.model.knowledge import ScenarioEntry, TlsVersion
from wizard.model.target import Target
from wizard.workbench import Options, Workbench

HEALTHY = KNOWN.scenario("sqlserver/healthy")
CONF = "/var/opt/mssql/mssql.conf"
ERRORLOG = "/var/opt/mssql/log/errorlog"
CONTAINER = "sql1"
NAMED = "[network]\ntlscert = /var/opt/mssql/old.pem\ntlskey = /var/opt/mssql/old.key\n"
VERSIONS: dict[str, TlsVersion] = {"1.0": "TLSv1.0", "1.1": "TLSv1.1", "1.2": "TLSv1.2", "1.3": "TLSv1.3"}

# Writes /var/opt/mssql/mssql.conf as the real one does: `name = value` lines under [section].
MSSQL_CONF = r"""#!/bin/sh
conf=/var/opt/mssql/mssql.conf
if [ "$1 $3" = "traceflag on" ]; then exec "$0" set traceflag.traceflag0 "$2"; fi
if [ "$1 $3" = "traceflag off" ]; then exec "$0" unset traceflag.traceflag0; fi
case "$1 $2" in
  "set network.tlscert"|"set network.tlskey"|"set network.tlsprotocols"|"set network.tlsciphers") ;;
  "set network.forceencryption"|"set network.forcestrict") ;;
  "unset network."*|"set traceflag."*|"unset traceflag."*) ;;
  *) echo "The setting '$2' is not supported."; exit 1 ;;
esac
[ -e "$conf" ] || : > "$conf" || exit 1
awk -v section="[${2%%.*}]" -v name="${2#*.}" -v verb="$1" -v value="$3" '
  function put() { if (verb == "set" && !done) { print name " = " value; done = 1 } }
  /^\[/ { if (inside) put(); inside = ($0 == section); seen = seen || inside }
  inside && $1 == name { next }
  $0 == section && verb == "unset" { held = $0; next }
  held != "" { print held; held = "" }
  { print }
  END { if (!seen && verb == "set") print section; put() }
' "$conf" > /dbtls/mssql.conf.new && cat /dbtls/mssql.conf.new > "$conf" || exit 1
rm -f /dbtls/mssql.conf.new
echo "SQL Server needs to be restarted in order to apply this setting. Please run"
echo "'systemctl restart mssql-server.service'."
"""

# Hands its words to the test, which starts and stops the server, and answers by a status and a line.
ASK = """ask() {
  printf '%s\\n' "$*" > /dbtls/asked; read -r status text < /dbtls/answered
  [ -z "$text" ] || echo "$text"
  return "$status"
}
"""
SYSTEMCTL = f"#!/bin/sh\n{ASK}" + 'ask systemctl "$@"\n'

# As docker does, a command needs a container that runs, a copy does not.
DOCKER = (
    f"#!/bin/sh\n{ASK}"
    r"""
known() { [ "$1" = sql1 ] || { echo "Error response from daemon: No such container: $1" >&2; exit 1; }; }
inside() {
  user=mssql
  while :; do
    case $1 in
      --user) user=$2; shift 2 ;;
      -i|-T) shift ;;
      *) break ;;
    esac
  done
  known "$1"; shift
  ask systemctl is-active mssql-server > /dev/null || { echo "$1 is not running" >&2; exit 1; }
  cd / && exec setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups -- "$@"
}
verb=$1; shift
[ "$verb" != compose ] || { verb="compose-$1"; shift; }
case $verb in
  exec|compose-exec) inside "$@" ;;
  cp)
    from=$1 to=$2
    case $from in sql1:*) from=${from#*:} ;; *:*) known "${from%%:*}" ;; esac
    case $to in sql1:*) to=${to#*:} ;; *:*) known "${to%%:*}" ;; esac
    cp -- "$from" "$to" ;;
  inspect) known "$1"; echo '[]' ;;
  top) known "$1"; ask systemctl is-active mssql-server ;;
  port) known "$1"; ask port "$2" ;;
  restart|compose-restart) known "$1"; ask systemctl restart mssql-server && echo "$1" ;;
  compose-up) known "$2"; ask up "$(pwd)" ;;
  *) echo "docker: '$verb' is not a docker command." >&2; exit 1 ;;
esac
"""
)


class SqlServer:
    """One server on a port of the loopback, whose settings and files are those of the root."""

    def __init__(self, root: Root, stack: ExitStack) -> None:
        self.root = root
        self.port = free_port()
        self.base: ScenarioEntry = HEALTHY
        self.lab: LabServer | None = None
        self.enabled = True
        self._running = stack.enter_context(ExitStack())

    def fresh(self, settings: str = "[sqlagent]\nenabled = true\n") -> None:
        """Makes it as its package does, with these settings, and starts it."""
        self.base, self.enabled = HEALTHY, True
        self.root.run(
            "rm -rf /opt/admin/mssql-tls /etc/mssql-tls /srv/sql /var/opt/mssql; "
            "install -d -o mssql -g mssql -m 770 /var/opt/mssql /var/opt/mssql/log"
        )
        self.configure(settings)

    def configure(self, settings: str, **files: bytes) -> None:
        """Writes settings and files of /var/opt/mssql for the user mssql, and restarts."""
        for name, content in {"mssql.conf": settings.encode(), **files}.items():
            self.root.write(f"/var/opt/mssql/{name}", content, 0o600)
            self.root.run(f"chown mssql:mssql /var/opt/mssql/{name}")
        self.restart()

    def settings(self) -> dict[str, str]:
        """The section [network] of mssql.conf."""
        parser = ConfigParser()
        parser.read_string(self.root.file(CONF).read_text() if self.root.file(CONF).exists() else "")
        return dict(parser["network"]) if parser.has_section("network") else {}

    def state(self) -> dict[str, bytes]:
        """All files of /var/opt/mssql but the log, to compare what an undo brings back."""
        folder = self.root.file("/var/opt/mssql")
        return {
            str(file.relative_to(folder)): file.read_bytes()
            for file in sorted(folder.rglob("*"))
            if file.is_file() and "log" not in file.relative_to(folder).parts
        }

    def stop(self) -> None:
        """Ends it at once."""
        self._running.close()
        self.lab = None

    def restart(self) -> None:
        """Starts it with what its settings say; it does not start with a certificate that it cannot load."""
        self.stop()
        self.root.file(ERRORLOG).write_bytes(b"")
        try:
            scenario, identity = self._configured()
        except (OSError, ValueError) as error:
            self._log(
                f"Unable to load user-specified certificate: {error}. The server will not accept a connection."
            )
            return
        self.lab = self._running.enter_context(serve(scenario, self.port, identity=identity))
        made = (
            f'The certificate [Cert Hash(sha1) "{_sha1(identity)}"]'
            if identity
            else "A self-generated certificate"
        )
        self._log(f"{made} was successfully loaded for encryption.")
        self._log("SQL Server is now ready for client connections.")

    def _configured(self) -> tuple[ScenarioEntry, ServerIdentity | None]:
        settings = self.settings()
        policy = "required" if settings.get("forceencryption") == "1" else self.base.policy
        weak = settings.get("tlsciphers", "").startswith("DHE")
        # TLS 1.3, which TDS 8.0 takes, has ciphers of its own.
        allowed = settings.get("tlsprotocols", "1.2" if weak else "").split(",")
        scenario = msgspec.structs.replace(
            self.base,
            certificate="self-generated",
            policy="strict-only" if settings.get("forcestrict") == "1" else policy,
            tls=(VERSIONS[allowed[-1]], VERSIONS[allowed[0]]) if allowed != [""] else self.base.tls,
            ciphers="dhe-1024" if weak else self.base.ciphers,
        )
        if "tlscert" not in settings:
            return scenario, None
        chain = x509.load_pem_x509_certificates(self._read(settings["tlscert"]))
        key = load_pem_private_key(self._read(settings["tlskey"]), None)
        if key.public_key() != chain[0].public_key():
            raise ValueError("the key is another one")
        sent = tuple(one.public_bytes(Encoding.DER) for one in chain)
        return scenario, ServerIdentity(cast(PrivateKey, key), sent, sent[-1])

    def _read(self, path: str) -> bytes:
        """Reads a file with the rights of mssql."""
        done = subprocess.run(
            ["chroot", "--userspec=mssql:mssql", str(self.root.tree), "cat", path],
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise OSError(done.stderr.decode().strip())
        return done.stdout

    def _log(self, line: str) -> None:
        with self.root.file(ERRORLOG).open("ab") as log:
            log.write(f"2026-11-21 12:00:00.00 Server      {line}\r\n".encode("utf-16-le"))

    def answer(self, words: list[str]) -> tuple[int, str]:
        """What systemctl, docker port and docker compose up do: a status and a line."""
        match words:
            case ["systemctl", "restart" | "start", "mssql-server"]:
                self.restart()
                return 0, ""
            case ["systemctl", "is-active", "mssql-server"]:
                return (0, "active") if self.lab else (3, "failed")
            case ["systemctl", "is-enabled", "mssql-server"]:
                return (0, "enabled") if self.enabled else (1, "disabled")
            case ["systemctl", "enable" | "disable" as verb, "--now", "mssql-server"]:
                self.enabled = verb == "enable"
                if self.enabled and self.lab is None:
                    self.restart()
                elif not self.enabled:
                    self.stop()
                return 0, ""
            case ["port", "1433/tcp"]:
                return 0, f"0.0.0.0:{self.port}"
            case ["ss"]:
                listens = f'LISTEN 0 128 0.0.0.0:{self.port} 0.0.0.0:* users:(("sqlservr",pid=1,fd=1))'
                return 0, listens if self.lab else ""
            case ["up", folder]:
                self._mount(folder)
                self.restart()
                return (0, "Started") if self.lab else (1, "")
            case _:
                return 1, f"Unknown: {words}"

    def _mount(self, folder: str) -> None:
        """Makes the mounts of compose.override.yaml as copies, which keep owner and mode."""
        self.root.run("rm -rf /etc/mssql-tls; mkdir /etc/mssql-tls")
        override = self.root.file(f"{folder}/compose.override.yaml")
        if override.exists():
            for mount in yaml.safe_load(override.read_text())["services"][CONTAINER]["volumes"]:
                source, at, _ = mount.split(":")
                self.root.run(f"cp -p {shlex.quote(f'{folder}/{source}')} {shlex.quote(at)}")

    def cause(self, ca_file: Path | None = None, instance: str | None = None) -> str:
        """The verdict of a diagnosis of it: the id of a cause."""
        port = None if instance else self.port
        target = Target(
            engine="sqlserver", host="127.0.0.1", port=port, instance=instance, server_name="localhost"
        )
        bench = Workbench(KNOWN, Options(at=datetime.now(UTC), ca_file=ca_file))
        found = bench.diagnose(bench.open_case(target=target)).verdict.cause
        return found.id if found else "none"


def _sha1(identity: ServerIdentity) -> str:
    return hashlib.sha1(identity.chain[0], usedforsecurity=False).hexdigest()


def _attend(server: SqlServer, asked: Path, answered: Path) -> None:
    while (words := asked.read_text().split()) != ["end"]:
        status, text = server.answer(words)
        answered.write_text(f"{status} {text}\n")


@contextmanager
def sql_server(place: Path) -> Iterator[SqlServer]:
    """Makes a root with SQL Server's tools, its user and its server, which also is the container `sql1`."""
    with scratch_root(place) as root, ExitStack() as stack:
        root.run("groupadd -g 10001 mssql && useradd -u 10001 -g 10001 -d /var/opt/mssql mssql")
        root.write("/opt/mssql/bin/mssql-conf", MSSQL_CONF, 0o755)
        root.write("/usr/local/bin/systemctl", SYSTEMCTL, 0o755)
        root.write("/usr/local/bin/docker", DOCKER, 0o755)
        root.write("/usr/local/bin/ss", f"#!/bin/sh\n{ASK}ask ss\n", 0o755)
        root.write("/usr/local/bin/sleep", "#!/bin/sh\n", 0o755)
        asked, answered = place / "asked", place / "answered"
        os.mkfifo(asked)
        os.mkfifo(answered)
        place.chmod(0o777)
        server = SqlServer(root, stack)
        attendant = threading.Thread(target=_attend, args=(server, asked, answered), daemon=True)
        attendant.start()
        try:
            server.fresh()
            yield server
        finally:
            with suppress(OSError):
                asked.write_text("end\n")
            attendant.join()


def carry_out(server: SqlServer, fix: RenderedFix) -> str:
    """Carries the shell steps of a fix out twice, each in a fresh shell; returns what the first runs print."""
    printed = []
    for step in (one for one in fix.steps if one.shell == "sh"):
        printed.append(server.root.step(step))
        server.root.step(step)
    return "".join(printed)


def undone(server: SqlServer, fix: RenderedFix, before: dict[str, bytes]) -> None:
    """The undo brings settings and files back; once more it says that there is nothing."""
    for step in fix.undo:
        server.root.step(step)
    assert server.state() == before
    for step in fix.undo:
        assert "There is nothing to undo" in server.root.step(step)


def failing(server: SqlServer, step: RenderedStep) -> str:
    """Carries out a step that has to fail, and returns what it prints: a sentence, not only a status."""
    done = server.root.run(step.text, check=False)
    assert done.returncode != 0, done.stdout
    return done.stdout


def log_in(server: SqlServer, ca_file: Path, place: Path) -> tuple[str, str]:
    """What ODBC Driver 18 (mssql-python) and FreeTDS (pymssql) print; both verify, and trust `ca_file` alone."""
    conf = place / "freetds.conf"
    conf.write_text(
        f"[global]\nencryption = require\nca file = {ca_file}\ncheck certificate hostname = yes\n"
    )
    commands = (
        python(MSSQL_PYTHON, "mssql_python", str(server.port), "yes"),
        python(PYMSSQL, "pymssql", str(server.port)),
    )
    trust = {"SSL_CERT_FILE": str(ca_file), "FREETDSCONF": str(conf)}
    started = [
        subprocess.Popen(
            one, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **trust}
        )
        for one in commands
    ]
    first, second = (one.communicate(timeout=60)[0] for one in started)
    return first, second


def admitted(server: SqlServer, ca_file: Path, place: Path) -> None:
    """Both drivers log in, verified."""
    for said in log_in(server, ca_file, place):
        assert "16.0.1000" in said, said


def presents(server: SqlServer, certificate: Certificate) -> None:
    """Makes it use a certificate that was there before the recipe."""
    server.configure(NAMED, **{"old.pem": certificate.chain, "old.key": certificate.key})


def given_files(server: SqlServer, certificate: Certificate) -> dict[str, Given]:
    """Puts certificate and key into files of their own, with a blank in their names."""
    server.root.write("/tmp/the server.pem", certificate.chain)
    server.root.write("/tmp/the server.key", certificate.key, 0o600)
    return {"certificate_file": "/tmp/the server.pem", "key_file": "/tmp/the server.key"}


def ca_of(certificate: Certificate, place: Path) -> Path:
    """The file of the root that a client has to trust."""
    file = place / "ca.pem"
    file.write_bytes(certificate.anchor)
    return file


def corp_signs(server: SqlServer) -> Path:
    """The company's CA signs the request, with all that it asks for; returns the file of its root."""
    server.root.run(
        """cd /opt/admin/mssql-tls
        openssl req -x509 -newkey rsa:2048 -nodes -days 5 -keyout corp.key -out corp.pem -subj /CN=Corp 2> /dev/null
        openssl x509 -req -in mssql.csr -CA corp.pem -CAkey corp.key -CAcreateserial -days 5 -copy_extensions copy \\
          -out mssql.pem 2> /dev/null"""
    )
    return server.root.file("/opt/admin/mssql-tls/corp.pem")


def refused(server: SqlServer, ca_file: Path, place: Path, words: str, *, freetds: bool = True) -> None:
    """ODBC fails with these words; FreeTDS, which tells no reason, fails too, or is let in all the same."""
    odbc, other = log_in(server, ca_file, place)
    assert words in odbc, odbc
    assert ("connection failed" in other.lower()) == freetds, other
