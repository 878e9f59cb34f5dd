"""A small private CA: one root, and certificates for database servers that every engine takes.

RSA with 2048 bits and SHA-256 for the server, since SQL Server on Windows takes no other kind of key from a legacy
provider (learn.microsoft.com, "Certificate requirements for SQL Server"); the others take it too.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ROOT_DAYS = 3650
SERVER_DAYS = 397
"""Longer ones are refused by some platforms for public roots (CA/Browser Forum Baseline Requirements 6.3.2)."""
_LONGEST_COMMON_NAME = 64
"""ub-common-name of RFC 5280, appendix A.1."""
_BEFORE = timedelta(hours=1)
"""Clocks of clients may be slow."""


class Authority(NamedTuple):
    """A root and its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def pem(self) -> bytes:
        """The root in PEM: what clients have to trust."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The key in PEM, PKCS#8, without a passphrase."""
        return _pem(self.key)


class Issued(NamedTuple):
    """A server's certificate and its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey
    authority: Authority

    @property
    def pem(self) -> bytes:
        """The certificate in PEM; the root issued it, so no intermediate belongs behind it."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The key in PEM, PKCS#8, without a passphrase, as a server reads it at its start."""
        return _pem(self.key)

    @property
    def pfx(self) -> bytes:
        """Certificate, key and root in PKCS#12 without a password, as Windows imports it."""
        return pkcs12.serialize_key_and_certificates(
            b"database server",
            self.key,
            self.certificate,
            [self.authority.certificate],
            serialization.NoEncryption(),
        )


def new_authority(name: str, at: datetime) -> Authority:
    """Returns a new root that is valid for ten years from `at` (UTC)."""
    key = rsa.generate_private_key(65537, 3072)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        _begun(subject, key, at, ROOT_DAYS)
        .issuer_name(subject)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs=True), critical=True)
    )
    return Authority(builder.sign(key, hashes.SHA256()), key)


def read_authority(certificate: bytes, key: bytes) -> Authority:
    """Returns a root from its two files in PEM.

    Raises:
        ValueError: they cannot be read, do not belong together, or are none of `new_authority`.
    """
    try:
        root = x509.load_pem_x509_certificate(certificate)
        private = serialization.load_pem_private_key(key, password=None)
        public = root.public_key()
    except (TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        # A key behind a passphrase, one of an unknown kind, a certificate of a version that there is not.
        raise ValueError("the root or its key cannot be read") from error
    if not isinstance(private, rsa.RSAPrivateKey) or private.public_key() != public:
        raise ValueError("the key is not that of the root")
    return Authority(root, private)


def issue(authority: Authority, names: Sequence[str], at: datetime) -> Issued:
    """Returns a certificate for a server, with these names and no other, valid from `at` (UTC).

    Args:
        authority: the root that signs.
        names: host names and addresses; the first that fits becomes the common name too, which old clients read.
        at: it begins an hour before.

    Raises:
        ValueError: there is no name, or one of them cannot stand in a certificate.
    """
    if not names:
        raise ValueError("a certificate needs a name")
    key = rsa.generate_private_key(65537, 2048)
    common = next(
        (name for name in names if len(name) <= _LONGEST_COMMON_NAME), names[0][:_LONGEST_COMMON_NAME]
    )
    builder = (
        _begun(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)]), key, at, SERVER_DAYS)
        .issuer_name(authority.certificate.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False
        )
    )
    return Issued(builder.sign(authority.key, hashes.SHA256()), key, authority)


def _begun(subject: x509.Name, key: rsa.RSAPrivateKey, at: datetime, days: int) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _BEFORE)
        .not_valid_after(at - _BEFORE + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_encipherment=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
