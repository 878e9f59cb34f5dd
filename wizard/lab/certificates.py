"""The certificates of the lab: made on the fly for one scenario, good ones and broken ones.

Keys are made once for a process: a lab server is never used for a real secret, and RSA takes its time. RSA by
default, because each driver that the lab has to convince takes it.
"""

from __future__ import annotations

import ssl
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from wizard.lab.flaws import PrivateKey
from wizard.lab.issue import Issuer, authority, bare, leaf_of
from wizard.model.knowledge import ScenarioEntry

MYSQL_VERSION = "8.4.3"
"""Both the greeting and the automatic certificates of the lab's MySQL carry it."""


@dataclass(frozen=True)
class ServerIdentity:
    """What a server presents, and what a client has to trust.

    Attributes:
        key: the private key of the leaf.
        chain: what the server sends, DER, leaf first.
        anchor: the certificate that ends the chain, DER; a client that trusts it accepts the chain.
    """

    key: PrivateKey
    chain: tuple[bytes, ...]
    anchor: bytes

    def configure(self, context: ssl.SSLContext) -> None:
        """Makes a server context present this identity."""
        # Python's ssl reads a key only from a file; the directory is its owner's alone.
        with tempfile.TemporaryDirectory(prefix="dbtls-lab-") as directory:
            file = Path(directory) / "server.pem"
            file.write_bytes(self.key_pem() + self.chain_pem())
            context.load_cert_chain(file)

    def key_pem(self) -> bytes:
        """Returns the private key in PEM, unencrypted PKCS#8."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def chain_pem(self) -> bytes:
        """Returns what the server sends in PEM, leaf first."""
        return b"".join(ssl.DER_cert_to_PEM_cert(one).encode("ascii") for one in self.chain)

    def anchor_pem(self) -> bytes:
        """Returns the anchor in PEM, as a client's CA file holds it."""
        return ssl.DER_cert_to_PEM_cert(self.anchor).encode("ascii")


def identity_for(scenario: ScenarioEntry) -> ServerIdentity | None:
    """Returns the identity that a scenario asks for; None where its server has no certificate.

    Raises:
        ValueError: there is no such certificate, as one that PostgreSQL made for itself.
    """
    match scenario.certificate:
        case "none":
            return None
        case "self-generated":
            return _self_generated(scenario)
        case "self-signed":
            key = _leaf_key(scenario)
            leaf = leaf_of(scenario, key, issuer=None)
            return ServerIdentity(key, (leaf,), leaf)
        case "private-ca":
            return _from_private_ca(scenario)


def _from_private_ca(scenario: ScenarioEntry) -> ServerIdentity:
    key = _leaf_key(scenario)
    root = Issuer(f"{scenario.authority} Root CA", _rsa("root"))
    anchor = authority(root, issuer=root)
    if scenario.intermediate == "none":
        return ServerIdentity(key, (leaf_of(scenario, key, root),), anchor)
    issuing = Issuer(f"{scenario.authority} Issuing CA", _rsa("intermediate"))
    leaf = leaf_of(scenario, key, issuing)
    between = authority(
        issuing,
        issuer=root,
        expired=scenario.intermediate == "expired",
        ca=scenario.intermediate != "not-a-ca",
    )
    sent = (leaf,) if scenario.intermediate == "left-out" else (leaf, between)
    return ServerIdentity(key, sent, anchor)


def _self_generated(scenario: ScenarioEntry) -> ServerIdentity:
    """Returns a look-alike of what a database server makes for itself when nobody gives it a certificate."""
    flaws = (scenario.signature, scenario.malformed)
    match scenario.engine:
        case "sqlserver":
            # RSA 3072 since SQL Server 2022, RSA 2048 before; valid for 30 years; no extension at all.
            key = _rsa("fallback", 3072)
            made_by = Issuer("SSL_Self_Signed_Fallback", key)
            leaf = bare(made_by.name, key, made_by, years=30, flaws=flaws)
            return ServerIdentity(key, (leaf,), leaf)
        case "mysql":
            # The server is given ca.pem as well, so OpenSSL completes the chain that it sends. MySQL manual,
            # "Creating SSL and RSA Certificates and Keys using MySQL": v3, RSA 2048, 10 years, no SAN, no EKU.
            key, words = _rsa("leaf"), f"MySQL_Server_{MYSQL_VERSION}_Auto_Generated_{{}}_Certificate"
            ca = Issuer(words.format("CA"), _rsa("root"))
            top = bare(ca.name, ca.key, ca, years=10, serial=1, ca=True)
            leaf = bare(words.format("Server"), key, ca, years=10, serial=2, ca=False, flaws=flaws)
            return ServerIdentity(key, (leaf, top), top)
        case "mariadb":
            # MariaDB 11.4 makes RSA 4096; 2048 here, since that takes seconds and changes no verdict.
            key = _rsa("leaf")
            made_by = Issuer("MariaDB Server", key)
            leaf = bare(made_by.name, key, made_by, years=10, serial=1, flaws=flaws)
            return ServerIdentity(key, (leaf,), leaf)
        case "postgresql":
            raise ValueError("PostgreSQL makes no certificate for itself")


def _leaf_key(scenario: ScenarioEntry) -> PrivateKey:
    match scenario.key:
        case "rsa-2048":
            return _rsa("leaf")
        case "rsa-1024":
            return _rsa("leaf", 1024)
        case "ec-p256":
            return _ec("leaf")


Role = Literal["leaf", "intermediate", "root", "fallback"]


@cache
def _rsa(role: Role, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Returns the process's key for a role, which is only the cache's key: no certificate shares its issuer's."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def _ec(role: Role) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())
