"""What a server said to the queries of its own view, ready to be read; all of its words are made printable here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from wizard.errors import FileError
from wizard.model.certificate import Certificate
from wizard.model.evidence import Evidence, Value, unknown
from wizard.model.text import printable
from wizard.pki.certificate import describe_if_readable
from wizard.pki.read import read_certificates
from wizard.probes.drivers.request import Denied, Message, Rows

# "Permission denied": PostgreSQL's SQLSTATE, and the numbers of MySQL, MariaDB and SQL Server.
_NO_RIGHT = {
    "42501",
    "1142",
    "1143",
    "1227",
    "1044",
    "1045",
    "1370",
    "229",
    "297",
    "300",
    "371",
    "15247",
    "22001",
}

_LONGEST = 4000
"""Characters of one value; a line of SQL Server's log can be that long."""

Row = tuple[str | None, ...]


class Answers(NamedTuple):
    """The rows of each query by its name, and why the others have none."""

    rows: dict[str, tuple[Row, ...]]
    denied: dict[str, str]
    raw: dict[str, tuple[Row, ...]]
    """The rows as they came: a certificate is not to be shown, and its line breaks count."""

    @classmethod
    def of(cls, messages: Sequence[Message]) -> Answers:
        """Returns the answers among what a child has said."""
        raw = {one.query: one.rows for one in messages if isinstance(one, Rows)}
        rows = {query: tuple(tuple(map(_shown, row)) for row in found) for query, found in raw.items()}
        denied = {one.query: _why(one) for one in messages if isinstance(one, Denied)}
        return cls(rows, denied, raw)

    def table(self, query: str) -> dict[str, str]:
        """Returns a result of names and values; the names in lower case."""
        return {(row[0] or "").lower(): row[1] or "" for row in self.rows.get(query, ()) if len(row) > 1}

    def cell(self, query: str) -> str | None:
        """Returns the first cell of a result; None for NULL and for no row."""
        row = next(iter(self.rows.get(query, ())), ())
        return row[0] if row else None

    def certificate(self, query: str) -> Certificate | None:
        """Returns the first certificate of a result that holds PEM, or the Base64 within it."""
        row = next(iter(self.raw.get(query, ())), ())
        if not row or not row[0]:
            return None
        body = row[0].replace("-----BEGIN CERTIFICATE-----", "").replace("-----END CERTIFICATE-----", "")
        pem = f"-----BEGIN CERTIFICATE-----\n{body.strip()}\n-----END CERTIFICATE-----\n"
        try:
            found = read_certificates(pem.encode(), name="the configured file")
        except FileError:
            return None
        return describe_if_readable(found[0]) if found else None

    def why(self, query: str) -> str:
        """Returns why a query gave nothing, as a phrase."""
        return self.denied.get(query, "the server gave no answer to that query")


def evidence(fact: str, value: Value, because: str | None = None) -> Evidence:
    """Returns what the server said of a fact, and what it was read from."""
    return Evidence(fact, value, "probe", because)


def told(fact: str, value: Value | None, otherwise: str) -> Evidence:
    """Returns what the server said of a fact; where it said nothing, that it is unknown, and why."""
    return unknown(fact, "probe", otherwise) if value is None else evidence(fact, value)


def configured(served: Certificate | None, found: Certificate | None, why: str) -> Evidence:
    """Returns whether the certificate in the server's file is the one that it serves, by their SHA-256."""
    if found is None:
        return unknown("view.configured", "probe", why)
    if served is None:
        return unknown("view.configured", "probe", "the certificate that is served is not known")
    if found.sha256 == served.sha256:
        return evidence("view.configured", "served", f"SHA-256 {found.sha256[:16]}… in both")
    until = f", valid to {found.not_after:%Y-%m-%d}" if found.not_after else ""
    return evidence("view.configured", "other", f"the file holds {found.subject or 'another'}{until}")


def _why(denied: Denied) -> str:
    if denied.code in _NO_RIGHT or "denied" in denied.text.lower():
        return "because this login has no right to it"
    return (
        f"because the server refused the query ({printable(denied.code, longest=20)})"
        if denied.code
        else "because the query failed"
    )


def _shown(value: str | None) -> str | None:
    return None if value is None else printable(value, longest=_LONGEST)
