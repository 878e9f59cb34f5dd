"""A small certification authority for tests: every certificate is made here, none is stored."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from wizard.pki import der

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
SERVER = (ExtendedKeyUsageOID.SERVER_AUTH,)


def name_of(common_name: str, organisation: str | None = None) -> x509.Name:
    """Returns a Name with a common name and perhaps an organisation."""
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation)] if organisation else []
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common_name, _validate=False)])


def general_name(text: str) -> x509.GeneralName:
    """Returns an iPAddress for an address, else a dNSName."""
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


@dataclass
class Made:
    """A certificate with its key, which can issue others."""

    name: x509.Name
    key: Key
    der: bytes

    def issue(self, common_name: str, **options: object) -> Made:
        """Returns a certificate that this one issues; see `make`."""
        return make(common_name, issuer=self, **options)  # type: ignore[arg-type]

    @property
    def pem(self) -> bytes:
        """The certificate as PEM."""
        return x509.load_der_x509_certificate(self.der).public_bytes(Encoding.PEM)


def make(
    common_name: str,
    *,
    issuer: Made | None = None,
    issuer_name: x509.Name | None = None,
    ca: bool | None = None,
    names: Sequence[str] = (),
    usages: Sequence[x509.ObjectIdentifier] | None = None,
    years: tuple[int, int] = (2020, 2040),
    key: Key | None = None,
    key_usage: x509.KeyUsage | None = None,
    extra: Sequence[x509.ExtensionType] = (),
    digest: hashes.SHA256 | hashes.SHA384 | None = None,
    identifiers: bool = True,
    organisation: str | None = None,
) -> Made:
    """Returns a certificate: self-signed without `issuer`, valid through 2020 to 2039 unless said otherwise."""
    own = key or ec.generate_private_key(ec.SECP256R1())
    subject = name_of(common_name, organisation)
    signer: Key = issuer.key if issuer else own
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_name or (issuer.name if issuer else subject))
        .public_key(own.public_key())
        .serial_number(0x1122334455667788)
        .not_valid_before(datetime(years[0], 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(years[1], 1, 1, tzinfo=UTC))
    )
    extensions: list[x509.ExtensionType] = list(extra)
    if ca is not None:
        extensions.append(x509.BasicConstraints(ca=ca, path_length=None))
    if names:
        extensions.append(x509.SubjectAlternativeName([general_name(name) for name in names]))
    if usages is not None:
        extensions.append(x509.ExtendedKeyUsage(usages))
    if key_usage is not None:
        extensions.append(key_usage)
    if identifiers:
        extensions.append(x509.SubjectKeyIdentifier.from_public_key(own.public_key()))
        if not any(isinstance(one, x509.AuthorityKeyIdentifier) for one in extra):
            extensions.append(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else digest or hashes.SHA256()
    certificate = builder.sign(signer, algorithm)
    return Made(subject, own, certificate.public_bytes(Encoding.DER))


def resigned(made: Made, digest: str, signer: Key | None = None) -> bytes:
    """Returns an RSA certificate signed again with MD5 or SHA-1, which the builder refuses to do."""
    arc, algorithm = {"md5": (4, hashes.MD5()), "sha1": (5, hashes.SHA1())}[digest]  # noqa: S303
    sha256, wanted = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d0101") + bytes([arc])
    key = signer or made.key
    assert isinstance(key, rsa.RSAPrivateKey)
    outer = list(der.elements(der.only(made.der, der.SEQUENCE).content))
    signed = outer[0].raw.replace(sha256, wanted)
    signature = b"\0" + key.sign(signed, padding.PKCS1v15(), algorithm)
    return tlv(0x30, signed + outer[1].raw.replace(sha256, wanted) + tlv(0x03, signature))


def tlv(tag: int, content: bytes) -> bytes:
    """Returns one DER element."""
    size = len(content)
    octets = size.to_bytes((size.bit_length() + 7) // 8)
    length = bytes([size]) if size < 0x80 else bytes([0x80 | len(octets)]) + octets
    return bytes([tag]) + length + content
