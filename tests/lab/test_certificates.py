"""The lab's certificates: good ones are good, and each broken one is broken in exactly its way."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from wizard.lab.certificates import ServerIdentity, identity_for
from wizard.model.knowledge import ScenarioEntry
from wizard.model.target import Engine

X509_EXPIRED, X509_NOT_YET_VALID, X509_SELF_SIGNED, X509_NO_ISSUER, X509_NAME = 10, 9, 18, 20, 62


def identity(scenario: ScenarioEntry) -> ServerIdentity:
    """Returns the identity of a scenario that has one."""
    found = identity_for(scenario)
    assert found is not None
    return found


def verify(server: ServerIdentity, name: str, anchor_pem: bytes | None) -> int:
    """Shakes hands in memory and returns OpenSSL's verify code; 0 where the client accepts."""
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if anchor_pem is not None:
        trust.load_verify_locations(cadata=anchor_pem.decode())
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.configure(serving)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trust.wrap_bio(to_client, to_server, server_hostname=name)
    peer = serving.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, peer, client, peer):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLCertVerificationError as error:
            return int(error.verify_code)
    return 0


@pytest.mark.parametrize(
    ("scenario_id", "code"),
    [
        ("healthy", 0),
        ("self-signed-certificate", X509_SELF_SIGNED),
        ("private-ca-not-trusted", X509_NO_ISSUER),
        ("name-mismatch", X509_NAME),
        ("name-mismatch/short-name", X509_NAME),
        ("name-mismatch/ip-address", 64),
        ("certificate-expired", X509_EXPIRED),
        ("certificate-not-yet-valid", X509_NOT_YET_VALID),
    ],
)
@pytest.mark.parametrize("engine", ["sqlserver", "postgresql"])
def test_each_scenario_is_broken_in_exactly_its_way(
    engine: Engine, scenario_id: str, code: int, scenarios: dict[str, ScenarioEntry]
) -> None:
    """OpenSSL gives the verify code of the fault and no other."""
    scenario = scenarios[f"{engine}/{scenario_id}"]
    server = identity(scenario)
    assert verify(server, scenario.server_name, server.anchor_pem() if scenario.trusted else None) == code


def test_an_intermediate_is_sent_and_completes_the_chain() -> None:
    """The server sends leaf and intermediate, and a client that knows only the root accepts them."""
    server = identity(
        ScenarioEntry(id="mysql/x", title="-", cause="healthy", engine="mysql", intermediate="sent")
    )
    assert len(server.chain) == 2
    assert verify(server, "localhost", server.anchor_pem()) == 0
    alone = ServerIdentity(server.key, server.chain[:1], server.anchor)
    assert verify(alone, "localhost", server.anchor_pem()) == X509_NO_ISSUER


def test_a_scenario_without_certificate_has_no_identity() -> None:
    """A server without TLS presents nothing."""
    scenario = ScenarioEntry(id="mysql/x", title="-", cause="healthy", engine="mysql", certificate="none")
    assert identity_for(scenario) is None


@pytest.mark.parametrize(
    ("engine", "name", "issuer", "years", "bits", "sent"),
    [
        ("sqlserver", "SSL_Self_Signed_Fallback", "SSL_Self_Signed_Fallback", 30, 3072, 1),
        (
            "mysql",
            "MySQL_Server_8.4.3_Auto_Generated_Server_Certificate",
            "MySQL_Server_8.4.3_Auto_Generated_CA_Certificate",
            10,
            2048,
            2,
        ),
        ("mariadb", "MariaDB Server", "MariaDB Server", 10, 2048, 1),
    ],
)
def test_the_look_alikes_have_the_marks_of_the_real_ones(
    engine: Engine,
    name: str,
    issuer: str,
    years: int,
    bits: int,
    sent: int,
    scenarios: dict[str, ScenarioEntry],
) -> None:
    """Names, key, validity and missing extensions are those by which the real ones are recognised."""
    server = identity(scenarios[f"{engine}/self-generated-certificate"])
    leaf = x509.load_der_x509_certificate(server.chain[0])
    assert leaf.subject == x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    assert leaf.issuer == x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)])
    assert leaf.version is x509.Version.v3
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == timedelta(days=365 * years)
    assert leaf.not_valid_before_utc < datetime.now(UTC)
    key = leaf.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == bits
    assert len(server.chain) == sent
    with pytest.raises(x509.ExtensionNotFound):
        leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert server.chain[-1] == server.anchor


def test_postgresql_makes_no_certificate_for_itself() -> None:
    """Such a scenario is a mistake of its author, not another certificate."""
    scenario = ScenarioEntry(
        id="postgresql/x", title="-", cause="healthy", engine="postgresql", certificate="self-generated"
    )
    with pytest.raises(ValueError, match="makes no certificate"):
        identity_for(scenario)
