"""The certificates of the lab: made on the fly for one scenario, good ones and broken ones.

Keys are made once for a process: a lab server is never used for a real secret, and RSA takes its time. RSA because
each driver that the lab has to convince takes it.
"""

from __future__ import annotations

import ipaddress
import ssl
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from wizard.model.knowledge import ScenarioEntry
from wizard.model.target import Engine

MYSQL_VERSION = "8.4.3"
"""Both the greeting and the automatic certificates of the lab's MySQL carry it."""

_CA_DAYS = (-365, 3650)


@dataclass(frozen=True)
class ServerIdentity:
    """What a server presents, and what a client has to trust.

    Attributes:
        key: the private key of the leaf.
        chain: what the server sends, leaf first.
        anchor: the certificate that ends the chain; a client that trusts it accepts the chain.
    """

    key: rsa.RSAPrivateKey
    chain: tuple[x509.Certificate, ...]
    anchor: x509.Certificate

    def configure(self, context: ssl.SSLContext) -> None:
        """Makes a server context present this identity."""
        pem = self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        pem += b"".join(one.public_bytes(serialization.Encoding.PEM) for one in self.chain)
        # Python's ssl reads a key only from a file; the directory is its owner's alone.
        with tempfile.TemporaryDirectory(prefix="dbtls-lab-") as directory:
            file = Path(directory) / "server.pem"
            file.write_bytes(pem)
            context.load_cert_chain(file)

    def anchor_pem(self) -> bytes:
        """Returns the anchor in PEM, as a client's CA file holds it."""
        return self.anchor.public_bytes(serialization.Encoding.PEM)


def identity_for(scenario: ScenarioEntry) -> ServerIdentity | None:
    """Returns the identity that a scenario asks for; None where its server has no certificate."""
    if scenario.certificate == "none":
        return None
    if scenario.certificate == "self-generated":
        return _self_generated(scenario.engine)
    name = scenario.common_name or (scenario.names[0] if scenario.names else scenario.server_name)
    if scenario.certificate == "self-signed":
        key = _key("leaf")
        leaf = _issue(name, key, valid_days=scenario.valid_days, names=scenario.names)
        return ServerIdentity(key, (leaf,), leaf)
    return _from_private_ca(scenario, name)


def _from_private_ca(scenario: ScenarioEntry, name: str) -> ServerIdentity:
    key, root_key = _key("leaf"), _key("root")
    root = _issue("Corp Example Root CA", root_key, valid_days=_CA_DAYS, ca=True)
    issuer, issuer_key = root, root_key
    if scenario.intermediate:
        issuer_key = _key("intermediate")
        issuer = _issue(
            "Corp Example Issuing CA", issuer_key, valid_days=_CA_DAYS, ca=True, issuer=(root, root_key)
        )
    leaf = _issue(
        name, key, valid_days=scenario.valid_days, names=scenario.names, issuer=(issuer, issuer_key)
    )
    chain = (leaf, issuer) if scenario.intermediate else (leaf,)
    return ServerIdentity(key, chain, root)


def _self_generated(engine: Engine) -> ServerIdentity:
    """Returns a look-alike of what a database server makes for itself when nobody gives it a certificate."""
    match engine:
        case "sqlserver":
            # RSA 3072 since SQL Server 2022, RSA 2048 before; valid for 30 years; no extension at all.
            key = _key("fallback", 3072)
            leaf = _bare("SSL_Self_Signed_Fallback", key, years=30)
            return ServerIdentity(key, (leaf,), leaf)
        case "mysql":
            # The server is given ca.pem as well, so OpenSSL completes the chain that it sends. MySQL manual,
            # "Creating SSL and RSA Certificates and Keys using MySQL": v3, RSA 2048, 10 years, no SAN, no EKU.
            key, ca_key = _key("leaf"), _key("root")
            made_by = f"MySQL_Server_{MYSQL_VERSION}_Auto_Generated_{{}}_Certificate"
            ca = _bare(made_by.format("CA"), ca_key, years=10, serial=1, ca=True)
            leaf = _bare(made_by.format("Server"), key, years=10, serial=2, ca=False, issuer=(ca, ca_key))
            return ServerIdentity(key, (leaf, ca), ca)
        case "mariadb":
            # MariaDB 11.4 makes RSA 4096; 2048 here, since that takes seconds and changes no verdict.
            key = _key("leaf")
            leaf = _bare("MariaDB Server", key, years=10, serial=1)
            return ServerIdentity(key, (leaf,), leaf)
        case "postgresql":
            raise ValueError("PostgreSQL makes no certificate for itself")


@cache
def _key(role: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Returns the process's key for a role, which is only the cache's key: no certificate shares its issuer's."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


Issuer = tuple[x509.Certificate, rsa.RSAPrivateKey]


def _bare(
    common_name: str,
    key: rsa.RSAPrivateKey,
    *,
    years: int,
    serial: int | None = None,
    ca: bool | None = None,
    issuer: Issuer | None = None,
) -> x509.Certificate:
    """Returns a certificate as database servers make it: no extension but, at most, basicConstraints."""
    start = datetime.now(UTC) - timedelta(days=30)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .issuer_name(issuer[0].subject if issuer else _name(common_name))
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365 * years))
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=ca)
    return builder.sign(issuer[1] if issuer else key, hashes.SHA256())


def _issue(
    common_name: str,
    key: rsa.RSAPrivateKey,
    *,
    valid_days: tuple[int, int],
    names: tuple[str, ...] = (),
    ca: bool = False,
    issuer: Issuer | None = None,
) -> x509.Certificate:
    """Returns a certificate as a CA issues it; self-signed where there is no issuer."""
    now = datetime.now(UTC)
    signer = issuer[1] if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .issuer_name(issuer[0].subject if issuer else _name(common_name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=valid_days[0]))
        .not_valid_after(now + timedelta(days=valid_days[1]))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(_usage(ca), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(map(_general_name, names)), False)
    return builder.sign(signer, hashes.SHA256())


def _usage(ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        key_encipherment=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
