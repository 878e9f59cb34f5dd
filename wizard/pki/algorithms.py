"""Signature algorithms and public keys: their names, their sizes, and whether a certificate signed itself."""

from __future__ import annotations

from typing import NamedTuple

from wizard.pki import der as asn1
from wizard.pki.structure import Fields

_RSA_PSS = "1.2.840.113549.1.1.10"

_SIGNATURES = {
    "1.2.840.113549.1.1.2": "md2WithRSAEncryption",
    "1.2.840.113549.1.1.4": "md5WithRSAEncryption",
    "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
    "1.3.14.3.2.29": "sha1WithRSA",
    "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
    "1.2.840.113549.1.1.12": "sha384WithRSAEncryption",
    "1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
    "1.2.840.113549.1.1.14": "sha224WithRSAEncryption",
    _RSA_PSS: "rsassaPss",
    "1.2.840.10045.4.1": "ecdsa-with-SHA1",
    "1.2.840.10045.4.3.1": "ecdsa-with-SHA224",
    "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
    "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
    "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
    "1.2.840.10040.4.3": "dsaWithSHA1",
    "2.16.840.1.101.3.4.3.2": "dsa_with_SHA256",
    "1.3.101.112": "ED25519",
    "1.3.101.113": "ED448",
    "2.16.840.1.101.3.4.3.17": "ML-DSA-44",
    "2.16.840.1.101.3.4.3.18": "ML-DSA-65",
    "2.16.840.1.101.3.4.3.19": "ML-DSA-87",
}
"""OpenSSL's long names, as `openssl x509 -text` prints them."""

_HASHES = {
    "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.4": "sha224",
}

_CURVES: dict[str, tuple[str, int | None]] = {
    "1.2.840.10045.3.1.1": ("secp192r1", 192),
    "1.3.132.0.33": ("secp224r1", 224),
    "1.2.840.10045.3.1.7": ("secp256r1", 256),
    "1.3.132.0.10": ("secp256k1", 256),
    "1.3.132.0.34": ("secp384r1", 384),
    "1.3.132.0.35": ("secp521r1", 521),
    "1.3.36.3.3.2.8.1.1.7": ("brainpoolP256r1", 256),
    "1.3.36.3.3.2.8.1.1.11": ("brainpoolP384r1", 384),
    "1.3.36.3.3.2.8.1.1.13": ("brainpoolP512r1", 512),
}

_FIXED_KEYS = {
    "1.3.101.112": ("Ed25519", 256),
    "1.3.101.113": ("Ed448", 456),
    "2.16.840.1.101.3.4.3.17": ("ML-DSA-44", None),
    "2.16.840.1.101.3.4.3.18": ("ML-DSA-65", None),
    "2.16.840.1.101.3.4.3.19": ("ML-DSA-87", None),
}


class Key(NamedTuple):
    """A public key as it is written for people, and its size in bits where that means something."""

    text: str
    bits: int | None


def signature_name(algorithm: bytes) -> str:
    """Returns OpenSSL's name of an AlgorithmIdentifier, with the hash for RSA-PSS; the OID where unknown.

    Raises:
        DerError: the bytes are not an AlgorithmIdentifier.
    """
    content = asn1.only(algorithm, asn1.SEQUENCE).content
    oid = asn1.first_oid(content)
    if oid == _RSA_PSS:
        return f"rsassaPss-{_pss_hash(content)}"
    return _SIGNATURES.get(oid, oid)


def describe_key(public_key: bytes) -> Key:
    """Returns kind and size of a subjectPublicKeyInfo (RFC 5280 section 4.1); DerError where it is broken."""
    algorithm, bits = list(asn1.elements(asn1.only(public_key, asn1.SEQUENCE).content))[:2]
    identifier = list(asn1.elements(algorithm.content))
    oid = asn1.first_oid(algorithm.content)
    key = bits.content[1:]
    if oid in ("1.2.840.113549.1.1.1", _RSA_PSS):
        size = asn1.bit_length(asn1.only(asn1.only(key, asn1.SEQUENCE).content, asn1.INTEGER).content)
        return Key(f"RSA {size}", size)
    if oid == "1.2.840.10040.4.1":
        parameters = identifier[1].content if len(identifier) > 1 else b""
        size = asn1.bit_length(asn1.only(parameters, asn1.INTEGER).content)
        return Key(f"DSA {size}", size)
    if oid == "1.2.840.10045.2.1":
        if len(identifier) > 1 and identifier[1].tag == asn1.OID:
            curve = asn1.oid_text(identifier[1].content)
            # A point is 04 X Y, or 02/03 X when it is compressed (SEC 1 section 2.3.3).
            field = 8 * ((len(key) - 1) // 2 if key[:1] == b"\x04" else len(key) - 1)
            name, bits_of_curve = _CURVES.get(curve, (curve, field if field > 0 else None))
            return Key(f"EC {name}", bits_of_curve)
        return Key("EC with explicit parameters", None)
    return Key(*_FIXED_KEYS.get(oid, (oid, None)))


def signed_by_own_key(fields: Fields) -> bool:
    """Says whether the certificate's signature verifies with the public key inside it.

    False too where the algorithm is not supported here: nothing is claimed that was not checked. The check is
    made on the raw parts, because `verify_directly_issued_by` refuses MD5 and SHA-1, the very ones that old
    database servers still use.
    """
    # Imported here: it is the slow part of the room, and most leaves are not self-issued.
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    known: dict[str, hashes.HashAlgorithm] = {
        "md5": hashes.MD5(), "sha1": hashes.SHA1(), "sha224": hashes.SHA224(),  # noqa: S303 - old servers do
        "sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512(),
    }  # fmt: skip
    try:
        name = signature_name(fields.algorithm)
        key = load_der_public_key(fields.public_key)
        used = known.get(hash_of(name) or "")
        if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(fields.signature, fields.signed)
        elif used is None:
            return False
        elif isinstance(key, rsa.RSAPublicKey):
            scheme: padding.AsymmetricPadding = padding.PKCS1v15()
            if name.startswith("rsassaPss"):
                scheme = padding.PSS(padding.MGF1(used), padding.PSS.AUTO)
            key.verify(fields.signature, fields.signed, scheme, used)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(fields.signature, fields.signed, ec.ECDSA(used))
        elif isinstance(key, dsa.DSAPublicKey):
            key.verify(fields.signature, fields.signed, used)
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def hash_of(signature: str) -> str | None:
    """Returns the hash inside a signature's name, such as `sha1`; None where it names none."""
    lower = signature.lower()
    return next((name for name in ("md2", "md5", "sha1", *_HASHES.values()) if name in lower), None)


def _pss_hash(algorithm: bytes) -> str:
    """Returns the hash of RSASSA-PSS parameters; SHA-1 is the default (RFC 4055 section 3.1)."""
    identifier = list(asn1.elements(algorithm))
    if len(identifier) < 2 or identifier[1].tag != asn1.SEQUENCE:
        return "sha1"
    for parameter in asn1.elements(identifier[1].content):
        if parameter.tag == 0xA0:
            oid = asn1.first_oid(asn1.only(parameter.content, asn1.SEQUENCE).content)
            return _HASHES.get(oid, oid)
    return "sha1"
