"""Carries recipes out with the drivers that CI has not: `python -m tests.fixes.carried_out.recorded`.

Each recipe for a client with a driver in `tests/reality` meets a server with the fault that it mends. Programs of
Node.js and Go are run as they are printed, with the login added; other drivers are given the fix's options by the
programs of `tests/reality`. What happened is kept in recorded.json, with a hash of the recipe: a recipe that was
changed has to be carried out anew. A name as argument runs the fixes that begin with it, and keeps the others.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.fixes.carried_out import programs
from tests.fixes.carried_out.carrying import FIXES
from tests.fixes.carried_out.client_authority import client_certificate, trusting_clients, written_to
from tests.known import KNOWN
from tests.reality.drivers import Answer, Driver, Program, Request, load
from tests.reality.servers import Server, Servers, _identity
from tests.servers.mariadb import Mariadb
from tests.servers.postgresql import Postgresql
from tests.servers.running import RunningServer
from wizard.diagnosis.clients.options import read_options
from wizard.fixes.render import example_values, render_fix
from wizard.fixes.values import Given
from wizard.model.client import ProfileEntry
from wizard.model.knowledge import FixEntry
from wizard.model.target import Engine

FILE = Path(__file__).with_name("recorded.json")
FAULTS = {
    "private-ca-not-trusted": "good",
    "self-signed-certificate": "self-signed",
    "missing-intermediate": "no-intermediate",
    "self-generated-certificate": "self-generated",
    "name-mismatch": "mismatch",
    "certificate-expired": "expired",
    "certificate-not-yet-valid": "not-yet-valid",
    "tls-required-by-server": "required",
    "tls-not-offered": "not-offered",
    "strict-required": "strict-only",
    "client-certificate-required": "client-certificate",
}
"""Which server of `tests/reality` has a cause."""
OF_TRUST = (
    "private-ca-not-trusted",
    "self-signed-certificate",
    "missing-intermediate",
    "self-generated-certificate",
)
PRESENTED = "other.example"
PASSWORDS = {
    "trustStore": "trustStorePassword",
    "trustCertificateKeyStoreUrl": "trustCertificateKeyStorePassword",
}
IN_CI = frozenset(
    {
        "psycopg",
        "asyncpg",
        "pg8000",
        "mysql-connector-python",
        "pymysql",
        "pymssql",
        "tsql",
        "python-tds",
        "psql",
        "mariadb-cli",
    }
)
"""Drivers that are handed the recipe itself in each run of the tests."""
PROFILES: dict[str, ProfileEntry] = {one.id: one for one in KNOWN.profiles}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One recipe carried out with one driver."""

    fix: str
    client: str
    version: str
    cause: str
    hash: str
    """Of the recipe's texts, with the examples of its parameters."""
    printed: bool
    """Whether the program was run as it is printed; else the driver was given the options."""
    before: str
    """The driver's words without the fix, or with a strange file of roots in it."""
    after: bool
    """Whether it connected by the fix."""


def fingerprint(fix: FixEntry) -> str:
    """Returns the hash of all that a recipe prints, and of what it declares."""
    rendered = render_fix(fix, example_values(fix))
    texts = [step.text for step in (*rendered.steps, *rendered.undo)] + list(rendered.options)
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def wanted() -> Iterator[tuple[FixEntry, Driver, str]]:
    """Yields each recipe with a driver for it, and a cause that it is for."""
    drivers: dict[str, Driver] = {}
    for driver in load():
        if driver.driver not in IN_CI and (driver.client not in drivers or driver.driver == driver.client):
            drivers[driver.client] = driver
    for fix in FIXES.values():
        for client in (fix.client, *fix.also_clients):
            if client not in drivers:
                continue
            driver = drivers[client]
            if not fix.options or not set(fix.engines) & {*driver.engines, *programs.SAME}:
                continue
            for cause in fix.causes:
                if cause in FAULTS:
                    yield fix, driver, cause


def engine_of(fix: FixEntry) -> Engine:
    """MariaDB stands for MySQL, which is not here."""
    return "mariadb" if fix.engines[0] in ("mysql", "mariadb") else fix.engines[0]


def fault_of(fix: FixEntry, cause: str) -> str:
    """The server; with MySQL's automatic certificate where the recipe is for that."""
    own = cause == "self-generated-certificate" and engine_of(fix) == "mariadb"
    return "self-generated-mysql" if own else FAULTS[cause]


def trusted(server: Server, folder: Path) -> Path:
    """The CA file as the recipe wants it: with the intermediate, or the server's own CA."""
    file = folder / f"{server.engine}-{server.fault}-ca.pem"
    if server.fault == "no-intermediate":
        between = _identity("no-intermediate", server.engine)
        whole = programs.with_intermediate(server.engine)
        file.write_bytes(between.anchor_pem() + whole)
    elif server.fault.startswith("self-generated"):
        file.write_bytes(programs.last_of(server.files["chain"]))
    else:
        file.write_bytes(server.files["root"].read_bytes())
    return file


def values(fix: FixEntry, server: Server, ca_file: Path, certificate: Path) -> dict[str, Given]:
    """What the parameters of a recipe stand for."""
    known: dict[str, Given] = {
        "host": "localhost",
        "server_name": "localhost",
        "port": server.port,
        "data_source": f"localhost,{server.port}",
        "ca_file": str(ca_file),
        "trust_store": str(ca_file),
        "certificate_file": str(certificate),
        "presented_name": PRESENTED,
        **written_to(ca_file.parent, client_certificate(server.engine)),
    }
    return {**example_values(fix), **known}


def options(fix: FixEntry, given: dict[str, Given]) -> dict[str, str]:
    """What the recipe sets, as the programs of `tests/reality` take it."""
    told = [one for one in render_fix(fix, given).options if not one.endswith("=")]
    return spelt(dict(read_options(told)))


def spelt(pairs: dict[str, str]) -> dict[str, str]:
    """A store's URL as the path of its PEM file, with a password; the name of Go's configuration is theirs."""
    found = {key: value.removeprefix("file:") for key, value in pairs.items()}
    found |= {password: "changeit" for key, password in PASSWORDS.items() if key in found}
    return found | ({"tls": "custom"} if found.get("tls") == "database" else {})


def verifying(profile: ProfileEntry, ca_file: Path) -> dict[str, str]:
    """The client's own way to verify fully, without the fix."""
    pairs = dict(read_options(one.replace("=CA", f"={ca_file}") for one in profile.verify))
    if not any(str(ca_file) in value for value in pairs.values()):
        pairs["SSL_CERT_FILE"] = str(ca_file)
    return spelt(pairs)


def unencrypted(profile: ProfileEntry) -> dict[str, str]:
    """The client's word for no TLS at all, as far as its profile has one; else its default."""
    for rule in profile.rules:
        if rule.then.encryption in ("none", "login") and len(rule.when) == 1 and rule.when[0].one_of:
            return {rule.when[0].option: rule.when[0].one_of[0]}
    return {}


def with_store(profile: ProfileEntry, pairs: dict[str, str], roots: Path) -> dict[str, str]:
    """Lets the machine's store hold the CA, where the recipe does not name a file of roots."""
    named = {entry.key for entry in profile.options if entry.role in ("roots", "store")}
    if named & set(pairs):
        return pairs
    if profile.id.startswith("jdbc"):  # strict does not take Java's own store
        return spelt({**pairs, "trustStore": str(roots)})
    store = next((entry.key for entry in profile.options if entry.role == "store"), None)
    return {**pairs, store: str(roots)} if store else pairs


def ask(driver: Driver, server: Server, pairs: dict[str, str], folder: Path) -> Answer:
    """One attempt by a program of `tests/reality`."""
    if driver.language == "python":
        pairs = {key: value.lower() if value in ("True", "False") else value for key, value in pairs.items()}
    environment = {key: value for key, value in pairs.items() if key.isupper() and "_" in key}
    request = Request(
        host="localhost",
        port=server.port,
        user=server.user,
        password=server.password,
        database=server.database,
        options={key: value for key, value in pairs.items() if key not in environment},
    )
    with (
        tempfile.TemporaryDirectory(dir=folder) as home,
        Program(driver.arguments(), environment, Path(home)) as program,
    ):
        return program.ask(request)


@contextlib.contextmanager
def meeting(fix: FixEntry, cause: str, servers: Servers, folder: Path) -> Iterator[Server]:
    """The server for a cause; one that demands a certificate of the client is made for each attempt."""
    engine, fault = engine_of(fix), fault_of(fix, cause)
    if fault != "client-certificate":
        yield servers.get(engine, fault)
        return
    with contextlib.ExitStack() as stack:
        if engine == "postgresql":
            start = stack.enter_context(Postgresql.prepared())
            running: RunningServer = stack.enter_context(start(client_certificate=True))
        else:
            maria = stack.enter_context(Mariadb.prepared())
            running = stack.enter_context(trusting_clients(maria, client_certificate(engine)))
        files = {"root": running.ca_file, "leaf": running.ca_file, "chain": running.ca_file}
        database = "postgres" if engine == "postgresql" else None
        yield Server(engine, fault, running.port, files, database=database)


def carry_out(fix: FixEntry, driver: Driver, cause: str, servers: Servers, folder: Path) -> Row:
    """Fails before, connects after; with a recipe about trust, a strange file in it fails too."""
    with meeting(fix, cause, servers, folder) as server:
        return attempted(fix, driver, cause, server, servers.other, folder)


def attempted(fix: FixEntry, driver: Driver, cause: str, server: Server, other: Path, folder: Path) -> Row:
    """Returns what came of a recipe with one server."""
    ca_file = trusted(server, folder)
    given = values(fix, server, ca_file, server.files["leaf"])
    strange = values(fix, server, other, other)
    of_trust = cause in OF_TRUST and fix.tier != "bypass"
    roots = other if cause in OF_TRUST else ca_file
    printed = programs.printed(fix)
    if printed:
        first_given = strange if cause in OF_TRUST else given
        before = programs.run(fix, driver, first_given, server, folder, roots, undo=not of_trust)
        after = programs.run(fix, driver, given, server, folder, roots)
        version = programs.version(driver)
        words, connected = before or "", after is None
    else:
        profile = PROFILES[driver.client]
        without = options(fix, strange) if of_trust else verifying(profile, roots)
        if cause == "tls-required-by-server":
            without = unencrypted(profile)
        first = ask(driver, server, without, folder)
        last = ask(driver, server, with_store(profile, options(fix, given), roots), folder)
        version, words, connected = last.version or "", first.error or "", last.connected
        if not connected:
            print(f"  {last.error}", file=sys.stderr)
    return Row(
        fix=fix.id,
        client=driver.client,
        version=version,
        cause=cause,
        hash=fingerprint(fix),
        printed=printed,
        before=plain(words.replace(str(folder), "")),
        after=connected,
    )


def plain(words: str) -> str:
    """The first line without what differs from run to run: ports and times."""
    line = words.strip().partition("\n")[0]
    line = re.sub(r"(?<=localhost[:,])\d+|(?<=127\.0\.0\.1:)\d+", "PORT", line)
    line = re.sub(r"^\d{4}/\d\d/\d\d [\d:]+ |: current time .*", "", line)
    return line[:160]


def main(beginning: str = "") -> int:
    """Carries out what begins so; returns the exit status."""
    asked = {(fix.id, driver.client, cause) for fix, driver, cause in wanted()}
    rows = [row for row in read() if (row.fix, row.client, row.cause) in asked] if beginning else []
    rows = [row for row in rows if not row.fix.startswith(beginning)]
    with tempfile.TemporaryDirectory(prefix="dbtls-recipes-") as place:
        folder = Path(place)
        folder.chmod(0o755)
        with Servers(folder) as servers:
            for fix, driver, cause in wanted():
                if not fix.id.startswith(beginning) or programs.out_of_reach(fix, driver, cause):
                    continue
                row = carry_out(fix, driver, cause, servers, folder)
                rows.append(row)
                if not row.after or not row.before:
                    print(f"{row.fix} {row.client} {row.cause}: {row.after} {row.before}", file=sys.stderr)
    rows.sort(key=lambda row: (row.fix, row.client, row.cause))
    FILE.write_bytes(b"[\n" + b",\n".join(map(msgspec.json.encode, rows)) + b"\n]\n")
    return int(not all(row.after for row in rows))


def read() -> list[Row]:
    """Returns what was recorded."""
    return msgspec.json.decode(FILE.read_bytes(), type=list[Row])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
