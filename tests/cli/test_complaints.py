"""Causes that show only in what the client says: the error text decides where the server itself is in order."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.cli.command import check, dbtls
from tests.known import KNOWN
from wizard.lab.server import serve


class Complaint(NamedTuple):
    """What a client says against a server, and the cause that both together show."""

    scenario: str
    error: str
    cause: str


COMPLAINTS = [
    Complaint("postgresql/healthy", "SSL error: tlsv1 alert protocol version", "tls-version-mismatch"),
    Complaint("sqlserver/healthy", "because they do not possess a common algorithm", "tls-version-mismatch"),
    Complaint("mysql/healthy", "SSL routines:tls_process_ske_dhe:dh key too small", "weak-key-exchange"),
    Complaint("postgresql/healthy", "SSL error: wrong version number", "direct-tls-not-supported"),
    Complaint("sqlserver/healthy", "TCP Provider: Error code 0x2746 (10054)", "handshake-reset"),
    Complaint(
        "mysql/healthy",
        "SSL routines::certificate verify failed: certificate has expired",
        "client-clock-wrong",
    ),
    Complaint(
        "postgresql/healthy", "SSL error: tlsv13 alert certificate required", "client-certificate-required"
    ),
    Complaint(
        "postgresql/healthy",
        'FATAL: no pg_hba.conf entry for host "10.0.0.5", user "a", database "a", no encryption',
        "tls-required-by-server",
    ),
    Complaint(
        "mysql/healthy", "ERROR 3159 (HY000): insecure transport are prohibited", "tls-required-by-server"
    ),
    Complaint("sqlserver/healthy", "The certificate is revoked. 0x80092010", "revoked"),
    Complaint("sqlserver/healthy", "the revocation server was offline. 0x80092013", "revocation-not-checked"),
    Complaint(
        "sqlserver/healthy",
        "Error: 26014. Unable to load user-specified certificate",
        "server-certificate-not-loaded",
    ),
    Complaint(
        "postgresql/healthy",
        'FATAL:  private key file "server.key" has group or world access',
        "server-certificate-not-loaded",
    ),
    Complaint("postgresql/healthy", 'root certificate file "/root.crt" does not exist', "ca-file-unusable"),
    Complaint("mysql/healthy", "the trustAnchors parameter must be non-empty", "ca-file-unusable"),
    Complaint(
        "postgresql/healthy", 'root certificate file "system" does not exist', "system-roots-not-supported"
    ),
    Complaint(
        "postgresql/healthy/common-name-only",
        "x509: certificate relies on legacy Common Name field, use SANs instead",
        "name-only-in-common-name",
    ),
    Complaint(
        "postgresql/healthy/marked-as-ca",
        "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))",
        "ca-certificate-as-leaf",
    ),
    # What this machine takes and the client does not, lies at the client.
    Complaint("mariadb/healthy", "unable to get local issuer certificate", "private-ca-not-trusted"),
    Complaint("mysql/healthy", "Hostname/IP does not match certificate's altnames", "name-mismatch"),
    Complaint(
        "postgresql/healthy", "server does not support SSL, but SSL was required", "another-server-reached"
    ),
    # A fault of the server comes before the complaint that follows from it.
    Complaint("postgresql/certificate-expired", "certificate verify failed", "certificate-expired"),
]


@pytest.mark.parametrize("complaint", COMPLAINTS, ids=lambda one: f"{one.scenario}-{one.cause}")
def test_the_complaint_decides(complaint: Complaint) -> None:
    """The cause is named, with fixes, and the words in its title fit the case."""
    with serve(KNOWN.scenario(complaint.scenario)) as server:
        found = check(server, "--error", complaint.error).json
    verdict = found["verdict"]
    assert isinstance(verdict, dict)
    assert verdict["cause"] == complaint.cause
    assert found["fixes"]


def test_the_same_reset_means_something_else_where_strict_was_asked_for() -> None:
    """With Encrypt=Strict in the connection string a reset shows that the server knows no TDS 8.0."""
    older = next(
        one
        for one in KNOWN.scenarios
        if one.engine == "sqlserver" and one.cause == "healthy" and not one.strict
    )
    error = "TCP Provider: Error code 0x2746 (10054)"
    causes = []
    with serve(older) as server:
        for encrypt in ("Strict", "Mandatory"):
            target = f"Server=tcp:{server.host},{server.port};Encrypt={encrypt}"
            trust = ("--ca-file", str(server.ca_file), "--server-name", server.server_name)
            found = dbtls("check", target, "--json", "--error", error, *trust).json
            assert isinstance(found["verdict"], dict)
            causes.append(found["verdict"]["cause"])
    assert causes == ["strict-not-supported", "handshake-reset"]


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("db.postgres.database.azure.com", "Azure"),
        ("db.abc.eu-central-1.rds.amazonaws.com", "RDS"),
        ("db.corp.example", "authority"),
    ],
)
def test_the_words_fit_whose_server_it_is(host: str, words: str) -> None:
    """The same cause is told in other words for a server of Azure, of Amazon and of one's own."""
    error = "certificate verify failed: unable to get local issuer certificate"
    found = dbtls("check", f"postgresql://{host}", "--no-probe", "--json", "--error", error).json
    assert isinstance(found["verdict"], dict)
    assert found["verdict"]["cause"] == "private-ca-not-trusted"
    assert words in str(found["verdict"]["title"])
