"""The predictions for 949 recorded attempts of 29 drivers, from lab servers with the same faults."""

from __future__ import annotations

import re
import ssl
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.known import KNOWN
from tests.reality import sample
from tests.reality.compared import Compared, Predictor
from tests.reality.matrix import Row
from wizard.diagnosis.clients.options import read_options
from wizard.lab.certificates import identity_for
from wizard.lab.server import serve
from wizard.model.case import Case
from wizard.model.knowledge import Knowledge
from wizard.model.target import Engine


@pytest.fixture(scope="module")
def known() -> Knowledge:
    """The knowledge."""
    return KNOWN


@pytest.fixture(scope="module")
def compared(known: Knowledge, tmp_path_factory: pytest.TempPathFactory) -> tuple[Compared, ...]:
    """Every row of the sample with its prediction."""
    return tuple(_compared(known, tmp_path_factory.mktemp("roots")))


def test_what_was_predicted_is_what_the_drivers_did(compared: tuple[Compared, ...]) -> None:
    """Each driver connects where it was predicted, encrypted as predicted."""
    assert len(compared) == 949
    assert [str(one) for one in compared if one.wrong] == []


def test_the_symptom_is_that_of_the_drivers_words(compared: tuple[Compared, ...]) -> None:
    """At least 98 of 100 refusals show the symptom that was predicted."""
    refused = [one for one in compared if one.predicted.connects is False]
    others = [str(one) for one in refused if one.other_symptom]
    assert len(others) <= 0.02 * len(refused), others


def test_little_is_unknown(compared: tuple[Compared, ...]) -> None:
    """Unknown is an honest answer, but not a way out: at most 2 in 100, and those are named here."""
    unknown = [str(one) for one in compared if one.predicted.connects is None]
    assert len(unknown) <= 0.02 * len(compared), unknown


def test_every_driver_of_the_sample_is_compared(compared: tuple[Compared, ...]) -> None:
    """No driver is left out."""
    assert Counter(one.row.driver for one in compared).keys() == sample.CLIENTS.keys()


def _compared(known: Knowledge, folder: Path) -> Iterator[Compared]:
    predictor = Predictor(known)
    stranger = sample.scenario("sqlserver", "good", authority="Stranger")
    identity = identity_for(stranger)
    assert identity is not None
    other = folder / "other.pem"
    other.write_bytes(identity.anchor_pem())

    @cache
    def met(engine: Engine, fault: str, name: str, given_root: bool) -> tuple[Case, dict[str, Path]]:
        with serve(sample.scenario(engine, fault, server_name=name)) as server:
            place = folder / f"{engine}-{fault}-{name}-{given_root}"
            place.mkdir()
            files = dict.fromkeys(("root", "root.pem", "leaf.pem", "intermediate.pem", "other.pem"), other)
            if server.ca_file is not None:
                files["root"] = files["root.pem"] = place / "root.pem"
                files["root"].write_bytes(server.ca_file.read_bytes())
            ca_file = files["root"] if given_root else other
            case = predictor.case(engine, server.port, name, ca_file, sample.shown_by_a_login(engine, fault))
            if case.certificates:
                files["leaf.pem"] = place / "leaf.pem"
                files["leaf.pem"].write_text(ssl.DER_cert_to_PEM_cert(case.certificates[0].der))
        return case, files

    for old in sample.rows():
        case, files = met(old.engine, old.fault, old.server_name, old.trust == "root given")
        pairs = {
            key: re.sub(r"<([\w.]+)>", lambda found, files=files: str(files[found[1]]), value)  # type: ignore[misc]
            for key, value in read_options(sample.options(old))
        }
        yield predictor.compared(_row(old), old.engine, case, pairs)


def _row(old: sample.SampleRow) -> Row:
    return Row(
        driver=old.driver,
        client=sample.CLIENTS[old.driver],
        version=old.driver_version,
        options=dict(read_options(sample.options(old))),
        environment={},
        engine=old.engine,
        fault=old.fault,
        server_name=old.server_name,
        connected=old.connected,
        encrypted=old.encrypted,
        verified=None,
        error=old.error,
    )
