"""Is the certificate valid at a time (RFC 5280 section 4.1.2.5)?"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from wizard.model.certificate import Certificate

ValidityStatus = Literal["valid", "expired", "not-yet-valid"]


def validity(certificate: Certificate, at: datetime) -> ValidityStatus | None:
    """Returns how the validity period stands at the aware time `at`; both ends belong to it.

    None where a time that decides cannot be read.
    """
    if certificate.not_after is not None and at > certificate.not_after:
        return "expired"
    if certificate.not_before is not None and at < certificate.not_before:
        return "not-yet-valid"
    if certificate.not_before is None or certificate.not_after is None:
        return None
    return "valid"


def days_left(certificate: Certificate, at: datetime) -> int | None:
    """Returns the whole days until notAfter, rounded down: 0 on the last day, -1 just after it."""
    return None if certificate.not_after is None else (certificate.not_after - at).days
