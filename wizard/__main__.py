"""`python -m wizard` is the same command as `dbtls`."""

from __future__ import annotations

import contextlib
import gc
import os
import sys

_UNTIL_COLLECTED = 100_000
"""New objects between two looks for garbage. With Python's 700 they take a tenth of a start, and find nothing."""


def main() -> None:
    """Runs the command line and ends the process with its exit status.

    Ends at once: taking the interpreter apart takes 50 ms, and a probe that still waits must not delay quitting.
    """
    gc.set_threshold(_UNTIL_COLLECTED)
    from wizard.cli.main import run

    try:
        status = run(sys.argv[1:])
    except KeyboardInterrupt:  # once more, while the first one was being told
        status = 130
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, AttributeError):  # a pipe that was closed, a stream that never was
            stream.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
