"""A certificate as this program describes it."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """One X.509 certificate (RFC 5280), described; the bytes stay in `der`.

    Fields that cannot be read from a malformed certificate are None. Text comes from the server and is
    hostile: it is free of control characters here, but it has to be quoted before it goes into a command.
    """

    der: bytes
    subject: str
    """RFC 4514 text of the subject, most specific part first."""
    issuer: str
    common_name: str | None
    sans: tuple[str, ...]
    """Subject alternative names as `DNS:name`, `IP:address` or `kind:value`, in their order."""
    not_before: datetime | None
    not_after: datetime | None
    """Both in UTC, aware."""
    sha1: str
    sha256: str
    """Fingerprints of `der` in lower-case hexadecimal, without separators."""
    key: str
    """Algorithm and size, such as `RSA 2048` or `EC secp256r1`."""
    key_bits: int | None
    signature: str
    """Signature algorithm as in `sha256WithRSAEncryption`, or its dotted OID."""
    version: int | None
    """1 or 3 as it is written for people (the encoded value is one less)."""
    serial: int | None
    self_signed: bool
    """Subject and issuer are equal and the signature verifies with its own key."""
    is_ca: bool | None
    """basicConstraints cA; None where the extension is absent."""
    usages: tuple[str, ...] | None
    """Extended key usages as dotted OIDs; None where the extension is absent."""
    malformed: tuple[str, ...] = ()
    """What is wrong with the encoding itself, such as `negative serial number` or `version 1`."""
