"""`dbtls check` against real PostgreSQL and MariaDB, and what other tools see on the same servers."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from tests.cli.command import Document, Ran, dbtls
from tests.known import KNOWN
from tests.servers.certificates import certificate_of, make_certificate
from tests.servers.mariadb import Mariadb
from tests.servers.postgresql import Postgresql
from tests.servers.running import RunningServer, Versions
from tests.thorough import THOROUGH
from wizard.cli.terminal import Exit
from wizard.model.knowledge import ScenarioEntry
from wizard.model.target import Engine, Target
from wizard.workbench import Diagnosis, Options, Workbench

PLAIN_SERVER = ("behaviour", "tls", "ciphers", "client_certificate", "policy", "strict")


def shows_in_the_certificate(scenario: ScenarioEntry) -> bool:
    """Says whether only the certificate makes the scenario, so that a real server can present it."""
    same = all(getattr(scenario, field) == field_default(field) for field in PLAIN_SERVER)
    return same and scenario.certificate != "none"


def field_default(field: str) -> object:
    """Returns the default of a field of `ScenarioEntry`."""
    return next(one.default for one in msgspec.structs.fields(ScenarioEntry) if one.name == field)


def of(*engines: str) -> list[ScenarioEntry]:
    """Returns the scenarios of these databases that a real server can present."""
    return [one for one in KNOWN.scenarios if one.engine in engines and shows_in_the_certificate(one)]


def check(engine: str, server: RunningServer, *, trusted: bool = True, server_name: str = "localhost") -> Ran:
    """Runs `dbtls check --json` against a running server."""
    trust = ("--ca-file", str(server.ca_file)) if trusted else ()
    return dbtls(
        "check", f"{engine}://{server.host}:{server.port}", "--json", "--server-name", server_name, *trust
    )


def verdict(found: Document) -> tuple[object, object]:
    """Returns the cause and the confidence."""
    assert isinstance(found["verdict"], dict)
    return found["verdict"]["cause"], found["verdict"]["confidence"]


def findings(found: Document) -> set[str]:
    """Returns the causes of all findings."""
    assert isinstance(found["findings"], list)
    return {one["cause"] for one in found["findings"]}


def test_every_certificate_fault_of_a_real_postgresql_is_named(postgres_server: Postgresql) -> None:
    """What the lab imitates is found out just so on PostgreSQL: the verdict, and all findings."""
    with postgres_server(lax=True) as server:
        for scenario in of("postgresql"):
            server.present(certificate_of(scenario))
            hold(scenario, diagnosed("postgresql", server, scenario))


def test_every_certificate_fault_of_a_real_mariadb_is_named(mariadb_server: Mariadb) -> None:
    """The same on MariaDB, with what it and MySQL make for themselves; it starts anew for each, so not for all."""
    with mariadb_server(lax=True) as server:
        for scenario in one_of_each_cause(of("mariadb", "mysql")):
            server.present(certificate_of(scenario))
            hold(scenario, diagnosed("mariadb", server, scenario))


def one_of_each_cause(scenarios: Iterable[ScenarioEntry]) -> tuple[ScenarioEntry, ...]:
    """Returns the last scenario of each cause on each database; all of them where it is to be thorough."""
    chosen = tuple(scenarios)
    return chosen if THOROUGH else tuple({(one.engine, one.cause): one for one in chosen}.values())


def diagnosed(engine: Engine, server: RunningServer, scenario: ScenarioEntry) -> Diagnosis:
    """Returns what the probes find out; within this process, since there are many of them."""
    target = Target(engine=engine, host=server.host, port=server.port, server_name=scenario.server_name)
    trust = server.ca_file if scenario.trusted else None
    bench = Workbench(KNOWN, Options(at=datetime.now(UTC), ca_file=trust))
    return bench.diagnose(bench.open_case(target=target))


def hold(scenario: ScenarioEntry, done: Diagnosis) -> None:
    """Checks a diagnosis against the scenario."""
    assert done.verdict.cause is not None, scenario.id
    assert (done.verdict.cause.id, done.verdict.confidence) == (scenario.cause, "confirmed"), scenario.id
    assert {one.cause.id for one in done.findings} == {scenario.cause, *scenario.also}, scenario.id


def test_tls_that_is_off_is_named(postgres_server: Postgresql, mariadb_server: Mariadb) -> None:
    """A server without TLS has the policy `not-offered`."""
    with postgres_server(tls=False) as postgresql, mariadb_server(tls=False) as mariadb:
        for engine, server in (("postgresql", postgresql), ("mariadb", mariadb)):
            ran = check(engine, server)
            assert verdict(ran.json) == ("tls-not-offered", "confirmed")
            assert (ran.json["policy"], ran.status) == ("not-offered", Exit.FAULT)


def test_one_database_is_not_taken_for_another(postgres_server: Postgresql, mariadb_server: Mariadb) -> None:
    """The wrong kind of database on a port is named as what it is."""
    with postgres_server() as postgresql, mariadb_server() as mariadb:
        for engine, server in (("mysql", postgresql), ("sqlserver", postgresql), ("postgresql", mariadb)):
            ran = check(engine, server)
            assert verdict(ran.json) == ("not-this-database", "confirmed")
            assert ran.status == Exit.UNREACHABLE


def test_mariadb_counts_few_aborted_connections(mariadb_server: Mariadb) -> None:
    """A full diagnosis costs at most six aborted connections; other scanners get their users locked out."""
    with mariadb_server() as server:
        before = server.aborted_connects()
        found = check("mariadb", server).json
        assert verdict(found)[0] == "healthy"
        assert 0 < server.aborted_connects() - before <= 6
        assert found["connections"] == server.aborted_connects() - before


@pytest.mark.parametrize(
    "versions",
    [
        ("TLSv1.0", "TLSv1.0"),
        ("TLSv1.1", "TLSv1.2"),
        ("TLSv1.2", "TLSv1.2"),
        ("TLSv1.3", "TLSv1.3"),
        ("TLSv1.0", "TLSv1.3"),
    ],
)
def test_the_versions_are_those_of_the_server(postgres_server: Postgresql, versions: Versions) -> None:
    """Each of TLS 1.0 to 1.3 is told right, within six connections, with the whole chain even in TLS 1.3 alone."""
    names = ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
    with postgres_server(make_certificate(intermediate=True), versions=versions) as server:
        found = check("postgresql", server).json
    tls, certificates, connections = found["tls"], found["certificates"], found["connections"]
    assert isinstance(tls, dict)
    assert tls["versions"] == {name: versions[0] <= name <= versions[1] for name in names}
    assert tls["negotiated"] == versions[1]
    assert isinstance(certificates, list)
    assert len(certificates) == 2
    assert isinstance(connections, int)
    assert connections <= 6
    modern = versions[1] >= "TLSv1.2"
    assert verdict(found)[0] == ("healthy" if modern else "legacy-tls-only")


def program(name: str) -> str:
    """Returns the path of a program, or skips the test where it is missing."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"the program {name} is not installed")
    return found


def output(*command: str) -> str:
    """Returns what a program prints."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("engine", ["postgresql", "mariadb"])
def test_openssl_sees_the_same_chain(
    engine: str, postgres_server: Postgresql, mariadb_server: Mariadb, tmp_path: Path
) -> None:
    """`openssl s_client -showcerts` gets the certificates that we report, in the same order."""
    openssl = program("openssl")
    start = postgres_server if engine == "postgresql" else mariadb_server
    with start(make_certificate(intermediate=True)) as server:
        starttls = "postgres" if engine == "postgresql" else "mysql"
        shown = output(
            openssl,
            "s_client",
            "-starttls",
            starttls,
            "-showcerts",
            "-connect",
            f"{server.host}:{server.port}",
        )
        found = check(engine, server).json
    fingerprints = []
    for number, pem in enumerate(
        re.findall(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", shown, re.S)
    ):
        file = tmp_path / f"{number}.pem"
        file.write_text(pem)
        line = output(openssl, "x509", "-in", str(file), "-noout", "-fingerprint", "-sha256")
        fingerprints.append(line.partition("=")[2].strip().replace(":", "").lower())
    assert isinstance(found["certificates"], list)
    assert [one["sha256"] for one in found["certificates"]] == fingerprints
    assert len(fingerprints) == 2


def test_sslscan_sees_the_same_versions(postgres_server: Postgresql) -> None:
    """The list that sslscan prints has the versions that we report."""
    sslscan = program("sslscan")
    with postgres_server(versions=("TLSv1.2", "TLSv1.3")) as server:
        shown = output(sslscan, "--starttls-psql", "--no-colour", f"{server.host}:{server.port}")
        found = check("postgresql", server).json
    assert isinstance(found["tls"], dict)
    enabled = {
        f"TLSv{version}": state == "enabled"
        for version, state in re.findall(r"TLSv(1\.\d)\s+(enabled|disabled)", shown)
    }
    assert enabled == found["tls"]["versions"]


def test_nmap_sees_the_same_leaf(postgres_server: Postgresql) -> None:
    """The ssl-cert script of nmap reports the leaf that we report."""
    nmap = program("nmap")
    with postgres_server() as server:
        shown = output(nmap, "-Pn", "-p", str(server.port), "-sV", "--script", "ssl-cert", server.host)
        found = check("postgresql", server).json
    if "ssl-cert" not in shown:
        pytest.skip("this nmap finds no certificate on a port that is not PostgreSQL's usual one")
    assert isinstance(found["certificates"], list)
    sha1 = re.search(r"SHA-1:\s+([0-9a-f ]+)", shown)
    assert sha1 is not None
    assert sha1[1].replace(" ", "").strip() == found["certificates"][0]["sha1"]
