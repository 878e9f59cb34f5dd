"""Selection: the right fixes, the permanent ones first."""

from __future__ import annotations

from wizard.fixes.select import select
from wizard.model.knowledge import FixEntry, Knowledge, Platform, StepEntry, Tier

STEP = StepEntry(title="Do it", run_on="server", shell="sh", text="true")  # noqa: S604 - runs nothing


def fix(
    name: str,
    tier: Tier = "permanent",
    *,
    order: int = 50,
    platform: Platform = "any-server",
    client: str | None = None,
    also: tuple[str, ...] = (),
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
        steps=(STEP,),
        changes=("names.status",),
        order=order,
        sources=("CFGENC",),
    )


def ids(*fixes: FixEntry, platform: str | None = None, client: str | None = None) -> list[str]:
    """The ids that are selected, in order."""
    chosen = select("name-mismatch", "sqlserver", Knowledge(fixes=fixes), platform=platform, client=client)
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
    assert ids(*fixes, platform="debian") == ["debian", "java", "linux-server", "windows-server"]
    assert ids(*fixes, platform="windows-server") == ["debian", "java", "windows", "windows-server"]
    assert len(ids(*fixes)) == 5


def test_a_client_drops_the_fixes_of_other_clients() -> None:
    """A fix for another client is left out; one for any client, or for this one too, stays."""
    fixes = (fix("any"), fix("odbc", client="odbc-18", also=("mssql-python",)), fix("ssms", client="ssms-20"))
    assert ids(*fixes, client="mssql-python") == ["any", "odbc"]
    assert ids(*fixes, client="ssms-20") == ["any", "ssms"]
    assert ids(*fixes) == ["any", "odbc", "ssms"]
