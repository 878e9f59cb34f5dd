"""What the numbers of TLS are called: versions, cipher suites, groups and alerts."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Version(IntEnum):
    """A protocol version by its number on the wire. SSLv3 can be read, but is never offered."""

    SSL_3 = 0x0300
    TLS_1_0 = 0x0301
    TLS_1_1 = 0x0302
    TLS_1_2 = 0x0303
    TLS_1_3 = 0x0304

    @property
    def label(self) -> str:
        """The name as people write it: `SSLv3`, `TLSv1.0` … `TLSv1.3`."""
        return "SSLv3" if self is Version.SSL_3 else f"TLSv1.{self - Version.TLS_1_0}"


class Extension(IntEnum):
    """The extensions that are written or read (RFC 8446 section 4.2 and the documents it lists)."""

    SERVER_NAME = 0
    SUPPORTED_GROUPS = 10
    POINT_FORMATS = 11
    SIGNATURE_ALGORITHMS = 13
    ALPN = 16
    EXTENDED_MASTER_SECRET = 23
    SESSION_TICKET = 35
    SUPPORTED_VERSIONS = 43
    PSK_MODES = 45
    KEY_SHARE = 51


class Suite(NamedTuple):
    """A cipher suite: its number, its OpenSSL name, and the first version that knows it."""

    code: int
    name: str
    since: Version

    @property
    def legacy(self) -> bool:
        """Says whether current clients refuse it: RC4 (RFC 7465) and 3DES (RFC 9325 section 4.2)."""
        return "RC4" in self.name or "DES-CBC3" in self.name


SUITES = (
    Suite(0x1302, "TLS_AES_256_GCM_SHA384", Version.TLS_1_3),
    Suite(0x1303, "TLS_CHACHA20_POLY1305_SHA256", Version.TLS_1_3),
    Suite(0x1301, "TLS_AES_128_GCM_SHA256", Version.TLS_1_3),
    Suite(0xC02C, "ECDHE-ECDSA-AES256-GCM-SHA384", Version.TLS_1_2),
    Suite(0xC030, "ECDHE-RSA-AES256-GCM-SHA384", Version.TLS_1_2),
    Suite(0xC02B, "ECDHE-ECDSA-AES128-GCM-SHA256", Version.TLS_1_2),
    Suite(0xC02F, "ECDHE-RSA-AES128-GCM-SHA256", Version.TLS_1_2),
    Suite(0xCCA8, "ECDHE-RSA-CHACHA20-POLY1305", Version.TLS_1_2),
    Suite(0x009F, "DHE-RSA-AES256-GCM-SHA384", Version.TLS_1_2),
    Suite(0x009E, "DHE-RSA-AES128-GCM-SHA256", Version.TLS_1_2),
    Suite(0xC028, "ECDHE-RSA-AES256-SHA384", Version.TLS_1_2),
    Suite(0xC027, "ECDHE-RSA-AES128-SHA256", Version.TLS_1_2),
    Suite(0xC00A, "ECDHE-ECDSA-AES256-SHA", Version.TLS_1_0),
    Suite(0xC014, "ECDHE-RSA-AES256-SHA", Version.TLS_1_0),
    Suite(0xC009, "ECDHE-ECDSA-AES128-SHA", Version.TLS_1_0),
    Suite(0xC013, "ECDHE-RSA-AES128-SHA", Version.TLS_1_0),
    Suite(0x0039, "DHE-RSA-AES256-SHA", Version.TLS_1_0),
    Suite(0x0033, "DHE-RSA-AES128-SHA", Version.TLS_1_0),
    Suite(0x009D, "AES256-GCM-SHA384", Version.TLS_1_2),
    Suite(0x009C, "AES128-GCM-SHA256", Version.TLS_1_2),
    Suite(0x003D, "AES256-SHA256", Version.TLS_1_2),
    Suite(0x003C, "AES128-SHA256", Version.TLS_1_2),
    Suite(0x0035, "AES256-SHA", Version.TLS_1_0),
    Suite(0x002F, "AES128-SHA", Version.TLS_1_0),
    Suite(0x0038, "DHE-DSS-AES256-SHA", Version.TLS_1_0),
    Suite(0x0032, "DHE-DSS-AES128-SHA", Version.TLS_1_0),
    Suite(0xC012, "ECDHE-RSA-DES-CBC3-SHA", Version.TLS_1_0),
    Suite(0x0016, "DHE-RSA-DES-CBC3-SHA", Version.TLS_1_0),
    Suite(0x000A, "DES-CBC3-SHA", Version.TLS_1_0),
    Suite(0x0005, "RC4-SHA", Version.TLS_1_0),
    Suite(0x0004, "RC4-MD5", Version.TLS_1_0),
)
"""What is offered, best first; a server can only choose one of these.

With the renegotiation signal they are 32: yaSSL, which MySQL up to 5.7 contains, holds no more, and its
oldest versions write past the end of their buffer (CVE-2008-0226). A diagnosis must not harm a server.
"""

SUITE_NAMES = {suite.code: suite.name for suite in SUITES}
LEGACY_SUITES = frozenset(suite.name for suite in SUITES if suite.legacy)

GROUPS = {
    29: "x25519",
    23: "secp256r1",
    24: "secp384r1",
    25: "secp521r1",
    30: "x448",
}
"""Groups that are offered, best first (RFC 8446 section 4.2.7, RFC 8422 section 5.1.1).

The finite-field groups of RFC 7919 are missing on purpose: a server that knows them would not show its own,
possibly weak, Diffie-Hellman parameters.
"""

ALERTS = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    21: "decryption_failed",
    22: "record_overflow",
    30: "decompression_failure",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    60: "export_restriction",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    111: "certificate_unobtainable",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    114: "bad_certificate_hash_value",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
}
"""Alerts as RFC 8446 section 6 and its predecessors name them."""
