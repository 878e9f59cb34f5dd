"""The structured codes in an error text: native errors, HRESULTs, SQLSTATEs, OpenSSL, errno, Node, exceptions."""

from __future__ import annotations

import re

MOST = 20
"""Codes that `codes_in` returns at most."""

# Every repetition is bounded, so that no paste can make the search slow.
_CODES = re.compile(
    r"[-\u2212]21\d{8}\b"  # SQL Server native error that is an HRESULT
    r"|\b0x[0-9A-Fa-f]{8}\b|\b0x2746\b"
    r"|\b(?:error:[0-9A-Fa-f]{8}(?![0-9A-Fa-f]))"  # OpenSSL
    r"|\b(?:08(?:00[0-9]|S01|P01)|28(?:000|P01)|HY000|HYT0[01]|IM00[2-6]|57P0[0-9]|53300|3D000)\b"  # SQLSTATE
    r"|(?:(?<=ERROR )|(?<=Error )|(?<=rror: )|(?<=errno: )|(?<=\()|(?<=\[))\d{4,5}(?=[ ,:()\]]|$)"  # errno
    r"|\b(?i:verify (?:error|return code)):[ ]?(?:num=)?\d{1,3}\b|\balert number \d{1,3}\b"
    r"|\b(?:UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|CERT|ERR_(?:TLS|SSL|OSSL)|X509_V_ERR|HANDSHAKE|ER|PROTOCOL)_[A-Z0-9_]{3,60}\b"
    r"|\b(?:E(?:CONN(?:REFUSED|RESET|ABORTED)|TIMEDOUT|NOTFOUND|PROTO|SOCKET|HOSTUNREACH|PIPE|AI_AGAIN)|INVALID_PURPOSE)\b"
    r"|\b[A-Za-z]\w{0,50}(?:\.\w{1,50}){0,9}Exception\b"
)  # fmt: skip


NEAR = 8_000
"""Characters of a long text that are searched at its beginning, at its end, and on both sides of `place`."""


def codes_in(text: str, place: int) -> tuple[str, ...]:
    """Returns the codes in the order in which they first stand in `text`, each once.

    Args:
        text: any text; a long one is searched only where codes are likely, since this search is slow.
        place: where the words stand that decided about the text.
    """
    if len(text) > 4 * NEAR:
        text = "\n".join((text[:NEAR], text[max(place - NEAR, 0) : place + NEAR], text[-NEAR:]))
    found: dict[str, None] = {}
    for match in _CODES.finditer(text):
        found.setdefault(match[0])
        if len(found) == MOST:
            break
    return tuple(found)
