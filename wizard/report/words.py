"""Sentences for people that several front ends share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from wizard.model.evidence import Source, Value
from wizard.model.knowledge import FactEntry, Knowledge, Platform, RunOn, Shell, Tier
from wizard.model.text import printable

if TYPE_CHECKING:
    from wizard.diagnosis.findings import Confidence
    from wizard.diagnosis.proof import DriverProof, Proof
    from wizard.diagnosis.walk import Verdict

SOURCES: dict[Source, str] = {
    "probe": "probed",
    "person": "you said",
    "error-text": "error text",
    "file": "from the file",
    "assumed": "nobody knows",
}

TIERS: dict[Tier, str] = {
    "permanent": "Permanent: mends the cause",
    "intermediate": "Intermediate: keeps the protection until the cause is mended",
    "bypass": "Bypass: switches protection off, last resort",
}

CONFIDENCES: dict[Confidence, str] = {
    "confirmed": "confirmed: measured, or read from a file",
    "reported": "reported: the error text or a person says so",
    "suspected": "suspected: something that would decide is still unknown",
}

SHELLS: dict[Shell, str] = {
    "powershell": "PowerShell",
    "cmd": "Command Prompt",
    "sh": "shell",
    "tsql": "T-SQL",
    "mysql": "SQL",
    "postgresql": "SQL",
    "ini": "configuration file",
    "pg-conf": "postgresql.conf",
    "python": "Python",
    "javascript": "JavaScript",
    "go": "Go",
    "java": "Java",
    "csharp": "C#",
    "rust": "Rust",
    "dockerfile": "Dockerfile",
    "yaml": "YAML file",
    "ado-net": "connection string (SqlClient)",
    "odbc": "connection string (ODBC)",
    "ole-db": "connection string (OLE DB)",
    "jdbc-sqlserver": "connection URL (JDBC)",
    "jdbc-mysql": "connection URL (JDBC)",
    "url": "connection URL",
    "libpq": "connection string (libpq)",
    "screen": "on the screen",
}

RUN_ON: dict[RunOn, str] = {"server": "on the server", "client": "on the client", "anywhere": "anywhere"}

PLATFORMS: dict[Platform, str] = {
    "windows-server": "server on Windows",
    "linux-server": "server on Linux",
    "container-server": "server in a container",
    "hosted-server": "server of a cloud provider",
    "any-server": "any server",
    "windows": "client on Windows",
    "debian": "client on Debian or Ubuntu",
    "rhel": "client on RHEL or Fedora",
    "suse": "client on SUSE",
    "macos": "client on macOS",
    "java": "client in Java",
    "node": "client in Node.js",
    "python": "client in Python",
    "container": "client in a container",
    "any-client": "any client",
    "network": "network",
}


REACHED: dict[str | None, str] = {
    "connected": "connected",
    "login-refused": "got through TLS to the login",
    "refused": "failed",
    None: "cannot be told",
}
"""How far a driver came."""


def inconclusive(verdict: Verdict) -> str:
    """Returns the title of a verdict without a cause."""
    return "What is known does not suffice to name the cause"


def of_proof(proof: Proof) -> str:
    """Returns in one or two sentences what became of a fault."""
    title = printable(proof.cause.title) if proof.cause else "the cause is not known"
    if proof.outcome == "fixed":
        return "Fixed: the probes find nothing wrong any more."
    if proof.outcome == "still-failing":
        return f"Still failing: {title}."
    if proof.outcome == "next-fault":
        return f"The first fault is gone. The next one: {title}."
    return "Not proven: what showed the fault was not measured again. Let the client connect once more."


def of_driver(one: DriverProof) -> str:
    """Returns what a real driver did, before the fix where it was asked then, and after it."""
    before = f"{REACHED[one.before]} → " if one.before else ""
    said = f": {printable(one.error)}" if one.error else ""
    return f"{one.client} {one.version or ''}".rstrip() + f": {before}{REACHED[one.after]}{said}"


def of_value(value: Value | None, fact: FactEntry | None = None) -> str:
    """Returns a value in words: a choice by its label, a list by its parts, unknown as `unknown`."""
    if value is None:
        return "unknown"
    if fact is not None:
        label = next((choice.label for choice in fact.choices if choice.value == value), None)
        if label is not None:
            return label
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return printable(", ".join(value)) or "none"
    return printable(str(value))


def of_questions(facts: Iterable[str], knowledge: Knowledge) -> list[str]:
    """Returns the questions behind some facts, as a person would ask them."""
    entries = (knowledge.fact(fact) for fact in facts)
    return [entry.question or f"{entry.title}?" for entry in entries]


def of_days(not_after: datetime, at: datetime) -> str:
    """Returns how long a certificate is still valid, or since when it no longer is."""
    days = (not_after - at).days
    if days < 0:
        return f"expired {-days} day{'s' if days != -1 else ''} ago"
    return f"{days} day{'s' if days != 1 else ''} left"
