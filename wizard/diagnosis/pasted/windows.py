"""What Windows prints of certificates: certutil in any language, and PowerShell's Format-List.

certutil: learn.microsoft.com "certutil"; the words of -verify are those of wincrypt.h, CERT_TRUST_STATUS.
PowerShell: learn.microsoft.com "about_Certificate_Provider".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from wizard.diagnosis.pasted.described import Described, said_of
from wizard.diagnosis.pasted.moments import moments
from wizard.diagnosis.pasted.page import Page, Said
from wizard.model.text import printable

_CERTUTIL = re.compile(r"certutil:|certhash\(sha1\):|={4,40}[^=]{3,30}\d{1,4}={4,40}|certcontext\[0\]\[0\]")
_STORE_OF_ROOTS = re.compile(
    r"localmachine\\(?:root|ca|authroot)|currentuser\\(?:root|ca|authroot)|-store\"?(?:-user)?\"?(?:root|ca|authroot)\b"
    r"|^root\"|certutil-store(?:-user)?root"
)
_DATED = re.compile(r"\s{0,8}[^:=]{2,40}: {1,4}(\d{1,4}[./-] ?\d{1,2}[./-] ?\d{1,4}.{0,30})$")
_NAMED = re.compile(r"\s{0,4}[^:=]{2,40}:\s{1,4}((?:[A-Za-z0-9.]{1,30}=).{1,1000})$")
_SAN = re.compile(r"\s{2,12}(?:DNS[- ][^=]{1,20}|IP[- ][^=]{1,20})=(\S{1,255})\s*$")
_STATUS_LINE = re.compile(
    r"\s{0,4}CertContext\[0\]\[\d{1,2}\]: dwInfoStatus=[0-9a-f]{1,8} dwErrorStatus=([0-9a-f]{1,8})"
)
_SERVER_USE = "1.3.6.1.5.5.7.3.1"

# CERT_TRUST_STATUS.dwErrorStatus
_REVOKED, _BAD_SIGNATURE, _WRONG_USE, _UNTRUSTED_ROOT, _PARTIAL, _WEAK = (
    0x4,
    0x8,
    0x10,
    0x20,
    0x10000,
    0x100000,
)

_PROPERTY = re.compile(r"\s{0,4}([A-Za-z]{3,30}) {1,30}: (.{0,2000})$")
_PROPERTIES = {
    "Subject",
    "Issuer",
    "NotBefore",
    "NotAfter",
    "DnsNameList",
    "EnhancedKeyUsageList",
    "Thumbprint",
}
_FOLDED = re.compile(r" {6,40}\S")


def read_certutil(page: Page) -> list[Said] | None:
    """Reads certutil -dump, -store and -verify. Of several certificates it is not known which one is used."""
    if not _CERTUTIL.search(page.flat):
        return None
    if _STORE_OF_ROOTS.search(page.flat):
        return []
    statuses = [int(found[1], 16) for line in page.lines if (found := _STATUS_LINE.match(line))]
    dates = _pairs(page)
    if not statuses and len(dates) != 1:
        return []
    names = tuple(printable(("IP:" if _is_ip(name) else "DNS:") + name) for name in _sans(page))
    people = [found[1] for line in page.lines if (found := _NAMED.match(line))]
    one = Described(
        issuer=people[0] if len(people) == 2 else None,
        subject=people[1] if len(people) == 2 else None,
        names=names or None,
        not_before=moments(dates[0][0]) if dates else (),
        not_after=moments(dates[0][1]) if dates else (),
    )
    return [*_verified(statuses), *said_of(one, page)]


def read_powershell(page: Page) -> list[Said] | None:
    """Reads Format-List of Get-ChildItem Cert:, whose names of properties are the same in every language."""
    blocks = list(_blocks(page))
    if not blocks:
        return None
    if len(blocks) > 1 or _STORE_OF_ROOTS.search(page.flat):
        return []
    block = blocks[0]
    listed, uses = block.get("DnsNameList"), block.get("EnhancedKeyUsageList")
    names = None
    if listed and listed.startswith("{"):
        names = tuple(
            printable(f"DNS:{name.strip()}") for name in listed.strip("{}").split(",") if name.strip()
        )
    one = Described(
        subject=block.get("Subject"),
        issuer=block.get("Issuer"),
        names=tuple(name for name in names if not name.endswith(("...", "…"))) if names else None,
        # Four entries are shown, and addresses never are (about_Certificate_Provider, $FormatEnumerationLimit).
        names_complete=bool(names) and not any(name.endswith(("...", "…", "...}")) for name in names or ()),
        not_before=moments(block.get("NotBefore", "")),
        not_after=moments(block.get("NotAfter", "")),
        server_use=_SERVER_USE in uses
        if uses and uses.endswith("}") and "..." not in uses and uses != "{}"
        else None,
    )
    if page.server_name and _is_ip(page.server_name):
        one = Described(subject=one.subject, issuer=one.issuer, not_before=one.not_before,
                        not_after=one.not_after, server_use=one.server_use)  # fmt: skip
    return list(said_of(one, page))


def _verified(statuses: list[int]) -> Iterator[Said]:
    together = 0
    for status in statuses:
        together |= status
    if not statuses:
        return
    if together & _UNTRUSTED_ROOT:
        alone = len(statuses) == 1
        yield Said(
            "trust.status", "self-signed" if alone else "unknown-issuer", "CERT_TRUST_IS_UNTRUSTED_ROOT"
        )
    elif not together & (_PARTIAL | _BAD_SIGNATURE):
        yield Said("trust.status", "trusted", f"dwErrorStatus={together:x}")
    if together & _REVOKED:
        yield Said("revocation.status", "revoked", "CERT_TRUST_IS_REVOKED")
    if statuses[0] & _WRONG_USE:
        yield Said("usage.status", "wrong-usage", "CERT_TRUST_IS_NOT_VALID_FOR_USAGE")
    if together & _WEAK:
        yield Said("signature.strength", "weak", "CERT_TRUST_HAS_WEAK_SIGNATURE")


def _pairs(page: Page) -> list[tuple[str, str]]:
    """Returns NotBefore and NotAfter: in every language two lines with a date, one after the other."""
    found = [match[1] if (match := _DATED.match(line)) else None for line in page.lines]
    pairs = [(one, two) for one, two in pairwise(found) if one and two]
    return list(dict.fromkeys(pairs))


def _sans(page: Page) -> list[str]:
    return [found[1] for line in page.lines if (found := _SAN.match(line))][:200]


def _blocks(page: Page) -> Iterator[dict[str, str]]:
    """Yields each listed certificate; a property that comes again begins the next one."""
    block: dict[str, str] = {}
    last = None
    for line in page.lines:
        found = _PROPERTY.match(line)
        if found and found[1] in _PROPERTIES:
            if found[1] in block:
                yield block
                block = {}
            last = found[1]
            block[last] = found[2].strip()
        elif last and _FOLDED.match(line) and len(block[last]) < 4_000:
            block[last] += " " + line.strip()
        else:
            last = None
    if block.keys() & {"NotBefore", "NotAfter", "DnsNameList"}:
        yield block


def _is_ip(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9.]{7,15}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*", text[:64]))
