"""What a live attempt is worth beside a prediction, and what a bug report of a difference holds."""

from __future__ import annotations

import msgspec
import pytest

from tests.known import KNOWN
from wizard.diagnosis.clients.prediction import Prediction
from wizard.live import Seen, bug_report
from wizard.model.evidence import Value
from wizard.probes.drivers.attempts import Attempt

SAID = Prediction(
    client="odbc-18",
    title="ODBC Driver 18 for SQL Server",
    options=(
        ("Encrypt", "strict"),
        ("HostnameInCertificate", "geheim.corp.example"),
        ("ServerCertificate", "/home/a/x"),
    ),
    connects=True,
    encrypted="session",
    verified=True,
    failure=None,
    symptom=None,
    message=None,
    why="It is geheim.corp.example.",
)


def seen() -> Seen:
    """Returns a driver that failed where it was predicted to connect."""
    fields = {field.name: None for field in msgspec.structs.fields(Attempt)}
    did = Attempt(
        **{
            **fields,
            "client": "odbc-18",
            "version": "18.6",
            "options": SAID.options,
            "reached": "refused",
            "error": "cannot connect to geheim.corp.example",
        }  # type: ignore[arg-type]
    )
    return Seen(prediction=SAID, attempt=did, symptom="name-mismatch", agreement="disagrees")


def test_a_bug_report_holds_what_is_needed_and_no_name() -> None:
    """Client, version, option keys, both outcomes and the facts of fixed words; no host, path or server's word."""
    facts: dict[str, Value | None] = {
        "trust.status": "trusted",
        "tls.offered": True,
        "certificate.subject": "CN=geheim.corp.example",
        "names.used": "geheim.corp.example",
        "view.certificate_file": "/etc/geheim.pem",
        "view.thumbprint": "abc",
        "server.version": "geheim",
    }
    told = bug_report(seen(), facts, KNOWN)
    assert "geheim" not in told
    assert "/home/a" not in told
    for part in (
        "odbc-18 18.6",
        "Encrypt=strict, HostnameInCertificate, ServerCertificate",
        "trust.status: trusted",
    ):
        assert part in told


@pytest.mark.parametrize("fact", ["trust.status", "policy", "validity.status"])
def test_each_fact_of_fixed_words_is_in_it(fact: str) -> None:
    """What the prediction was made from can be read off."""
    assert f"- {fact}: x" in bug_report(seen(), {fact: "x"}, KNOWN)
