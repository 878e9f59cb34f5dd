"""Where each cause is mended: nothing is lacking, and what would be lacking is noticed."""

from __future__ import annotations

import msgspec
import pytest

from tests.cli.command import dbtls
from tests.known import KNOWN
from wizard.cli.terminal import Exit
from wizard.knowledge.lint import lint
from wizard.knowledge.locate import knowledge_folder
from wizard.knowledge.mended import places
from wizard.model.knowledge import Knowledge


def test_every_fault_has_its_fixes_at_every_place() -> None:
    """On each platform, and for each client, where it says that it is mended: permanent and intermediate."""
    assert [place for place in places(KNOWN) if not place.fixes] == []


def test_every_fault_says_where_it_is_mended() -> None:
    """Only the good state has nothing to mend; where there is no intermediate fix, the reason is told."""
    without = [cause.id for cause in KNOWN.causes if cause.mended is None]
    assert without == ["healthy"]
    for cause in KNOWN.causes:
        if cause.mended:
            assert bool(cause.mended.intermediate) != bool(cause.mended.no_intermediate), cause.id


@pytest.mark.parametrize(
    ("fix", "cause", "where"),
    [
        ("trust-debian", "self-signed-certificate", "debian"),
        ("sqlserver-linux-issue-certificate", "weak-key", "linux-server"),
    ],
)
def test_a_fix_that_goes_missing_is_noticed(fix: str, cause: str, where: str) -> None:
    """The twin: without the fixes of one platform, just its places are lacking."""
    gone = next(one for one in KNOWN.fixes if one.id == fix)
    less = tuple(one for one in KNOWN.fixes if one.platform != gone.platform)
    known: Knowledge = msgspec.structs.replace(KNOWN, fixes=less)
    lacking = {(place.cause, place.where) for place in places(known) if not place.fixes}
    assert (cause, where) in lacking
    assert {place for _, place in lacking} == {where}


def test_the_command_lists_them_with_their_share() -> None:
    """The last lines count; the JSON has each place with its fixes, and nothing lacks."""
    ran = dbtls("knowledge", "check", "--coverage")
    assert ran.status == Exit.FINE, ran.out[-2000:]
    assert [line.split("(")[-1] for line in ran.out.splitlines()[-2:]] == ["100.0%)", "100.0%)"]
    told = dbtls("knowledge", "check", "--coverage", "--json").json
    assert told["lacking"] == []
    fixes = told["fixes"]
    assert isinstance(fixes, list)
    assert {one["cause"] for one in fixes} == {cause.id for cause in KNOWN.causes} - {"healthy"}


def test_the_linter_finds_nothing() -> None:
    """Neither a fault without a place nor a place without a fix."""
    assert lint(knowledge_folder()) == ()
