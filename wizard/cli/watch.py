"""`dbtls check --watch`: asks again until the verdict changes, and shows what has."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from wizard.cli.terminal import talk
from wizard.report.words import of_proof
from wizard.watch import MOST_ABORTED, is_limited, watch

if TYPE_CHECKING:
    from wizard.cli.options import Asked
    from wizard.diagnosis.proof import Proof
    from wizard.live import Seen
    from wizard.model.case import Case
    from wizard.workbench import Diagnosis, Workbench


_EVERY = 5.0
_EVERY_LIMITED = 20.0
"""Seconds, so that the connections that such a server stands last for some minutes."""


class Watching(NamedTuple):
    """How to watch."""

    every: float | None
    """Seconds between two rounds; None: as often as the server stands."""
    drivers: bool
    """Whether the drivers of this machine connect too, before and after."""


def watched(
    asked: Asked, first: Diagnosis, bench: Workbench, how: Watching
) -> tuple[Diagnosis, Proof | None]:
    """Returns the diagnosis after the change and what it proves; the first one and None where nothing changed.

    Raises:
        UsageError: no probe can see the fault.
    """
    from wizard.report.text import told_by_time

    before = _seen(asked, first, bench) if how.drivers else ()
    every = how.every or (_EVERY_LIMITED if is_limited(first) else _EVERY)
    talk(f"Asking again every {every:g} s until that changes. Ctrl+C ends it.")
    for one in watch(first, _anew(asked), bench, _pause(every)):
        now = datetime.now(UTC)
        if one.diagnosis and one.proof:
            talk(told_by_time(now, of_proof(one.proof)))
            after = _seen(asked, one.diagnosis, bench) if how.drivers else ()
            return one.diagnosis, _with_drivers(one.proof, before, after)
        talk(told_by_time(now, "no answer; it may be restarting" if one.away else "no change"))
    talk(
        f"Stopped after {MOST_ABORTED} connections: MySQL and MariaDB lock a machine out that opens 100 without"
        " logging in. Check again when the fix is done."
    )
    return first, None


def _seen(asked: Asked, done: Diagnosis, bench: Workbench) -> tuple[Seen, ...]:
    """Lets every driver of this machine connect with its defaults; without a login, so up to the login."""
    from wizard.live import ask, drivers_here

    here = drivers_here(done, bench.knowledge)
    talk("Letting the drivers of this machine connect …" if here else "This machine has no driver to ask.")

    def explain(text: str) -> str:
        return bench.explain(text).symptom

    return tuple(ask(done, bench.knowledge, asked.options, here, explain=explain, cancelled=Event()))


def _with_drivers(proof: Proof, before: tuple[Seen, ...], after: tuple[Seen, ...]) -> Proof:
    if not after:
        return proof
    from wizard.live import driver_proofs

    return msgspec.structs.replace(proof, drivers=driver_proofs(before, after))


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
