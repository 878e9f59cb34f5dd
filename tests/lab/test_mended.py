"""Mending the verdict's cause again and again makes every scenario of the lab healthy."""

from __future__ import annotations

import msgspec
import pytest

from tests.lab.knobs import GOOD, with_knobs
from tests.lab.practice import KNOWN, diagnosed, spread
from wizard.lab.mended import _BY_CAUSE, knobs_of, mended
from wizard.model.knowledge import ScenarioEntry

ROUNDS = 4
KNOBS = {field.name for field in msgspec.structs.fields(ScenarioEntry)}


@pytest.mark.parametrize("scenario", spread(), ids=lambda scenario: scenario.id)
def test_mending_the_verdict_ends_in_a_healthy_server(scenario: ScenarioEntry) -> None:
    """In at most four rounds, and a cause that was mended is not even a finding in the next round."""
    gone: set[str] = set()
    now = scenario
    for _ in range(ROUNDS):
        found = diagnosed(now)
        assert not gone & {finding.cause.id for finding in found.findings}
        assert found.verdict.cause is not None
        if found.verdict.cause.id == "healthy":
            return
        gone.add(found.verdict.cause.id)
        now = mended(now, found.verdict.cause)
    pytest.fail(f"still not healthy after {sorted(gone)}")


def test_mending_another_cause_leaves_the_fault() -> None:
    """The twin: the scenario is not simply replaced by a good one."""
    scenario = KNOWN.scenario("postgresql/certificate-expired")
    still = mended(scenario, KNOWN.cause("legacy-tls-only"))
    cause = diagnosed(still).verdict.cause
    assert cause is not None
    assert cause.id == "certificate-expired"


def test_only_what_the_cause_is_about_changes() -> None:
    """A new version leaves the expired certificate and the ciphers; a new certificate leaves the version."""
    scenario = KNOWN.scenario("mysql/legacy-tls-only/weak-expired-certificate")
    newer = mended(scenario, KNOWN.cause("legacy-tls-only"))
    assert newer == with_knobs(scenario, tls=GOOD.tls, error=None)
    certified = mended(scenario, KNOWN.cause("certificate-expired"))
    assert certified == with_knobs(
        scenario, valid_days=GOOD.valid_days, key=GOOD.key, signature=GOOD.signature, error=None
    )


def test_a_new_certificate_holds_the_name_that_the_client_uses() -> None:
    """Whatever it is called; and it comes from a CA that the client knows."""
    scenario = with_knobs(GOOD, server_name="db01", names=["old"], trusted=False, intermediate="expired")
    renewed = mended(scenario, KNOWN.cause("name-mismatch"))
    assert renewed.names == ("db01", *GOOD.names)
    assert (renewed.trusted, renewed.intermediate) == (True, "none")


def test_what_concerns_the_client_alone_only_silences_it() -> None:
    """The server stays as it is: a wrong clock or CA file is not its fault, and a healthy one needs nothing."""
    scenario = with_knobs(GOOD, policy="required", key="ec-p256", error="certificate has expired")
    for cause in ("client-clock-wrong", "ca-file-unusable", "tls-required-by-server", "healthy"):
        assert mended(scenario, KNOWN.cause(cause)) == with_knobs(scenario, error=None)


def test_every_cause_is_mended_by_knobs_that_exist() -> None:
    """And no entry of the table is of a cause that was renamed."""
    assert set(_BY_CAUSE) <= {cause.id for cause in KNOWN.causes}
    assert all(set(knobs_of(cause)) <= KNOBS - {"id", "engine", "server_name"} for cause in KNOWN.causes)
