"""From error text to symptom: every signature, the sample of real texts, and what people do to texts."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.known import KNOWN
from wizard.diagnosis.match import Match, Matcher
from wizard.model.knowledge import Knowledge

TESTS = Path(__file__).resolve().parent.parent
LEAST_RIGHT = 0.97


class Sample(NamedTuple):
    """A real error text and the symptom that its thread turned out to be about."""

    id: str
    symptom: str
    engine: str
    text: str


@cache
def knowledge() -> Knowledge:
    """Returns the symptoms and clients that the program ships."""
    return KNOWN


@cache
def samples() -> tuple[Sample, ...]:
    """Returns the real error texts."""
    return read_samples("errors.jsonl")


@cache
def read_samples(name: str) -> tuple[Sample, ...]:
    """Returns the labelled texts of one file."""
    lines = (TESTS / "data" / name).read_text(encoding="utf-8").splitlines()
    rows = (json.loads(line) for line in lines)
    return tuple(Sample(row["id"], row["symptom"], row["engine"], row["text"]) for row in rows)


@cache
def matcher() -> Matcher:
    """Returns the matcher of the shipped knowledge."""
    return Matcher(knowledge())


def matched(text: str) -> Match:
    """Returns the match of `text` with the shipped knowledge."""
    return matcher().match(text)


EXAMPLES = [
    pytest.param(signature.symptom, signature.id, example, id=f"{signature.id}-{number}")
    for signature in knowledge().signatures
    for number, example in enumerate(signature.examples)
]


@pytest.mark.parametrize(("symptom", "signature", "example"), EXAMPLES)
def test_example_is_decided_by_its_own_signature(symptom: str, signature: str, example: str) -> None:
    """No other signature wins on a signature's own examples."""
    found = matched(example)
    assert (found.symptom, found.signature) == (symptom, signature)


THREAD_KNEW_MORE = {
    "pg-npgsql-4091-exc": "says only that a callback rejected the certificate; the thread found out about revocation",
    "pg-sqlectron-178": "is cut off before the words that tell a missing rule from missing encryption",
    "ss-mssqldocker-673": "says only that the certificate is invalid; the thread found a missing intermediate",
    "ss-pymssql-472": "is FreeTDS's bare wrapper 20002, which stands for any failed login or handshake",
    "ss-tinytds-235": "is the same wrapper; ss-tinytds-382 has the same words and the label ambiguous",
}
"""Texts whose label comes from the rest of their thread, with what the text itself says."""


def test_sample_is_recognised() -> None:
    """Every real text gets the symptom that its thread ended with, but for those that do not tell it themselves."""
    wrong = {sample.id for sample in samples() if matched(sample.text).symptom != sample.symptom}
    assert wrong == set(THREAD_KNEW_MORE)


def test_drivers_own_words_are_recognised() -> None:
    """Of what real drivers said on real faults, at least 97 % get the symptom that their words give."""
    told = read_samples("reality.jsonl")
    wrong = [(one.id, matched(one.text).symptom) for one in told if matched(one.text).symptom != one.symptom]
    assert len(told) > 150
    assert 1 - len(wrong) / len(told) >= LEAST_RIGHT, wrong


def test_no_text_about_tls_is_called_something_else() -> None:
    """A TLS fault never sends people to the network or the login."""
    all_texts = (*samples(), *read_samples("reality.jsonl"))
    wrong = [
        one.id for one in all_texts if one.symptom != "not-tls" and matched(one.text).symptom == "not-tls"
    ]
    assert wrong == []


def test_each_symptom_of_the_sample_is_mostly_recognised() -> None:
    """No common symptom hides behind the total: of those with five texts or more, 3 in 4 are right."""
    total = Counter(sample.symptom for sample in samples())
    right = Counter(sample.symptom for sample in samples() if matched(sample.text).symptom == sample.symptom)
    shares = {symptom: right[symptom] / count for symptom, count in total.items() if count >= 5}
    assert {symptom: share for symptom, share in shares.items() if share < 0.75} == {}


@pytest.mark.parametrize(
    "sample", [sample for sample in samples() if sample.symptom == "not-tls"], ids=lambda sample: sample.id
)
def test_what_is_not_tls_is_never_called_a_tls_fault(sample: Sample) -> None:
    """Refused, timed out, login failed and the like are told apart, and say where to go instead."""
    found = matched(sample.text)
    assert found.symptom == "not-tls"
    assert found.go_to


@pytest.mark.parametrize("text", ["", "   \n", "hello", "SELECT 1", "\x00\x1b[31m", "证书", "error"])
def test_unknown_text_is_ambiguous(text: str) -> None:
    """Where nothing is recognised, the confidence is low and the answer says what to paste."""
    found = matched(text)
    assert found.symptom == "ambiguous"
    assert found.signature is None
    assert found.confidence <= 0.2
    assert found.ask_for
    assert [(item.fact, item.value) for item in found.establishes] == [("symptom", "ambiguous")]


@pytest.mark.parametrize(
    ("text", "symptom"),
    [
        ('no pg_hba.conf entry for host "h", user "u", database "d", no encryption', "tls-required"),
        ('no pg_hba.conf entry for host "h", user "u", database "d", SSL off', "tls-required"),
        ('no pg_hba.conf entry for host "h", user "u", database "d", SSL on', "not-tls"),
        ('no pg_hba.conf entry for host "h", user "u", database "d", SSL encryption', "not-tls"),
        ('no pg_hba.conf entry for host "h", user "u"', "ambiguous"),
        ("SSL error: tlsv1 alert unknown ca", "client-certificate"),
        ("LOG:  could not accept SSL connection: tlsv1 alert unknown ca", "chain-not-trusted"),
        ("sslv3 alert handshake failure", "handshake-failed"),
        ("The target principal name is incorrect.", "name-mismatch"),
        ("The target principal name is incorrect.  Cannot generate SSPI context.", "not-tls"),
        ("pre-login handshake. (error: 0 - An existing connection was forcibly closed by the remote host.)",
         "handshake-failed"),
        ("transport-level error has occurred when receiving. (An existing connection was forcibly closed)", "not-tls"),
        ("An existing connection was forcibly closed by the remote host.", "ambiguous"),
        ("pre-login handshake. (error: 0 - The semaphore timeout period has expired.)", "not-tls"),
        ('password authentication failed for user "u"\nno pg_hba.conf entry for host "h", no encryption', "not-tls"),
        ("requires a valid client certificate\nno pg_hba.conf entry for host, no encryption", "client-certificate"),
    ],
)  # fmt: skip
def test_like_words_with_different_causes(text: str, symptom: str) -> None:
    """Texts that share most of their words are told apart by the word that matters."""
    assert matched(text).symptom == symptom


def test_inner_reason_decides_before_its_wrapper() -> None:
    """A wrapper alone is ambiguous; with a reason inside, the reason decides."""
    wrapper = "com.mysql.cj.jdbc.exceptions.CommunicationsException: Communications link failure"
    inner = (
        "Caused by: java.security.cert.CertificateExpiredException: NotAfter: Sat Nov 01 03:11:20 UTC 2025"
    )
    trace = "\n\tat com.example.Thing.run(Thing.java:7)" * 300
    assert matched(wrapper + trace).symptom == "ambiguous"
    assert matched(wrapper + trace + "\n" + inner + trace).symptom == "expired"


@pytest.mark.parametrize(
    ("text", "fact", "value"),
    [
        ("certificate verify failed: self-signed certificate", "trust.status", "self-signed"),
        ("unable to get local issuer certificate", "trust.status", "unknown-issuer"),
        ("subject name does not match host name", "names.status", "mismatch"),
        ("certificate has expired", "validity.status", "expired"),
        ("certificate is not yet valid", "validity.status", "not-yet-valid"),
        ("server does not support SSL, but SSL was required", "tls.offered", False),
        ("Connection refused", "connect.status", "refused"),
        ("Login timeout expired", "connect.status", "timed-out"),
        ("getaddrinfo ENOTFOUND db", "resolve.status", "not-found"),
    ],
)
def test_words_establish_facts(text: str, fact: str, value: bool | str) -> None:
    """What the words themselves say becomes evidence from the error text."""
    found = {item.fact: item for item in matched(text).establishes}
    assert found[fact].value == value
    assert {item.source for item in found.values()} == {"error-text"}


@pytest.mark.parametrize(
    "text",
    ["The certificate chain was issued by an authority that is not trusted.", "certificate verify failed"],
)
def test_words_establish_no_more_than_they_say(text: str) -> None:
    """Windows' sentence leaves open why the chain is not trusted, so only the symptom is established."""
    assert [item.fact for item in matched(text).establishes] == ["symptom"]


@pytest.mark.parametrize(
    ("text", "client", "engine"),
    [
        ("[Microsoft][ODBC Driver 18 for SQL Server]SSL Provider: [error:0A000086]", "odbc-18", "sqlserver"),
        ("[Microsoft][ODBC Driver 17 for SQL Server]SSL Provider", "odbc-17", "sqlserver"),
        ("Microsoft.Data.SqlClient.SqlException (0x80131904)", "sqlclient-5", "sqlserver"),
        ("System.Data.SqlClient.SqlException (0x80131904)", "system-data-sqlclient", "sqlserver"),
        ("com.microsoft.sqlserver.jdbc.SQLServerException: x", "jdbc-13", "sqlserver"),
        ("TITLE: Connect to Server\nCannot connect to db1.\nADDITIONAL INFORMATION:", "ssms-22", "sqlserver"),
        ("psycopg2.OperationalError: connection to server at", "psycopg", "postgresql"),
        ("org.postgresql.util.PSQLException: x", "pgjdbc", "postgresql"),
        ("Npgsql.NpgsqlException (0x80004005)", "npgsql", "postgresql"),
        ("mysql.connector.errors.InterfaceError: 2026", "mysql-connector-python", "mysql"),
        ("ERROR 2026 (HY000): TLS/SSL error: x on mariadb1", "mariadb-cli", "mariadb"),
        ("Lost connection to MySQL server", None, "mysql"),
        ("certificate has expired", None, None),
    ],
)
def test_client_and_engine_show(text: str, client: str | None, engine: str | None) -> None:
    """The client and the engine are read from the text, and unknown where it does not show them."""
    found = matched(text)
    assert (found.client, found.engine) == (client, engine)


def test_codes_are_listed_once_in_order() -> None:
    """Structured codes of every kind are listed, each once."""
    text = (
        "SqlException (0x80131904) Number -2146893019 [08001] error:0A000086:SSL routines ERR_TLS_CERT_ALTNAME_INVALID "
        "ERROR 2026 (HY000) java.net.ConnectException (0x80131904)"
    )
    assert matched(text).codes == (
        "SqlException", "0x80131904", "-2146893019", "08001", "error:0A000086", "ERR_TLS_CERT_ALTNAME_INVALID",
        "2026", "HY000", "java.net.ConnectException",
    )  # fmt: skip


def test_words_are_cut_from_the_text_and_safe() -> None:
    """The deciding words are shown as they were pasted, on one line, and without control characters."""
    found = matched("x" * 9000 + "\nSSL: \x1b[31mcertificate\n  has\x07 expired\x1b[0m, sorry")
    assert found.words == "certificate has\ufffd expired"


def test_every_answer_is_in_shape() -> None:
    """A confidence stays between 0 and 1, candidates are sorted, and the best of them is the symptom."""
    for sample in samples():
        found = matched(sample.text)
        assert 0 < found.confidence <= 1
        assert found.candidates[0].symptom == found.symptom
        assert found.meaning


SOME = st.sampled_from([sample for sample in samples() if 20 < len(sample.text) < 1500])


def same(sample: Sample, mangled: str) -> bool:
    """Says whether the mangled text means what the text itself means."""
    return matched(mangled).symptom == matched(sample.text).symptom


@settings(max_examples=60, deadline=None)
@given(
    sample=SOME,
    width=st.integers(12, 120),
    end=st.sampled_from(["\n", "\r\n", "\n> ", "\n| ", "\n# ", "\n>>  "]),
)
def test_wrapping_and_quoting_change_nothing(sample: Sample, width: int, end: str) -> None:
    """Lines broken at any column, also inside words, and quoted, keep the symptom."""
    pieces = [sample.text[start : start + width] for start in range(0, len(sample.text), width)]
    assert same(sample, end.join(pieces))


@settings(max_examples=40, deadline=None)
@given(sample=SOME, escape=st.sampled_from(["\\n", "\\r\\n", "\\\\n", "\u2028", "\n\n", "\t"]))
def test_escaped_line_breaks_change_nothing(sample: Sample, escape: str) -> None:
    """A text out of JSON or a log, with its line breaks written as escapes, keeps the symptom."""
    assert same(sample, sample.text.replace("\n", escape))


@settings(max_examples=40, deadline=None)
@given(sample=SOME, lost=st.sampled_from(list("\"'.,:;()[]-_")), with_=st.sampled_from(["", " ", "\u2019"]))
def test_lost_punctuation_changes_nothing(sample: Sample, lost: str, with_: str) -> None:
    """A sign that was lost or replaced on the way keeps the symptom."""
    assert same(sample, sample.text.replace(lost, with_) if lost not in "-_" or with_ != " " else sample.text)


NOISE = (
    "2026-11-20 08:00:01,113 INFO  [main] c.e.Application - Starting with 4 workers\n"
    "2026-11-20 08:00:02,871 DEBUG [pool-1-thread-3] o.h.SQL - select count(*) from orders where id = ?\n"
)


@settings(max_examples=40, deadline=None)
@given(sample=SOME, before=st.integers(0, 40), after=st.integers(0, 40))
def test_surrounding_log_changes_nothing(sample: Sample, before: int, after: int) -> None:
    """The lines of a log before and after the error keep the symptom."""
    assert same(sample, NOISE * before + sample.text + "\n" + NOISE * after)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=400))
def test_any_text_has_an_answer(text: str) -> None:
    """Whatever is pasted, there is a symptom of the contract and something to say."""
    found = matched(text)
    assert found.symptom in {symptom.id for symptom in knowledge().symptoms}
    assert found.go_to or found.symptom != "not-tls"


@pytest.mark.parametrize(
    "filler", [NOISE, "a", "a.b", "error SSL on ", "\\n&gt;", "登录前的握手期间发生错误"]
)
def test_large_text_is_searched_to_its_end(filler: str) -> None:
    """The words that decide are found at the end of a megabyte of anything."""
    text = (
        filler * (1_000_000 // len(filler))
        + "\nSSL routines::certificate verify failed:self-signed certificate"
    )
    assert matched(text).signature == "openssl-self-signed"
