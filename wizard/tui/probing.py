"""The probes in the background: how every screen that asks a server hears how far they are."""

from __future__ import annotations

import time
from threading import Event

from textual.message import Message

from wizard.model.case import Case
from wizard.tui.background import Post
from wizard.workbench import Progress, Workbench


class Started(Message):
    """The probes begin."""

    def __init__(self, run: int, probes: tuple[str, ...], case: Case) -> None:
        super().__init__()
        self.run = run
        self.probes = probes
        self.case = case


class Progressed(Message):
    """One more probe is done, of so many."""

    def __init__(self, run: int, progress: Progress, of: int) -> None:
        super().__init__()
        self.run = run
        self.progress = progress
        self.of = of


class Finished(Message):
    """All probes are done: the case has none left to run."""

    def __init__(self, run: int, case: Case, elapsed_ms: int) -> None:
        super().__init__()
        self.run = run
        self.case = case
        self.elapsed_ms = elapsed_ms


def probed(bench: Workbench, case: Case, run: int, post: Post, cancelled: Event) -> Finished:
    """Runs the probes and posts how far they are; returns what is left to post, or to go on from."""
    probes = bench.probes()
    post(Started(run, probes, case))
    began = time.monotonic()
    for progress in bench.probe(case, cancelled):
        case = progress.case
        post(Progressed(run, progress, len(probes)))
    return Finished(run, bench.all_probed(case), round((time.monotonic() - began) * 1000))
