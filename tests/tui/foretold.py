"""A table of clients that does not change with the knowledge, and drivers that connect to nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Event

import msgspec
import pytest

from wizard.diagnosis.clients.predict import Encrypted
from wizard.diagnosis.clients.prediction import Prediction
from wizard.diagnosis.connection_string import Pairs
from wizard.forecast import Column, Forecast, Row
from wizard.live import Agreement, Explain, Seen
from wizard.model.knowledge import Knowledge
from wizard.model.options import Options
from wizard.probes.drivers.attempts import Attempt
from wizard.probes.drivers.present import Driver
from wizard.workbench import Diagnosis

COLUMNS = (
    Column(
        "one",
        "permanent",
        "Issue a certificate and give it to the server",
        ("trust.status",),
        "trust, name check",
    ),
    Column("two", "intermediate", "Let the clients trust the certificate", ("trust.status",), "trust"),
)
DRIVERS = (
    Driver("odbc-18", "18", "ODBC Driver 18 for SQL Server"),
    Driver("mssql-python", "1.16.0"),
    Driver("freetds", None),
)
AGREEMENTS: tuple[Agreement, ...] = ("disagrees", "agrees", "cannot-tell")


def predicted(
    client: str, connects: bool | None, encrypted: Encrypted | None = None, *, verified: bool | None = None
) -> Prediction:
    """Returns what a client will do."""
    return Prediction(
        client=client,
        title=f"Title of {client}",
        options=(),
        connects=connects,
        encrypted=encrypted,
        verified=verified,
        failure=None if connects else "self-signed",
        symptom=None if connects else "chain-not-trusted",
        message=None if connects else "its own [/words] for it",
        why="A sentence that says why.",
    )


def row(now: Prediction) -> Row:
    """Returns a line in which the first fix and the bypass help."""
    mended = msgspec.structs.replace(now, connects=True, encrypted="session", verified=True)
    return Row(
        now=now,
        after=(mended, now),
        bypass=msgspec.structs.replace(mended, verified=False, options=(("Encrypt", "no"),)),
    )


FORECAST = Forecast(
    columns=COLUMNS,
    rows=(
        row(predicted("odbc-18", False)),
        row(predicted("odbc-17", True, "login", verified=False)),
        row(predicted("mssql-python", False)),
        row(predicted("sqlclient-system-data", True, "session", verified=False)),
        row(predicted("freetds", True, "session", verified=True)),
        msgspec.structs.replace(row(predicted("go-mssqldb", None)), bypass=None),
        row(predicted("jdbc-9", True, "none", verified=False)),
        *(row(predicted(f"tool-{number}", False)) for number in range(1, 15)),
    ),
)


def _forecast(done: Diagnosis, known: Knowledge, options: Options) -> Forecast:
    return FORECAST


def _drivers(done: Diagnosis, known: Knowledge) -> tuple[Driver, ...]:
    return (*DRIVERS, Driver("not-in-the-table", "1"))


def seen(driver: Driver, agreement: Agreement) -> Seen:
    """Returns what a driver did, in agreement with the table or not."""
    now = next(one.now for one in FORECAST.rows if one.now.client == driver.client)
    through = now.connects if agreement == "agrees" else not now.connects
    did = Attempt(
        client=driver.client,
        version=driver.version,
        options=(),
        reached=None if agreement == "cannot-tell" else "login-refused" if through else "refused",
        encrypted="session" if through else None,
        error="SSL Provider: [/bad] words",
        leaves="one failed login of the user dbtls",
    )
    return Seen(prediction=now, attempt=did, symptom=None, agreement=agreement)


def _ask(
    done: Diagnosis,
    known: Knowledge,
    options: Options,
    drivers: Sequence[Driver],
    *,
    pairs: Pairs,
    explain: Explain,
    cancelled: Event,
) -> Iterator[Seen]:
    for driver in drivers:
        yield seen(driver, AGREEMENTS[[one.client for one in DRIVERS].index(driver.client)])


def foretell(changed: pytest.MonkeyPatch) -> None:
    """Puts the table and the drivers in the place of the real ones."""
    changed.setattr("wizard.tui.screens.clients.forecast", _forecast)
    changed.setattr("wizard.tui.drivers.drivers_here", _drivers)
    changed.setattr("wizard.tui.drivers.ask", _ask)
