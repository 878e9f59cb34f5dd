"""Cases for the tests of reports: lab servers diagnosed once, and one whose every foreign text is the same."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import get_args

import msgspec

from wizard.diagnosis.proof import Change, Proof
from wizard.diagnosis.walk import Trailmark
from wizard.knowledge.load import load
from wizard.knowledge.locate import knowledge_folder
from wizard.lab.server import serve
from wizard.model.certificate import Certificate
from wizard.model.evidence import Evidence
from wizard.model.target import Target
from wizard.report.forms import Form, report
from wizard.workbench import Diagnosis, Options, Workbench

KNOWN = load(knowledge_folder())
AT = datetime(2026, 6, 1, 12, 30, tzinfo=UTC)
SCENARIOS = (
    "sqlserver/self-generated-certificate",
    "sqlserver/port-closed",
    "mysql/tls-not-offered",
    "mariadb/name-mismatch",
    "postgresql/missing-intermediate",
    "postgresql/certificate-expired",
    "postgresql/healthy",
)


@cache
def diagnosed(scenario_id: str) -> Diagnosis:
    """Returns the diagnosis of a lab server, with the error text that belongs to it."""
    scenario = KNOWN.scenario(scenario_id)
    with serve(scenario) as server:
        target = Target(
            engine=scenario.engine, host=server.host, port=server.port, server_name=server.server_name
        )
        bench = Workbench(KNOWN, Options(at=datetime.now(UTC), seconds=1.0, ca_file=server.ca_file))
        return bench.diagnose(bench.open_case(target=target, error=scenario.error))


@cache
def _ordinary() -> Diagnosis:
    target = Target(engine="sqlserver", host="sql01", port=1433, server_name="sql01.corp.example")
    bench = Workbench(KNOWN, Options(at=AT, probing=False))
    case = bench.answer(bench.open_case(target=target), "certificate.made_by", "server")
    done = bench.diagnose(bench.answer(case, "symptom", "chain-not-trusted"))
    return msgspec.structs.replace(done, fixes=(done.fixes[0], done.fixes[-1]))


def saying(text: str) -> Diagnosis:
    """Returns a diagnosis in which the server, its certificate, the error and the reasons all say `text`."""
    done = _ordinary()
    certificate = Certificate(
        der=b"",
        subject=text,
        issuer=text,
        common_name=text,
        sans=(text, text),
        not_before=AT,
        not_after=AT,
        sha1="00",
        sha256="00",
        key=text,
        key_bits=None,
        signature=text,
        version=3,
        serial=1,
        self_signed=False,
        is_ca=None,
        usages=None,
        malformed=(text,),
    )
    evidence = (
        *done.case.evidence,
        Evidence("certificate.subject", text, "probe", text),
        Evidence("certificate.names", (text, text), "file", text),
        Evidence("server.version", None, "probe", text),
        Evidence("no-such.fact", text, "error-text", text),
    )
    mark = Trailmark("node", "certificate.subject", "Which subject?", text, "probe", text)
    assert done.case.target
    case = msgspec.structs.replace(
        done.case,
        target=msgspec.structs.replace(done.case.target, host=text, server_name=text),
        client=text,
        error=text,
        evidence=evidence,
        certificates=(certificate, certificate),
    )
    verdict = msgspec.structs.replace(done.verdict, trail=(*done.verdict.trail, mark))
    return msgspec.structs.replace(done, case=case, verdict=verdict)


def changed_to(text: str) -> Proof:
    """Returns a proof in which a foreign value was and is `text`."""
    cause = KNOWN.cause("certificate-expired")
    return Proof(outcome="next-fault", cause=cause, changes=(Change("certificate.subject", text, text),))


def in_all_forms(done: Diagnosis, proof: Proof | None = None) -> dict[str, str]:
    """Returns the report in every form, by the ending of its file."""
    return {f".{form}": report(form, done, KNOWN, AT, proof) for form in get_args(Form)}
