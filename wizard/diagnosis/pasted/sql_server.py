"""SQL Server's error log, as a file or as sp_readerrorlog and sqlcmd print it, and `sys.dm_exec_connections`.

Texts: learn.microsoft.com "Database Engine events and errors" (26010 ff., key ERR26K); the line with files is that
of SQL Server on Linux (github.com/microsoft/mssql-docker issue 966).
"""

from __future__ import annotations

import re

from wizard.diagnosis.pasted.page import Page, Said

_OWN = re.compile(r"aself-generatedcertificatewassuccessfullyloadedforencryption")
_GIVEN = re.compile(
    r"thecertificate\[(?:certhash\(sha1\)\"?[0-9a-f]{40}\"?|certificatefile:[^\]]{1,1000})\]"
    r"wassuccessfullyloadedforencryption"
)
# "Error: 26014, Severity: 16" has other words in other languages, and the same number and punctuation.
_NUMBERED = re.compile(
    r"(?<=[^\s:,\d]:)(?:26010|26011|26014|26015|26017|26057|33565),[^\s:,\d]{2,30}:\d{1,2},"
)
_FAILED = re.compile(
    r"couldnotloadthecertificateitneedstoinitiateansslconnection"
    r"|unabletoloaduser-specifiedcertificate\[|unabletoinitializesslsupport"
    # Message 17182; its status codes 0x38 and 0x80 to 0x8F are those of TLS (learn.microsoft.com ms365392).
    r"|tdssniclient[^,]{1,80}0x[0-9a-f]{1,8},[^,.]{1,30}0x(?:38|8[0-9a-f])(?![0-9a-f])"
    r"|foundthecertificate\[certhash\(sha1\)[^\]]{1,60}\]inthelocalcomputerstorebut"
)
_PROBLEMS = (
    ("sqlserverserviceaccountdoesnothaveaccesstoit", "no-access"),
    ("cannotfindtheuser-specifiedcertificate", "not-found"),
)
_LISTENS = re.compile(r"serverislisteningon\[")

_OPTION = re.compile(r"\bencrypt_option\b", re.IGNORECASE)
_VALUE = re.compile(r"(?:^|[\s|,\t])(TRUE|FALSE)(?=$|[\s|,])")
_NETWORK = re.compile(r"(?:^|[\s|,\t])TCP(?=$|[\s|,])")


def read_error_log(page: Page) -> list[Said] | None:
    """Returns what the log says of the certificate that the server has loaded last."""
    flat = page.flat
    own = max((found.end() for found in _OWN.finditer(flat)), default=0)
    given = max((found.end() for found in _GIVEN.finditer(flat)), default=0)
    failed = max((found.end() for what in (_FAILED, _NUMBERED) for found in what.finditer(flat)), default=0)
    if not (own or given or failed):
        return [Said("server.engine", "sqlserver", "the log")] if _LISTENS.search(flat) else None
    said = [Said("server.engine", "sqlserver", "the log")]
    if own or given:
        said.append(Said("tls.offered", True, "a certificate was loaded for encryption"))
        made_by, words = (
            ("server", "a self-generated certificate") if own > given else ("other", "the certificate")
        )
        said.append(Said("certificate.made_by", made_by, f"{words} was loaded"))
    if given > failed:
        said.append(Said("load.problem", "none", "the certificate was loaded"))
    elif failed:
        # The server then ends or makes a certificate for itself.
        said.append(Said("symptom", "server-certificate-not-loaded", "the certificate was not loaded"))
        said += [Said("load.problem", problem, problem) for words, problem in _PROBLEMS if words in flat]
    return said


def read_connections(page: Page) -> list[Said] | None:
    """Reads `encrypt_option`. Shared memory is never encrypted, so a FALSE counts beside `TCP` alone."""
    start = next((place for place, line in enumerate(page.lines) if _is_heading(line)), None)
    if start is None:
        return None
    rows = [(found[1], line) for line in page.lines[start + 1 :] if (found := _VALUE.search(line))]
    said = []
    if any(value == "TRUE" for value, _ in rows):
        said.append(Said("tls.offered", True, "encrypt_option TRUE"))
    if any(value == "FALSE" and _NETWORK.search(line) for value, line in rows):
        said.append(Said("policy", "optional", "encrypt_option FALSE for TCP"))
    return said if rows else None


def _is_heading(line: str) -> bool:
    """The query names the column too, but with SELECT before it."""
    return bool(_OPTION.search(line)) and "select" not in line.lower() and " from " not in line.lower()
