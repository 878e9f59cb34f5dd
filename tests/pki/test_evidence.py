"""All facts of one chain."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from tests.pki.authority import NOW, SERVER, Made, make, resigned
from wizard.model.evidence import Evidence
from wizard.pki.evidence import chain_evidence
from wizard.pki.trust import TrustStore

FACTS = {
    "certificate.made_by", "certificate.subject", "certificate.issuer", "certificate.names", "certificate.is_ca",
    "chain.length", "trust.status", "trust.verify_code", "names.status", "names.used", "names.kind",
    "names.matched_by", "validity.status", "validity.days_left", "validity.of",
    "usage.status", "key.strength", "signature.strength", "encoding.status",
}  # fmt: skip


def facts(
    *chain: bytes, root: Made, server_name: str | None = "db.example.com", at: datetime = NOW
) -> dict[str, Evidence]:
    """Returns the evidence by fact, after checking that every fact is there once."""
    store = TrustStore("test", certificates=(root.der,))
    found = chain_evidence(chain, server_name=server_name, store=store, at=at, source="file")
    assert sorted(entry.fact for entry in found) == sorted(FACTS)
    assert all(entry.known or entry.because for entry in found)
    return {entry.fact: entry for entry in found}


def test_good_chain(root: Made, intermediate: Made, leaf: Made) -> None:
    """A good chain establishes every fact with its normal value."""
    found = facts(leaf.der, intermediate.der, root=root)
    assert {fact: entry.value for fact, entry in found.items()} == {
        "chain.length": 2, "certificate.made_by": "other", "certificate.subject": "CN=db.example.com",
        "certificate.issuer": "CN=Example Issuing CA 1,O=Example",
        "certificate.names": ("DNS:db.example.com", "IP:192.0.2.7"), "trust.status": "trusted", "trust.verify_code": 0,
        "certificate.is_ca": False, "names.kind": "full", "names.matched_by": "alternative-name", "validity.of": "leaf",
        "names.status": "match", "names.used": "db.example.com", "validity.status": "valid", "validity.days_left": 4947,
        "usage.status": "server-auth", "key.strength": "ok", "signature.strength": "ok", "encoding.status": "ok",
    }  # fmt: skip
    assert {entry.source for entry in found.values()} == {"file"}


def test_unknown_server_name_leaves_names_unknown(root: Made, leaf: Made) -> None:
    """Without the client's name nothing is claimed about names."""
    found = facts(leaf.der, root=root, server_name=None)
    assert found["names.status"].value is None
    assert found["names.used"].value is None


def test_mismatch_lists_the_names(root: Made) -> None:
    """A mismatch tells what the certificate is for, shortened where there are thousands."""
    many = root.issue("a", names=[f"host{number}.example.com" for number in range(10_000)])
    found = facts(many.der, root=root)["names.status"]
    assert found.value == "mismatch"
    assert (found.because or "").endswith("host4.example.com and 9995 more")


def test_expired_intermediate_counts(root: Made) -> None:
    """An expired intermediate on the path makes the chain expired; one that is merely sent along does not."""
    old = root.issue("Old Issuing CA", ca=True, years=(2020, 2024))
    through = facts(old.issue("a", usages=SERVER).der, old.der, root=root)
    assert through["validity.status"].value == "expired"
    assert "Old Issuing CA" in (through["validity.status"].because or "")
    assert through["trust.status"].value == "trusted"
    beside = facts(root.issue("a", usages=SERVER).der, old.der, root=root)
    assert beside["validity.status"].value == "valid"


def test_sha1_intermediate_is_weak(rsa_key: rsa.RSAPrivateKey, other_rsa_key: rsa.RSAPrivateKey) -> None:
    """A SHA-1 signature below the root is weak, also on an intermediate; on the root it does not matter."""
    authority = make("Root", ca=True, key=rsa_key)
    middle = authority.issue("Issuing CA", ca=True, key=other_rsa_key)
    leaf = middle.issue("a", usages=SERVER)
    weak = facts(leaf.der, resigned(middle, "sha1", rsa_key), root=authority)["signature.strength"]
    assert weak.value == "weak"
    assert "Issuing CA" in (weak.because or "")
    old_root = Made(authority.name, authority.key, resigned(authority, "sha1"))
    assert facts(leaf.der, middle.der, root=old_root)["signature.strength"].value == "ok"


def test_server_fallback_certificate(rsa_key: rsa.RSAPrivateKey, root: Made) -> None:
    """SQL Server's own certificate is self-signed, named for nobody, and recognised."""
    found = facts(resigned(make("SSL_Self_Signed_Fallback", key=rsa_key), "sha1"), root=root)
    assert found["certificate.made_by"].value == "server"
    assert found["trust.status"].value == "self-signed"
    assert found["names.status"].value == "mismatch"
    assert found["signature.strength"].value == "ok"


def test_malformed_certificate_is_named(root: Made, leaf: Made) -> None:
    """A negative serial is malformed while everything else is still established."""
    negative = leaf.der.replace(bytes.fromhex("1122334455667788"), bytes.fromhex("9122334455667788"))
    found = facts(negative, root=root)
    assert (found["encoding.status"].value, found["encoding.status"].because) == (
        "malformed",
        "negative serial number",
    )
    assert found["names.status"].value == "match"


@pytest.mark.parametrize("junk", [b"", b"junk", b"\x30\x03\x02\x01\x00"])
def test_junk_from_a_server_is_unknown(junk: bytes, root: Made) -> None:
    """A leaf that is no certificate is malformed, and all else is unknown with the reason."""
    found = facts(junk, root=root)
    assert found["encoding.status"].value == "malformed"
    assert found["trust.status"].value is None


def test_no_certificate_is_unknown(root: Made) -> None:
    """An empty chain has a length of zero and nothing else."""
    found = facts(root=root)
    assert found["chain.length"].value == 0
    assert found["encoding.status"].value is None


def test_days_left_follow_the_given_time(root: Made, leaf: Made) -> None:
    """Validity is judged at the time that is given, not at the machine's."""
    found = facts(leaf.der, root=root, at=NOW + timedelta(days=5_000))
    assert (found["validity.status"].value, found["validity.days_left"].value) == ("expired", -53)


_LEAF = make("db.example.com", names=["db.example.com"])


@given(st.integers(0, len(_LEAF.der) - 1), st.integers(0, 255), st.text(max_size=20))
def test_mutated_chains_never_raise(position: int, value: int, server_name: str) -> None:
    """Whatever a server sends, there is evidence for every fact."""
    data = bytearray(_LEAF.der)
    data[position] = value
    facts(bytes(data), _LEAF.der, root=_LEAF, server_name=server_name)


def test_an_expired_issuer_counts_under_an_unknown_root_too(root: Made, intermediate: Made) -> None:
    """Where the root is not known, the issuers that the server sent are judged; what belongs to no path is not."""
    early = root.issue("Issuing CA 2", ca=True, years=(2020, 2022))
    leaf = early.issue("db.example.com")
    other = make("Another Root", ca=True)
    found = facts(leaf.der, early.der, root=other)
    assert (found["validity.status"].value, found["validity.of"].value) == ("expired", "issuer")
    stray = facts(intermediate.issue("db.example.com").der, intermediate.der, early.der, root=other)
    assert (stray["validity.status"].value, stray["validity.of"].value) == ("valid", "leaf")
