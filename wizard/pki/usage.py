"""May the certificate serve TLS (RFC 5280 sections 4.2.1.3 and 4.2.1.12)?"""

from __future__ import annotations

from typing import Literal

from wizard.model.certificate import Certificate
from wizard.pki import der as asn1
from wizard.pki import structure

UsageStatus = Literal["server-auth", "wrong-usage"]

SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
ANY_USAGE = "2.5.29.37.0"
_SERVER_GATED = {"1.3.6.1.4.1.311.10.3.3", "2.16.840.1.113730.4.1"}

_WORDS = {
    SERVER_AUTH: "server authentication",
    "1.3.6.1.5.5.7.3.2": "client authentication",
    "1.3.6.1.5.5.7.3.3": "code signing",
    "1.3.6.1.5.5.7.3.4": "e-mail protection",
    "1.3.6.1.4.1.311.20.2.2": "smart card logon",
    ANY_USAGE: "any usage",
}

_TLS_KEY_USAGES = 0b1010_1000
"""digitalSignature, keyEncipherment and keyAgreement in the first octet of keyUsage."""


def usage(certificate: Certificate) -> UsageStatus:
    """Says whether the leaf may be used as a TLS server certificate.

    It may where the extended key usage is absent or names server authentication; being a CA does not matter.
    "Any usage" alone is not enough: Schannel and Go take it, OpenSSL and so most drivers on Linux do not. A
    keyUsage that allows neither signing nor key exchange is wrong too: OpenSSL calls it an
    unsuitable certificate purpose (code 26). That happens where a CA's own certificate is installed as the
    server's.
    """
    allowed = certificate.usages is None or SERVER_AUTH in certificate.usages
    return "server-auth" if allowed and _key_usage_allows_tls(certificate) else "wrong-usage"


def usage_words(certificate: Certificate) -> str:
    """Returns what the certificate restricts its use to, in a short phrase."""
    if not _key_usage_allows_tls(certificate):
        return "its key usage allows neither signing nor key exchange"
    if certificate.usages is None:
        return "it does not restrict its usage"
    if SERVER_AUTH not in certificate.usages and ANY_USAGE in certificate.usages:
        return "it allows any usage, which OpenSSL does not take for server authentication"
    return "for " + ", ".join(_WORDS.get(oid, oid) for oid in certificate.usages[:5])


def openssl_refuses_purpose(certificate: Certificate, *, leaf: bool) -> bool:
    """Says whether OpenSSL's purpose `sslserver` refuses it: "any usage" does not count there."""
    usages = certificate.usages
    if usages is not None and not {SERVER_AUTH, *_SERVER_GATED} & set(usages):
        return True
    return leaf and not _key_usage_allows_tls(certificate)


def _key_usage_allows_tls(certificate: Certificate) -> bool:
    value = structure.take_apart(certificate.der).extensions.get(structure.KEY_USAGE)
    if value is None:
        return True
    try:
        bits = asn1.only(value, asn1.BIT_STRING).content
    except asn1.DerError:
        return True
    return bool(len(bits) > 1 and bits[1] & _TLS_KEY_USAGES)
