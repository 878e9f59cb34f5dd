"""Certificates in every form, as a server sends them and as files hold them."""

from __future__ import annotations

import base64
import contextlib
from datetime import UTC, datetime

from tests.fuzz.target import Target, claim, safe, safe_throughout, settled, told
from wizard.errors import FileError
from wizard.pki import private_ca
from wizard.pki.certificate import describe_if_readable
from wizard.pki.der import DerError, elements
from wizard.pki.distinguished_name import common_name, rfc4514
from wizard.pki.evidence import FACTS, chain_evidence
from wizard.pki.names import kind_of_name, match_names
from wizard.pki.origin import inspector, origin
from wizard.pki.read import read_certificates
from wizard.pki.strength import key_strength, signature_strength
from wizard.pki.trust import TrustStore, verify
from wizard.pki.usage import usage, usage_words
from wizard.pki.validity import days_left, validity

_AT = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
_NOBODY = TrustStore("nobody")
_NAMES = ("db.example.com", "192.0.2.7", "bücher.example", None)
_ARMOUR = b"-----BEGIN %s-----\n%s-----END %s-----\n"


def _pem(der: bytes, label: bytes = b"CERTIFICATE") -> bytes:
    return _ARMOUR % (label, base64.encodebytes(der), label)


def check_certificates(data: bytes) -> None:
    """Reads a file of certificates, and takes the same bytes for the one that a server sent."""
    _sent((data,))
    try:
        found = read_certificates(data, name="file.pem")
    except FileError as error:
        told(error)
        return
    claim(bool(found), "a file without a certificate is an error")
    again = read_certificates(b"".join(map(_pem, found)), name="again.pem")
    claim(again == found, "certificates written as PEM are the certificates read")
    _sent(found[:20])
    verify(found[:20], TrustStore("itself", certificates=found[-1:]), _AT)


def _sent(chain: tuple[bytes, ...]) -> None:
    name = _NAMES[len(chain[0]) % len(_NAMES)]
    evidence = chain_evidence(chain, server_name=name, store=_NOBODY, at=_AT, source="probe")
    claim({one.fact for one in evidence} == set(FACTS), "every fact is spoken about")
    for one in evidence:
        settled(one)
        safe_throughout(one)
    for der in chain:
        described = describe_if_readable(der)
        if described is None:
            continue
        settled(described)
        safe_throughout(described)
        claim(described.key_bits is None or described.key_bits >= 0, "a key has no negative size")
        safe(usage_words(described), inspector(described))
        origin(described)
        usage(described)
        validity(described, _AT)
        days_left(described, _AT)
        key_strength(described)
        signature_strength(described)
        for san in described.sans:
            match_names(san.partition(":")[2], described)
            kind_of_name(san.partition(":")[2])


def check_names(data: bytes) -> None:
    """Reads a distinguished name, and a list of DER elements."""
    text = rfc4514(data)
    safe(text.text, common_name(data))
    try:
        read = list(elements(data))
    except DerError:
        return
    claim(b"".join(one.raw for one in read) == data, "elements in a row are the whole")


def check_pkcs12(data: bytes) -> None:
    """Opens a PKCS#12 file without a password, with the right one and with a wrong one."""
    for password in (None, "fuzz", "wrong"):
        try:
            found = read_certificates(data, name="file.pfx", password=password)
        except FileError as error:
            told(error)
            continue
        claim(bool(found), "a file without a certificate is an error")
        for der in found:
            safe_throughout(describe_if_readable(der))


def check_ca_files(data: bytes) -> None:
    """Reads the root that dbtls made itself, and its key; the input holds both."""
    certificate, _, key = data.partition(b"\0")
    with contextlib.suppress(ValueError):
        authority = private_ca.read_authority(certificate, key)
        claim(authority.pem.startswith(b"-----BEGIN"), "a root that was read can be written")


def _certificate_seeds() -> list[bytes]:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ed25519
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

    from tests.pki.authority import SERVER, make

    root = make("Example Root CA", ca=True, organisation="Example")
    issuing = root.issue("Example Issuing CA 1", ca=True)
    names = ["db.example.com", "*.example.com", "192.0.2.7", "2001:db8::1"]
    leaf = issuing.issue("db.example.com", names=names, usages=SERVER)
    own = make("SSL_Self_Signed_Fallback", key=ed25519.Ed25519PrivateKey.generate())
    loaded = [x509.load_der_x509_certificate(one.der) for one in (leaf, issuing, root)]
    return [
        leaf.der,
        own.der,
        leaf.pem + issuing.pem + root.pem,
        b"subject=CN = db\n" + root.pem + leaf.pem,
        pkcs7.serialize_certificates(loaded, Encoding.DER),
        pkcs7.serialize_certificates(loaded[:1], Encoding.PEM),
        _pem(leaf.der + b"\x30\x03\x02\x01\x00", b"TRUSTED CERTIFICATE"),
        b"-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n",
        b"-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n",
        b"\xfe\xed\xfe\xed\0\0\0\2",
        b"<html><body>log in</body></html>",
    ]


def _pkcs12_seeds() -> list[bytes]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        NoEncryption,
        PrivateFormat,
        pkcs12,
    )

    from tests.pki.authority import make

    made = make("db.example.com", names=["db.example.com"])
    certificate, other = x509.load_der_x509_certificate(made.der), x509.load_der_x509_certificate(made.der)
    key = made.key
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("this authority makes keys on curves")
    quick = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(50)
    old = quick.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(hashes.SHA1())  # noqa: S303
    new = quick.key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC).hmac_hash(hashes.SHA256())
    write = pkcs12.serialize_key_and_certificates
    return [
        write(b"db", key, certificate, [other], NoEncryption()),
        write(b"db", key, certificate, None, old.build(b"fuzz")),
        write(None, None, certificate, None, new.build(b"fuzz")),
        write(None, None, None, [certificate], NoEncryption()),
        write(b"db", key, certificate, None, BestAvailableEncryption(b"fuzz")),
    ]


def _name_seeds() -> list[bytes]:
    from tests.pki.authority import name_of

    return [name_of("db.example.com", "Example").public_bytes(), name_of('a,"+;<> \\').public_bytes()]


def _ca_seeds() -> list[bytes]:
    made, other = (private_ca.new_authority("Example Root CA", _AT) for _ in range(2))
    return [made.pem + b"\0" + made.key_pem, made.pem + b"\0" + other.key_pem, made.pem]


TARGETS = (
    Target(
        "certificates",
        "certificates as PEM, DER and PKCS#7, from a file and from a server",
        check_certificates,
        _certificate_seeds,
        (
            b"-----BEGIN CERTIFICATE-----\n",
            b"-----END CERTIFICATE-----\n",
            b"\x06\x03\x55\x1d\x11",
            b"\x06\x03\x55\x1d\x25",
            b"\x06\x03\x55\x04\x03",
            b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a",
            b"\x2a\x86\x48\xce\x3d\x02\x01",
            b"\x17\x0d",
            b"\x18\x0f",
        ),
    ),
    Target(
        "names",
        "a distinguished name, and DER in general",
        check_names,
        _name_seeds,
        (b"\x31\x0b\x30\x09\x06\x03\x55\x04\x03", b"\x1e\x02", b"\x1c\x04", b"\x14\x01"),
        600,
    ),
    Target(
        "pkcs12",
        "a PKCS#12 file, with and without its password",
        check_pkcs12,
        _pkcs12_seeds,
        (b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c", b"\x02\x02\x08\x00", b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"),
    ),
    Target(
        "ca-files",
        "the root that dbtls made, and its key",
        check_ca_files,
        _ca_seeds,
        (
            b"-----BEGIN CERTIFICATE-----",
            b"-----BEGIN ENCRYPTED PRIVATE KEY-----",
            b"-----BEGIN EC PRIVATE KEY-----",
        ),
        5000,
    ),
)
