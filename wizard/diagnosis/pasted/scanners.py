"""The output of nmap (`ssl-cert`, `ssl-enum-ciphers`, `ms-sql-info`) and of sslscan."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wizard.diagnosis.pasted.described import Described, said_of, subject_names
from wizard.diagnosis.pasted.moments import moments
from wizard.diagnosis.pasted.page import Page, Said

_VERSIONS = {
    "TLSv1.0": "versions.tls1_0",
    "TLSv1.1": "versions.tls1_1",
    "TLSv1.2": "versions.tls1_2",
    "TLSv1.3": "versions.tls1_3",
}
_PORT = re.compile(r"(\d{1,5})/tcp\s{1,10}(\S{1,20})\s")
_STATES = {"open": "open", "closed": "refused"}
"""`filtered` says neither that nothing answers nor that a router objects."""

_BAR = r"\|[ _]\s{0,6}"
_NMAP = re.compile(r"Nmap scan report for |\|[ _]?\s?(?:ssl-cert|ssl-enum-ciphers|ms-sql-info):")
_SCRIPT = re.compile(r"\|[ _]?\s?(ssl-cert|ssl-enum-ciphers|ms-sql-info):")
_VERSION = re.compile(_BAR + r"(TLSv1\.[0-3]|SSLv3):")
_SUBJECT = re.compile(_BAR + r"(?:ssl-cert: )?Subject: (.{1,2000})")
_ISSUER = re.compile(_BAR + r"Issuer: (.{1,2000})")
_SAN = re.compile(_BAR + r"Subject Alternative Name: (.{1,4000})")
_BITS = re.compile(_BAR + r"Public Key bits: (\d{1,5})")
_KIND = re.compile(_BAR + r"Public Key type: (rsa|ec|dsa)\b")
_SIGNED = re.compile(_BAR + r"Signature Algorithm: (\S{1,60})")
_BEFORE = re.compile(_BAR + r"Not valid before: (.{1,60})")
_AFTER = re.compile(_BAR + r"Not valid after: (.{1,60})")
_PRODUCT = re.compile(_BAR + r"name: (Microsoft SQL Server .{1,100})")
_NUMBER = re.compile(_BAR + r"number: (\d{1,3}(?:\.\d{1,6}){1,3})")
_LONG = {"commonName": "CN", "organizationName": "O", "organizationalUnitName": "OU", "localityName": "L",
         "stateOrProvinceName": "ST", "countryName": "C"}  # fmt: skip
_ATTRIBUTE = re.compile(rf"(?:^|/)({'|'.join(_LONG)})=")

_SSLSCAN = re.compile(r"Testing SSL server |\s{0,8}SSL/TLS Protocols:")
_ENABLED = re.compile(r"(TLSv1\.[0-3])\s{1,12}(enabled|disabled)\s*$")
_PREFERRED = re.compile(r"Preferred TLSv1\.3\s{1,8}\d{1,4} bits\s{1,8}(\S{1,60})")
_SCAN_SUBJECT = re.compile(r"Subject:\s{1,8}(.{1,500})")
_SCAN_ISSUER = re.compile(r"Issuer:\s{1,8}(.{1,500})")
_SCAN_SAN = re.compile(r"Altnames: {1,8}(.{1,4000})")
_SCAN_BITS = re.compile(r"RSA Key Strength:\s{1,8}(\d{1,5})")
_SCAN_BEFORE = re.compile(r"Not valid before: (.{1,60})")
_SCAN_AFTER = re.compile(r"Not valid after:\s{1,4}(.{1,60})")


def read_nmap(page: Page) -> list[Said] | None:
    """Returns what nmap says where it looked at one port; of several it is not known which one is meant."""
    if not any(_NMAP.match(line) for line in page.lines):
        return None
    return list(_nmap(page)) if sum(1 for line in page.lines if _PORT.match(line)) <= 1 else []


def _nmap(page: Page) -> Iterator[Said]:
    scripts = {found[1] for line in page.lines if (found := _SCRIPT.match(line))}
    state = next((found[2] for line in page.lines if (found := _PORT.match(line))), None)
    if state in _STATES:
        yield Said("connect.status", _STATES[state], f"the port is {state}")
    if "ms-sql-info" in scripts and page.first(_PRODUCT):
        yield Said("server.engine", "sqlserver", "ms-sql-info")
        if number := page.first(_NUMBER):
            yield Said("server.version", number, "ms-sql-info")
    if "ssl-cert" in scripts or "ssl-enum-ciphers" in scripts:
        yield Said("tls.offered", True, "nmap got a TLS handshake")
        yield Said("handshake.status", "ok", "nmap got a TLS handshake")
    listed = {found[1] for line in page.lines if (found := _VERSION.match(line))}
    if listed:
        # TLS 1.3 is tried by nmap 7.92 and newer only, and never within SQL Server's TDS 7.
        silent = () if "TLSv1.3" in listed else ("TLSv1.3",)
        yield from _versions({name: name in listed for name in _VERSIONS if name not in silent})
    if "ssl-cert" in scripts:
        bits, kind, names = page.first(_BITS), page.first(_KIND), page.first(_SAN)
        one = Described(
            subject=_short(page.first(_SUBJECT)),
            issuer=_short(page.first(_ISSUER)),
            names=subject_names(names) if names else None,
            not_before=moments(page.first(_BEFORE) or ""),
            not_after=moments(page.first(_AFTER) or ""),
            key=f"{kind.upper()} {bits}" if kind and bits else None,
            signature=page.first(_SIGNED),
        )
        yield from said_of(one, page)


def read_sslscan(page: Page) -> list[Said] | None:
    """Returns what sslscan says. Without any version it did not reach TLS, and nothing is known."""
    if not any(_SSLSCAN.match(line) for line in page.lines):
        return None
    told = {found[1]: found[2] == "enabled" for line in page.lines if (found := _ENABLED.match(line))}
    if not any(told.values()):
        return []
    said = [
        Said("connect.status", "open", "it got TLS"),
        Said("tls.offered", True, "it got TLS"),
        Said("handshake.status", "ok", "it got TLS"),
        *_versions(told),
    ]
    if told.get("TLSv1.3") and (suite := page.first(_PREFERRED)):
        said += [
            Said("handshake.version", "TLSv1.3", "TLSv1.3 enabled"),
            Said("handshake.cipher", suite, f"Preferred {suite}"),
        ]
    names, bits = page.first(_SCAN_SAN), page.first(_SCAN_BITS)
    # sslscan prints the common names alone, so that nothing can be said of subject and issuer.
    one = Described(
        names=subject_names(names) if names else None,
        not_before=moments(page.first(_SCAN_BEFORE) or ""),
        not_after=moments(page.first(_SCAN_AFTER) or ""),
        key=f"RSA {bits}" if bits else None,
    )
    subject, issuer = page.first(_SCAN_SUBJECT), page.first(_SCAN_ISSUER)
    if subject == issuer == "SSL_Self_Signed_Fallback":
        said.append(Said("certificate.made_by", "server", subject))
    return said + list(said_of(one, page))


def _versions(accepted: dict[str, bool]) -> Iterator[Said]:
    for name, works in accepted.items():
        yield Said(_VERSIONS[name], works, f"{name} {'is' if works else 'is not'} accepted")
    modern = [accepted.get("TLSv1.2"), accepted.get("TLSv1.3")]
    if True in modern:
        yield Said("versions.modern", True, "TLS 1.2 or 1.3 is accepted")
    elif modern == [False, False]:
        yield Said("versions.modern", False, "neither TLS 1.2 nor 1.3 is accepted")


def _short(name: str | None) -> str | None:
    """Returns a name with OpenSSL's short attribute names."""
    if name is None:
        return None
    parts = _ATTRIBUTE.split(name)
    return ",".join(f"{_LONG[kind]}={value}" for kind, value in zip(parts[1::2], parts[2::2], strict=True))
