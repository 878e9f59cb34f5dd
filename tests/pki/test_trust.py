"""Path validation, with `openssl verify` as second opinion."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.pki.authority import NOW, SERVER, Made, make
from wizard.errors import FileError
from wizard.pki.trust import Trust, TrustStore, verify

ROOT = make("Example Root CA", ca=True)
MIDDLE = ROOT.issue("Example Issuing CA 1", ca=True)
LEAF = MIDDLE.issue("db.example.com", names=["db.example.com"], usages=SERVER)
DIRECT = ROOT.issue("db.example.com", usages=SERVER)
ALONE = make("db.example.com", usages=SERVER)
OTHER = make("Other Root", ca=True)
OLD_MIDDLE = ROOT.issue("Example Issuing CA 0", ca=True, years=(2020, 2024))
NO_CA = ROOT.issue("Not a CA", ca=False)
CLIENT_MIDDLE = ROOT.issue("Client CA", ca=True, usages=[ExtendedKeyUsageOID.CLIENT_AUTH])
CLIENT_ROOT = make("Client Root", ca=True, usages=[ExtendedKeyUsageOID.CLIENT_AUTH])
OLD_ROOT = make("Old Root", ca=True, years=(2020, 2024))
ROOT_AGAIN = make("Example Root CA", ca=True, identifiers=False)
SAME_NAME = make("db.example.com", ca=True, identifiers=False)


@dataclass(frozen=True)
class Row:
    """One chain, the roots to judge it by, and what has to come out."""

    chain: tuple[Made, ...]
    roots: tuple[Made, ...]
    status: str
    code: int


ROWS = {
    "whole chain": Row((LEAF, MIDDLE), (ROOT,), "trusted", 0),
    "whole chain with root": Row((LEAF, MIDDLE, ROOT), (ROOT,), "trusted", 0),
    "wrong order and a stranger": Row((LEAF, OTHER, MIDDLE), (ROOT,), "trusted", 0),
    "issued by the root itself": Row((DIRECT,), (ROOT,), "trusted", 0),
    "intermediate not sent": Row((LEAF,), (ROOT,), "missing-intermediate", 20),
    "intermediate in the store": Row((LEAF,), (ROOT, MIDDLE), "trusted", 0),
    "intermediate alone in the store": Row((LEAF,), (MIDDLE,), "unknown-issuer", 2),
    "other root": Row((LEAF, MIDDLE), (OTHER,), "unknown-issuer", 20),
    "other root, root sent": Row((LEAF, MIDDLE, ROOT), (OTHER,), "unknown-issuer", 19),
    "unknown root of a plain name": Row((DIRECT,), (OTHER,), "unknown-issuer", 20),
    "self-signed": Row((ALONE,), (OTHER,), "self-signed", 18),
    "self-signed and pinned": Row((ALONE,), (ALONE,), "trusted", 0),
    "leaf of a chain pinned": Row((LEAF,), (LEAF,), "missing-intermediate", 20),
    "expired": Row((ROOT.issue("a", usages=SERVER, years=(2020, 2025)),), (ROOT,), "trusted", 10),
    "not yet valid": Row((ROOT.issue("a", usages=SERVER, years=(2030, 2031)),), (ROOT,), "trusted", 9),
    "expired intermediate": Row((OLD_MIDDLE.issue("a", usages=SERVER), OLD_MIDDLE), (ROOT,), "trusted", 10),
    "expired and self-signed": Row((make("a", years=(2020, 2021)),), (OTHER,), "self-signed", 18),
    "wrong usage": Row((ROOT.issue("a", usages=[ExtendedKeyUsageOID.CLIENT_AUTH]),), (ROOT,), "trusted", 26),
    "any usage": Row(
        (ROOT.issue("a", usages=[ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]),), (ROOT,), "trusted", 26
    ),
    "intermediate for clients only": Row((CLIENT_MIDDLE.issue("a"), CLIENT_MIDDLE), (ROOT,), "trusted", 26),
    "root for clients only": Row((CLIENT_ROOT.issue("a"),), (CLIENT_ROOT,), "trusted", 26),
    "expired root": Row((OLD_ROOT.issue("a"),), (OLD_ROOT,), "trusted", 10),
    "expired and wrong usage": Row(
        (ROOT.issue("a", usages=[ExtendedKeyUsageOID.CLIENT_AUTH], years=(2020, 2021)),),
        (ROOT,),
        "trusted",
        26,
    ),
    "issued by a certificate that is no CA": Row((NO_CA.issue("a"), NO_CA), (ROOT,), "invalid-chain", 79),
    "root made anew under its old name": Row(
        (ROOT.issue("a", identifiers=False),), (ROOT_AGAIN,), "unknown-issuer", 7
    ),
    "leaf named like its CA": Row(
        (SAME_NAME.issue("db.example.com", identifiers=False),), (SAME_NAME,), "unknown-issuer", 18
    ),
}


def outcome(row: Row) -> Trust:
    """Returns what `verify` says about a row."""
    store = TrustStore("test", certificates=tuple(one.der for one in row.roots))
    return verify(tuple(one.der for one in row.chain), store, NOW)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_status_and_code(row: Row) -> None:
    """Each chain has its status, whatever the time, and OpenSSL's code at that time."""
    found = outcome(row)
    assert (found.status, found.code) == (row.status, row.code)
    assert (found.anchor is not None) == (row.status == "trusted")
    assert found.reason
    assert found.because


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl program is not installed")
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_openssl_agrees(row: Row, tmp_path: Path) -> None:
    """The `openssl verify` program reaches the same verdict and code."""
    for name, certificates in (
        ("roots", row.roots),
        ("sent", row.chain[1:] or (OTHER,)),
        ("leaf", row.chain[:1]),
    ):
        (tmp_path / name).write_bytes(b"".join(one.pem for one in certificates))
    command = [
        "openssl", "verify", "-purpose", "sslserver", "-attime", str(int(NOW.timestamp())), "-no-CApath", "-no-CAstore",
        "-CAfile", str(tmp_path / "roots"), "-untrusted", str(tmp_path / "sent"), str(tmp_path / "leaf"),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    said = done.stdout + done.stderr
    assert (done.returncode == 0) == (row.code == 0), said
    assert row.code == 0 or f"error {row.code} at" in said, said


def test_missing_intermediate_needs_evidence() -> None:
    """The issuer's issuer in the key identifier decides; without evidence the issuer is merely unknown."""
    middle = ROOT.issue("Example CA 7", ca=True)
    plain = middle.issue("a")
    assert outcome(Row((plain,), (ROOT,), "", 0)).status == "unknown-issuer"

    def identified(above: Made) -> Made:
        names = [x509.DirectoryName(above.name)]
        return middle.issue("a", extra=[x509.AuthorityKeyIdentifier(None, names, 7)])

    assert outcome(Row((identified(ROOT),), (ROOT,), "", 0)).status == "missing-intermediate"
    assert outcome(Row((identified(middle),), (ROOT,), "", 0)).status == "unknown-issuer"


def test_public_leaf_without_its_intermediate() -> None:
    """A policy of the CA/Browser Forum shows that the issuer is no root; another policy shows nothing."""
    authority = make("Public CA R1", ca=True)
    for policy, expected in (("2.23.140.1.2.1", "missing-intermediate"), ("1.2.3.4", "unknown-issuer")):
        extra = [x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(policy), None)])]
        assert outcome(Row((authority.issue("a", extra=extra),), (OTHER,), "", 0)).status == expected


def test_unreadable_chains_are_unknown() -> None:
    """No certificate, junk, and a store without roots give `unknown`, never a claim."""
    store = TrustStore("test", certificates=(ROOT.der,))
    assert verify((), store, NOW).status == "unknown"
    assert verify((b"junk",), store, NOW).status == "unknown"
    assert verify((LEAF.der, b"junk", MIDDLE.der), store, NOW).status == "trusted"
    empty = TrustStore("nothing")
    assert verify((LEAF.der, MIDDLE.der), empty, NOW).status == "unknown"
    assert verify((ALONE.der,), empty, NOW).status == "self-signed"


def test_time_does_not_leak_between_calls() -> None:
    """A judgement at another time leaves the shared store as it was."""
    row = ROWS["expired"]
    store = TrustStore("test", certificates=(ROOT.der,))
    chain = (row.chain[0].der,)
    codes = [verify(chain, store, datetime(year, 6, 1, tzinfo=UTC)).code for year in (2026, 2022, 2026, 2019)]
    assert codes == [10, 0, 10, 9]


def test_time_zone_of_the_given_time_counts() -> None:
    """The same instant in another zone gives the same code, also within hours of the end."""
    store = TrustStore("test", certificates=(ROOT.der,))
    chain = (ROWS["expired"].chain[0].der,)
    before = datetime(2024, 12, 31, 23, 0, tzinfo=UTC)
    for moment, code in ((before, 0), (before + timedelta(hours=2), 10)):
        for hours in (-9, 0, 9):
            assert verify(chain, store, moment.astimezone(timezone(timedelta(hours=hours)))).code == code


def test_a_file_is_a_store(tmp_path: Path) -> None:
    """Roots come from a PEM file; a file without certificates is refused."""
    file = tmp_path / "ca.pem"
    file.write_bytes(ROOT.pem)
    assert verify((LEAF.der, MIDDLE.der), TrustStore.from_file(file), NOW).status == "trusted"
    file.write_bytes(OTHER.pem)
    assert verify((LEAF.der, MIDDLE.der), TrustStore.from_file(file), NOW).status == "unknown-issuer"
    file.write_bytes(b"nothing here")
    with pytest.raises(FileError):
        TrustStore.from_file(file)


def test_system_store_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SSL_CERT_FILE names this machine's roots, and a root added to it later is seen by a new store."""
    file = tmp_path / "ca.pem"
    file.write_bytes(OTHER.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    before = TrustStore.system()
    assert verify((LEAF.der, MIDDLE.der), before, NOW).status == "unknown-issuer"
    (tmp_path / "new.pem").write_bytes(OTHER.pem + ROOT.pem)
    (tmp_path / "new.pem").replace(file)
    after = TrustStore.system()
    assert after != before
    assert verify((LEAF.der, MIDDLE.der), after, NOW).status == "trusted"


def test_system_store_without_files_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the environment points to nothing, nothing is trusted and nothing is claimed."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "missing"))
    assert TrustStore.system().empty
