"""Selection: the right fixes, the permanent ones first."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest

from tests.known import KNOWN as REAL
from wizard.fixes.select import select
from wizard.model.evidence import Value
from wizard.model.knowledge import Condition, FixEntry, Knowledge, Platform, StepEntry, Tier
from wizard.model.target import Engine

STEP = StepEntry(title="Do it", run_on="server", shell="sh", text="true")  # noqa: S604 - runs nothing


def fix(
    name: str,
    tier: Tier = "permanent",
    *,
    order: int = 50,
    platform: Platform = "any-server",
    client: str | None = None,
    also: tuple[str, ...] = (),
    only_if: tuple[Condition, ...] = (),
) -> FixEntry:
    """A fix of a name mismatch on SQL Server."""
    return FixEntry(
        id=name,
        causes=("name-mismatch",),
        tier=tier,
        title=name,
        engines=("sqlserver",),
        platform=platform,
        client=client,
        also_clients=also,
        only_if=only_if,
        steps=(STEP,),
        changes=("names.status",),
        order=order,
        sources=("CFGENC",),
    )


def ids(
    *fixes: FixEntry,
    platform: str | None = None,
    client: str | None = None,
    facts: Mapping[str, Value | None] | None = None,
) -> list[str]:
    """The ids that are selected, in order."""
    chosen = select(
        "name-mismatch",
        "sqlserver",
        Knowledge(fixes=fixes),
        platform=platform,
        client=client,
        facts=facts,
    )
    return [entry.id for entry in chosen]


def test_tier_comes_before_order_and_order_before_id() -> None:
    """Permanent, intermediate, bypass; then the lower order; then the id."""
    fixes = (fix("d", "bypass", order=1), fix("c", "intermediate"), fix("b"), fix("a"), fix("z", order=1))
    assert ids(*fixes) == ["z", "a", "b", "c", "d"]


def test_other_causes_and_engines_are_left_out() -> None:
    """A fix counts only for its own causes and engines."""
    knowledge = Knowledge(fixes=(fix("a"),))
    assert select("certificate-expired", "sqlserver", knowledge) == ()
    assert select("name-mismatch", "mysql", knowledge) == ()


def test_a_platform_drops_its_rivals_only() -> None:
    """Naming the client's system keeps the server's fixes, and the other way round."""
    fixes = (
        fix("debian", platform="debian"),
        fix("java", platform="java"),
        fix("linux-server", platform="linux-server"),
        fix("windows", platform="windows"),
        fix("windows-server", platform="windows-server"),
    )
    assert ids(*fixes, platform="debian") == ["debian", "java", "windows-server", "linux-server"]
    assert ids(*fixes, platform="windows-server") == ["debian", "java", "windows", "windows-server"]
    assert len(ids(*fixes)) == 5


def test_the_usual_platform_of_the_database_comes_first() -> None:
    """Windows for SQL Server, Linux for the others; what `order` says comes before that."""
    servers = (
        fix("a", platform="container-server"),
        fix("b", platform="linux-server"),
        fix("c", platform="windows-server"),
    )
    assert ids(*servers) == ["c", "b", "a"]
    others = tuple(msgspec.structs.replace(one, engines=("postgresql",)) for one in servers)
    assert [one.id for one in select("name-mismatch", "postgresql", Knowledge(fixes=others))] == [
        "b",
        "a",
        "c",
    ]
    assert ids(*servers, fix("d", order=5, platform="container-server")) == ["d", "c", "b", "a"]


def test_a_client_drops_the_fixes_of_other_clients() -> None:
    """A fix for another client is left out; one for any client, or for this one too, stays."""
    fixes = (fix("any"), fix("odbc", client="odbc-18", also=("mssql-python",)), fix("ssms", client="ssms-20"))
    assert ids(*fixes, client="mssql-python") == ["any", "odbc"]
    assert ids(*fixes, client="ssms-20") == ["any", "ssms"]
    assert ids(*fixes) == ["any", "odbc", "ssms"]


LOOPBACK = Condition(fact="names.kind", one_of=("loopback",))
SHORT = Condition(fact="names.kind", one_of=("short", "full"))
AZURE = Condition(fact="server.hoster", one_of=("azure",))


def test_a_fix_stays_where_its_condition_holds_or_nobody_knows() -> None:
    """What is unknown leaves a fix in, as does a value that it is meant for."""
    fixes = (fix("any"), fix("local", only_if=(LOOPBACK,)), fix("short", only_if=(SHORT,)))
    assert ids(*fixes) == ["any", "local", "short"]
    assert ids(*fixes, facts={}) == ["any", "local", "short"]
    assert ids(*fixes, facts={"names.kind": None}) == ["any", "local", "short"]
    assert ids(*fixes, facts={"names.kind": "loopback"}) == ["any", "local"]
    assert ids(*fixes, facts={"names.kind": "full"}) == ["any", "short"]


def test_a_fix_goes_where_one_of_its_conditions_does_not_hold() -> None:
    """One known contradiction suffices, whatever the other conditions say."""
    both = fix("both", only_if=(LOOPBACK, AZURE))
    assert ids(both, facts={"names.kind": "loopback", "server.hoster": None}) == ["both"]
    assert ids(both, facts={"names.kind": "loopback", "server.hoster": "own"}) == []
    assert ids(both, facts={"server.hoster": "own"}) == []


def test_a_provider_mends_its_own_server() -> None:
    """Commands for a server of one's own are left out where a provider runs it, and the other way round."""
    own, theirs = fix("own", platform="linux-server"), fix("theirs", platform="hosted-server")
    client = fix("client", platform="debian")
    assert ids(own, theirs, client, facts={"server.hoster": "azure"}) == ["client", "theirs"]
    assert ids(own, theirs, client, facts={"server.hoster": "own"}) == ["client", "own"]
    assert ids(own, theirs, client) == ["client", "own", "theirs"]


@pytest.mark.parametrize(
    ("cause", "engine", "facts", "there", "gone"),
    [
        (
            "server-certificate-not-loaded",
            "postgresql",
            {"load.problem": "open-to-others"},
            "postgresql-key-rights",
            "server-find-matching-key",
        ),
        (
            "server-certificate-not-loaded",
            "sqlserver",
            {"load.problem": "not-usable"},
            "sqlserver-windows-key-into-legacy-provider",
            "sqlserver-load-certificate",
        ),
        (
            "private-ca-not-trusted",
            "mysql",
            {"server.hoster": "amazon"},
            "trust-amazon-rds-roots",
            "trust-azure-database-roots",
        ),
        (
            "private-ca-not-trusted",
            "postgresql",
            {"client.asks": "unchecked", "server.hoster": "azure"},
            "libpq-renew-leftover-root",
            "trust-provider-roots",
        ),
        (
            "certificate-expired",
            "postgresql",
            {"validity.of": "issuer", "client.clock": "right"},
            "server-renew-issuer-in-file",
            "clock-set-right",
        ),
        (
            "name-mismatch",
            "sqlserver",
            {"names.kind": "loopback"},
            "connect-by-full-name",
            "sqlserver-collect-every-name",
        ),
        (
            "ca-file-unusable",
            "postgresql",
            {"client.roots": "file-missing"},
            "libpq-place-root-file",
            "client-convert-ca-file",
        ),
        (
            "direct-tls-not-supported",
            "postgresql",
            {"client.asks": "checked"},
            "database-starts-tls-itself",
            "libpq-without-direct-tls",
        ),
    ],
)
def test_the_circumstances_choose_among_the_real_fixes(
    cause: str, engine: Engine, facts: Mapping[str, Value], there: str, gone: str
) -> None:
    """The fix for these circumstances is offered and the one for others is not; unknown, both are."""
    known = [entry.id for entry in select(cause, engine, REAL, facts=facts)]
    unknown = [entry.id for entry in select(cause, engine, REAL)]
    assert there in known
    assert gone not in known
    assert {there, gone} <= set(unknown)
