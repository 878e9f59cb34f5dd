"""The prediction from facts, a profile and options: what connects, what fails, and what nobody knows."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest

from wizard.diagnosis.clients.options import given
from wizard.diagnosis.clients.predict import Outcome, predict
from wizard.diagnosis.clients.server import RootsFile, Server
from wizard.model.client import (
    Does,
    NameRule,
    OptionEntry,
    OptionIs,
    ProfileEntry,
    Refusals,
    Rule,
    StackEntry,
)
from wizard.model.evidence import Value
from wizard.model.target import Engine

STACK = StackEntry(
    id="stack",
    title="A TLS library",
    versions=("TLSv1.2", "TLSv1.3"),
    refuses=Refusals(version_1="unverified"),
    names=NameRule(common_name="without-dns-names", address="alternative-name"),
    order=("key", "chain", "usage", "signature", "name", "validity", "encoding"),
    sources=("REALITY",),
)
GOOD: dict[str, Value | None] = {
    "connect.status": "open", "preamble.status": "ok", "tls.offered": True, "policy": "optional",
    "strict.offered": True, "handshake.status": "ok", "versions.tls1_2": True, "versions.tls1_3": True,
    "trust.status": "trusted", "names.status": "match", "names.matched_by": "alternative-name",
    "validity.status": "valid", "usage.status": "server-auth", "key.strength": "ok", "signature.strength": "ok",
    "encoding.status": "ok",
}  # fmt: skip
VERIFIES = Does(encryption="require", verifies="name")


def outcome(
    does: Does, facts: Mapping[str, Value | None] | None = None, engine: Engine = "sqlserver"
) -> Outcome:
    """Returns how a client ends that does this, on a good server but for these facts."""
    server = Server(engine=engine, name="db01", facts=GOOD | dict(facts or {}), given_roots=True)
    return predict(server, client(does, engine), STACK, ())


def client(does: Does, engine: Engine, **more: object) -> ProfileEntry:
    """Returns a client that does this."""
    made = ProfileEntry(
        id="client",
        engines=(engine,),
        stack="stack",
        does=does,
        options=(OptionEntry(key="roots", role="roots"), OptionEntry(key="pin", role="pin")),
        rules=(Rule(when=(OptionIs(option="pin"),), then=Does(pins="leaf-with-dates")),),
        sources=("REALITY",),
    )
    return msgspec.structs.replace(made, **more)


def said(found: Outcome) -> tuple[bool | None, str | None, bool | None, str | None]:
    """Returns the four parts of an outcome."""
    return found.connects, found.encrypted, found.verified, found.failure


def test_a_client_that_verifies_connects_to_a_server_in_order() -> None:
    """It connects, the session is under TLS, and the certificate is verified."""
    assert said(outcome(VERIFIES)) == (True, "session", True, None)


@pytest.mark.parametrize(
    ("facts", "failure"),
    [
        ({"trust.status": "unknown-issuer"}, "untrusted"),
        ({"trust.status": "self-signed"}, "self-signed"),
        ({"trust.status": "missing-intermediate"}, "missing-intermediate"),
        ({"trust.status": "invalid-chain"}, "invalid-chain"),
        ({"names.status": "mismatch", "names.matched_by": "none"}, "name"),
        ({"validity.status": "expired"}, "expired"),
        ({"validity.status": "not-yet-valid"}, "not-yet-valid"),
        ({"usage.status": "wrong-usage"}, "wrong-usage"),
        ({"key.strength": "weak"}, "weak-key"),
        ({"signature.strength": "weak"}, "weak-signature"),
        ({"versions.tls1_2": False, "versions.tls1_3": False}, "no-common-version"),
        ({"handshake.status": "refused"}, "handshake-broken"),
        ({"handshake.client_certificate": "demanded"}, "client-certificate"),
        ({"tls.offered": False, "policy": "not-offered"}, "tls-not-offered"),
        ({"policy": "strict-only"}, "strict-required"),
        ({"connect.status": "refused"}, "unreachable"),
        ({"preamble.status": "closed"}, "closed-early"),
    ],
)
def test_each_fault_of_the_server_ends_a_client_that_verifies(
    facts: Mapping[str, Value], failure: str
) -> None:
    """One fault, one failure; the same server without it lets the client in (above)."""
    found = outcome(VERIFIES, facts)
    assert said(found) == (False, None, None, failure)


@pytest.mark.parametrize("fact", ["trust.status", "names.status", "tls.offered"])
def test_what_is_not_known_is_not_guessed(fact: str) -> None:
    """Without this fact nobody knows whether it connects; the reason is told."""
    found = outcome(VERIFIES, {fact: None, **({"policy": None} if fact == "tls.offered" else {})})
    assert found.connects is None
    assert found.because


def test_a_client_that_does_not_verify_needs_no_certificate_facts() -> None:
    """With nothing known of the certificate it connects all the same."""
    unknown = {fact: None for fact in GOOD if fact.split(".")[0] in ("trust", "names", "validity")}
    assert said(outcome(Does(verifies="nothing"), unknown)) == (True, "session", False, None)


@pytest.mark.parametrize(
    ("policy", "when", "expected"),
    [
        ("optional", "session", (True, "login", False, None)),
        ("optional", "any", (False, None, None, "untrusted")),
        ("required", "asked", (True, "session", False, None)),
        ("required", "session", (False, None, None, "untrusted")),
        ("not-offered", "any", (True, "none", False, None)),
    ],
)
def test_login_only_encryption_is_verified_as_the_client_does(
    policy: str, when: str, expected: object
) -> None:
    """What an untrusted certificate does to Encrypt=no depends on when the client verifies."""
    does = Does(encryption="login", verifies="name", verifies_when=when)  # type: ignore[arg-type]
    found = outcome(
        does, {"policy": policy, "trust.status": "unknown-issuer", "tls.offered": policy != "not-offered"}
    )
    assert said(found) == expected


@pytest.mark.parametrize(("forced", "connects"), [("follows", True), ("refuses", False)])
def test_a_client_without_encryption_follows_or_refuses_where_it_is_forced(
    forced: str, connects: bool
) -> None:
    """Told that encryption is required, one client encrypts and another gives up."""
    found = outcome(Does(encryption="none", forced=forced), {"policy": "required"})  # type: ignore[arg-type]
    assert found.connects is connects


def test_prefer_goes_on_in_plaintext_only_where_the_client_does() -> None:
    """With a certificate that is refused, libpq's prefer is plaintext; another client fails."""
    falls_back = Does(encryption="prefer", verifies="chain", refused_tls="plaintext")
    back = outcome(falls_back, {"trust.status": "self-signed"}, "postgresql")
    assert said(back) == (True, "none", False, None)
    assert back.fell_back == "self-signed"
    stays = Does(encryption="prefer", verifies="chain")
    assert outcome(stays, {"trust.status": "self-signed"}, "postgresql").failure == "self-signed"


@pytest.mark.parametrize(
    ("policy", "expected"), [("required", False), ("optional", True), ("not-offered", True), (None, None)]
)
def test_plaintext_depends_on_what_only_a_login_shows(policy: str | None, expected: bool | None) -> None:
    """Whether PostgreSQL and MySQL let plaintext in is unknown until somebody says it."""
    engines: tuple[Engine, ...] = ("postgresql", "mysql", "mariadb")
    for engine in engines:
        found = outcome(Does(encryption="none"), {"policy": policy}, engine)
        assert found.connects is expected


@pytest.mark.parametrize(("holds", "failure"), [(True, None), (False, "pin"), (None, None)])
def test_a_pinned_certificate_is_accepted_whoever_signed_it(holds: bool | None, failure: str | None) -> None:
    """The pin replaces chain and name; whether it is the server's has to be known."""
    profile = client(VERIFIES, "sqlserver")
    facts = GOOD | {"trust.status": "self-signed", "names.status": "mismatch"}
    files = {"leaf.pem": RootsFile(facts=None, holds_leaf=holds)}
    server = Server(engine="sqlserver", name="db01", facts=facts, files=files)
    found = predict(server, profile, STACK, given(profile, (("pin", "leaf.pem"),), strictly=True))
    assert found.failure == failure
    assert found.connects is (None if holds is None else failure is None)


def test_a_pinned_certificate_still_has_to_be_within_its_time() -> None:
    """Where the client checks the dates of a pinned certificate, an expired one fails."""
    profile = client(VERIFIES, "sqlserver")
    files = {"leaf.pem": RootsFile(facts=None, holds_leaf=True)}
    server = Server(engine="sqlserver", name="db01", facts=GOOD | {"validity.status": "expired"}, files=files)
    found = predict(server, profile, STACK, given(profile, (("pin", "leaf.pem"),), strictly=True))
    assert found.failure == "expired"


def test_roots_of_an_option_come_before_those_of_the_machine() -> None:
    """The file decides: a root that fits makes the certificate trusted, another one does not."""
    profile = client(VERIFIES, "sqlserver")
    options = given(profile, (("roots", "ca.pem"),), strictly=True)
    for inside, connects in (("trusted", True), ("unknown-issuer", False)):
        files = {"ca.pem": RootsFile(facts={"trust.status": inside})}
        other = {"trust.status": "unknown-issuer" if connects else "trusted"}
        server = Server(engine="sqlserver", name="db01", facts=GOOD | other, files=files)
        assert predict(server, profile, STACK, options).connects is connects
    unusable = Server(
        engine="sqlserver", name="db01", facts=GOOD, files={"ca.pem": RootsFile(facts=None, usable=False)}
    )
    assert predict(unusable, profile, STACK, options).failure == "ca-file-empty"


def test_a_client_with_roots_of_its_own_may_not_know_a_root_of_this_machine() -> None:
    """Java and Node.js do not read the machine's store: trusted here says nothing about them."""
    does = msgspec.structs.replace(VERIFIES, roots="own")
    profile = client(does, "sqlserver")
    server = Server(engine="sqlserver", name="db01", facts=GOOD)
    assert predict(server, profile, STACK, ()).connects is None
    told = msgspec.structs.replace(server, given_roots=True)
    assert predict(told, profile, STACK, ()).connects is True


def test_verifying_without_any_roots_fails() -> None:
    """Libpq refuses to begin without a file of roots; the same client that does not verify goes on."""
    assert outcome(msgspec.structs.replace(VERIFIES, roots="none")).failure == "no-roots"
    assert outcome(Does(verifies="nothing", roots="none")).connects is True


@pytest.mark.parametrize("field", ["encryption", "verifies", "verifies_when"])
def test_a_rule_that_nobody_has_checked_makes_the_answer_unknown(field: str) -> None:
    """Unverified is not a guess."""
    does = msgspec.structs.replace(VERIFIES, **{field: "unverified"})
    assert outcome(does).connects is None


def test_an_unverified_refusal_matters_only_where_the_fault_is() -> None:
    """What a library makes of weak keys is asked only of a weak key."""
    unsure = msgspec.structs.replace(STACK, refuses=Refusals(key="unverified"))
    profile = client(VERIFIES, "sqlserver")
    weak = Server(engine="sqlserver", name="db01", facts=GOOD | {"key.strength": "weak"}, given_roots=True)
    strong = Server(engine="sqlserver", name="db01", facts=GOOD, given_roots=True)
    assert predict(weak, profile, unsure, ()).connects is None
    assert predict(strong, profile, unsure, ()).connects is True


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, (True, "session", True, None)),
        ({"policy": "strict-only"}, (True, "session", True, None)),
        ({"strict.offered": False}, (False, None, None, "strict-not-supported")),
        ({"strict.offered": None}, (None, None, None, None)),
        ({"handshake.status": "refused", "versions.tls1_2": False}, (True, "session", True, None)),
    ],
)
def test_strict_needs_a_server_that_takes_tds_8(facts: Mapping[str, Value | None], expected: object) -> None:
    """TDS 8.0 has a handshake of its own, with TLS 1.3; what TDS 7 did says nothing about it."""
    assert said(outcome(msgspec.structs.replace(VERIFIES, encryption="strict"), facts)) == expected


def test_tds_7_has_no_tls_1_3() -> None:
    """A server with TLS 1.3 alone lets no client in that does not ask for TDS 8.0."""
    assert outcome(VERIFIES, {"versions.tls1_2": False}).failure == "server-too-new"
    assert outcome(VERIFIES, {"versions.tls1_2": False}, "postgresql").connects is True
