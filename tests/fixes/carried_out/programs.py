"""Programs of Node.js and Go, run as a recipe prints them; and what no driver here can be told."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import msgspec

from tests.reality.drivers import HOME, Driver
from tests.reality.servers import FAULTS, Server
from wizard.fixes.render import render_fix
from wizard.fixes.values import Given
from wizard.lab.certificates import identity_for
from wizard.model.knowledge import FixEntry, ScenarioEntry
from wizard.model.target import Engine

SAME = ("mysql", "mariadb")
MODULES = {
    "node-postgres": "pg",
    "postgres-js": "postgres",
    "mysql2": "mysql2",
    "mysqljs": "mysql",
    "mariadb-node": "mariadb",
    "tedious": "tedious",
}
ENDS = {
    "node-postgres": 'await pool.query("SELECT 1");\nawait pool.end();',
    "postgres-js": "await sql`SELECT 1`;\nawait sql.end();",
    "mysql2": 'await connection.query("SELECT 1");\nawait connection.end();',
    "mariadb-node": 'await connection.query("SELECT 1");\nawait connection.end();',
    "mysqljs": 'connection.query("SELECT 1", (error) => { if (error) throw error; connection.end(); });',
    "tedious": "connection.connect((error) => { if (error) throw error; connection.close(); });",
}
IMPORTS = {
    "tls.": "crypto/tls",
    "x509.": "crypto/x509",
    "sql.": "database/sql",
    "log.": "log",
    "os.": "os",
    "mysql.": "github.com/go-sql-driver/mysql",
}
OUTSIDE = ("PATH", "HOME", "GOPROXY", "GOFLAGS", "GOPATH", "GOCACHE")
GO = HOME.parent / "dbtls-recipes-go"


def out_of_reach(fix: FixEntry, driver: Driver, cause: str) -> str | None:
    """Says why a recipe is not carried out with a driver; None where it is."""
    # MariaDB stands for MySQL, which is not here.
    spoken = {*driver.engines, *(SAME if "mariadb" in driver.engines else ())}
    if not {*fix.engines} & spoken:
        return "the driver does not speak to this server"
    if driver.client == "go-sql-driver-1.5" and printed(fix):
        return "the program is built with the newest driver"
    if cause == "self-generated-certificate" and "mariadb" in driver.engines and fix.engines == ("mariadb",):
        return "MariaDB's own certificate is new at each start"
    if cause == "client-certificate-required" and driver.language == "java":
        return "the programs of Java are given no store of a certificate of the client"
    return None


def printed(fix: FixEntry) -> bool:
    """Whether it is a program that can be run here as it is printed."""
    return any(step.shell in ("javascript", "go") for step in fix.steps)


def version(driver: Driver) -> str:
    """The driver's name and release."""
    if driver.client not in MODULES:
        found = re.search(r"go-sql-driver/mysql v(\S+)", (GO / "go.mod").read_text())
        return f"go-sql-driver {found[1] if found else '?'}"
    package = HOME / "node" / "node_modules" / MODULES[driver.client] / "package.json"
    return f"{MODULES[driver.client]} {msgspec.json.decode(package.read_bytes())['version']}"


def run(
    fix: FixEntry,
    driver: Driver,
    given: dict[str, Given],
    server: Server,
    folder: Path,
    roots: Path,
    *,
    undo: bool = False,
) -> str | None:
    """Runs the program of a fix, or that of its way back; returns its words where it fails, or None."""
    rendered = render_fix(fix, given)
    steps = rendered.undo if undo else rendered.steps
    step = next(one for one in steps if one.shell in ("javascript", "go"))
    return (_node if step.shell == "javascript" else _go)(step.text, driver, server, folder, roots)


def _node(text: str, driver: Driver, server: Server, folder: Path, roots: Path) -> str | None:
    client = driver.client
    login = f'user: "{server.user}", password: "{server.password}",'
    if server.database:
        login += f' database: "{server.database}",'
    if client == "tedious":
        who = f'userName: "{server.user}", password: "{server.password}"'
        login = f'authentication: {{ type: "default", options: {{ {who} }} }},'
    place = folder / "node"
    place.mkdir(exist_ok=True)
    if not (place / "node_modules").exists():
        (place / "node_modules").symlink_to(HOME / "node" / "node_modules")
    first = "  server: " if client == "tedious" else "  host: "
    code = text.replace(first, f"  {login}\n{first}", 1) + "\n" + ENDS[client] + "\n"
    file = place / ("recipe.cjs" if client == "mysqljs" else "recipe.mjs")
    file.write_text(code)
    return _said(["node", str(file)], place, roots)


def _go(text: str, driver: Driver, server: Server, folder: Path, roots: Path) -> str | None:
    """Builds it in a module of its own; what a program imports is what its text uses."""
    if not (GO / "go.mod").exists():
        GO.mkdir(parents=True, exist_ok=True)
        for name in ("go.mod", "go.sum"):
            shutil.copy(Path(__file__).parents[2] / "reality" / "go" / name, GO)
    used = [path for word, path in IMPORTS.items() if re.search(rf"(?<![\w.]){re.escape(word)}", text)]
    if "mysql." not in text:
        used.append("_ github.com/go-sql-driver/mysql")
    lines = "\n".join(f'\t_ "{path[2:]}"' if path.startswith("_ ") else f'\t"{path}"' for path in used)
    body = text.replace("user:password@", f"{server.user}:{server.password}@").replace(")/database?", ")/?")
    body = body.replace(')/database"', ')/"')
    ping = "if err := db.Ping(); err != nil {\n\tlog.Fatal(err)\n}"
    (GO / "main.go").write_text(
        f"package main\n\nimport (\n{lines}\n)\n\nfunc main() {{\n{body}\n{ping}\n}}\n"
    )
    return _said(["go", "run", "main.go"], GO, roots)


def _said(command: list[str], place: Path, roots: Path) -> str | None:
    """Returns the line with the error where the program fails; `roots` stand for those of the machine."""
    outside = {key: os.environ[key] for key in OUTSIDE if key in os.environ}
    stores = {"NODE_EXTRA_CA_CERTS": str(roots), "SSL_CERT_FILE": str(roots)}
    done = subprocess.run(
        command,
        cwd=place,
        env={**outside, **stores},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    if done.returncode == 0:
        return None
    lines = [line.strip() for line in done.stderr.splitlines()]
    told = [line for line in lines if re.search(r"(?i)error\b.*: |x509:|tls: |: Error |remote error", line)]
    return (told or lines)[0]


def with_intermediate(engine: Engine) -> bytes:
    """The certificate that the server with `no-intermediate` leaves out, in PEM."""
    changes = {**FAULTS["no-intermediate"].changes, "intermediate": "sent"}
    scenario = ScenarioEntry(id=f"{engine}/sent", title="-", cause="healthy", engine=engine)
    identity = identity_for(msgspec.structs.replace(scenario, **changes))
    assert identity is not None
    return b"-----BEGIN" + identity.chain_pem().split(b"-----BEGIN")[2]


def last_of(chain: Path) -> bytes:
    """The last certificate of a file: MySQL sends its automatic CA along."""
    return b"-----BEGIN" + chain.read_bytes().split(b"-----BEGIN")[-1]
