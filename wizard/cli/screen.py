"""Opens the full-screen wizard with what the command line has told."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from wizard.cli.terminal import Exit
from wizard.tui.app import WizardApp

if TYPE_CHECKING:
    from wizard.cli.options import Asked
    from wizard.model.knowledge import Knowledge
    from wizard.tui.journey import Opening

_UNTIL_COLLECTED = 2_000
"""New objects between two looks for garbage: screens come and go, and are garbage that nothing else finds."""


def open_wizard(
    asked: Callable[[], Asked] | None, *, at_error: bool = False, waiting_for: str = "Opening …"
) -> int:
    """Runs the wizard until the person leaves it; returns the exit status.

    Args:
        asked: makes what the command line has told, behind the first frame; None: nothing was told.
        at_error: opens at the error text even where the server is known too.
        waiting_for: what to say until it opens.

    Raises:
        UsageError: an argument cannot be used.
        Exception: a bug in the wizard. In both cases the terminal has been restored by then.
    """
    opening = (lambda: _opening(asked(), at_error=at_error)) if asked else None
    app = WizardApp(_knowledge, opening=opening, waiting_for=waiting_for)
    for name in (
        "COLUMNS",
        "LINES",
    ):  # a shell may export them, and Textual would take them for the terminal's size
        os.environ.pop(name, None)
    gc.set_threshold(_UNTIL_COLLECTED)
    app.run()
    if app.crash is not None:
        raise app.crash
    return Exit.FINE


def _knowledge() -> Knowledge:
    from wizard.knowledge.cache import knowledge

    return knowledge()


def _opening(asked: Asked, *, at_error: bool) -> Opening:
    from wizard.tui.journey import Inputs, Opening

    bench, case, read = asked.open()
    inputs = Inputs(options=asked.options, error=case.error, read=read, client=asked.client)
    if at_error or not (read or asked.pastes or asked.answers):
        return Opening(inputs=inputs, bench=bench, at="error")
    return Opening(inputs=inputs, bench=bench, case=case, at="evidence")
