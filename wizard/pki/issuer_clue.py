"""Is the issuer that nobody sent an intermediate, or an unknown root?

OpenSSL says the same for both: code 20, unable to get local issuer certificate. The fixes differ: the server
has to send the intermediate, or the client has to trust the root. A leaf names its issuer but does not say of
which kind it is, so this needs evidence, and each rule has limits:

1. authorityCertIssuer in the authority key identifier (RFC 5280 section 4.2.1.1) names the issuer's issuer.
   Equal to the issuer: a root. Different: an intermediate. Exact, but only some CAs write it (OpenSSL with
   `authorityKeyIdentifier=issuer`).
2. Signed certificate timestamps (RFC 6962) or a policy of the CA/Browser Forum show a public CA, and its
   roots may not issue server certificates (Baseline Requirements 6.1.7). A private CA that copies such a
   policy is misjudged.
3. The issuer calls itself intermediate, issuing or subordinate. Only a convention: a root of such a name is
   misjudged, and an intermediate of another name is not found.

The address of the issuer's certificate (AIA caIssuers) is no evidence: a one-tier AD CS writes it as well.
Without evidence the answer is "cannot be told", and the caller reports an unknown issuer.
"""

from __future__ import annotations

import re

from wizard.errors import FileError
from wizard.pki import der as asn1
from wizard.pki import structure
from wizard.pki.distinguished_name import common_name
from wizard.pki.structure import Fields

_PUBLIC_POLICY = "2.23.140.1."
_OWN_WORD = re.compile(r"\b(intermediate|issuing|subordinate|sub[ -]?ca)\b", re.IGNORECASE)


def why_intermediate(chain: tuple[bytes, ...]) -> str | None:
    """Returns the evidence that the leaf's issuer is an intermediate that nobody sent, or None.

    Args:
        chain: DER as sent, leaf first. The leaf must be readable.
    """
    leaf = structure.take_apart(chain[0])
    if leaf.issuer == leaf.subject or any(_subject(other) == leaf.issuer for other in chain[1:]):
        return None
    above = _issuer_of_issuer(leaf)
    if above is not None:
        return "the key identifier names another CA above the issuer" if above != leaf.issuer else None
    if structure.SIGNED_TIMESTAMPS in leaf.extensions or _has_public_policy(leaf):
        return "a public CA issued it, and public roots never issue server certificates themselves"
    if (word := _OWN_WORD.search(common_name(leaf.issuer) or "")) is not None:
        return f"the issuer's own name says {word[0]!r}, and its certificate is not in the chain"
    return None


def _subject(certificate: bytes) -> bytes | None:
    try:
        return structure.take_apart(certificate).subject
    except FileError:
        return None


def _issuer_of_issuer(leaf: Fields) -> bytes | None:
    """Returns the DER Name in authorityCertIssuer, or None."""
    try:
        parts = asn1.only(leaf.extensions.get(structure.AUTHORITY_KEY_ID, b""), asn1.SEQUENCE).content
        for part in asn1.elements(parts):
            if part.tag == 0xA1:
                names = [name.content for name in asn1.elements(part.content) if name.tag == 0xA4]
                return names[0] if names else None
    except asn1.DerError:
        return None  # unreadable is no evidence
    return None


def _has_public_policy(leaf: Fields) -> bool:
    try:
        policies = asn1.only(leaf.extensions.get(structure.CERTIFICATE_POLICIES, b""), asn1.SEQUENCE).content
        return any(
            asn1.first_oid(policy.content).startswith(_PUBLIC_POLICY) for policy in asn1.elements(policies)
        )
    except asn1.DerError:
        return False
