"""The recipes for drivers that CI has not were carried out with them, as they are now."""

from __future__ import annotations

import re

import msgspec
import pytest

from tests.fixes.carried_out import programs
from tests.fixes.carried_out.carrying import FIXES, carries_out
from tests.fixes.carried_out.recorded import FILE, PROFILES, fingerprint, read, wanted

ROWS = read()
WITHOUT_A_NAME = ("mysqljs", "jtds")
"""Clients that never look at the name, so that a wrong one is no fault for them."""
NO_FAULT_BEFORE = ("tls-required-by-server",)
"""Where the client asks for TLS by itself, the server lets it in without the fix."""


def test_every_recipe_was_carried_out_as_it_is_now() -> None:
    """Where one is missing or was changed since: python -m tests.fixes.carried_out.recorded BEGINNING-OF-ITS-ID."""
    recorded = {(row.fix, row.client, row.cause, row.hash) for row in ROWS}
    lacking = {
        (fix.id, driver.client, cause)
        for fix, driver, cause in wanted()
        if not programs.out_of_reach(fix, driver, cause)
        and (fix.id, driver.client, cause, fingerprint(fix)) not in recorded
    }
    assert lacking == set()


def test_a_changed_recipe_has_another_hash() -> None:
    """The twin: another text, and another option, make another hash."""
    fix = FIXES["pgjdbc-verify-full"]
    step = msgspec.structs.replace(fix.steps[-1], text=fix.steps[-1].text.replace("verify-full", "require"))
    changed = msgspec.structs.replace(fix, steps=(*fix.steps[:-1], step))
    declared = msgspec.structs.replace(fix, options=("sslmode=require",))
    assert len({fingerprint(one) for one in (fix, changed, declared)}) == 3


def test_nothing_is_recorded_of_recipes_that_are_gone() -> None:
    """Each row is of a fix and a client that exist."""
    assert {row.fix for row in ROWS} <= set(FIXES)
    assert {row.client for row in ROWS} <= set(PROFILES)


@pytest.mark.parametrize("client", sorted({row.client for row in ROWS}))
@carries_out(*sorted({row.fix for row in ROWS}))
def test_each_connected_after_the_fix(client: str) -> None:
    """Every driver connected by each of its recipes, and failed without it."""
    rows = [row for row in ROWS if row.client == client]
    assert [row for row in rows if not row.after] == []
    silent = [
        row
        for row in rows
        if not row.before
        and row.cause not in NO_FAULT_BEFORE
        and not (row.cause == "name-mismatch" and client in WITHOUT_A_NAME)
    ]
    assert silent == []


def test_many_drivers_are_recorded() -> None:
    """The list is not short: five languages, and more than twenty drivers."""
    assert len({row.client for row in ROWS}) >= 20
    assert sum(row.printed for row in ROWS) > 50


def test_the_record_names_no_place_of_a_machine() -> None:
    """Neither a home nor a folder of temporary files stands in it."""
    assert not re.search(r"/(root|home|tmp)/", FILE.read_text("utf-8"))
