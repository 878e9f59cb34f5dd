"""What the matrix has shown, as the table of RESULTS.md: predictions beside what the drivers did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from tests.reality.compared import Compared


class Tally(msgspec.Struct):
    """The counts of one client."""

    versions: set[str]
    attempts: int = 0
    connected: int = 0
    wrong: int = 0
    unknown: int = 0
    refusals: int = 0
    other_symptom: int = 0

    def add(self, one: Compared) -> None:
        """Counts one more attempt."""
        self.versions |= {one.row.version} if one.row.version else set()
        self.attempts += 1
        self.connected += one.row.connected
        self.wrong += one.wrong
        self.unknown += one.predicted.connects is None
        self.refusals += one.predicted.connects is False and not one.row.connected
        self.other_symptom += one.other_symptom


def tallies(compared: Iterable[Compared]) -> dict[str, Tally]:
    """Returns the counts of each client."""
    found: dict[str, Tally] = {}
    for one in compared:
        found.setdefault(one.row.client, Tally(versions=set())).add(one)
    return found


def markdown(found: dict[str, Tally]) -> Iterator[str]:
    """Yields the lines of the table, with the sum in the last one."""
    total = Tally(versions=set())
    yield "| client | driver | attempts | connected | wrong | unknown | other symptom |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
    for client, one in sorted(found.items()):
        yield _line(client, "; ".join(sorted(one.versions)), one)
        for field in ("attempts", "connected", "wrong", "unknown", "refusals", "other_symptom"):
            setattr(total, field, getattr(total, field) + getattr(one, field))
    yield _line("**all**", f"{len(found)} clients", total)


def _line(client: str, driver: str, one: Tally) -> str:
    symptom = f"{one.other_symptom} of {one.refusals}"
    return f"| {client} | {driver} | {one.attempts} | {one.connected} | {one.wrong} | {one.unknown} | {symptom} |"
