"""The small private CA: OpenSSL and the project's own checks find nothing wrong with what it issues."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from wizard.pki.evidence import chain_evidence
from wizard.pki.private_ca import Authority, issue, new_authority, read_authority
from wizard.pki.trust import TrustStore

NAMES = ("db01.corp.example", "db01", "192.0.2.7", "2001:db8::7", "*.corp.example")
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def authority() -> Authority:
    """A root."""
    return new_authority("Private database CA", NOW)


def facts(authority: Authority, name: str, folder: Path, at: datetime = NOW) -> dict[str, object]:
    """What the project's own checks say of a certificate for `NAMES`, as a client sees it under a name."""
    roots = folder / "root.pem"
    roots.write_bytes(authority.pem)
    leaf = issue(authority, NAMES, NOW).certificate.public_bytes(serialization.Encoding.DER)
    store = TrustStore.from_file(roots)
    told = chain_evidence((leaf,), server_name=name, store=store, at=at, source="file")
    return {entry.fact: entry.value for entry in told}


@pytest.mark.parametrize(
    "name", ["db01.corp.example", "db01", "192.0.2.7", "2001:db8::7", "db02.corp.example"]
)
def test_nothing_is_wrong_with_what_it_issues(authority: Authority, tmp_path: Path, name: str) -> None:
    """Trusted, named, within its time, for servers, with a strong key and signature."""
    found = facts(authority, name, tmp_path)
    wanted = {
        "trust.status": "trusted",
        "names.status": "match",
        "validity.status": "valid",
        "usage.status": "server-auth",
        "key.strength": "ok",
        "signature.strength": "ok",
        "encoding.status": "ok",
        "certificate.made_by": "other",
    }
    assert {fact: found[fact] for fact in wanted} == wanted


def test_another_name_and_another_time_are_refused(authority: Authority, tmp_path: Path) -> None:
    """The twin: it vouches for its names only, and for 397 days."""
    assert facts(authority, "other.example", tmp_path)["names.status"] == "mismatch"
    assert facts(authority, "db01", tmp_path, NOW + timedelta(days=398))["validity.status"] == "expired"
    assert facts(authority, "db01", tmp_path, NOW + timedelta(days=396))["validity.status"] == "valid"


def test_openssl_takes_it_strictly(authority: Authority, tmp_path: Path) -> None:
    """`openssl verify -x509_strict` finds the chain in order, for a server of that name."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    (tmp_path / "root.pem").write_bytes(authority.pem)
    (tmp_path / "server.pem").write_bytes(issue(authority, NAMES, NOW).pem)
    verify = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "root.pem"]
    for name, fine in (("db01.corp.example", True), ("other.example", False)):
        done = subprocess.run(
            [*verify, "-verify_hostname", name, "server.pem"], cwd=tmp_path, capture_output=True, check=False
        )
        assert (done.returncode == 0) is fine, done.stderr


def test_both_files_and_the_pfx_hold_the_same_key(authority: Authority) -> None:
    """Servers read the key without a passphrase; the PKCS#12 has the root too."""
    issued = issue(authority, NAMES, NOW)
    key = serialization.load_pem_private_key(issued.key_pem, password=None)
    certificate = x509.load_pem_x509_certificate(issued.pem)
    assert key.public_key() == certificate.public_key()
    bundle = pkcs12.load_pkcs12(issued.pfx, None)
    assert bundle.cert is not None
    assert bundle.cert.certificate == certificate
    assert [one.certificate for one in bundle.additional_certs] == [authority.certificate]


def test_a_root_is_read_back_and_a_foreign_key_is_not_taken_for_its(authority: Authority) -> None:
    """With its own key it issues again; with that of another root it is refused."""
    again = read_authority(authority.pem, authority.key_pem)
    assert again.certificate == authority.certificate
    with pytest.raises(ValueError, match="not that of the root"):
        read_authority(authority.pem, issue(authority, NAMES, NOW).key_pem)


@pytest.mark.parametrize("names", [(), ("bücher.example",)])
def test_what_cannot_be_named_is_refused(authority: Authority, names: tuple[str, ...]) -> None:
    """A certificate without a name, or with one that is not in its ASCII form, is not made."""
    with pytest.raises(ValueError, match=r"."):
        issue(authority, names, NOW)


def test_a_long_name_is_an_alternative_name_and_another_one_the_common_one(authority: Authority) -> None:
    """A common name has at most 64 characters, an alternative name more."""
    long = "a" * 60 + ".corp.example"
    made = issue(authority, (long, "db01"), NOW).certificate
    assert made.subject.rfc4514_string() == "CN=db01"
    sans = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert sans.get_values_for_type(x509.DNSName) == [long, "db01"]
