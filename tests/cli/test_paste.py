"""Outputs of commands in place of answers: `--paste`, `--error`, and at a numbered question."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from tests.cli.command import Ran, dbtls
from tests.known import KNOWN
from wizard.cli.questions import ask
from wizard.cli.terminal import Exit
from wizard.diagnosis.target import read_target
from wizard.diagnosis.walk import Ask, answered, probed
from wizard.model.case import Case
from wizard.model.evidence import Evidence
from wizard.model.knowledge import HowTo, Shell
from wizard.model.target import Engine
from wizard.workbench import Options, Paste, Workbench

OUTPUTS = Path(__file__).parents[1] / "data" / "outputs"
AT = "2026-11-21T00:00:00Z"
BENCH = Workbench(KNOWN, Options(at=datetime(2026, 11, 21, tzinfo=UTC), probing=False))


def output(name: str) -> str:
    """Returns one of the stored outputs."""
    return (OUTPUTS / f"{name}.txt").read_text(encoding="utf-8")


def check(*arguments: str, stdin: str = "") -> Ran:
    """Runs `dbtls check --json` without any packet."""
    return dbtls("check", *arguments, "--json", "--no-probe", "--at", AT, stdin=stdin)


def cause(ran: Ran) -> tuple[object, object]:
    """Returns the cause of a verdict and its confidence."""
    verdict = ran.json["verdict"]
    assert isinstance(verdict, dict)
    return verdict["cause"], verdict["confidence"]


def case_of(target: str) -> Case:
    """Returns a case of which nothing but the target is known, and no probe is left to run."""
    case = BENCH.open_case(target=read_target(target).target)
    return probed(case, *(fact.probe for fact in KNOWN.facts if fact.probe))


def question(fact: str) -> Ask:
    """Returns a question."""
    return Ask(KNOWN.fact(fact), ())


def test_a_pasted_file_leads_to_the_cause() -> None:
    """The output of s_client holds the certificate, so the cause is as sure as from a file."""
    ran = check("mysql://localhost", "--paste", str(OUTPUTS / "s_client-mysql-self-generated.txt"))
    assert (ran.status, *cause(ran)) == (Exit.FAULT, "self-generated-certificate", "confirmed")
    certificates, trail, facts = ran.json["certificates"], ran.json["trail"], ran.json["facts"]
    assert isinstance(certificates, list)
    assert len(certificates) == 2
    assert isinstance(trail, list)
    assert {"file"} <= {mark["source"] for mark in trail}
    assert isinstance(facts, dict)
    assert facts["handshake.version"] == "TLSv1.3"


def test_several_files_add_up() -> None:
    """The log of the server names the maker, and the setting of another output the policy; both count as files."""
    ran = check(
        "sqlserver://sql01", "--paste", str(OUTPUTS / "errorlog-self-generated.txt"),
        "--paste", str(OUTPUTS / "dm_exec_connections.txt"),
    )  # fmt: skip
    assert cause(ran) == ("self-generated-certificate", "confirmed")
    assert ran.json["policy"] == "optional"


def test_stdin_and_utf_16_can_be_pasted(tmp_path: Path) -> None:
    """`-` is stdin, and a file that Windows PowerShell wrote with > is in UTF-16."""
    ran = check("postgresql://localhost", "--paste", "-", stdin=output("psql-aligned-off"))
    assert cause(ran)[0] == "tls-not-offered"
    file = tmp_path / "out.txt"
    file.write_bytes(output("test-netconnection-open").encode("utf-16"))
    facts = check("sqlserver://sql01", "--paste", str(file)).json["facts"]
    assert isinstance(facts, dict)
    assert facts["connect.status"] == "open"


@pytest.mark.parametrize("content", [b"", b"It does not work since Monday.", b"\xff\xfe", b"\x00" * 100])
def test_a_file_without_an_output_is_refused(tmp_path: Path, content: bytes) -> None:
    """A file that says nothing is an error of usage with a hint, not a diagnosis."""
    file = tmp_path / "notes.txt"
    file.write_bytes(content)
    ran = check("mysql://localhost", "--paste", str(file))
    assert (ran.status, ran.out) == (Exit.USAGE, "")
    assert "notes.txt" in ran.err
    assert "Traceback" not in ran.err


def test_unusable_files_are_refused(tmp_path: Path) -> None:
    """A missing file, a directory, one that is too large, and stdin twice are errors of usage."""
    large = tmp_path / "large.txt"
    large.write_bytes(b"CONNECTED(00000003)\n" * 100_001)
    for arguments in (
        ("--paste", str(tmp_path / "none")),
        ("--paste", str(tmp_path)),
        ("--paste", str(large)),
        ("--paste", "-", "--error", "-"),
        ("--paste", "-", "--paste", "-"),
    ):
        ran = check("mysql://localhost", *arguments)
        assert (ran.status, ran.out) == (Exit.USAGE, "")
        assert "Traceback" not in ran.err


def test_an_error_text_may_hold_an_output() -> None:
    """What comes with `--error` counts as the error text's word, and its certificates as a file's."""
    ran = check("postgresql://localhost", "--error", output("s_client-private-ca"))
    assert cause(ran)[0] == "private-ca-not-trusted"
    trail = ran.json["trail"]
    assert isinstance(trail, list)
    assert {mark["source"] for mark in trail if mark["fact"] in ("tls.offered", "connect.status")} == {
        "error-text"
    }
    assert {mark["source"] for mark in trail if mark["fact"] == "certificate.made_by"} == {"file"}


def test_a_plain_error_text_establishes_nothing_more() -> None:
    """An error text without any output leaves the facts of outputs alone."""
    case = BENCH.open_case(
        error="SSL Provider: The certificate chain was issued by an authority that is not trusted."
    )
    assert not case.facts().keys() & {"connect.status", "certificate.made_by", "trust.status"}


def test_certificates_are_judged_by_name_time_and_roots() -> None:
    """The blocks go through the judgement of files: an expired one, for the case's name and this machine's roots."""
    case = BENCH.paste(case_of("postgresql://db07"), output("s_client-postgresql-expired"))
    assert (case.value("validity.status"), case.value("names.status")) == ("expired", "mismatch")
    entry = case.evidence_for("validity.status")
    assert entry is not None
    assert entry.source == "file"
    assert case.certificates[0].common_name == "localhost"
    fine = BENCH.paste(case_of("postgresql://localhost"), output("s_client-postgresql-healthy"))
    assert (fine.value("validity.status"), fine.value("names.status")) == ("valid", "match")


def test_the_sources_keep_their_order() -> None:
    """What was measured now comes before an output that was printed elsewhere, at another time."""
    case = answered(
        case_of("postgresql://localhost"),
        Evidence("connect.status", "refused", "probe"), Evidence("certificate.subject", "CN=other", "probe"),
    )  # fmt: skip
    case = BENCH.paste(case, output("s_client-postgresql-healthy"))
    assert case.value("connect.status") == "refused"
    assert case.value("certificate.subject") == "CN=other"
    assert case.certificates == ()


def test_a_certificate_that_is_cut_off_says_nothing() -> None:
    """A block that the terminal cut is no evidence, and the reason is kept."""
    text = output("s_client-private-ca")
    case = BENCH.paste(case_of("postgresql://localhost"), text[: text.index("-----END")])
    entry = case.evidence_for("certificate.subject")
    assert entry is not None
    assert not entry.known
    assert "cut off" in (entry.because or "")


def test_a_part_of_the_chain_says_nothing_of_trust() -> None:
    """Where the server sent two certificates and one was pasted, trust comes from OpenSSL's own words."""
    text = output("s_client-mysql-self-generated")
    second = text.rindex("-----BEGIN CERTIFICATE-----")
    case = BENCH.paste(
        case_of("mysql://localhost"), text[:second] + text[text.index("---\nServer certificate") :]
    )
    assert len(case.certificates) == 1
    for fact, value in (
        ("chain.length", 2),
        ("trust.status", "unknown-issuer"),
        ("certificate.made_by", "server"),
    ):
        assert case.value(fact) == value


def test_the_log_of_the_server_does_not_replace_what_the_client_says() -> None:
    """A log that names a failure gives the symptom only where there is none."""
    log = output("errorlog-no-access")
    assert BENCH.paste(case_of("sqlserver://sql01"), log).value("symptom") == "server-certificate-not-loaded"
    told = answered(case_of("sqlserver://sql01"), Evidence("symptom", "expired", "error-text"))
    assert BENCH.paste(told, log).value("symptom") == "expired"


def test_what_says_nothing_leaves_the_case_as_it_is() -> None:
    """Prose changes no fact."""
    case = case_of("mysql://localhost")
    assert BENCH.paste(case, "no idea, sorry") is case


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Returns a function that puts a text on stdin."""

    def type_(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))

    return type_


def test_a_number_still_answers(typed: Callable[[str], None]) -> None:
    """A number chooses, the last one is "I don't know", and anything short is asked for again."""
    answerer = ask(None)
    typed("x\n99\n2\n")
    assert answerer(question("tls.offered")) == Evidence("tls.offered", False, "person")
    typed("3\n")
    answer = answerer(question("tls.offered"))
    assert isinstance(answer, Evidence)
    assert not answer.known
    typed("")
    answer = answerer(question("tls.offered"))
    assert isinstance(answer, Evidence)
    assert not answer.known


def test_an_output_ends_with_an_empty_line(typed: Callable[[str], None]) -> None:
    """The lines up to an empty one are the output; what comes after them is left for the next question."""
    typed(output("errorlog-self-generated") + "\n1\n")
    answer = ask(None)(question("certificate.made_by"))
    assert answer == Paste(output("errorlog-self-generated"))
    assert sys.stdin.readline() == "1\n"


def test_a_paste_answers_and_tells_more(typed: Callable[[str], None]) -> None:
    """At the question about TLS the settings of the server are pasted; the policy in them is kept too."""
    case = answered(case_of("mariadb://localhost"), Evidence("symptom", "tls-not-offered", "error-text"))
    typed(output("mariadb-table-disabled"))
    done = BENCH.diagnose(case, ask(None))
    assert done.verdict.cause is not None
    assert (done.verdict.cause.id, done.verdict.confidence) == ("tls-not-offered", "confirmed")
    assert done.case.value("policy") == "not-offered"


def test_a_paste_that_does_not_answer_is_said_to(
    typed: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """The same question comes again with one sentence, what the output did tell stays, and a number ends it."""
    case = answered(case_of("postgresql://localhost"), Evidence("symptom", "tls-not-offered", "error-text"))
    typed(output("psql-conninfo-plain") + "\n2\n")
    told: list[str] = []
    done = BENCH.diagnose(
        case, ask(None), lambda progress: told.extend(one.fact for one in progress.evidence)
    )
    shown = capsys.readouterr().err
    assert shown.count("There is no answer to this question in it.") == 1
    assert shown.count("Does the server offer TLS?") == 1
    assert done.case.value("connect.status") == "open"
    assert "connect.status" in told
    assert done.verdict.cause is not None
    assert done.verdict.cause.id == "tls-not-offered"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_a_terminal_hands_over_empty_lines_within_a_paste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Output with an empty line in it, pasted into a terminal, is one output all the same."""
    import pty

    outer, inner = pty.openpty()
    text = output("nslookup-windows")
    assert "\n\n" in text
    os.write(outer, f"\n{text}".encode())
    with open(inner, encoding="utf-8") as stdin:  # noqa: PTH123 - a descriptor
        monkeypatch.setattr(sys, "stdin", stdin)
        answer = ask(None)(question("resolve.status"))
    os.close(outer)
    assert isinstance(answer, Paste)
    assert BENCH.paste(case_of("sqlserver://sql01"), answer.text).value("resolve.status") == "ok"


def how_to(text: str, language: Shell = "sh", *engines: Engine) -> HowTo:
    """Returns an instruction."""
    return HowTo(engines=engines, platform="any", text=text, look_for="x", shell=language)


def shown(target: str, how: HowTo) -> str:
    """Returns a how-to as the case of a target shows it."""
    fact = msgspec.structs.replace(KNOWN.fact("tls.offered"), how_to=(how,))
    facts = tuple(fact if one.id == fact.id else one for one in KNOWN.facts)
    bench = Workbench(msgspec.structs.replace(KNOWN, facts=facts), BENCH.options)
    step = bench.next_step(answered(case_of(target), Evidence("symptom", "tls-not-offered", "error-text")))
    assert isinstance(step, Ask)
    return " / ".join(one.text for one in step.fact.how_to)


@pytest.mark.parametrize(("target", "text", "expected"), [
    ("postgresql://db01", "nc -vz SERVER PORT", "nc -vz db01 5432"),
    ("postgresql://db01:6000", "openssl s_client -connect SERVER:PORT", "openssl s_client -connect db01:6000"),
    ("postgresql://[fe80::1]:6000", "s_client -connect SERVER:PORT", "s_client -connect '[fe80::1]:6000'"),
    ("postgresql://[fe80::1]:6000", "nc -vz SERVER PORT", "nc -vz fe80::1 6000"),
    ("sqlserver://db01/PROD", "nc -vz SERVER PORT INSTANCE", "nc -vz db01 PORT PROD"),
    ("postgresql://db01", "echo SERVERS SUPPORT", "echo SERVERS SUPPORT"),
])  # fmt: skip
def test_commands_name_the_server_of_the_case(target: str, text: str, expected: str) -> None:
    """SERVER, PORT and INSTANCE are the case's; what it does not know stays a placeholder."""
    assert shown(target, how_to(text)) == expected


def test_only_commands_for_the_engine_are_shown() -> None:
    """A PostgreSQL case does not show how MySQL is asked."""
    how = how_to("SHOW x", "mysql", "mysql")
    assert shown("mysql://db01", how) == "SHOW x"
    assert shown("postgresql://db01", how) == ""


def test_a_hostile_name_stays_a_value() -> None:
    """A name with shell syntax is quoted as a whole word, or left out where the word cannot be quoted."""
    target = msgspec.structs.replace(
        read_target("postgresql://db01").target, host="a;reboot", server_name="$(x)"
    )
    case = msgspec.structs.replace(case_of("postgresql://db01"), target=target)
    case = answered(case, Evidence("symptom", "tls-not-offered", "error-text"))
    for text, expected in (
        ("nc SERVER", "nc 'a;reboot'"),
        ("nc 'SERVER'", "nc 'SERVER'"),
        ("nc -n NAME", "nc -n '$(x)'"),
    ):
        how = how_to(text)
        fact = msgspec.structs.replace(KNOWN.fact("tls.offered"), how_to=(how,))
        facts = tuple(fact if one.id == fact.id else one for one in KNOWN.facts)
        step = Workbench(msgspec.structs.replace(KNOWN, facts=facts), BENCH.options).next_step(case)
        assert isinstance(step, Ask)
        assert step.fact.how_to[0].text == expected
