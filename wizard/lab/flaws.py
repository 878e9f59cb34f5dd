"""Certificates that no library makes any more: outdated signatures and broken encodings.

A good certificate is taken apart, its fields are changed, and its issuer signs what became of it: cryptography
refuses to sign a certificate with MD5 or SHA-1, and to make one that RFC 5280 forbids.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from wizard.pki import der as asn1

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Hash = Literal["sha256", "sha1", "md5"]
Flaw = Literal["long-serial", "negative-serial", "version-1"]

_HASHES: dict[Hash, Callable[[], hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha1": hashes.SHA1,
    "md5": hashes.MD5,
}
_NULL = bytes.fromhex("0500")
_RSA_ALGORITHMS: dict[Hash, bytes] = {
    "sha256": bytes.fromhex("06092a864886f70d01010b") + _NULL,
    "sha1": bytes.fromhex("06092a864886f70d010105") + _NULL,
    "md5": bytes.fromhex("06092a864886f70d010104") + _NULL,
}
"""RFC 3279 section 2.2.1 and RFC 4055 section 5: the parameters are NULL."""
_EC_ALGORITHMS: dict[Hash, bytes] = {
    "sha256": bytes.fromhex("06082a8648ce3d040302"),
    "sha1": bytes.fromhex("06072a8648ce3d0401"),
}
"""RFC 3279 section 2.2.3 and RFC 5758 section 3.2: no parameters. There is no ECDSA with MD5."""

_EXTENSIONS = 0xA3
_LONGEST_SERIAL = 20
"""Octets (RFC 5280 section 4.1.2.2)."""
_SERIAL, _ALGORITHM = 0, 1
"""Places in tbsCertificate, without the version (RFC 5280 section 4.1)."""


def flawed(certificate: bytes, signer: PrivateKey, signature: Hash, malformed: Flaw | None) -> bytes:
    """Returns a DER certificate with another signature and, unless None, a fault in its encoding.

    Raises:
        ValueError: the signer's key has no such signature.
    """
    signed = next(asn1.elements(asn1.only(certificate, asn1.SEQUENCE).content))
    version, *fields = (element.raw for element in asn1.elements(signed.content))
    algorithms = _RSA_ALGORITHMS if isinstance(signer, rsa.RSAPrivateKey) else _EC_ALGORITHMS
    if signature not in algorithms:
        raise ValueError(f"this kind of key makes no signature with {signature}")
    algorithm = _element(asn1.SEQUENCE, algorithms[signature])
    fields[_ALGORITHM] = algorithm
    match malformed:
        case "negative-serial":
            fields[_SERIAL] = _element(asn1.INTEGER, (-0x5EED).to_bytes(2, signed=True))
        case "long-serial":
            fields[_SERIAL] = _element(asn1.INTEGER, bytes(range(1, _LONGEST_SERIAL + 2)))
        case "version-1":
            version = b""  # the default is not written (X.690 section 11.5)
            fields = [field for field in fields if field[0] != _EXTENSIONS]
        case None:
            pass
    body = _element(asn1.SEQUENCE, version + b"".join(fields))
    whole_octets = b"\0"
    bits = _element(asn1.BIT_STRING, whole_octets + _sign(signer, body, _HASHES[signature]()))
    return _element(asn1.SEQUENCE, body + algorithm + bits)


def _sign(signer: PrivateKey, body: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
    if isinstance(signer, rsa.RSAPrivateKey):
        return signer.sign(body, padding.PKCS1v15(), algorithm)
    return signer.sign(body, ec.ECDSA(algorithm))


def _element(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(length)]) + length + content
