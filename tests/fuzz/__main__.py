"""`python -m tests.fuzz TARGET --seconds 600` and `python -m tests.fuzz --all --seconds 600`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.fuzz import guided
from tests.fuzz.table import NAMES, target


def main() -> int:
    """Runs the targets that were named one after another; returns 1 where one of them crashed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzzes the parsers of dbtls.")
    parser.add_argument("target", nargs="*", metavar="TARGET", help=f"one or more of: {', '.join(NAMES)}")
    parser.add_argument("--all", action="store_true", help="every target, one after another")
    parser.add_argument("--seconds", type=int, default=600, help="for each target (default: 600)")
    parser.add_argument(
        "--corpus", type=Path, metavar="DIR", help="also begin with, and add to, the inputs here"
    )
    parser.add_argument(
        "--merge-only", action="store_true", help="no run: keep the best of --corpus DIR and what is kept"
    )
    asked = parser.parse_args()
    names = list(NAMES) if asked.all else asked.target
    if unknown := [name for name in names if name not in NAMES]:
        parser.error(f"there is no target {unknown[0]}; there are: {', '.join(NAMES)}")
    if not names:
        parser.error(f"name a target or --all; there are: {', '.join(NAMES)}")
    if not guided.available():
        parser.error("atheris is not installed: pip install atheris")
    crashed = False
    for name in names:
        own = asked.corpus / name if asked.corpus else None
        if asked.merge_only:
            print(f"{name}: {guided.merge(target(name), own)} inputs kept", flush=True)
            continue
        outcome = guided.fuzz(target(name), seconds=asked.seconds, own=own)
        print(outcome, flush=True)
        for file in outcome.crashes:
            print(f"  {file.relative_to(guided.ROOT)}", flush=True)
        crashed |= bool(outcome.crashes)
    return int(crashed)


if __name__ == "__main__":
    sys.exit(main())
