"""The output of `openssl x509` with -text, -dates, -subject and -ext, and of `openssl verify`."""

from __future__ import annotations

import re

from wizard.diagnosis.pasted import verify_codes
from wizard.diagnosis.pasted.described import Described, said_of, subject_names
from wizard.diagnosis.pasted.moments import moments
from wizard.diagnosis.pasted.page import Page, Said

_SUBJECT = (re.compile(r"subject ?= ?(.{1,2000})"), re.compile(r"\s{4,12}Subject: (.{1,2000})"))
_ISSUER = (re.compile(r"issuer ?= ?(.{1,2000})"), re.compile(r"\s{4,12}Issuer: (.{1,2000})"))
_NOT_BEFORE = re.compile(r"\s{0,16}(?:notBefore=|Not Before ?: )(.{1,60})")
_NOT_AFTER = re.compile(r"\s{0,16}(?:notAfter=|Not After ?: )(.{1,60})")
_BITS = re.compile(r"\s{4,24}(?:RSA )?(?:Public-Key|Public Key): \((\d{1,5}) bit")
_KIND = re.compile(r"\s{4,24}Public Key Algorithm: (rsa|id-ec|dsa)", re.IGNORECASE)
_SIGNED = re.compile(r"\s{2,16}Signature Algorithm: ([A-Za-z0-9-]{3,60})")
_NAMES = re.compile(r"\s{0,24}X509v3 Subject Alternative Name:")
_USAGE = re.compile(r"\s{0,24}X509v3 Extended Key Usage:")
_NO_EXTENSION = ("noextensionsincertificate", "noextensionsmatching")
_SERVER_USE = ("TLS Web Server Authentication", "Any Extended Key Usage", "1.3.6.1.5.5.7.3.1")
_KINDS = {"rsa": "RSA", "id-ec": "EC", "dsa": "DSA"}
_OTHER_THINGS = ("certificaterequest:", "certificaterevocationlist", "beginsslsession")

_VERIFY = re.compile(r"error(\d{1,3})at\d{1,3}depthlookup")
_FINE = re.compile(r"\S.{0,400}\.(?:pem|crt|cer|cert|der): OK\s*$", re.IGNORECASE)


def read(page: Page) -> list[Said] | None:
    """Returns what the output says; None where it is none of x509 or verify, or not of a single certificate."""
    if any(words in page.flat for words in _OTHER_THINGS):
        return None
    one = _described(page)
    return None if one is None else list(said_of(one, page))


def read_verify(page: Page) -> list[Said] | None:
    """Returns what `openssl verify` says; None where the output is not its."""
    codes = page.numbers(_VERIFY)
    fine = [line for line in page.lines if _FINE.match(line)]
    if not codes and not fine:
        return None
    return list(verify_codes.said_by(codes, codes[-1] if codes else 0)) if bool(codes) != bool(fine) else []


def _described(page: Page) -> Described | None:
    subject, not_after = page.first(*_SUBJECT), page.first(_NOT_AFTER)
    names = _below(page, _NAMES)
    if not (page.first(_NOT_BEFORE) or not_after or names or (subject and page.first(*_ISSUER))):
        return None
    if len({line.strip() for line in page.lines if _NOT_AFTER.match(line)}) > 1:
        return Described()  # several certificates; which of them the server uses is not known
    usage = _below(page, _USAGE)
    bits, kind = page.first(_BITS), page.first(_KIND)
    extensions = "x509v3extensions:" in page.flat
    none = not names and (extensions or any(words in page.flat for words in _NO_EXTENSION))
    return Described(
        subject=subject,
        issuer=page.first(*_ISSUER),
        names=subject_names(names) if names else () if none else None,
        not_before=moments(page.first(_NOT_BEFORE) or ""),
        not_after=moments(not_after or ""),
        key=f"{_KINDS[kind.lower()]} {bits}" if bits and kind else None,
        signature=page.first(_SIGNED),
        server_use=any(words in usage for words in _SERVER_USE) if usage else None,
    )


def _below(page: Page, heading: re.Pattern[str]) -> str | None:
    """Returns the indented lines below a heading as one; a terminal may have wrapped them."""
    for number, line in enumerate(page.lines):
        if heading.match(line):
            lines = page.lines[number + 1 : number + 20]
            end = next((place for place, one in enumerate(lines) if place and _ends(one)), len(lines))
            return "".join(one.strip() + (" " if one.rstrip().endswith(",") else "") for one in lines[:end])
    return None


def _ends(line: str) -> bool:
    return not line.strip() or "X509v3" in line or "Signature" in line or line.lstrip()[:1] in "$#>"
