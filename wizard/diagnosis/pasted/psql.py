"""The output of psql: `SHOW ssl`, the command conninfo, its first line, and why it could not connect."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wizard.diagnosis.pasted.page import Page, Said
from wizard.diagnosis.pasted.s_client import said_of_version

_HEADING = re.compile(r"\s{0,40}\|?\s{0,40}\"?ssl\"?\s{0,40}\|?\s*$")
_RULE = re.compile(r"\s{0,4}[-+|\u2500]{2,200}\s*$")
_ON_OFF = re.compile(r"\s{0,40}\|?\s{0,40}\"?(on|off)\"?\s{0,40}\|?\s*$")
_EXPANDED = re.compile(r"\s{0,4}\|?\s{0,40}ssl\s{1,80}\|\s{1,4}(on|off)\s*\|?\s*$")
# "SSL connection (protocol: …, cipher: …" in any language.
_SESSION = re.compile(
    r".{0,4}SSL[^(]{1,40}\([^:(]{1,30}: (TLSv1(?:\.[0-3])?), [^:(]{1,60}: ([A-Z0-9_-]{5,60})[,)]"
)
# \conninfo of psql 18 is a table.
_TABLE = re.compile(r"\s{0,4}\|?\s{0,4}(?:SSL|TLS) (Protocol|Cipher)\s{1,40}\|\s{1,4}(\S{3,60})\s*\|?\s*$")
_CONNECTED = re.compile(r"You are connected to database .{1,300} at port \"?\d{1,5}")
_HBA = re.compile(r"nopg_hba\.confentryfor|pg_hba\.confrejectsconnection")
_WITH_TLS = re.compile(
    r"(?:nopg_hba\.confentryfor|pg_hba\.confrejectsconnection).{1,600}?,(?:sslencryption|sslon)(?![a-z])"
)


def read(page: Page) -> list[Said] | None:
    """Returns what psql says; None where the output is not psql's."""
    return list(_said(page)) or None


def _said(page: Page) -> Iterator[Said]:
    if (setting := _setting(page)) is not None:
        yield Said("tls.offered", setting == "on", f"ssl is {setting}")
        yield Said("server.engine", "postgresql", "SHOW ssl")
    if any(_CONNECTED.match(line) for line in page.lines):
        yield Said("connect.status", "open", "You are connected")
        yield Said("server.engine", "postgresql", "psql is connected")
    session = next((found for line in page.lines if (found := _SESSION.match(line))), None)
    table = {found[1]: found[2] for line in page.lines if (found := _TABLE.match(line))}
    version, suite = session.groups() if session else (table.get("Protocol"), table.get("Cipher"))
    if version in ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"):
        yield Said("connect.status", "open", f"a session with {version}")
        yield from said_of_version(version, f"a session with {version}")
        if version == "TLSv1.3" and suite:
            yield Said("handshake.version", version, f"a session with {version}")
            yield Said("handshake.cipher", suite, f"cipher {suite}")
    if "serverdoesnotsupportssl,butsslwasrequired" in page.flat:
        yield Said("tls.offered", False, "server does not support SSL")
    if _HBA.search(page.flat):
        # The refusal names who came, not what the file demands: the policy stays unknown.
        yield Said("connect.status", "open", "the server answers with pg_hba.conf")
        yield Said("server.engine", "postgresql", "the server answers with pg_hba.conf")
        if _WITH_TLS.search(page.flat):
            yield Said("tls.offered", True, "the refused client came with TLS")
            yield Said("handshake.status", "ok", "the refused client came with TLS")


def _setting(page: Page) -> str | None:
    lines = [line for line in page.lines if line.strip() and not _RULE.match(line)]
    for number, line in enumerate(lines):
        if found := _EXPANDED.match(line):
            return found[1]
        if _HEADING.match(line) and number + 1 < len(lines) and (found := _ON_OFF.match(lines[number + 1])):
            return found[1]
    return None
