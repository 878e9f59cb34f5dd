"""The output of the mysql and mariadb clients: variables and status in any form, and the command `status`.

Meaning of the variables: dev.mysql.com refman 8.4 "Server System Variables" and "Configuring MySQL to Use Encrypted
Connections"; mariadb.com "SSL/TLS System Variables" and "Zero-configuration TLS" (key MARIADOC).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from wizard.diagnosis.pasted.described import Described, said_of
from wizard.diagnosis.pasted.moments import moments
from wizard.diagnosis.pasted.page import Page, Said
from wizard.diagnosis.pasted.s_client import said_of_version
from wizard.model.text import printable

# Lower and upper case tell a setting (ssl_cipher) from a state (Ssl_cipher).
_NAMES = ("have_ssl", "ssl_cert", "Ssl_cipher", "Ssl_version", "Ssl_server_not_before", "Ssl_server_not_after",
          "require_secure_transport", "Current_tls_cert", "version_comment")  # fmt: skip
_ROW = re.compile(
    rf"[\s|'\"]{{0,4}}({'|'.join(_NAMES)})['\"]?(?:\s{{0,80}}[|\t,;]|\s{{1,80}}|$)(.{{0,1000}})"
)
_CHANNEL = re.compile(r"[\s|'\"]{0,4}mysql_main\b.{0,80}?\bEnabled\b.{0,80}?\b(Yes|No)\b", re.IGNORECASE)
_UPRIGHT_NAME = re.compile(rf"\s{{0,8}}Variable_name: ({'|'.join(_NAMES)})\s*$")
_UPRIGHT_VALUE = re.compile(r"\s{0,16}Value: ?(.{0,1000})")
_STATEMENT = re.compile(r"\b(?:show|select|like|where)\b", re.IGNORECASE)

_IN_USE = re.compile(r"SSL:\s{1,40}Cipher in use is ([^\s,]{3,60})")
_NOT_IN_USE = re.compile(r"SSL:\s{1,40}Not in use")
_SERVER = re.compile(r"Server version:\s{1,40}(\d{1,2}\.\d{1,2}\.\d{1,3}\S{0,80})(.{0,200})")
_MADE_AT_FIRST_START = "server-cert.pem"
"""What MySQL calls the certificate that it makes. A person may have put another one in its place."""


def read(page: Page) -> list[Said] | None:
    """Returns what the client says; None where the output is neither client's."""
    return list(_said(page)) or _recognised(page)


def _recognised(page: Page) -> list[Said] | None:
    return [] if any(_NOT_IN_USE.match(line) for line in page.lines) or _values(page) else None


def _said(page: Page) -> Iterator[Said]:
    values = _values(page)
    offered = _offered(page, values)
    if offered is not None:
        yield offered
    yield from _policy(values, offered)
    yield from _certificate(page, values, offered)
    version = values.get("Ssl_version", "")
    if version in ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"):
        yield from said_of_version(version, f"Ssl_version {version}")
        if version == "TLSv1.3" and (suite := values.get("Ssl_cipher")):
            yield Said("handshake.version", version, f"Ssl_version {version}")
            yield Said("handshake.cipher", printable(suite), f"Ssl_cipher {suite}")
    server = next((found for line in page.lines if (found := _SERVER.match(line))), None)
    if server:
        number, comment = server.groups()
        yield Said("connect.status", "open", f"Server version {number}")
        yield Said("server.version", printable(number), f"Server version {number}")
        if "mariadb" in (number + comment).lower():
            yield Said("server.engine", "mariadb", f"Server version {number}")
        elif "mysql" in comment.lower():
            yield Said("server.engine", "mysql", f"Server version {number}{comment}")


def _values(page: Page) -> dict[str, str]:
    values: dict[str, str] = {}
    upright = None
    for line in page.lines:
        if found := _UPRIGHT_NAME.match(line):
            upright = found[1]
        elif upright and (found := _UPRIGHT_VALUE.match(line)):
            values[upright] = found[1].strip()
            upright = None
        elif (found := _ROW.match(line)) and not _STATEMENT.search(line):
            values[found[1]] = found[2].partition("|")[0].strip(" \t'\",;")
    return values


def _offered(page: Page, values: dict[str, str]) -> Said | None:
    """An empty session cipher says nothing: that session may not have asked for TLS."""
    have = values.get("have_ssl", "").upper()
    if have in ("YES", "DISABLED", "NO"):
        return Said("tls.offered", have == "YES", f"have_ssl {have}")
    channel = next((found[1].lower() for line in page.lines if (found := _CHANNEL.match(line))), None)
    if channel:
        return Said("tls.offered", channel == "yes", f"mysql_main Enabled {channel}")
    for name in ("Ssl_cipher", "Ssl_server_not_after"):
        if values.get(name):
            return Said("tls.offered", True, f"{name} {values[name]}")
    used = next((found[1] for line in page.lines if (found := _IN_USE.match(line))), None)
    return Said("tls.offered", True, f"cipher in use is {used}") if used else None


def _policy(values: dict[str, str], offered: Said | None) -> Iterator[Said]:
    demanded = values.get("require_secure_transport", "").upper()
    if demanded in ("ON", "1"):
        yield Said("policy", "required", "require_secure_transport ON")
    elif offered and not offered.value:
        yield Said("policy", "not-offered", offered.words)
    elif offered and demanded in ("OFF", "0"):
        yield Said("policy", "optional", "require_secure_transport OFF")


def _certificate(page: Page, values: dict[str, str], offered: Said | None) -> Iterator[Said]:
    file = values.get("ssl_cert")
    if file == "" and offered and offered.value:
        yield Said("certificate.made_by", "server", "TLS without a certificate file")
    elif file and PurePosixPath(file.replace("\\", "/")).name.lower() != _MADE_AT_FIRST_START:
        yield Said("certificate.made_by", "other", f"ssl_cert {file}")
    not_before, not_after = values.get("Ssl_server_not_before"), values.get("Ssl_server_not_after")
    yield from said_of(
        Described(not_before=moments(not_before or ""), not_after=moments(not_after or "")), page
    )
