"""A redacted report names nobody in any form, and rests on the same evidence; users are in no report at all."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.report.cases import KNOWN, diagnosed, in_all_forms, saying
from tests.report.named import NAMES, NOW, SECRET, USERS, Named, named
from wizard.model.certificate import Certificate
from wizard.model.target import ENGINES, Engine
from wizard.pki.names import ascii_host, kind_of_name, matches_host
from wizard.report.forms import Form, report
from wizard.report.redacted import Shown, shown
from wizard.report.stand_ins import StandIns
from wizard.workbench import Options, Workbench

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


@pytest.fixture(scope="module", params=ENGINES)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Named:
    """The case of one database in which every name can be searched for."""
    engine: Engine = request.param
    return named(engine, tmp_path_factory.mktemp("case"))


def _shown(case: Named, *, redact: bool) -> Shown:
    return shown(case.done, case.bench, case.proof, redact=redact, home=case.home)


def _texts(made: Shown) -> dict[str, str]:
    return {form: report(form, made.done, KNOWN, NOW, made.proof) for form in get_args(Form)}


def _left(texts: dict[str, str], words: Iterable[str]) -> set[tuple[str, str]]:
    return {(form, word) for form, text in texts.items() for word in words if word in text.lower()}


def test_no_name_is_left_in_a_redacted_report(case: Named) -> None:
    """Neither of the server nor of a person, a place, an address or a file, in any form and in any spelling."""
    texts = _texts(_shown(case, redact=True))
    assert not _left(texts, (*USERS, *NAMES, SECRET.lower()))
    certificates = case.done.case.certificates
    assert not _left(texts, [one for cert in certificates for one in (cert.sha1, cert.sha256)])


def test_the_names_are_in_a_report_that_is_not_redacted(case: Named) -> None:
    """Each name that is looked for above is really there, except for users and secrets, which never are."""
    texts = _texts(_shown(case, redact=False))
    whole = "\n".join(texts.values()).lower()
    absent = {name for name in NAMES if name not in whole}
    assert absent <= {"numbat", "koaladom", "emu7"}  # an instance and a domain are SQL Server's
    assert not _left(texts, (*USERS, SECRET.lower()))
    raw = report("md", case.done, KNOWN, NOW, case.proof).lower() + str(case.done.case.error).lower()
    assert all(user in raw for user in USERS)


def test_the_diagnosis_is_the_same(case: Named) -> None:
    """Cause, confidence, findings, facts with a choice or a number, and the fixes with their tiers do not change."""
    before, after = case.done, _shown(case, redact=True).done
    assert after.verdict.cause == before.verdict.cause
    assert after.verdict.confidence == before.verdict.confidence
    assert after.findings == before.findings
    assert [(one.id, one.tier, one.platform, one.client) for one in after.fixes] == [
        (one.id, one.tier, one.platform, one.client) for one in before.fixes
    ]
    kept = {fact.id for fact in KNOWN.facts if fact.choices}
    facts = before.case.facts()
    assert facts.keys() == after.case.facts().keys()
    same = {fact for fact, value in facts.items() if fact in kept or isinstance(value, bool | int)}
    assert {"names.status", "names.kind", "trust.status", "chain.length"} <= same
    assert {fact: after.case.value(fact) for fact in same} == {fact: facts[fact] for fact in same}


def test_the_redacted_certificate_leads_to_the_same_verdict_about_names(case: Named) -> None:
    """Which names match is decided anew from the stand-ins, and comes out as before."""
    before, after = case.done.case, _shown(case, redact=True).done.case
    assert before.target
    assert after.target
    for old, new in zip(before.certificates[0].sans, after.certificates[0].sans, strict=True):
        kind, pattern = old.split(":", 1)
        assert new.startswith(f"{kind}:")
        if kind == "DNS":
            matched = matches_host(pattern, ascii_host(before.target.server_name))
            assert matches_host(new.partition(":")[2], ascii_host(after.target.server_name)) == matched
    assert kind_of_name(after.target.server_name) == kind_of_name(before.target.server_name)


def _shape(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _shape(one) for key, one in value.items()}
    return [_shape(one) for one in value] if isinstance(value, list) else None


def test_the_redacted_json_has_the_same_keys(case: Named) -> None:
    """It is one document of the same shape; only texts differ, and what a fix lacks."""
    shapes = []
    for redact in (False, True):
        made = _shown(case, redact=redact)
        document = json.loads(report("json", made.done, KNOWN, NOW, made.proof))
        for fix in document["fixes"]:
            fix["missing"] = None
        shapes.append(_shape(document))
    assert shapes[0] == shapes[1]


def test_relations_between_names_stay(case: Named) -> None:
    """The short name is the first label of the full one, two domains stay two, addresses are of documentation."""
    done = _shown(case, redact=True).done
    target, leaf = done.case.target, done.case.certificates[0]
    assert target
    assert target.server_name == "server-1.example.com"
    assert leaf.common_name == "server-1"
    assert leaf.sans[:2] == ("DNS:server-1.example.net", "DNS:*.zone-1.example.com")
    networks = [ipaddress.ip_network(one) for one in ("192.0.2.0/24", "2001:db8::/32")]
    for san in leaf.sans[2:4]:
        address = ipaddress.ip_address(san.removeprefix("IP:"))
        assert any(address in network for network in networks)
    addresses = done.case.value("resolve.addresses")
    assert isinstance(addresses, tuple)
    assert addresses[1] == "127.0.0.1"
    assert leaf.issuer == done.case.certificates[1].subject == done.case.certificates[1].issuer
    assert done.case.value("certificate.subject") == leaf.subject


@pytest.mark.parametrize(
    ("issuer", "kept"),
    [
        ("CN=R11,O=Let's Encrypt,C=US", True),
        ("CN=DigiCert Global G2 TLS RSA SHA256 2020 CA1,O=DigiCert Inc,C=US", True),
        ("CN=SSL_Self_Signed_Fallback", True),
        ("CN=MariaDB Server", True),
        ("CN=MySQL_Server_8.0.36_Auto_Generated_CA_Certificate", True),
        ("CN=Wombat Root,O=Wombat Ltd,C=AU", False),
        ("CN=MySQL_Server_wombat_Auto_Generated_CA_Certificate", False),
        ("CN=Zscaler Root (wombat.com),O=Zscaler Inc.,OU=wombat", False),
    ],
)
def test_what_is_evidence_stays(issuer: str, kept: bool) -> None:
    """A public CA and what servers call themselves name nobody; what shows who made a certificate is left of others."""
    told = StandIns((), ("Zscaler",)).distinguished_name(issuer, issuer=True)
    assert (told == issuer) == kept
    assert "wombat" not in told.lower()
    for evidence in ("_Auto_Generated_CA_Certificate", "Zscaler"):
        assert (evidence in told) == (evidence in issuer)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (
            "System.Data.SqlClient.SqlException in javax.net.ssl.SSLHandshakeException at ssl.c:1006, x509.go",
            True,
        ),
        ("See https://aka.ms/sqldocs and https://go.microsoft.com/fwlink", True),
        (
            "127.0.0.1, ::1, localhost, NT AUTHORITY\\SYSTEM, Login failed for user 'sa'. user \"postgres\"",
            True,
        ),
        ("certificate is not valid for 'bilby'", False),
        ("mssql: dial tcp: lookup bilby: no such host", False),
        ("Login failed for user 'BILBY\\svc$'.", False),
        ("Fehler bei der Anmeldung für den Benutzer „bilby“.", False),
        ("dsn=bilby:secret@tcp(bilby:3306)/bilby", False),
    ],
)
def test_a_text_by_itself(text: str, kept: bool) -> None:
    """Names are found by what stands around them; code, pages of vendors and usual accounts stay."""
    bench = Workbench(KNOWN, Options(at=NOW, probing=False))
    made = shown(bench.diagnose(bench.open_case(error=text)), bench, redact=True, home=Path("/home/nobody"))
    assert made.done.case.error is not None
    assert (made.done.case.error == text) == kept
    assert "bilby" not in made.done.case.error.lower()


LABELS = st.sampled_from(
    ["a", "b", "c", "db01", "com", "net", "de", "local", "example", "contoso", "co", "uk"]
)
NAMES_OF_LABELS = st.lists(LABELS, min_size=1, max_size=4).map(".".join)


@settings(max_examples=150, deadline=None)
@given(st.lists(NAMES_OF_LABELS, min_size=2, max_size=6, unique=True), st.lists(NAMES_OF_LABELS, max_size=3))
def test_every_relation_between_host_names_stays(names: list[str], parents: list[str]) -> None:
    """Different names stay different, upper case is no difference, and each wildcard matches the same names."""
    stand_ins = StandIns((".rds.amazonaws.com",), ())
    told = {name: stand_ins.host(name) for name in names}
    assert len(set(told.values())) == len(names)
    assert all(stand_ins.host(name.upper()) == told[name] for name in names)
    assert all(told[name].count(".") == name.count(".") for name in names)
    assert all(kind_of_name(told[name]) == kind_of_name(name) for name in names)
    for parent in parents:
        pattern = stand_ins.host(f"*.{parent}")
        assert [matches_host(pattern, told[name]) for name in names] == [
            matches_host(f"*.{parent}", name) for name in names
        ]


def test_a_case_without_users_is_reported_as_it_is() -> None:
    """Nothing is rewritten where there is nothing to hide; a lab's case names no user."""
    done = diagnosed("mariadb/name-mismatch")
    bench = Workbench(KNOWN, Options(at=NOW, probing=False))
    made = shown(done, bench, home=Path("/home/somebody"))
    assert (made.done.case, made.replaced) == (done.case, ())
    assert made.done.fixes == done.fixes
    assert made.hidden == "There is no name to hide"


def test_what_a_person_filled_in_names_no_user_and_no_store_password(case: Named) -> None:
    """A user and a password are left out of each report, the rest of a redacted one; a placeholder stands there."""
    filled = {"database_user": "dingo", "store_password": SECRET, "certificate_file": "/srv/skink/x.pem"}
    for redact in (False, True):
        made = shown(case.done, case.bench, redact=redact, filled=filled, home=case.home)
        commands = str(made.done.fixes)
        assert "dingo" not in commands
        assert SECRET not in commands
        assert not redact or "skink" not in commands


def test_hostile_text_is_taken_for_what_it_is() -> None:
    """Signs that the search uses itself, half a name and a thousand names neither stop it nor slow it down."""
    bench = Workbench(KNOWN, Options(at=NOW, probing=False))
    for text in (
        "\ue0000\ue001 \ue0005",
        "CN=",
        "user ''",
        "\\\\\\",
        "[" * 500,
        ":" * 500,
        "a." * 500,
        "@" * 500,
    ):
        assert all(in_all_forms(shown(saying(text), bench, redact=True).done).values())
    done = saying("x")
    many = tuple(f"DNS:a{number}.b{number}.example.com" for number in range(3000))
    leaf: Certificate = msgspec.structs.replace(done.case.certificates[0], sans=many)
    crowded = msgspec.structs.replace(done, case=msgspec.structs.replace(done.case, certificates=(leaf,)))
    told = shown(crowded, bench, redact=True).done.case.certificates[0].sans
    assert len(set(told)) == len(many)
