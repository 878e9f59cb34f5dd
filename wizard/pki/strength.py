"""Are keys and signatures strong enough for today's clients?

The limits are those of OpenSSL's security level 2 (112 bits), the default of Debian, Ubuntu, RHEL and of the
ODBC driver, libpq, Python and MariaDB clients there:
https://docs.openssl.org/3.5/man3/SSL_CTX_set_security_level/
"""

from __future__ import annotations

from typing import Literal

from wizard.model.certificate import Certificate
from wizard.pki.algorithms import hash_of

Strength = Literal["ok", "weak"]

_SMALLEST = {"RSA": 2048, "DSA": 2048, "EC": 224}
_BROKEN_HASHES = {"md2", "md5", "sha1"}


def key_strength(certificate: Certificate) -> Strength | None:
    """Returns `weak` for RSA and DSA below 2048 bits and curves below 224; None where unknown."""
    smallest = _SMALLEST.get(certificate.key.partition(" ")[0])
    if certificate.key_bits is None:
        return "ok" if certificate.key.startswith("ML-DSA") else None
    return "weak" if smallest is not None and certificate.key_bits < smallest else "ok"


def signature_strength(certificate: Certificate) -> Strength:
    """Returns `weak` where MD2, MD5 or SHA-1 signed it. A self-signature proves nothing and never counts."""
    weak = hash_of(certificate.signature) in _BROKEN_HASHES and not certificate.self_signed
    return "weak" if weak else "ok"
