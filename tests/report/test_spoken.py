"""What a helpdesk agent reads out: short, in plain words, and never to the caller's harm."""

from __future__ import annotations

import re

import msgspec
import pytest

from tests.report.cases import AT, KNOWN, SCENARIOS, diagnosed, saying
from wizard.diagnosis.findings import Confidence
from wizard.diagnosis.proof import Outcome, Proof
from wizard.model.knowledge import CauseEntry
from wizard.model.target import Target
from wizard.report import spoken
from wizard.workbench import Diagnosis, Options, Workbench

MOST_WORDS = 120
JARGON = re.compile(
    r"\b(TLS|SSL|TDS|CA|CN|SAN|DNS|PEM|TCP|IP|handshake|cipher|chain|root|intermediate|thumbprint|sslmode|encrypt=|"
    r"driver|port|protocol|probe[ds]?|instance|subject|issuer's root|trust store|OpenSSL|libpq)\b",
    re.IGNORECASE,
)
MARKUP = re.compile(r"[<>`*_#|\\{}\[\]]|^\s*[-+]|--", re.MULTILINE)
FAULTS = [cause for cause in KNOWN.causes if cause.severity != "none"]


def case_of(cause: CauseEntry, confidence: Confidence = "confirmed") -> Diagnosis:
    """Returns a diagnosis that names a cause, with its fixes."""
    engine = cause.engines[0]
    bench = Workbench(KNOWN, Options(at=AT, probing=False))
    case = bench.open_case(target=Target(engine=engine, host="db01", server_name="db01.corp.example"))
    done = bench.diagnose(case)
    verdict = msgspec.structs.replace(done.verdict, cause=cause, confidence=confidence)
    return msgspec.structs.replace(done, verdict=verdict, fixes=bench.fixes(case, cause.id))


def check(text: str) -> None:
    """Checks what holds for every spoken report."""
    assert len(text.split()) <= MOST_WORDS, text
    assert not JARGON.search(text), text
    assert not MARKUP.search(text), text
    assert "Please do not" in text or "Please try again now" in text, text
    assert text.endswith((".\n", ".”\n")), text


@pytest.mark.parametrize("cause", FAULTS, ids=lambda cause: cause.id)
def test_every_cause_can_be_read_out(cause: CauseEntry) -> None:
    """Each cause has plain sentences of its own and says whose job it is, however sure it is."""
    for confidence in ("confirmed", "reported", "suspected"):
        text = spoken.report(case_of(cause, confidence), KNOWN)
        check(text)
        assert cause.spoken in text
        assert cause.plan in text
        assert "This is a job for" in text or "on your side" in text
        assert ("most likely" in text) == (confidence == "suspected")


def test_jargon_would_be_seen() -> None:
    """The words for experts do not pass the check that the words for callers pass."""
    assert JARGON.search(KNOWN.cause("legacy-tls-only").precise)
    assert MARKUP.search("Run `certutil -v`.")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_lab_server_can_be_read_out(scenario: str) -> None:
    """A real diagnosis fits into 120 words; a fault tells who is to act, a healthy server does not."""
    text = spoken.report(diagnosed(scenario), KNOWN)
    check(text)
    assert ("We will tell you when it is done." in text) == (scenario != "postgresql/healthy")


@pytest.mark.parametrize(
    ("scenario", "job"),
    [
        ("postgresql/certificate-expired", "the people who run the server"),
        ("sqlserver/private-ca-not-trusted", "on your side"),
        ("postgresql/handshake-reset", "the server, the network and the certificates, together"),
    ],
)
def test_the_job_is_where_the_first_fix_runs(scenario: str, job: str) -> None:
    """The server's people, the caller's side, or both: exactly one of them is named."""
    text = spoken.report(diagnosed(scenario), KNOWN)
    jobs = (
        "the people who run the server",
        "on your side",
        "the server, the network and the certificates, together",
    )
    assert [one for one in jobs if one in text] == [job]


def test_a_bypass_is_never_the_plan() -> None:
    """Where all fixes but those that switch protection off are gone, nobody is told to make one of these."""
    done = case_of(KNOWN.cause("self-generated-certificate"))
    only = msgspec.structs.replace(done, fixes=tuple(fix for fix in done.fixes if fix.tier == "bypass"))
    assert only.fixes
    assert "We are finding out whose job this is." in spoken.report(only, KNOWN)
    assert "We are finding out" not in spoken.report(done, KNOWN)


@pytest.mark.parametrize(
    ("outcome", "says", "tries_again"),
    [
        ("fixed", "The fault is mended", True),
        ("still-failing", "The fault is still there. The server's certificate has expired.", False),
        ("next-fault", "but there is another one. The server's certificate has expired.", False),
        ("unproven", "we cannot see whether the fault is mended", True),
    ],
)
def test_each_outcome_of_a_proof_can_be_read_out(outcome: Outcome, says: str, tries_again: bool) -> None:
    """Only where it may work now is the caller asked to try again."""
    cause = KNOWN.cause("certificate-expired") if outcome in ("still-failing", "next-fault") else None
    proof = Proof(outcome=outcome, cause=cause, changes=())
    for scenario in ("postgresql/certificate-expired", "postgresql/missing-intermediate"):
        text = spoken.report(diagnosed(scenario), KNOWN, proof)
        check(text)
        assert says in text
        assert ("Please try again now" in text) == tries_again


@pytest.mark.parametrize(
    ("error", "says"),
    [
        ("Login failed for user 'sa'.", "not about the protection of the connection"),
        ("SSL connection error", "We do not know yet"),
    ],
)
def test_an_open_case_asks_for_more(error: str, says: str) -> None:
    """A message of another kind is passed on; one that says too little is asked for whole."""
    bench = Workbench(KNOWN, Options(at=AT, probing=False))
    text = spoken.report(bench.diagnose(bench.open_case(error=error)), KNOWN)
    check(text)
    assert says in text


def test_a_long_name_is_cut() -> None:
    """A name that nobody could read out is shortened; an ordinary one is not."""
    assert "x" * 61 not in spoken.report(saying("x" * 500), KNOWN)
    assert "db01.corp.example" in spoken.report(saying("db01.corp.example"), KNOWN)
