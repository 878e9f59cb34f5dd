"""Runs the probes: each as soon as those before it are done, independent ones at the same time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event
from typing import NamedTuple

from wizard.errors import WizardError
from wizard.probes.probe import Context, Earlier, Probe, ProbeResult, nothing
from wizard.probes.registry import PROBES
from wizard.probes.threads import start

_TICK = 0.1
"""Seconds after which cancelling is noticed."""


class ProbeFinished(NamedTuple):
    """One probe is done; `elapsed_ms` is how long it took."""

    probe: Probe
    result: ProbeResult
    elapsed_ms: float


def run(context: Context, cancelled: Event, probes: tuple[Probe, ...] = PROBES) -> Iterator[ProbeFinished]:
    """Yields each probe as it finishes; ends early where `cancelled` is set.

    A probe that raises, or that does not end by its deadline, yields "unknown, because …" for all of its facts;
    the others go on.
    """
    finished: SimpleQueue[ProbeFinished] = SimpleQueue()
    results: dict[str, ProbeResult] = {}
    started: dict[str, float] = {}
    # A probe makes at most five connections in a row before it gives up; name resolution has no deadline of its own.
    limit = 5 * context.seconds + 1
    while len(results) < len(probes):
        for probe in probes:
            if probe.id not in started and all(needed in results for needed in probe.after):
                started[probe.id] = time.monotonic()
                start(_job(probe, context, dict(results), finished.put), f"probe-{probe.id}")
        try:
            done = finished.get(timeout=_TICK)
        except Empty:
            if cancelled.is_set():
                return
            late = [probe for probe in probes if _is_late(probe, started, results, limit)]
            for probe in late:
                results[probe.id] = nothing(probe, f"there was no answer within {limit:g} s")
                yield ProbeFinished(probe, results[probe.id], limit * 1000)
            continue
        if done.probe.id not in results:
            results[done.probe.id] = done.result
            yield done


def _job(
    probe: Probe, context: Context, earlier: Earlier, report: Callable[[ProbeFinished], None]
) -> Callable[[], None]:
    def job() -> None:
        began = time.monotonic()
        try:
            result = probe.run(context, earlier)
        except WizardError as error:
            result = nothing(probe, error.message.rstrip("."))
        except Exception as error:  # noqa: BLE001 - a bug in one probe must not take the other evidence with it
            result = nothing(probe, f"the probe itself failed ({_place(error)}); this is a bug in dbtls")
        report(ProbeFinished(probe, result, round((time.monotonic() - began) * 1000, 1)))

    return job


def _is_late(probe: Probe, started: dict[str, float], results: dict[str, ProbeResult], limit: float) -> bool:
    return probe.id in started and probe.id not in results and time.monotonic() - started[probe.id] > limit


def _place(error: Exception) -> str:
    """Returns what failed and where, without any value: these may come from the server."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return f"{error.__class__.__name__}{where}"
