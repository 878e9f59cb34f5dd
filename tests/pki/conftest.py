"""Certificates that many tests of this room share."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.pki.authority import SERVER, Made, make


@pytest.fixture(scope="session")
def rsa_key() -> rsa.RSAPrivateKey:
    """One RSA key of 2048 bits, since making one is slow."""
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def other_rsa_key() -> rsa.RSAPrivateKey:
    """Another RSA key."""
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def root() -> Made:
    """A private root."""
    return make("Example Root CA", ca=True, organisation="Example")


@pytest.fixture(scope="session")
def intermediate(root: Made) -> Made:
    """An intermediate below the root."""
    return root.issue("Example Issuing CA 1", ca=True, organisation="Example")


@pytest.fixture(scope="session")
def leaf(intermediate: Made) -> Made:
    """A good leaf for db.example.com below the intermediate."""
    return intermediate.issue("db.example.com", names=["db.example.com", "192.0.2.7"], usages=SERVER)
