"""The drivers of this machine in the background: which there are, and what each does when it is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from queue import Empty, SimpleQueue
from threading import Event

from textual.message import Message

from wizard.diagnosis.connection_string import Pairs
from wizard.errors import WizardError
from wizard.live import Seen, ask, drivers_here
from wizard.model.knowledge import Knowledge
from wizard.model.options import Options
from wizard.probes.drivers.present import Driver
from wizard.probes.threads import start
from wizard.tui.background import Post
from wizard.workbench import Diagnosis

_TICK = 0.05


class DriversFound(Message):
    """The drivers of this machine are known."""

    def __init__(self, run: int, drivers: tuple[Driver, ...]) -> None:
        super().__init__()
        self.run = run
        self.drivers = drivers


class Connecting(Message):
    """A driver is asked now: the `number`th."""

    def __init__(self, run: int, number: int, driver: Driver) -> None:
        super().__init__()
        self.run = run
        self.number = number
        self.driver = driver


class DriverSeen(Message):
    """A driver has connected, or failed to."""

    def __init__(self, run: int, seen: Seen) -> None:
        super().__init__()
        self.run = run
        self.seen = seen


class AllAsked(Message):
    """No driver is left to ask."""

    def __init__(self, run: int) -> None:
        super().__init__()
        self.run = run


def found(done: Diagnosis, known: Knowledge, run: int, post: Post, cancelled: Event) -> None:
    """Looks for drivers and posts those that there are; gives up as soon as nobody waits.

    Programs are asked for their version, and one that hangs must not hold up quitting.
    """
    answers: SimpleQueue[tuple[Driver, ...] | WizardError] = SimpleQueue()

    def look() -> None:
        try:
            answers.put(drivers_here(done, known))
        except WizardError as error:
            answers.put(error)

    start(look, "drivers")
    while not cancelled.is_set():
        try:
            answer = answers.get(timeout=_TICK)
        except Empty:
            continue
        if isinstance(answer, WizardError):
            raise answer
        post(DriversFound(run, answer))
        return


def asked(
    done: Diagnosis,
    known: Knowledge,
    options: Options,
    drivers: Sequence[Driver],
    pairs: Mapping[str, Pairs],
    explain: Callable[[str], str],
    run: int,
    post: Post,
    cancelled: Event,
) -> None:
    """Lets one driver after the other connect, and posts what each did; `pairs` are options by the client's id."""
    for number, driver in enumerate(drivers, start=1):
        if cancelled.is_set():
            return
        post(Connecting(run, number, driver))
        own = pairs.get(driver.client, ())
        for seen in ask(done, known, options, [driver], pairs=own, explain=explain, cancelled=cancelled):
            post(DriverSeen(run, seen))
    post(AllAsked(run))
