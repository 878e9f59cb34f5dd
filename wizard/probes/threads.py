"""Runs calls at the same time, in threads that never keep the program from ending."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")


def start(call: Callable[[], None], name: str) -> None:
    """Runs `call` in a daemon thread: quitting does not wait for it, which a thread pool would."""
    threading.Thread(target=call, name=name, daemon=True).start()


def together(first: Callable[[], T], second: Callable[[], T]) -> tuple[T, T]:
    """Runs two calls at the same time and returns both results; `second` runs in the calling thread.

    Raises:
        BaseException: what one of the calls raised.
    """
    done: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

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
    return one, two  # type: ignore[return-value]  # `one` is a T where there was no error
