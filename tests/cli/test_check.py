"""`dbtls check` on every scenario of the lab, held against the command-line contract."""

from __future__ import annotations

import pytest

from tests.cli.command import check, dbtls
from tests.known import KNOWN
from wizard.cli.terminal import Exit
from wizard.lab.server import serve
from wizard.model.knowledge import ScenarioEntry

KEYS = {
    "schema", "target", "symptom", "verdict", "findings", "trail", "facts", "certificates", "tls", "policy",
    "fixes", "connections", "elapsed_ms",
}  # fmt: skip


def expected_status(scenario: ScenarioEntry) -> int:
    """Returns the exit status of the contract for a cause."""
    cause = KNOWN.cause(scenario.cause)
    if not cause.reachable:
        return Exit.UNREACHABLE
    return Exit.FINE if cause.severity == "none" else Exit.FAULT


PLAIN = [one for one in KNOWN.scenarios if one.id.count("/") == 1]
"""One of each cause and database; the others are diagnosed in tests/lab without a process for each."""


@pytest.mark.parametrize("scenario", PLAIN, ids=lambda scenario: scenario.id)
def test_every_cause_is_named(scenario: ScenarioEntry) -> None:
    """The verdict is the scenario's cause, confirmed; all its faults are found, and nothing that is none."""
    with serve(scenario) as server:
        ran = check(server)
    found = ran.json
    assert set(found) >= KEYS
    assert found["schema"] == "dbtls/diagnosis/1"
    verdict = found["verdict"]
    assert isinstance(verdict, dict)
    assert (verdict["cause"], verdict["confidence"]) == (scenario.cause, "confirmed")
    assert ran.status == expected_status(scenario)
    findings = found["findings"]
    assert isinstance(findings, list)
    assert {one["cause"] for one in findings} == {scenario.cause, *scenario.also}
    assert all(one["evidence"] for one in findings)
    connections = found["connections"]
    assert isinstance(connections, int)
    assert connections <= 6
    fixes = found["fixes"]
    assert isinstance(fixes, list)
    assert bool(fixes) == (scenario.cause != "healthy")
    assert all(step["text"] for fix in fixes for step in fix["steps"])


def test_all_faults_of_a_certificate_are_found() -> None:
    """An expired certificate for another name has both findings; the one to mend first is the verdict."""
    import msgspec

    scenario = msgspec.structs.replace(
        KNOWN.scenario("postgresql/certificate-expired"), names=("other.corp.example",)
    )
    with serve(scenario) as server:
        found = check(server).json
    findings, verdict = found["findings"], found["verdict"]
    assert isinstance(findings, list)
    assert isinstance(verdict, dict)
    assert {one["cause"] for one in findings} == {"certificate-expired", "name-mismatch"}
    assert verdict["cause"] == "certificate-expired"


def test_the_moment_of_judging_can_be_chosen() -> None:
    """`--at` judges validity at another time: what is good now has expired in fifty years."""
    with serve(KNOWN.scenario("mysql/healthy")) as server:
        assert check(server).status == Exit.FINE
        later = check(server, "--at", "2076-01-01T00:00:00Z").json
    assert isinstance(later["verdict"], dict)
    assert later["verdict"]["cause"] == "certificate-expired"


def test_without_probing_nothing_is_sent() -> None:
    """`--no-probe` opens no connection; with nobody to ask the case stays open and lists its questions."""
    with serve(KNOWN.scenario("mysql/healthy")) as server:
        ran = check(server, "--no-probe")
        assert server.log == []
    found = ran.json
    verdict = found["verdict"]
    assert isinstance(verdict, dict)
    assert (ran.status, verdict["cause"], found["connections"]) == (Exit.INCONCLUSIVE, None, 0)
    assert verdict["open_questions"]


def test_answers_take_the_place_of_probes() -> None:
    """On the phone: the error text and one answer lead to a reported cause, without any connection."""
    error = "The certificate chain was issued by an authority that is not trusted."
    ran = dbtls(
        "check", "sqlserver://sql01", "--json", "--no-probe", "--error", error, "--answer", "certificate.made_by=server"
    )  # fmt: skip
    found = ran.json
    assert isinstance(found["verdict"], dict)
    assert (found["verdict"]["cause"], found["verdict"]["confidence"]) == (
        "self-generated-certificate",
        "reported",
    )
    assert found["symptom"] == "chain-not-trusted"
    trail = found["trail"]
    assert isinstance(trail, list)
    assert {"question", "fact", "value", "source"} <= set(trail[0])
    assert any(mark["fact"] == "certificate.made_by" and mark["source"] == "person" for mark in trail)


def test_a_client_elsewhere_that_does_not_trust_what_we_trust() -> None:
    """The certificate is trusted here, but the caller's error says that it is not trusted there."""
    error = "SSL Provider: The certificate chain was issued by an authority that is not trusted."
    with serve(KNOWN.scenario("sqlserver/healthy")) as server:
        found = check(server, "--error", error).json
    assert isinstance(found["verdict"], dict)
    assert (found["verdict"]["cause"], found["verdict"]["confidence"]) == (
        "private-ca-not-trusted",
        "reported",
    )


def test_the_plain_form_asks_and_shows_the_same() -> None:
    """Without --json the same case is told in plain text on stdout; progress goes to stderr."""
    with serve(KNOWN.scenario("postgresql/certificate-expired")) as server:
        ran = dbtls(
            "check", f"postgresql://{server.host}:{server.port}", "--server-name", server.server_name,
            "--ca-file", str(server.ca_file),
        )  # fmt: skip
    assert ran.status == Exit.FAULT
    for words in (
        "TRAIL",
        "CERTIFICATE",
        "VERDICT  ✗ The certificate has expired",
        "certificate-expired, confirmed",
        "FIX",
    ):
        assert words in ran.out
    assert "TCP connection" in ran.err
    assert "\x1b" not in ran.out + ran.err


def test_the_plain_form_needs_only_ascii() -> None:
    """A terminal without Unicode gets the same lines in ASCII."""
    with serve(KNOWN.scenario("mysql/port-closed")) as server:
        ran = dbtls("check", f"mysql://{server.host}:{server.port}", PYTHONIOENCODING="ascii", TERM="dumb")
    assert ran.status == Exit.UNREACHABLE
    assert ran.out.isascii()
    assert "VERDICT  x" in ran.out
