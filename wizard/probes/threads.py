"""Runs calls at the same time, in threads that never keep the program from ending."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")
_TICK = 0.1
"""Seconds after which an interrupt is noticed: on Windows, none comes through a wait without an end."""


def start(call: Callable[[], None], name: str) -> None:
    """Runs `call` in a daemon thread: quitting does not wait for it, which a thread pool would."""
    threading.Thread(target=call, name=name, daemon=True).start()


def together(first: Callable[[], S], second: Callable[[], T]) -> tuple[S, T]:
    """Runs two calls at the same time and returns both results; `second` runs in the calling thread.

    Raises:
        BaseException: what one of the calls raised.
    """
    done: SimpleQueue[tuple[S | None, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            done.put((first(), None))
        except BaseException as error:  # noqa: BLE001 - handed over to the calling thread, which raises it
            done.put((None, error))

    start(run, "together")
    two = second()
    one, error = done.get()
    if error is not None:
        raise error
    return one, two  # type: ignore[return-value]  # `one` is what it returned where there was no error


def in_order(call: Callable[[S], T], items: Sequence[S], at_once: int) -> Iterator[T]:
    """Calls with every item, some at the same time, and yields the results in the order of the items.

    Closing the iterator starts no further call, and does not wait for those that run.

    Raises:
        BaseException: what a call raised, when its turn comes.
    """
    waiting: SimpleQueue[int] = SimpleQueue()
    done: list[SimpleQueue[tuple[T | None, BaseException | None]]] = [SimpleQueue() for _ in items]
    for number in range(len(items)):
        waiting.put(number)

    def work() -> None:
        with suppress(Empty):
            while True:
                number = waiting.get_nowait()
                try:
                    done[number].put((call(items[number]), None))
                except BaseException as error:  # noqa: BLE001 - handed over to whoever waits, which raises it
                    done[number].put((None, error))

    for number in range(min(at_once, len(items))):
        start(work, f"in-order-{number}")
    try:
        for result in done:
            one, error = _taken(result)
            if error is not None:
                raise error
            yield one  # type: ignore[misc]  # `one` is what it returned where there was no error
    finally:
        with suppress(Empty):
            while True:
                waiting.get_nowait()


def _taken(queue: SimpleQueue[S]) -> S:
    while True:
        with suppress(Empty):
            return queue.get(timeout=_TICK)
