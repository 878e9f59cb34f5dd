"""A diagnosis, an explanation and an inspection as the JSON documents of the command-line contract.

Keys that the contract lists are always there; what is unknown is null, never a guess.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from wizard.report.words import inconclusive

if TYPE_CHECKING:
    from wizard.diagnosis.findings import Finding
    from wizard.diagnosis.match import Match
    from wizard.diagnosis.proof import Proof
    from wizard.diagnosis.walk import Trailmark, Verdict
    from wizard.fixes.render import RenderedFix, RenderedStep
    from wizard.made_certificate import Made
    from wizard.model.case import Case
    from wizard.model.certificate import Certificate
    from wizard.model.knowledge import Knowledge
    from wizard.workbench import Diagnosis

Json = Mapping[str, "Json"] | Sequence["Json"] | str | int | float | bool | None

_VERSIONS = {
    "TLSv1.0": "versions.tls1_0",
    "TLSv1.1": "versions.tls1_1",
    "TLSv1.2": "versions.tls1_2",
    "TLSv1.3": "versions.tls1_3",
}


def encode(document: Json) -> str:
    """Returns one JSON document on one line, in ASCII: whatever encoding stdout has, it stays JSON."""
    return json.dumps(msgspec.to_builtins(document), separators=(",", ":"))


def explanation(match: Match) -> Json:
    """Returns the document of `dbtls explain --json`."""
    return {
        "schema": "dbtls/explain/1",
        "symptom": match.symptom,
        "confidence": match.confidence,
        "engine": match.engine,
        "client": match.client,
        "codes": match.codes,
        "meaning": match.meaning,
        "likely_causes": match.likely_causes,
        "candidates": [{"symptom": one.symptom, "score": one.score} for one in match.candidates],
        "signature": match.signature,
        "words": match.words,
        "ask_for": match.ask_for,
        "go_to": match.go_to,
    }


def inspection(trusted: bool | None, problems: Sequence[str], certificates: Sequence[Certificate]) -> Json:
    """Returns the document of `dbtls inspect --json`."""
    return {
        "schema": "dbtls/inspect/1",
        "trusted": trusted,
        "problems": problems,
        "certificates": [certificate(one) for one in certificates],
    }


def diagnosis(done: Diagnosis) -> dict[str, Json]:
    """Returns the document of `dbtls check --json`."""
    case = done.case
    return {
        "schema": "dbtls/diagnosis/1",
        "target": of_target(case),
        "symptom": case.value("symptom"),
        "verdict": _verdict(done.verdict),
        "findings": [_finding(one) for one in done.findings],
        "trail": [_mark(mark) for mark in done.verdict.trail],
        "facts": case.facts(),
        "unknown": _unknown(case),
        "certificates": [certificate(one) for one in case.certificates],
        "tls": {
            "versions": {version: case.value(fact) for version, fact in _VERSIONS.items()},
            "negotiated": case.value("handshake.version"),
            "cipher": case.value("handshake.cipher"),
        },
        "policy": case.value("policy"),
        "fixes": [fix(one) for one in done.fixes],
        "connections": done.connections,
        "elapsed_ms": done.elapsed_ms,
    }


def report(done: Diagnosis, knowledge: Knowledge, at: datetime, proof: Proof | None = None) -> str:
    """Returns the document of `dbtls check --json` with the key `proof`, which is null where nothing was proven.

    Knowledge and time are not needed here; every form of a report is asked for in the same way.
    """
    return encode({**diagnosis(done), "proof": proof_of(proof) if proof else None}) + "\n"


def certificate(one: Certificate) -> Json:
    """Returns one certificate; times are UTC in ISO 8601."""
    return {
        "subject": one.subject,
        "issuer": one.issuer,
        "sans": one.sans,
        "not_before": one.not_before.strftime("%Y-%m-%dT%H:%M:%SZ") if one.not_before else None,
        "not_after": one.not_after.strftime("%Y-%m-%dT%H:%M:%SZ") if one.not_after else None,
        "sha1": one.sha1,
        "sha256": one.sha256,
        "key": one.key,
        "signature": one.signature,
        "self_signed": one.self_signed,
        "serial": f"{one.serial:x}" if one.serial is not None else None,
        "malformed": one.malformed,
    }


def fix(one: RenderedFix) -> Json:
    """Returns one fix with its steps ready to run; `missing` names what the person still has to fill in."""
    return {
        "id": one.id,
        "tier": one.tier,
        "title": one.title,
        "platform": one.platform,
        "client": one.client,
        "steps": [_step(step) for step in one.steps],
        "undo": [_step(step) for step in one.undo],
        "confirm": one.confirm,
        "restarts": one.restarts,
        "rights": one.rights,
        "gives_up": one.gives_up,
        "when_ok": one.when_ok,
        "when_not": one.when_not,
        "missing": one.missing,
        "options": one.options,
        "sources": one.sources,
    }


def made(one: Made) -> Json:
    """Returns the certificate that was made, by its files; no key is in it."""
    from wizard.made_certificate import ROOT, SERVER, SERVER_KEY, SERVER_PFX

    return {
        "names": one.names,
        "not_after": one.not_after.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "new_root": one.new_root,
        "files": [str(file) for file in one.files],
        "ca_file": str(one.folder / ROOT),
        "certificate_file": str(one.folder / SERVER),
        "key_file": str(one.folder / SERVER_KEY),
        "pfx_file": str(one.folder / SERVER_PFX) if one.pfx else None,
    }


def _step(step: RenderedStep) -> Json:
    return {"run_on": step.run_on, "shell": step.shell, "text": step.text, "title": step.title}


def proof_of(proof: Proof) -> Json:
    """Returns what became of a fault."""
    return {
        "outcome": proof.outcome,
        "cause": proof.cause.id if proof.cause else None,
        "changes": [{"fact": one.fact, "before": one.before, "after": one.after} for one in proof.changes],
        "drivers": [
            {
                "client": one.client,
                "version": one.version,
                "before": one.before,
                "after": one.after,
                "error": one.error,
            }
            for one in proof.drivers
        ],
    }


def of_target(case: Case) -> Json:
    """Returns the server of a case, as every document names it."""
    target = case.target
    return {
        "engine": target.engine if target else case.value("server.engine"),
        "host": target.host if target else None,
        "port": case.port,
        "instance": target.instance if target else None,
        "server_name": target.server_name if target else None,
    }


def _verdict(verdict: Verdict) -> Json:
    cause = verdict.cause
    return {
        "cause": cause.id if cause else None,
        "confidence": verdict.confidence,
        "title": cause.title if cause else inconclusive(verdict),
        "summary": cause.summary if cause else None,
        "open_questions": verdict.open_questions,
    }


def _finding(finding: Finding) -> Json:
    return {"cause": finding.cause.id, "severity": finding.cause.severity, "evidence": finding.evidence}


def _mark(mark: Trailmark) -> Json:
    return {
        "question": mark.question,
        "fact": mark.fact,
        "value": mark.value,
        "source": mark.source,
        "because": mark.because,
    }


def _unknown(case: Case) -> Json:
    return {
        entry.fact: entry.because
        for entry in case.evidence
        if not entry.known and case.value(entry.fact) is None
    }
