"""What a fix sets for a client is known to its profile, and by the profile's rules it mends what it is offered for."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from tests.known import prepared
from wizard.diagnosis.clients.options import Given as Option
from wizard.diagnosis.clients.options import given, read_options
from wizard.diagnosis.clients.prediction import Prediction
from wizard.diagnosis.clients.profiles import profile_of, speaks
from wizard.fixes.render import example_values, render_fix
from wizard.fixes.select import select
from wizard.fixes.values import Given, case_values
from wizard.forecast import forecast_of
from wizard.lab.certificates import ServerIdentity, identity_for
from wizard.lab.server import serve
from wizard.model.client import ProfileEntry
from wizard.model.knowledge import FixEntry, Knowledge, ScenarioEntry
from wizard.model.options import Options
from wizard.model.target import Engine, Target
from wizard.workbench import Diagnosis, Workbench

KNOWN: Knowledge = prepared()
PROFILES = {profile.id: profile for profile in KNOWN.profiles}
FIXES = [fix for fix in KNOWN.fixes if fix.options and fix.client]

LIKE = {
    "tls-required-by-server": "healthy",
    "strict-not-supported": "healthy/tds-7-only",
    "client-now-verifies": "private-ca-not-trusted",
}
"""Causes that lie in the client alone, so that the lab has no server for them, and the server to try them with."""
OF_THE_CERTIFICATE = (
    "self-generated-certificate",
    "self-signed-certificate",
    "private-ca-not-trusted",
    "missing-intermediate",
    "name-mismatch",
    "certificate-expired",
    "certificate-not-yet-valid",
)
CONTENT = {
    *(("mariadb-cli", f"{one}/name-mismatch/ip-address") for one in ("mariadb", "mysql")),
    *((one, "sqlserver/name-mismatch/short-name") for one in ("sqlclient-4", "sqlclient-3", "sqlclient-1")),
}
"""By rules of their own these take the name: MariaDB's does not look at 127.0.0.1, the others take a short name."""
SHIPPED = "/etc/ssl/postgresql-root.crt"
"""Where a recipe copies the CA file to."""
every_fix = pytest.mark.parametrize("fix", FIXES, ids=lambda fix: fix.id)


class Met(NamedTuple):
    """A server of the lab as the probes found it, and the files that a recipe would have."""

    diagnosis: Diagnosis
    options: Options
    ca_file: Path
    leaf: Path
    host: str


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the certificate files of all servers lie while the tests run."""
    return tmp_path_factory.mktemp("predicted")


@cache
def met(name: str, folder: Path, called: str | None = None) -> Met:
    """Serves a scenario and diagnoses it, under another name where one is given."""
    scenario = KNOWN.scenario(name)
    with serve(scenario) as server:
        place = folder / name.replace("/", "-") / (called or "-")
        place.mkdir(parents=True)
        root, ca_file, leaf = place / "root.pem", place / "ca.pem", place / "leaf.pem"
        if identity := server.identity:
            root.write_bytes(identity.anchor_pem())
            ca_file.write_bytes(identity.anchor_pem() + left_out(scenario))
            leaf.write_text(ssl.DER_cert_to_PEM_cert(identity.chain[0]))
        target = Target(
            engine=scenario.engine,
            host=server.host,
            port=server.port,
            server_name=called or server.server_name,
        )
        options = Options(at=datetime.now(UTC), seconds=1.0, ca_file=server.ca_file and root)
        bench = Workbench(KNOWN, options)
        return Met(bench.diagnose(bench.open_case(target=target)), options, ca_file, leaf, server.server_name)


def left_out(scenario: ScenarioEntry) -> bytes:
    """The intermediate that the server does not send: whoever mends that on a client puts it behind the root."""
    if scenario.intermediate != "left-out":
        return b""
    identity = identity_for(msgspec.structs.replace(scenario, intermediate="sent"))
    assert isinstance(identity, ServerIdentity)
    return ssl.DER_cert_to_PEM_cert(identity.chain[1]).encode()


def scenarios(fix: FixEntry, client: str) -> Iterator[tuple[str, str, Engine]]:
    """Each server that the fix is for, with the cause: those with a second fault only where it is a bypass."""
    for engine in fix.engines:
        if not speaks(PROFILES[client], engine):
            continue
        for cause in fix.causes:
            wanted = f"{engine}/{LIKE.get(cause, cause)}"
            for one in KNOWN.scenarios:
                plain = one.id == wanted
                part = one.id.startswith(wanted + "/") and cause not in LIKE
                if plain or (part and (not one.also or fix.tier == "bypass")):
                    yield one.id, cause, engine


def offered(fix: FixEntry, cause: str, engine: Engine, client: str, at: Met) -> bool:
    """Whether a person would see it."""
    found = select(cause, engine, KNOWN, client=client, facts=at.diagnosis.case.facts())
    return fix.id in {one.id for one in found}


def values(fix: FixEntry, at: Met) -> dict[str, Given]:
    """What the case knows, and the files as the recipe makes them."""
    case = case_values(at.diagnosis.case, str(at.ca_file))
    files: dict[str, Given] = {"trust_store": str(at.ca_file), "certificate_file": str(at.leaf)}
    return {**example_values(fix), **case, **files}


def pairs(fix: FixEntry, at: Met) -> tuple[tuple[str, str], ...]:
    """What the fix sets, with the values of the case; what it takes away is not set."""
    rendered = render_fix(fix, values(fix, at))
    told = [one.replace(SHIPPED, str(at.ca_file)) for one in rendered.options]
    return read_options(one for one in told if not one.endswith("="))


def predicted(at: Met, client: str, options: tuple[tuple[str, str], ...]) -> Prediction:
    """What the client does."""
    return forecast_of(at.diagnosis, KNOWN, at.options, (client,), options).rows[0].now


def presented(at: Met) -> str:
    """A name that the certificate has."""
    return str(case_values(at.diagnosis.case)["presented_name"])


@every_fix
def test_the_options_are_the_clients_own(fix: FixEntry) -> None:
    """Each profile that the fix is for knows every key."""
    for client in (fix.client, *fix.also_clients):
        assert client in PROFILES
        assert own_options(fix, client)


def own_options(fix: FixEntry, client: str) -> tuple[Option, ...]:
    """The options as the client's profile has them, those that are taken away included."""
    options = render_fix(fix, example_values(fix)).options
    return given(PROFILES[client], read_options(options), strictly=True)


def test_a_key_of_another_client_is_refused() -> None:
    """The twin: a profile does not take whatever it is given."""
    with pytest.raises(Exception, match="has no option"):
        given(PROFILES["psycopg"], read_options(["TrustServerCertificate=yes"]), strictly=True)


@every_fix
def test_after_the_fix_the_client_connects(fix: FixEntry, folder: Path) -> None:
    """Verified after a permanent or intermediate one, at all after a bypass; before, a client that verifies fails."""
    wrong: list[str] = []
    for client in (fix.client, *fix.also_clients):
        assert client
        for name, cause, engine in scenarios(fix, client):
            at = met(name, folder)
            if not offered(fix, cause, engine, client, at):
                continue
            if fix.confirm_name and not names_are_options(fix, client):
                at = met(name, folder, presented(at))
            before, after = predicted(at, client, ()), predicted(at, client, pairs(fix, at))
            content = blind(client) or (client, name) in CONTENT
            if cause in OF_THE_CERTIFICATE and before.connects and before.verified and not content:
                wrong.append(f"{client} on {name}: it verifies and connects before")
            good = after.connects is True and (fix.tier == "bypass" or after.verified is True)
            if not good and not (after.connects is None and (after.unverified or untold(after))):
                wrong.append(f"{client} on {name}: {after.connects} {after.verified} {after.why}")
    assert wrong == []


def names_are_options(fix: FixEntry, client: str) -> bool:
    """Whether the name is an option of the client; else the client is given the name as its server's."""
    return any(one.entry.role == "name" for one in own_options(fix, client))


def blind(client: str) -> bool:
    """Whether the client never looks at names."""
    return "name" not in modes(PROFILES[client])


def untold(after: Prediction) -> bool:
    """Whether the outcome hangs on what only a login shows: the account's password, or the client's certificate."""
    return "password" in after.why or "accepts the client's certificate" in after.why


def modes(profile: ProfileEntry) -> set[str]:
    """Everything that the client can be made to verify."""
    told = {profile.does.verifies, *(rule.then.verifies for rule in profile.rules)}
    return {str(one) for one in told if one}


def roles(profile: ProfileEntry) -> set[str]:
    """Everything that its options can name."""
    return {str(entry.role) for entry in profile.options if entry.role}


def fixes_of(client: str, engine: Engine, cause: str, tier: str) -> list[FixEntry]:
    """The client's own fixes."""
    return [
        fix
        for fix in select(cause, engine, KNOWN, client=client)
        if fix.client is not None and fix.tier == tier
    ]


def demanded(profile: ProfileEntry) -> Mapping[str, bool]:
    """Which kinds of recipes a client can have, by its profile: what does not exist is not asked for."""
    can = roles(profile)
    return {
        # Programs that verify with Windows' own store have a recipe too: the store of one user.
        "verify": True,
        "name": "name" in can or "chain" in modes(profile),
        "pin": "pin" in can and profile.id not in ("sqlclient-5", "linked-server-2025"),
        "bypass": bool(profile.bypass),
    }


def lacking(profile: ProfileEntry, engine: Engine) -> Iterator[str]:
    """What a client lacks on an engine."""
    wanted = demanded(profile)
    trust = ("private-ca-not-trusted", "self-signed-certificate", "missing-intermediate")
    if wanted["verify"]:
        yield from (one for one in trust if not fixes_of(profile.id, engine, one, "intermediate"))
    if wanted["name"] and not fixes_of(profile.id, engine, "name-mismatch", "intermediate"):
        yield "name"
    if wanted["pin"]:
        pinned = fixes_of(profile.id, engine, "private-ca-not-trusted", "intermediate")
        if not any("pin" in fix.id for fix in pinned):
            yield "pin"
    if wanted["bypass"]:
        yield from (
            f"bypass of {one}"
            for one in OF_THE_CERTIFICATE
            if not fixes_of(profile.id, engine, one, "bypass") and bypassed(profile, engine, one)
        )


def bypassed(profile: ProfileEntry, engine: Engine, cause: str) -> bool:
    """Whether the engine has such a fault, and the client's bypass helps with it: some still look at the dates."""
    of_dates = cause in ("certificate-expired", "certificate-not-yet-valid")
    return engine in KNOWN.cause(cause).engines and not (of_dates and profile.does.verifies == "dates")


def test_every_client_has_every_recipe_that_it_can_have() -> None:
    """To verify with a CA file, to accept another name, to pin, and to go without: as far as its profile has it."""
    found = {
        f"{profile.id} on {engine}": missing
        for profile in KNOWN.profiles
        for engine in profile.engines
        if (missing := list(lacking(profile, engine)))
    }
    assert found == {}


def test_a_client_without_recipes_would_be_noticed() -> None:
    """The twin: the list is not empty because nothing is asked for."""
    profile = msgspec.structs.replace(PROFILES["psycopg"], id="other")
    assert len(list(lacking(profile, "postgresql"))) > 5


def test_a_bypass_comes_behind_everything_that_keeps_the_protection() -> None:
    """And none is offered where the server takes TDS 8.0 alone, which ignores it."""
    for profile in KNOWN.profiles:
        for engine in profile.engines:
            tiers = [fix.tier for fix in select("name-mismatch", engine, KNOWN, client=profile.id)]
            assert tiers == sorted(tiers, key=("permanent", "intermediate", "bypass").index)
    strict = select("name-mismatch", "sqlserver", KNOWN, facts={"policy": "strict-only"})
    assert [fix.id for fix in strict if fix.tier == "bypass" and fix.client and fix in FIXES] == []


def test_a_profile_finds_its_fix_by_any_name() -> None:
    """The ids of the fixes are those of the profiles, not other names of them."""
    assert profile_of("pg", "postgresql", KNOWN).id == "node-postgres"
    assert {fix.client for fix in FIXES} <= set(PROFILES)
