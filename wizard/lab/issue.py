"""Issues one certificate: as a CA does, or as a database server does for itself."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from wizard.lab.flaws import Flaw, Hash, PrivateKey, flawed
from wizard.model.knowledge import ScenarioEntry

_CA_DAYS = (-365, 3650)
_EXPIRED_CA_DAYS = (-3650, -10)

_EXTENDED: dict[str, tuple[ObjectIdentifier, ...]] = {
    "server-auth": (ExtendedKeyUsageOID.SERVER_AUTH,),
    "client-auth": (ExtendedKeyUsageOID.CLIENT_AUTH,),
    "any-usage": (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,),
    "unrestricted": (),
    "signs-certificates": (ExtendedKeyUsageOID.SERVER_AUTH,),
}
"""The extended key usages of the leaf by the scenario's `usage`; none: the extension is left out."""


class Issuer(NamedTuple):
    """Who signs: a common name and its key."""

    name: str
    key: PrivateKey


def leaf_of(scenario: ScenarioEntry, key: PrivateKey, issuer: Issuer | None) -> bytes:
    """Returns the server's certificate (DER) with the scenario's faults; self-signed where there is no issuer."""
    name = scenario.common_name or (scenario.names[0] if scenario.names else scenario.server_name)
    signer = issuer or Issuer(name, key)
    builder = _begun(name, key, signer, scenario.valid_days)
    builder = builder.add_extension(x509.BasicConstraints(scenario.leaf_is_ca, None), critical=True)
    certificates_only = scenario.usage == "signs-certificates"
    builder = builder.add_extension(
        _key_usage(tls=not certificates_only, certificates=certificates_only or scenario.leaf_is_ca),
        critical=True,
    )
    if usages := _EXTENDED[scenario.usage]:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    if scenario.names:
        names = x509.SubjectAlternativeName(map(_general_name, scenario.names))
        builder = builder.add_extension(names, critical=False)
    for identifier in _key_identifiers(key, signer):
        builder = builder.add_extension(identifier, critical=False)
    return _signed(builder, signer, scenario.signature, scenario.malformed)


def authority(subject: Issuer, issuer: Issuer, *, expired: bool = False, ca: bool = True) -> bytes:
    """Returns the certificate (DER) of a CA, self-signed where `issuer` is the CA itself.

    Args:
        subject: the CA.
        issuer: who signs.
        expired: it ended ten days ago.
        ca: False: it issues certificates without the right to, since it says CA:FALSE.
    """
    builder = _begun(subject.name, subject.key, issuer, _EXPIRED_CA_DAYS if expired else _CA_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca, None), critical=True)
    builder = builder.add_extension(_key_usage(tls=not ca, certificates=ca), critical=True)
    for identifier in _key_identifiers(subject.key, issuer):
        builder = builder.add_extension(identifier, critical=False)
    return _signed(builder, issuer, "sha256", None)


def bare(
    name: str,
    key: PrivateKey,
    issuer: Issuer,
    *,
    years: int,
    serial: int | None = None,
    ca: bool | None = None,
    flaws: tuple[Hash, Flaw | None] = ("sha256", None),
) -> bytes:
    """Returns a certificate (DER) as database servers make it: no extension but, at most, basicConstraints."""
    builder = _begun(name, key, issuer, (-30, 365 * years - 30), serial)
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca, None), critical=ca)
    return _signed(builder, issuer, *flaws)


def _begun(
    name: str, key: PrivateKey, issuer: Issuer, valid_days: tuple[int, int], serial: int | None = None
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer.name))
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(now + timedelta(days=valid_days[0]))
        .not_valid_after(now + timedelta(days=valid_days[1]))
    )


def _signed(
    builder: x509.CertificateBuilder, issuer: Issuer, signature: Hash, malformed: Flaw | None
) -> bytes:
    good = builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    if signature == "sha256" and malformed is None:
        return good
    return flawed(good, issuer.key, signature, malformed)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _key_identifiers(key: PrivateKey, issuer: Issuer) -> Iterator[x509.ExtensionType]:
    yield x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    yield x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())


def _key_usage(*, tls: bool, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=tls,
        key_encipherment=tls,
        key_cert_sign=certificates,
        crl_sign=certificates,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
