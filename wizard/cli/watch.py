"""`dbtls check --watch`: asks again until the verdict changes, and shows what has."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from wizard.cli.terminal import talk
from wizard.report.words import of_proof
from wizard.watch import MOST_ABORTED, watch

if TYPE_CHECKING:
    from wizard.cli.options import Asked
    from wizard.diagnosis.proof import Proof
    from wizard.model.case import Case
    from wizard.workbench import Diagnosis, Workbench


def watched(asked: Asked, first: Diagnosis, bench: Workbench, every: float) -> tuple[Diagnosis, Proof | None]:
    """Returns the diagnosis after the change and what it proves; the first one and None where nothing changed.

    Raises:
        UsageError: no probe can see the fault.
    """
    from wizard.report.text import told_by_time

    talk(f"Asking again every {every:g} s until that changes. Ctrl+C ends it.")
    for one in watch(first, _anew(asked), bench, _pause(every)):
        now = datetime.now(UTC)
        if one.diagnosis and one.proof:
            talk(told_by_time(now, of_proof(one.proof)))
            return one.diagnosis, one.proof
        talk(told_by_time(now, "no answer; it may be restarting" if one.away else "no change"))
    talk(
        f"Stopped after {MOST_ABORTED} connections: MySQL and MariaDB lock a machine out that opens 100 without"
        " logging in. Check again when the fix is done."
    )
    return first, None


def _anew(asked: Asked) -> Callable[[Workbench], Case]:
    """Returns what makes the case again, as if nobody had ever complained."""
    from wizard.diagnosis.target import read_target

    read = read_target(asked.target or "", server_name=asked.server_name)

    def open_case(bench: Workbench) -> Case:
        return bench.open_case(target=read.target, options=read.options, client=asked.client)

    return open_case


def _pause(every: float) -> Callable[[], bool]:
    def pause() -> bool:
        time.sleep(every)
        return True

    return pause
