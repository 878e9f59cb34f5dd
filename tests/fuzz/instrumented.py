"""One process of the guided run: `python -m tests.fuzz.instrumented PROGRAM TARGET [arguments of libFuzzer]`.

PROGRAM is what libFuzzer starts again when it merges inputs; see `guided`.

Atheris follows the branches of `wizard` alone, so that it searches in this program and not in its libraries.
"""

from __future__ import annotations

import os
import sys
import tempfile


def main() -> None:
    """Runs until libFuzzer ends the process."""
    import atheris  # type: ignore[import-untyped, import-not-found, unused-ignore]

    # What a target keeps in a cache or in a state folder goes with this folder, and never into a home.
    with tempfile.TemporaryDirectory(prefix="dbtls-fuzz-") as folder:
        os.environ |= {"HOME": folder, "XDG_CACHE_HOME": folder, "DBTLS_STATE_DIR": folder}
        with atheris.instrument_imports(include=["wizard"]):
            from tests.fuzz.table import target

            check = target(sys.argv[2]).check
        atheris.Setup([sys.argv[1], *sys.argv[3:]], check)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
