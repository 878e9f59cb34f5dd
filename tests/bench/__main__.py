"""Everything that is measured about the speed of dbtls, in one run: `python -m tests.bench [--runs N]`.

It asserts nothing. Peers that are not installed are left out (Debian has nmap, sslscan and testssl.sh; sslyze is on
PyPI). Run it on a machine that does nothing else.
"""

from __future__ import annotations

import argparse

from tests.bench import match, starting, wizard
from tests.bench.peers import Table, compare
from tests.servers import programs

GOALS = (
    ("postgresql", "nmap", 15.0),
    ("postgresql", "sslyze", 4.0),
    ("postgresql", "testssl.sh", 100.0),
    ("mariadb", "testssl.sh", 100.0),
    ("postgresql", "sslscan", 1.0),
    ("mariadb", "sslscan", 1.0),
    ("sqlserver", "nmap", 1 / 1.3),
)
"""How many times as long as ours each peer is to take, at least."""


def main() -> None:
    """Runs everything and prints the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=9, help="how often each command runs (default: 9)")
    runs: int = parser.parse_args().runs
    for name in programs.FINDERS:
        print(f"{name}: {programs.describe(name)}")
    table = compare(runs)
    explained = starting.starts(runs)
    starting.imports()
    starting.growth()
    print("\nrecognition")
    match.main()
    print("\nto the hand")
    wizard.main()
    _goals(table, explained)


def _goals(table: Table, explained: float) -> None:
    """Prints each goal with what was measured."""
    print("\ngoals")
    _goal("explain, whole process", f"{explained:.3f} s", "at most 0.15 s", explained <= 0.15)
    for (engine, tool), measured in table.items():
        if tool == "dbtls":
            told = f"{measured.seconds:.3f} s"
            _goal(f"check of {engine}, whole process", told, "at most 0.30 s", measured.seconds <= 0.30)
        if tool == "dbtls" and measured.aborted is not None:
            _goal(
                "connections that MariaDB counts as aborted",
                str(measured.aborted),
                "at most 5",
                measured.aborted <= 5,
            )
    for engine, tool, wanted in GOALS:
        if (engine, tool) in table:
            ratio = table[engine, tool].seconds / table[engine, "dbtls"].seconds
            _goal(
                f"{tool} on {engine}, times our time",
                f"{ratio:.2f}",
                f"at least {wanted:.2f}",
                ratio >= wanted,
            )


def _goal(what: str, measured: str, wanted: str, reached: bool) -> None:
    print(f"  {'reached' if reached else 'MISSED ':8} {what:46}{measured:>10}   ({wanted})")


if __name__ == "__main__":
    main()
