"""SQL Server's own view: this session, the thumbprint in the registry, and what the error log says was loaded.

No view shows the certificate of TLS (sys.certificates is another thing: SYSCERT). The registry is read by an
undocumented procedure; the lines of the log are ERR26K.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wizard.model.certificate import Certificate
from wizard.model.evidence import Evidence, unknown
from wizard.probes.drivers.answers import Answers, evidence, told
from wizard.probes.drivers.request import Query
from wizard.probes.drivers.sqlserver import ENCRYPTED

FACTS = (
    "view.session",
    "view.thumbprint",
    "view.loaded",
    "view.policy",
    "view.configured",
    "load.problem",
)

_LOGS = 3
"""The lines are written at the start of the service; older logs hold them after the log was changed."""


def _registry(value: str, kind: str) -> str:
    return (
        f"SET NOCOUNT ON; DECLARE @value {kind}; EXEC master.dbo.xp_instance_regread N'HKEY_LOCAL_MACHINE',"
        r" N'SOFTWARE\Microsoft\Microsoft SQL Server\MSSQLServer\SuperSocketNetLib',"
        f" N'{value}', @value OUTPUT, N'no_output'; SELECT @value"
    )


QUERIES = (
    Query("version", "SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128))"),
    Query("banner", "SELECT @@VERSION"),
    Query("session", ENCRYPTED),
    Query("Certificate", _registry("Certificate", "nvarchar(256)")),
    Query("ForceEncryption", _registry("ForceEncryption", "int")),
    Query("ForceStrict", _registry("ForceStrict", "int")),
    *(Query(f"log {number}", f"EXEC sp_readerrorlog {number}, 1, N'certificate'") for number in range(_LOGS)),
)

_GIVEN = re.compile(r'The certificate \[Cert Hash\(sha1\) "([0-9A-Fa-f]{40})"\] was successfully loaded')
_FILE = re.compile(r"The certificate \[Certificate File:([^\]]{1,500})\] was successfully loaded")
_OWN = re.compile(r"A self-generated certificate was successfully loaded")
_FAULTS = (
    (re.compile(r"service account does not have access to it"), "no-access"),
    (re.compile(r"[Cc]annot find the user-specified certificate"), "not-found"),
    (re.compile(r"Unable to load user-specified certificate"), "not-usable"),
    (re.compile(r"could not load the certificate it needs to initiate an SSL connection"), "not-usable"),
)


def read(answers: Answers, served: Certificate | None, *, encrypted: bool | None) -> Iterator[Evidence]:
    """Yields what the server said; see `server_view`."""
    if version := answers.cell("version"):
        yield evidence("server.version", version)
    yield _session(answers, encrypted)
    on_linux = "on Linux" in (answers.cell("banner") or "")
    thumbprint = _thumbprint(answers)
    why = "SQL Server on Linux keeps a file, no thumbprint" if on_linux else answers.why("Certificate")
    unset = thumbprint == "" and not on_linux
    yield told("view.thumbprint", thumbprint or None, "none is set" if unset else why)
    log = _log(answers)
    yield from _loaded(answers, log)
    yield _policy(answers, on_linux=on_linux)
    if on_linux:
        yield unknown("view.configured", "probe", why)
    else:
        yield _configured(thumbprint, served, why)


def _session(answers: Answers, encrypted: bool | None) -> Evidence:
    told = answers.cell("session")
    if told not in ("TRUE", "FALSE"):
        return unknown("view.session", "probe", answers.why("session"))
    if told == "TRUE":
        return evidence("view.session", "encrypted", "encrypt_option TRUE")
    return evidence("view.session", "ends-before" if encrypted else "not-encrypted", "encrypt_option FALSE")


def _thumbprint(answers: Answers) -> str | None:
    """Returns the thumbprint of the registry in lower case, nothing where none is set, None where it is not told."""
    if "Certificate" not in answers.rows:
        return None
    told = re.sub(r"[^0-9a-f]", "", (answers.cell("Certificate") or "").lower())
    return told if len(told) == 40 else ""


def _configured(thumbprint: str | None, served: Certificate | None, why: str) -> Evidence:
    if thumbprint is None:
        return unknown("view.configured", "probe", why)
    if not thumbprint:
        return evidence("view.configured", "none", "the registry names no thumbprint")
    if served is None:
        return unknown("view.configured", "probe", "the certificate that is served is not known")
    same = thumbprint == served.sha1
    return evidence("view.configured", "served" if same else "other", f"the registry names {thumbprint}")


def _log(answers: Answers) -> list[str]:
    """Returns the lines of the newest log that says which certificate was loaded, or was not."""
    for number in range(_LOGS):
        rows = answers.rows.get(f"log {number}", ())
        lines = [cell for row in rows for cell in row if cell]
        known = (_GIVEN, _FILE, _OWN, *(pattern for pattern, _ in _FAULTS))
        found = [line for line in lines if any(pattern.search(line) for pattern in known)]
        if found:
            return found
    return []


def _loaded(answers: Answers, log: list[str]) -> Iterator[Evidence]:
    if not log:
        why = answers.why("log 0") if "log 0" not in answers.rows else "the logs do not name a certificate"
        yield unknown("view.loaded", "probe", why)
        return
    text = "\n".join(log)
    given, file, own = (list(pattern.finditer(text)) for pattern in (_GIVEN, _FILE, _OWN))
    fault = next((problem for pattern, problem in _FAULTS if pattern.search(text)), None)
    last = max(
        (found[-1] for found in (given, file, own) if found), key=lambda match: match.start(), default=None
    )
    name = last[1].lower() if last and given and last is given[-1] else last[1] if last and file else None
    if last is None:
        yield unknown("view.loaded", "probe", "the log names no certificate that was loaded")
    else:
        yield evidence("view.loaded", name or "self-generated", "the newest such line of the error log")
    if name:
        yield evidence("load.problem", "none", "the error log says that it was loaded")
    elif fault:
        yield evidence("load.problem", fault, "the error log says so")


def _policy(answers: Answers, *, on_linux: bool) -> Evidence:
    if on_linux or "ForceEncryption" not in answers.rows:
        why = "mssql.conf cannot be read through SQL" if on_linux else answers.why("ForceEncryption")
        return unknown("view.policy", "probe", why)
    strict, forced = (answers.cell(name) == "1" for name in ("ForceStrict", "ForceEncryption"))
    return evidence("view.policy", "strict-only" if strict else "required" if forced else "optional")
