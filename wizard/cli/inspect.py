"""`dbtls inspect`: a certificate or chain from files, offline."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from wizard.cli.arguments import Moment, json_option
from wizard.cli.terminal import Exit, is_interactive, result
from wizard.diagnosis.findings import find
from wizard.diagnosis.walk import answered
from wizard.errors import FileError
from wizard.knowledge.cache import knowledge
from wizard.model.case import Case
from wizard.pki.certificate import describe
from wizard.pki.evidence import chain_evidence
from wizard.pki.read import read_certificates, read_file
from wizard.pki.trust import TrustStore
from wizard.report import json, text

_LONGEST_PASSWORD = 1000


@click.command("inspect", short_help="a certificate or chain from files")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--server-name", metavar="NAME", help="The name the client uses; without it names are not judged."
)
@click.option(
    "--ca-file", type=click.Path(path_type=Path), help="Trust these roots instead of this machine's."
)
@click.option("--at", type=Moment(), help="Judge validity at this UTC time.")
@click.option(
    "--password", metavar="TEXT", help="Password of a PKCS#12 file; - asks for it, or reads it from stdin."
)
@json_option
def command(
    files: tuple[Path, ...],
    server_name: str | None,
    ca_file: Path | None,
    at: datetime | None,
    password: str | None,
    as_json: bool,
) -> int:
    """Describes the certificates in FILES (PEM, DER, PKCS#7, PKCS#12) and judges them as one chain, leaf first."""
    if password == "-":  # noqa: S105 - a sign for "ask me", not a password
        password = _asked()
    chain = tuple(
        dict.fromkeys(
            der
            for file in files
            for der in read_certificates(read_file(file), name=file.name, password=password)
        )
    )
    if not chain:
        raise FileError("There is no certificate in these files.")
    moment = at or datetime.now(UTC)
    store = TrustStore.from_file(ca_file) if ca_file else TrustStore.system()
    evidence = chain_evidence(chain, server_name=server_name, store=store, at=moment, source="file")
    case = answered(Case(), *evidence)
    known = knowledge()
    found = find(case, known, None)
    problems = [one.cause.id for one in found if one.cause.severity == "error"]
    trusted = _trusted(case, problems)
    described = tuple(describe(der) for der in chain)
    if as_json:
        result(json.encode(json.inspection(trusted, problems, described)))
    else:
        result(text.certificates(described, moment))
        result(["", *text.evidence(evidence, known)])
        titles = [f"  ✗ {one.cause.title} ({one.cause.id})" for one in found if one.cause.severity == "error"]
        result(["", "PROBLEMS", *titles] if titles else ["", "✓ nothing is wrong with it"])
    return Exit.FAULT if trusted is False else Exit.FINE if trusted else Exit.INCONCLUSIVE


def _trusted(case: Case, problems: list[str]) -> bool | None:
    """Returns whether a client that checks everything would accept the chain; None where that is unknown."""
    if problems:
        return False
    return True if case.value("trust.status") == "trusted" else None


def _asked() -> str:
    if is_interactive():
        return str(click.prompt("Password", hide_input=True, err=True))
    return sys.stdin.readline(_LONGEST_PASSWORD).rstrip("\r\n") if sys.stdin is not None else ""
