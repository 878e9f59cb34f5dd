"""Connects with every real driver to every server: `python -m tests.reality --help`."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

from tests.reality import drivers, matrix, table
from tests.reality.compared import compare, read_rows
from tests.reality.servers import FAULTS, REAL_ENGINES, Servers
from tests.servers import programs
from wizard.knowledge.load import load
from wizard.knowledge.locate import knowledge_folder


def main() -> int:
    """Runs what the command line asks for; returns the exit status."""
    asked = _arguments().parse_args()
    if asked.compare:
        return _compared(asked.compare)
    everyone = drivers.load()
    unknown = {*asked.driver} - {driver.driver for driver in everyone} | {*asked.fault} - {*FAULTS}
    if unknown:
        print(f"unknown: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    wanted = [driver for driver in everyone if not asked.driver or driver.driver in asked.driver]
    skipped: list[str] = []
    if asked.setup:
        for language in sorted({driver.language for driver in wanted}):
            print(f"setting up {language}", file=sys.stderr)
            if (missing := drivers.set_up(language)) is not None:
                skipped.append(f"{language}: {missing}")
    absent = {engine: reason for engine in REAL_ENGINES if (reason := programs.why_missing(engine))}
    skipped += [f"{engine}: {reason}" for engine, reason in absent.items()]
    chosen = []
    for driver in wanted:
        here = tuple(engine for engine in driver.engines if engine not in absent)
        try:
            chosen.append((msgspec.structs.replace(driver, engines=here), driver.arguments()))
        except LookupError as missing:
            skipped.append(f"{driver.driver}: {missing}")
    faults = [name for name in FAULTS if not asked.fault or name in asked.fault]
    sizes = {d.driver: len(d.option_sets) * len(list(matrix.meetings(d, faults))) for d, _ in chosen}
    begun, done, connected = time.monotonic(), Counter[str](), Counter[str]()

    with _output(asked.out) as output, tempfile.TemporaryDirectory(prefix="dbtls-reality-") as folder:

        def found(row: matrix.Row) -> None:
            output.write(msgspec.json.encode(row).decode() + "\n")
            done[row.driver] += 1
            connected[row.driver] += row.connected
            if done.total() % 50 == 0 or done.total() == sum(sizes.values()):
                output.flush()
                seconds = time.monotonic() - begun
                print(
                    f"{seconds:5.0f} s  {done.total()} of {sum(sizes.values())}  {row.driver}",
                    file=sys.stderr,
                )

        certificates, home = Path(folder, "certificates"), Path(folder, "home")
        Path(folder).chmod(0o755)
        certificates.mkdir()
        home.mkdir()
        with Servers(certificates) as servers:
            matrix.run(chosen, faults, servers, home, found, asked.workers)
    for name, size in sizes.items():
        print(f"{name}: {done[name]} of {size} attempts, {connected[name]} connected", file=sys.stderr)
    for line in skipped:
        print(f"skipped: {line}", file=sys.stderr)
    return 0


def _compared(files: list[Path]) -> int:
    """Predicts every row of these files, prints what differs on stderr and the table on stdout."""
    rows = [row for file in files for row in read_rows(file)]
    with tempfile.TemporaryDirectory(prefix="dbtls-reality-") as folder:
        Path(folder).chmod(0o755)
        with Servers(Path(folder)) as servers:
            found = list(compare(load(knowledge_folder()), rows, servers))
    for one in found:
        if one.wrong or one.other_symptom:
            print("WRONG" if one.wrong else "symptom", one, file=sys.stderr)
    print("\n".join(table.markdown(table.tallies(found))))
    return int(any(one.wrong for one in found))


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.reality", description=__doc__)
    parser.add_argument("--driver", action="append", default=[], help="only this driver; may be repeated")
    parser.add_argument("--fault", action="append", default=[], help="only this fault; may be repeated")
    parser.add_argument(
        "--out", type=Path, help="where the rows go, one JSON object a line; default: the screen"
    )
    parser.add_argument(
        "--compare",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="connect with nothing; hold the rows of these files against the predictions, and print the table",
    )
    parser.add_argument("--workers", type=int, default=2, help="attempts at the same time")
    parser.add_argument(
        "--setup", action="store_true", help="first install what is missing, from the registries"
    )
    return parser


@contextlib.contextmanager
def _output(file: Path | None) -> Iterator[IO[str]]:
    if file is None:
        yield sys.stdout
        return
    with file.open("w", encoding="utf-8") as opened:
        yield opened


if __name__ == "__main__":
    sys.exit(main())
