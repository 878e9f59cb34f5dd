"""The output of `openssl s_client`, versions 1.0.2 to 3.5, with -starttls and without, with -showcerts or not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wizard.diagnosis.pasted import verify_codes
from wizard.diagnosis.pasted.described import Described, said_of
from wizard.diagnosis.pasted.moments import moments
from wizard.diagnosis.pasted.page import Page, Said
from wizard.wire.tls_names import ALERTS

_SIGNS = re.compile(
    r"connected\([0-9a-f]{8,16}\)|nopeercertificateavailable|sslhandshakehasread|connect:errno=|verifyreturncode:"
    r"|verifyerror:num=\d|gethostbynamefailure|mysqlserverdoesnotsupportssl"
)
_CONNECTED = re.compile(r"connected\([0-9a-f]{8,16}\)")
_FINAL = re.compile(r"verifyreturncode:(\d{1,3})(?!\d)")
_ERRORS = re.compile(r"verifyerror:num=(\d{1,3})(?!\d)")
_ERRNO = re.compile(r"connect:errno=(\d{1,5})(?!\d)")
_ALERT = re.compile(r"sslalertnumber(\d{1,3})(?!\d)")
_ASKED = re.compile(
    r"acceptableclientcertificatecanames|clientcertificatetypes:|requestedsignaturealgorithms:"
)
_READ = re.compile(r"sslhandshakehasread(\d{1,9})bytesandwritten(\d{1,9})bytes")
_NO_NAME = ("nameorservicenotknown", "nodenamenorservname", "gethostbynamefailure", "nosuchhostisknown",
            "temporaryfailureinnameresolution", "noaddressassociatedwithhostname")  # fmt: skip

_SUBJECT = re.compile(r"\s{0,8}subject ?= ?(.{1,2000})")
_ISSUER = re.compile(r"\s{0,8}issuer ?= ?(.{1,2000})")
_SENT = re.compile(r"\s{0,3}\d{1,3} s:")
_DATES = re.compile(r"\s{1,8}v:NotBefore: (.{1,60}); NotAfter: (.{1,60})")
_PROTOCOL = re.compile(r"\s{0,8}Protocol {0,3}: (TLSv1(?:\.[0-3])?)\s*$")
_SUITE = re.compile(r"\s{0,8}New, [^,]{1,30}, Cipher is (\S{1,80})")

# errno of connect() on Linux, macOS, Solaris and Windows (errno.h, winsock error codes).
_REFUSED = {111, 61, 146, 10061}
_TIMED_OUT = {110, 60, 145, 10060}
_UNREACHABLE = {113, 101, 65, 51, 148, 10051, 10065}
_HOST_NOT_FOUND = {11001, 11004}
_VERSIONS = {
    "TLSv1": "tls1_0",
    "TLSv1.0": "tls1_0",
    "TLSv1.1": "tls1_1",
    "TLSv1.2": "tls1_2",
    "TLSv1.3": "tls1_3",
}
_OLD = ("TLSv1", "TLSv1.0", "TLSv1.1")
_PROTOCOL_VERSION, _HANDSHAKE_FAILURE, _CERTIFICATE_REQUIRED = 70, 40, 116


def read(page: Page) -> list[Said] | None:
    """Returns what the output says; None where it is none of s_client."""
    return list(_said(page)) if _SIGNS.search(page.flat) else None


def said_of_version(version: str, words: str) -> Iterator[Said]:
    """Yields what a session with this TLS version proves, from `TLSv1` to `TLSv1.3`."""
    yield Said("tls.offered", True, words)
    yield Said("handshake.status", "ok", words)
    yield Said(f"versions.{_VERSIONS[version]}", True, words)
    if version not in _OLD:
        yield Said("versions.modern", True, words)


def _said(page: Page) -> Iterator[Said]:
    flat = page.flat
    if _CONNECTED.search(flat):
        yield Said("connect.status", "open", "CONNECTED")
    else:
        yield from _unconnected(page)
    sent = sum(1 for line in page.lines if _SENT.match(line))
    certificate = bool(page.pem or sent or page.first(_SUBJECT)) and "nopeercertificateavailable" not in flat
    suite = page.first(_SUITE)
    if certificate:
        yield Said("tls.offered", True, "the server sent a certificate")
        yield Said("handshake.status", "ok", "the server sent a certificate")
    else:
        yield from _without_certificate(page)
    if certificate and suite and suite != "(NONE)":
        yield from _session(page, suite)
    if certificate:
        yield from _client_certificate(page)
    if certificate or _ERRORS.search(flat):
        yield from _certificate(page, sent)


def _unconnected(page: Page) -> Iterator[Said]:
    """A name with several addresses is tried at each of them; the last one decides."""
    errno = page.last_number(_ERRNO)
    if errno in _HOST_NOT_FOUND or (errno is not None and any(words in page.flat for words in _NO_NAME)):
        yield Said("resolve.status", "not-found", "the name has no address")
    for numbers, status in ((_REFUSED, "refused"), (_TIMED_OUT, "timed-out"), (_UNREACHABLE, "unreachable")):
        if errno in numbers:
            yield Said("connect.status", status, f"errno {errno}")


def _without_certificate(page: Page) -> Iterator[Said]:
    counts = _READ.search(page.flat)
    if "mysqlserverdoesnotsupportssl" in page.flat:
        yield Said("tls.offered", False, "MySQL server does not support SSL")
    elif counts and counts.groups() == ("1", "8"):
        # An SSLRequest is 8 bytes long; a server that accepts it answers S, and s_client goes on writing.
        yield Said("tls.offered", False, "the server answered the SSLRequest with one byte and no TLS")
    alert = page.last_number(_ALERT)
    if alert not in ALERTS:
        return
    yield Said("tls.offered", True, f"alert {alert}")
    if alert != _PROTOCOL_VERSION:
        yield Said("handshake.status", "refused", f"alert {alert}")
        yield Said("handshake.alert", ALERTS[alert], f"alert {alert}")
    elif (version := page.first(_PROTOCOL)) in _OLD:
        # The person asked for this old version alone, so that its refusal says nothing of newer ones.
        yield Said(f"versions.{_VERSIONS[version]}", False, f"alert {alert}")


def _session(page: Page, suite: str) -> Iterator[Said]:
    # Before "Cipher is" stands the version of the suite and not that of the session, except for TLS 1.3.
    version = page.first(_PROTOCOL) or ("TLSv1.3" if suite.startswith("TLS_") else None)
    if version is None:
        return
    yield from said_of_version(version, f"Protocol {version}")
    if version == "TLSv1.3":
        # A person may have asked for TLS 1.2 alone; 1.3 is the best that anyone gets.
        yield Said("handshake.version", version, f"Protocol {version}")
        yield Said("handshake.cipher", suite, f"Cipher is {suite}")


def _client_certificate(page: Page) -> Iterator[Said]:
    """With TLS 1.3 a server refuses the missing certificate only after the handshake, if at all."""
    if not _ASKED.search(page.flat):
        return
    if page.last_number(_ALERT) in (_CERTIFICATE_REQUIRED, _HANDSHAKE_FAILURE):
        yield Said("handshake.client_certificate", "demanded", "an alert for want of a client certificate")
    elif page.first(_PROTOCOL) == "TLSv1.2":
        yield Said("handshake.client_certificate", "requested", "client certificate CA names")


def _certificate(page: Page, sent: int) -> Iterator[Said]:
    if sent:
        yield Said("chain.length", sent, "Certificate chain")
    final = page.last_number(_FINAL)
    errors = page.numbers(_ERRORS)
    yield from verify_codes.said_by(errors, final)
    dates = next((found for line in page.lines if (found := _DATES.match(line))), None)
    yield from said_of(
        Described(
            subject=page.first(_SUBJECT),
            issuer=page.first(_ISSUER),
            not_before=moments(dates[1]) if dates else (),
            not_after=moments(dates[2]) if dates else (),
        ),
        page,
    )
