"""Certificates for the real servers of the tests, as PEM, made by the maker that the lab uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wizard.lab.certificates import ServerIdentity, identity_for
from wizard.model.knowledge import ScenarioEntry
from wizard.model.target import Engine

LOOPBACK = ("localhost", "127.0.0.1")


@dataclass(frozen=True)
class Certificate:
    """What a server presents, and the root that a client has to trust; all of it PEM.

    Attributes:
        chain: what the server sends, leaf first.
        key: the leaf's private key, unencrypted PKCS#8.
        anchor: the root, or the leaf itself where it is self-signed.
    """

    chain: bytes
    key: bytes
    anchor: bytes


def make_certificate(
    kind: Literal["private-ca", "self-signed", "self-generated"] = "private-ca",
    *,
    engine: Engine = "postgresql",
    names: tuple[str, ...] = LOOPBACK,
    common_name: str | None = None,
    valid_days: tuple[int, int] = (-30, 335),
    intermediate: bool = False,
) -> Certificate:
    """Returns a new certificate; without arguments one with which a client that trusts its root is content.

    Args:
        kind: who made it. `self-generated` imitates what `engine` makes for itself.
        engine: matters for `self-generated` only.
        names: subject alternative names; an address becomes an iPAddress.
        common_name: default: the first name.
        valid_days: notBefore and notAfter in days from now.
        intermediate: issue the leaf by an intermediate, which the server sends.
    """
    identity = identity_for(
        ScenarioEntry(
            id=f"{engine}/healthy",
            title="a server of the tests",
            cause="healthy",
            engine=engine,
            certificate=kind,
            names=names,
            common_name=common_name,
            valid_days=valid_days,
            intermediate="sent" if intermediate else "none",
        )
    )
    return _certificate(identity)


def certificate_of(scenario: ScenarioEntry) -> Certificate:
    """Returns the certificate of a scenario of the lab, new as each time; ValueError where it has none."""
    return _certificate(identity_for(scenario))


def _certificate(identity: ServerIdentity | None) -> Certificate:
    if identity is None:
        raise ValueError("this server has no certificate")
    return Certificate(identity.chain_pem(), identity.key_pem(), identity.anchor_pem())
