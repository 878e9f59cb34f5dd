"""What OpenSSL's certificate verify codes establish (docs.openssl.org, X509_STORE_CTX_get_error)."""

from __future__ import annotations

from collections.abc import Iterator

from wizard.diagnosis.pasted.page import Said
from wizard.model.evidence import Value

_MEANING: dict[int, tuple[str, Value]] = {
    2: ("trust.status", "unknown-issuer"),
    9: ("validity.status", "not-yet-valid"),
    10: ("validity.status", "expired"),
    18: ("trust.status", "self-signed"),
    19: ("trust.status", "unknown-issuer"),
    20: ("trust.status", "unknown-issuer"),
    21: ("trust.status", "unknown-issuer"),
    23: ("revocation.status", "revoked"),
    26: ("usage.status", "wrong-usage"),
    62: ("names.status", "mismatch"),
    64: ("names.status", "mismatch"),
    66: ("key.strength", "weak"),
    67: ("key.strength", "weak"),
    68: ("signature.strength", "weak"),
}


def said_by(codes: list[int], final: int | None) -> Iterator[Said]:
    """Yields what the codes say.

    Args:
        codes: all that were printed, in their order.
        final: the last word; 0 means that everything was accepted.
    """
    if final is not None:
        yield Said("trust.verify_code", final, f"verify code {final}")
    if final == 0 and not any(codes):
        yield Said("trust.status", "trusted", "verify code 0")
        yield Said("validity.status", "valid", "verify code 0")
        return
    told: dict[str, Said] = {}
    for code in (*codes, *(() if final is None else (final,))):
        if code in _MEANING:
            fact, value = _MEANING[code]
            told.setdefault(fact, Said(fact, value, f"verify code {code}"))
    yield from told.values()
