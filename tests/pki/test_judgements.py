"""Validity, usage, strength and origin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.pki.authority import NOW, SERVER, Made, make, resigned
from wizard.pki.certificate import describe
from wizard.pki.origin import origin
from wizard.pki.strength import key_strength, signature_strength
from wizard.pki.usage import usage, usage_words
from wizard.pki.validity import days_left, validity

END = datetime(2040, 1, 1, tzinfo=UTC)
START = datetime(2020, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def key_usage(*, signing_only: bool) -> x509.KeyUsage:
    """Returns the key usage of a CA, or of a server."""
    return x509.KeyUsage(
        digital_signature=not signing_only, key_encipherment=not signing_only, key_cert_sign=signing_only,
        crl_sign=False, content_commitment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def test_validity_includes_both_ends() -> None:
    """The first and the last second belong to the period, the ones beyond do not."""
    one = describe(make("a").der)
    assert [validity(one, at) for at in (START - SECOND, START, END, END + SECOND)] == [
        "not-yet-valid", "valid", "valid", "expired",
    ]  # fmt: skip


def test_days_left_are_rounded_down() -> None:
    """The last day counts 0, the second after the end -1."""
    one = describe(make("a").der)
    assert [days_left(one, at) for at in (END - timedelta(hours=25), END - SECOND, END, END + SECOND)] == [
        1,
        0,
        0,
        -1,
    ]


def test_unreadable_time_is_unknown() -> None:
    """Without a readable end there is no number of days, and no claim that it is valid."""
    one = describe(make("a").der.replace(b"400101000000Z", b"409901000000Z"))
    assert days_left(one, NOW) is None
    assert validity(one, NOW) is None


@pytest.mark.parametrize(
    ("usages", "expected"),
    [
        (None, "server-auth"),
        (SERVER, "server-auth"),
        ([ExtendedKeyUsageOID.CLIENT_AUTH, *SERVER], "server-auth"),
        ([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE], "wrong-usage"),
        ([ExtendedKeyUsageOID.CLIENT_AUTH], "wrong-usage"),
        ([ExtendedKeyUsageOID.CODE_SIGNING], "wrong-usage"),
    ],
)
def test_extended_key_usage(usages: list[x509.ObjectIdentifier] | None, expected: str) -> None:
    """Server authentication, any usage and no restriction are fine; anything else is wrong."""
    assert usage(describe(make("a", usages=usages, ca=True).der)) == expected


def test_key_usage_for_signing_certificates_only_is_wrong() -> None:
    """A CA's key usage cannot serve TLS, a server's can."""
    assert usage(describe(make("a", key_usage=key_usage(signing_only=True)).der)) == "wrong-usage"
    assert usage(describe(make("a", key_usage=key_usage(signing_only=False)).der)) == "server-auth"


def test_usage_is_told_in_words() -> None:
    """The phrase names what the certificate is for, and warns where OpenSSL is stricter than RFC 5280."""
    client = [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert usage_words(describe(make("a", usages=client).der)) == "for client authentication"
    assert usage_words(describe(make("a").der)) == "it does not restrict its usage"
    assert "OpenSSL" in usage_words(
        describe(make("a", usages=[ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]).der)
    )
    assert "key usage" in usage_words(describe(make("a", key_usage=key_usage(signing_only=True)).der))


def test_short_keys_are_weak(rsa_key: rsa.RSAPrivateKey) -> None:
    """RSA 1024 is weak, RSA 2048 and P-256 are not."""
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 - it has to be weak
    assert key_strength(describe(make("a", key=weak).der)) == "weak"
    assert key_strength(describe(make("a", key=rsa_key).der)) == "ok"
    assert key_strength(describe(make("a").der)) == "ok"


def test_old_hashes_are_weak_unless_self_signed(
    rsa_key: rsa.RSAPrivateKey, other_rsa_key: rsa.RSAPrivateKey
) -> None:
    """SHA-1 and MD5 by an issuer are weak; a self-signature never counts, SHA-256 is fine."""
    authority = make("Root", ca=True, key=rsa_key)
    issued = authority.issue("a", key=other_rsa_key)
    assert signature_strength(describe(issued.der)) == "ok"
    for digest in ("md5", "sha1"):
        assert signature_strength(describe(resigned(issued, digest, rsa_key))) == "weak"
        assert signature_strength(describe(resigned(authority, digest))) == "ok"


_MYSQL = "MySQL_Server_8.0.42_Auto_Generated_{}_Certificate"


def test_certificates_that_servers_make_are_recognised() -> None:
    """Each server's own certificate is recognised by its names."""
    assert origin(describe(make("SSL_Self_Signed_Fallback").der)) == "sqlserver"
    assert origin(describe(make("MariaDB Server").der)) == "mariadb"
    authority = make(_MYSQL.format("CA"), ca=True)
    assert origin(describe(authority.issue(_MYSQL.format("Server")).der)) == "mysql"


def test_the_name_alone_does_not_show_the_origin(root: Made) -> None:
    """The same common names from another issuer, and look-alikes, were made by somebody else."""
    for name in ("SSL_Self_Signed_Fallback", "MariaDB Server", _MYSQL.format("Server")):
        assert origin(describe(root.issue(name).der)) == "none"
    for name in ("SSL_Self_Signed_Fallback2", "mariadb server", "MySQL_Server_Auto", "db.example.com"):
        assert origin(describe(make(name).der)) == "none"
