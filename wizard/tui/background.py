"""Work that may take long, done in a thread that only posts messages."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

from textual.app import App
from textual.message import Message
from textual.widget import Widget
from textual.worker import Worker, get_current_worker

from wizard.errors import WizardError


class Failed(Message):
    """Work in the background ended with an error for the person."""

    def __init__(self, run: int, error: WizardError) -> None:
        super().__init__()
        self.run = run
        self.error = error


Post = Callable[[Message], None]


class Runs:
    """Numbers the runs of one kind of work, so that what an earlier run still says is dropped."""

    def __init__(self, node: App[int] | Widget, kind: str) -> None:
        self._node = node
        self._kind = kind
        self._worker: Worker[None] | None = None
        self.number = 0

    def start(self, work: Callable[[int, Post, Event], None]) -> None:
        """Ends the earlier run and starts `work` in a thread.

        Args:
            work: gets the number of its run, which belongs into each of its messages, a function that posts one, and
                an event that is set when nobody waits for it any more.
        """
        self.stop()
        number = self.number

        def run() -> None:
            cancelled = get_current_worker().cancelled_event

            def post(message: Message) -> None:
                if not cancelled.is_set():
                    self._node.post_message(message)

            try:
                work(number, post, cancelled)
            except WizardError as error:
                post(Failed(number, error))

        # The default description would hold the arguments; nothing of the case belongs into a log.
        self._worker = self._node.run_worker(
            run, thread=True, group=self._kind, name=self._kind, description=self._kind, exit_on_error=True
        )

    def stop(self) -> None:
        """Ends the run that is under way; what it would still say no longer counts."""
        self.number += 1
        if self._worker is not None:
            self._worker.cancel()
            self._worker = None
