"""Holds predictions against what real drivers did. The server's facts come from the probes of this program."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from tests.reality.matrix import PLACEHOLDERS, Row
from tests.reality.servers import FAULTS, Server, Servers
from wizard.certificate_files import read_files
from wizard.diagnosis.clients.options import Given, given
from wizard.diagnosis.clients.prediction import Prediction, prediction
from wizard.diagnosis.clients.profiles import profile_of
from wizard.diagnosis.clients.server import RootsFile, server_of
from wizard.diagnosis.match import Matcher
from wizard.diagnosis.walk import answered
from wizard.model.case import Case
from wizard.model.evidence import Evidence
from wizard.model.knowledge import Knowledge
from wizard.model.options import Options
from wizard.model.target import Engine, Target
from wizard.workbench import Workbench

MARIADB = "10.11.14-MariaDB"
"""The lab's own says that it is 11.4, where zero-configuration TLS may vouch for the server."""


class Compared(NamedTuple):
    """A row, what was predicted, and what the driver's words are recognised as."""

    row: Row
    predicted: Prediction
    symptom: str | None

    @property
    def wrong(self) -> bool:
        """Whether something was predicted that is not so. Unknown is not wrong; it is counted apart."""
        said, did = self.predicted, self.row
        if said.connects is None:
            return False
        # The recorded sample does not tell what was verified.
        verified = said.verified if did.verified is None else did.verified
        return (said.connects, said.encrypted, said.verified) != (did.connected, did.encrypted, verified)

    @property
    def other_symptom(self) -> bool:
        """Whether another symptom was predicted than that of the driver's words."""
        refused = self.predicted.connects is False and not self.row.connected
        return refused and self.symptom != self.predicted.symptom

    def __str__(self) -> str:
        """Returns what was predicted and what happened, in a line."""
        said, did = self.predicted, self.row
        options = " ".join(f"{key}={value}" for key, value in (did.environment | did.options).items())
        return (
            f"{did.client} [{options}] on {did.engine} {did.fault} as {did.server_name}: predicted {said.connects}"
            f" {said.encrypted} {said.verified} {said.failure} {said.symptom}, was {did.connected} {did.encrypted}"
            f" {did.verified} {self.symptom}: {(did.error or '')[-160:]!r}"
        )


class Predictor:
    """Predicts for servers that are probed, and recognises what the drivers said."""

    def __init__(self, known: Knowledge) -> None:
        self._known = known
        self._matcher = Matcher(known)
        # Thousands of rows share a few files and a few hundred errors.
        self._files: dict[tuple[int, tuple[Given, ...]], tuple[Case, Mapping[str, RootsFile]]] = {}
        self._symptoms: dict[str, str] = {}

    def case(self, engine: Engine, port: int, name: str, ca_file: Path, told: Mapping[str, str]) -> Case:
        """Returns what the probes find; `told` is what shows only with a login."""
        target = Target(engine=engine, host="127.0.0.1", port=port, server_name=name)
        bench = Workbench(self._known, Options(at=datetime.now(UTC), ca_file=ca_file))
        case = bench.diagnose(bench.open_case(target=target)).case
        return answered(case, *(Evidence(fact, value, "person") for fact, value in told.items()))

    def compared(self, row: Row, engine: Engine, case: Case, pairs: Mapping[str, str]) -> Compared:
        """Returns a row beside its prediction; the files of `pairs` are there."""
        profile = profile_of(row.client, engine, self._known)
        options = given(profile, tuple(pairs.items()), strictly=True)
        key = (id(case), tuple(one for one in options if one.entry.role))
        if key not in self._files:
            # The case is kept, so that no other one gets its id.
            self._files[key] = (case, read_files(case, options, datetime.now(UTC)))
        server = server_of(case, engine, self._files[key][1], given_roots=True)
        said = prediction(server, profile, options, self._known)
        return Compared(row, said, self._symptom(row.error) if row.error else None)

    def _symptom(self, error: str) -> str:
        if error not in self._symptoms:
            self._symptoms[error] = self._matcher.match(error).symptom
        return self._symptoms[error]


def compare(known: Knowledge, rows: Iterable[Row], servers: Servers) -> Iterator[Compared]:
    """Yields each row of the matrix with its prediction; each server is probed once for each name."""
    predictor = Predictor(known)
    cases: dict[tuple[Engine, str, str], Case] = {}
    for row in rows:
        engine = msgspec.convert(row.engine, Engine)
        server = servers.get(engine, row.fault)
        key = (engine, row.fault, row.server_name)
        if key not in cases:
            # This machine's own store must not matter: a root that signed none of the servers takes its place.
            told = shown_by_a_login(server)
            cases[key] = predictor.case(engine, server.port, row.server_name, servers.other, told)
        pairs = {
            key: PLACEHOLDERS.sub(lambda found, files=server.files: str(files[found[1]]), value)  # type: ignore[misc]
            for key, value in (row.environment | row.options).items()
        }
        yield predictor.compared(row, engine, cases[(engine, row.fault, row.server_name)], pairs)


def shown_by_a_login(server: Server) -> dict[str, str]:
    """Returns what no probe can see of PostgreSQL and MariaDB, and which MariaDB the drivers met."""
    if server.engine == "sqlserver":
        return {}
    version = {"server.version": MARIADB} if server.engine == "mariadb" else {}
    changes = FAULTS[server.fault].changes
    demanded = changes.get("client_certificate") == "required"
    policy = "required" if demanded and server.engine == "postgresql" else changes.get("policy", "optional")
    return {
        **version,
        "policy": str(policy),
        **({"handshake.client_certificate": "demanded"} if demanded else {}),
    }


def read_rows(file: Path) -> tuple[Row, ...]:
    """Returns the rows of a file that the matrix has written, packed by gzip or not."""
    content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return tuple(msgspec.json.decode(line, type=Row) for line in content.splitlines())
