"""The forms of a whole case hold what a ticket needs, for real diagnoses of lab servers."""

from __future__ import annotations

import html as standard_html
from html import escape
from itertools import pairwise

import msgspec
import pytest

from tests.report.cases import AT, KNOWN, SCENARIOS, diagnosed, in_all_forms, saying
from tests.report.parsed import code_of, elements, fences, inline, words_of
from wizard import __version__
from wizard.diagnosis.proof import Change, Outcome, Proof, compare
from wizard.model.case import Case
from wizard.report import html, json, markdown
from wizard.report.selected import TO_CHOOSE_FROM, most_useful
from wizard.report.words import of_proof
from wizard.workbench import Options, Workbench


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_whole_case_is_in_the_report(scenario: str) -> None:
    """Verdict, findings, evidence, certificates and the commands of the most useful fixes are in both written forms."""
    done = diagnosed(scenario)
    assert done.verdict.cause
    forms = in_all_forms(done)
    read = {
        ".md": "".join(content for _, content in inline(forms[".md"])),
        ".html": words_of(forms[".html"]),
    }
    for words in read.values():
        assert done.verdict.cause.title in words
        assert done.verdict.cause.precise in words
        assert str(done.case.target) in words
        assert __version__ in words
        assert "2026-06-01 12:30 UTC" in words
        assert all(finding.cause.title in words for finding in done.findings)
        assert all(KNOWN.fact(fact).title in words for fact in done.case.facts())
        assert all(one.sha256 in words for one in done.case.certificates)
        assert all(fix.title in words for fix in done.fixes)
        assert all(fix.id in words for fix in done.fixes)
    whole = most_useful(done.fixes, TO_CHOOSE_FROM)
    assert {fix.tier for fix in done.fixes if fix.id in whole} == {fix.tier for fix in done.fixes}
    shown = [fix for fix in done.fixes if fix.id in whole]
    for words in read.values():
        assert all(text in words for fix in shown for text in (fix.gives_up, fix.rights) if text)
    commands = [step.text for fix in shown for step in (*fix.steps, *fix.undo)]
    commands += [fix.confirm for fix in shown]
    in_markdown = [content for _, content in fences(forms[".md"])]
    assert not [command for command in commands if command not in in_markdown]
    assert not [command for command in commands if command not in code_of(forms[".html"])]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_nothing_ordinary_is_taken_for_a_secret(scenario: str) -> None:
    """A real case without a password loses nothing to the second lock."""
    forms = in_all_forms(diagnosed(scenario))
    commands = "".join(code for code in code_of(forms[".html"]))
    assert forms[".md"].count("***") == commands.count("***")


def test_what_is_not_known_has_no_section() -> None:
    """A healthy server without an error text has neither fixes nor complaint nor proof; a broken one has them."""
    healthy = in_all_forms(diagnosed("postgresql/healthy"))
    broken = in_all_forms(diagnosed("sqlserver/self-generated-certificate"))
    for title in ("Fixes", "What the client says"):
        assert f"## {title}\n" not in healthy[".md"]
        assert f"<h2>{title}</h2>" not in healthy[".html"]
        assert f"## {title}\n" in broken[".md"]
        assert f"<h2>{title}</h2>" in broken[".html"]
    assert "After the fix" not in healthy[".md"] + broken[".md"]


def test_a_case_without_a_server_says_so() -> None:
    """Without a target the title says "no server", and the open questions are listed."""
    bench = Workbench(KNOWN, Options(at=AT, probing=False))
    done = bench.diagnose(bench.open_case(error="SSL connection error"))
    assert done.verdict.cause is None
    forms = in_all_forms(done)
    assert forms[".md"].startswith("# Database connection: no server\n")
    assert "<h1>Database connection: no server</h1>" in forms[".html"]
    assert all(fact in words_of(forms[".html"]) for fact in done.verdict.open_questions)
    assert "no server" not in in_all_forms(diagnosed("postgresql/healthy"))[".md"].splitlines()[0]


def test_an_empty_case_makes_a_report() -> None:
    """Nothing known at all is still a document in each form."""
    bench = Workbench(KNOWN, Options(at=AT, probing=False))
    assert all(in_all_forms(bench.diagnose(Case())).values())


def test_the_html_loads_and_runs_nothing() -> None:
    """The file holds no script, address or event of its own, and forbids the browser all but its style."""
    document = in_all_forms(diagnosed("sqlserver/self-generated-certificate"))[".html"]
    tags = elements(document)
    names = {tag.strip("</>").split()[0] for tag in tags}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "a", "base", "form", "svg"}
    assert not [tag for tag in tags if any(word in tag for word in ("'src'", "'href'", "'on", "'style'"))]
    policy = next(tag for tag in tags if "Content-Security-Policy" in tag)
    assert "default-src 'none'" in policy
    assert "url(" not in document.partition("</style>")[0]
    assert "@import" not in document
    assert "prefers-color-scheme: dark" in document
    assert "@media print" in document


def test_headings_go_down_by_one() -> None:
    """There is one first heading, and no level is skipped, so that a screen reader can jump."""
    tags = elements(in_all_forms(diagnosed("sqlserver/self-generated-certificate"))[".html"])
    levels = [int(tag[2]) for tag in tags if tag[:2] == "<h" and tag[2:3].isdigit()]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


TITLE = KNOWN.cause("certificate-expired").title


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        ("fixed", "Fixed: the probes find nothing wrong any more."),
        ("still-failing", f"Still failing: {TITLE}."),
        ("next-fault", f"The first fault is gone. The next one: {TITLE}."),
        (
            "unproven",
            "Not proven: what showed the fault was not measured again. Let the client connect once more.",
        ),
    ],
)
def test_each_outcome_has_its_sentence(outcome: Outcome, sentence: str) -> None:
    """The sentence stands in both written forms with the changed facts in words; JSON has them as values."""
    cause = KNOWN.cause("certificate-expired") if outcome in ("still-failing", "next-fault") else None
    proof = Proof(outcome=outcome, cause=cause, changes=(Change("tls.offered", None, True),))
    done = diagnosed("mysql/tls-not-offered")
    forms = in_all_forms(done, proof)
    assert of_proof(proof) == sentence
    assert f"<p>{escape(sentence)}</p>" in forms[".html"]
    assert "| TLS offered | unknown | Yes, the server offers TLS |" in forms[".md"]
    found = msgspec.json.decode(forms[".json"])
    assert found["proof"] == {
        "outcome": outcome,
        "cause": cause.id if cause else None,
        "changes": [{"fact": "tls.offered", "before": None, "after": True}],
        "drivers": [],
    }


def test_a_proof_between_two_servers() -> None:
    """What `compare` says of a real pair of diagnoses is told; without a change no table is drawn."""
    broken, healthy = diagnosed("postgresql/certificate-expired"), diagnosed("postgresql/healthy")
    fixed = compare(broken.case, broken.verdict, healthy.case, healthy.verdict)
    assert fixed.outcome == "fixed"
    assert "| Validity period | Expired | Valid now |" in markdown.report(broken, KNOWN, AT, fixed)
    same = compare(broken.case, broken.verdict, broken.case, broken.verdict)
    report = markdown.report(broken, KNOWN, AT, same)
    assert "No fact has changed." in report
    assert "| Fact | Before | After |" not in report


def test_the_json_is_that_of_check() -> None:
    """It is the document of `check --json` with the key `proof`, null where nothing was proven."""
    done = diagnosed("mariadb/name-mismatch")
    document = msgspec.json.decode(json.report(done, KNOWN, AT))
    assert document.pop("proof") is None
    assert document == msgspec.json.decode(json.encode(json.diagnosis(done)))


CANARY = "Tr0ub4dor-Canary"


@pytest.mark.parametrize(
    "error",
    [
        f"Login failed. Server=db01.corp.example;User ID=app;Password={CANARY};Encrypt=True",
        f"cannot reach postgresql://app:{CANARY}@db01.corp.example/sales",
        f"psql 'host=db01.corp.example password={CANARY}'",
        f"db01.corp.example\n-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----",
    ],
)
def test_a_password_is_in_no_form(error: str) -> None:
    """Even one that reached the case by mistake is blanked, while the rest of the text stays."""
    forms = in_all_forms(saying(error))
    assert not [ending for ending, text in forms.items() if ending != ".json" and CANARY in text]
    assert "db01.corp.example" in forms[".md"]
    assert "db01.corp.example" in standard_html.unescape(forms[".html"])
    bench = Workbench(KNOWN, Options(at=AT, probing=False))
    done = bench.diagnose(bench.open_case(error=error))
    assert not [ending for ending, text in in_all_forms(done).items() if CANARY in text]


def test_html_and_markdown_hold_the_same_code() -> None:
    """Both forms are made from one outline, so their code blocks are equal."""
    done = diagnosed("mariadb/name-mismatch")
    written = [content for _, content in fences(markdown.report(done, KNOWN, AT))]
    assert written == code_of(html.report(done, KNOWN, AT))
