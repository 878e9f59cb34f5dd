"""The faults that a scenario puts into a certificate: each is there, and nothing else is."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.lab.knobs import GOOD, with_knobs
from wizard.lab.certificates import ServerIdentity, identity_for
from wizard.lab.flaws import Hash, flawed
from wizard.model.knowledge import ScenarioEntry
from wizard.pki import structure
from wizard.pki.certificate import describe
from wizard.pki.trust import TrustStore, verify

EXPIRED, NO_ISSUER, WRONG_PURPOSE, INVALID_CA = 10, 20, 26, 79

HASHES: dict[Hash, Callable[[], hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha1": hashes.SHA1,
    "md5": hashes.MD5,
}


def identity(scenario: ScenarioEntry) -> ServerIdentity:
    """Returns the identity of a scenario that has one."""
    found = identity_for(scenario)
    assert found is not None
    return found


def told(**knobs: object) -> dict[str, object]:
    """Returns what tells one leaf from another: key, signature, version, faults, usages, CA."""
    leaf = describe(identity(with_knobs(GOOD, **knobs)).chain[0])
    return {
        "key": leaf.key, "signature": leaf.signature, "version": leaf.version, "malformed": leaf.malformed,
        "usages": leaf.usages, "is_ca": leaf.is_ca, "sans": leaf.sans,
    }  # fmt: skip


SERVER, CLIENT, ANY = (
    oid.dotted_string
    for oid in (
        ExtendedKeyUsageOID.SERVER_AUTH,
        ExtendedKeyUsageOID.CLIENT_AUTH,
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    )
)


@pytest.mark.parametrize(
    ("knob", "changed"),
    [
        ({"key": "rsa-1024"}, {"key": "RSA 1024"}),
        ({"key": "ec-p256"}, {"key": "EC secp256r1"}),
        ({"signature": "sha1"}, {"signature": "sha1WithRSAEncryption"}),
        ({"signature": "md5"}, {"signature": "md5WithRSAEncryption"}),
        ({"usage": "client-auth"}, {"usages": (CLIENT,)}),
        ({"usage": "any-usage"}, {"usages": (ANY,)}),
        ({"usage": "unrestricted"}, {"usages": None}),
        ({"usage": "signs-certificates"}, {}),
        ({"leaf_is_ca": True}, {"is_ca": True}),
        ({"malformed": "negative-serial"}, {"malformed": ("negative serial number",)}),
        ({"malformed": "long-serial"}, {"malformed": ("serial number longer than 20 octets",)}),
        (
            {"malformed": "version-1"},
            {"malformed": ("version 1",), "version": 1, "usages": None, "is_ca": None, "sans": ()},
        ),
        ({"names": ()}, {"sans": ()}),
    ],
    ids=str,
)
def test_each_knob_changes_only_what_it_is_for(knob: dict[str, object], changed: dict[str, object]) -> None:
    """A leaf with one fault differs from a good one in that fault alone."""
    assert told(**knob) == {**told(), **changed}


@pytest.mark.parametrize(
    ("usage", "tls", "certificates"),
    [("server-auth", True, False), ("signs-certificates", False, True)],
)
def test_the_key_usage_is_that_of_a_server_or_of_a_ca(usage: str, tls: bool, certificates: bool) -> None:
    """Only `signs-certificates` takes the two usages away that TLS needs."""
    leaf = x509.load_der_x509_certificate(identity(with_knobs(GOOD, usage=usage)).chain[0])
    allowed = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (allowed.digital_signature, allowed.key_encipherment, allowed.key_cert_sign) == (
        tls,
        tls,
        certificates,
    )


@pytest.mark.parametrize("signature", ["sha256", "sha1", "md5"])
@pytest.mark.parametrize("malformed", [None, "negative-serial", "long-serial", "version-1"])
def test_a_flawed_certificate_is_truly_signed_by_its_issuer(signature: Hash, malformed: str | None) -> None:
    """The root's key verifies the signature over the changed fields; over other bytes it does not."""
    server = identity(with_knobs(GOOD, signature=signature, malformed=malformed))
    fields = structure.take_apart(server.chain[0])
    assert fields.algorithm == fields.inner_algorithm
    root = x509.load_der_x509_certificate(server.anchor).public_key()
    assert isinstance(root, rsa.RSAPublicKey)
    used = HASHES[signature]()
    root.verify(fields.signature, fields.signed, padding.PKCS1v15(), used)
    with pytest.raises(InvalidSignature):
        root.verify(fields.signature, fields.signed + b"\0", padding.PKCS1v15(), used)


@pytest.mark.parametrize(
    ("knobs", "code"),
    [
        ({}, 0),
        ({"signature": "md5"}, 0),
        ({"malformed": "version-1", "common_name": "localhost"}, 0),
        ({"malformed": "negative-serial"}, 0),
        ({"malformed": "long-serial"}, 0),
        ({"intermediate": "sent"}, 0),
        ({"intermediate": "left-out"}, NO_ISSUER),
        ({"intermediate": "expired"}, EXPIRED),
        ({"intermediate": "not-a-ca"}, INVALID_CA),
        ({"usage": "client-auth"}, WRONG_PURPOSE),
        ({"usage": "any-usage"}, WRONG_PURPOSE),
        ({"usage": "signs-certificates"}, WRONG_PURPOSE),
        ({"usage": "unrestricted"}, 0),
        ({"leaf_is_ca": True}, 0),
        ({"key": "ec-p256"}, 0),
        ({"key": "ec-p256", "signature": "sha1", "certificate": "self-signed"}, 0),
    ],
    ids=str,
)
def test_openssl_judges_the_chain_as_the_knob_says(knobs: dict[str, object], code: int) -> None:
    """OpenSSL without its security level gives the verify code of the fault, and none for what is only old."""
    server = identity(with_knobs(GOOD, **knobs))
    store = TrustStore("the lab's root", certificates=(server.anchor,))
    assert verify(server.chain, store, datetime.now(UTC)).code == code


@pytest.mark.parametrize(
    ("knobs", "refusal"),
    [
        ({}, None),
        ({"key": "ec-p256"}, None),
        ({"key": "rsa-1024"}, "EE_KEY_TOO_SMALL"),
        ({"signature": "sha1"}, "CA_MD_TOO_WEAK"),
        ({"signature": "md5"}, "CA_MD_TOO_WEAK"),
    ],
    ids=str,
)
def test_openssl_finds_a_weak_certificate_too_weak(knobs: dict[str, object], refusal: str | None) -> None:
    """At security level 2 a server's OpenSSL refuses it; at level 0, in a context of its own, it takes it."""
    server = identity(with_knobs(GOOD, **knobs))
    lenient = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    lenient.set_ciphers("DEFAULT:@SECLEVEL=0")
    server.configure(lenient)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=2")
    if refusal is None:
        server.configure(context)
        return
    with pytest.raises(ssl.SSLError) as caught:
        server.configure(context)
    assert caught.value.reason == refusal


def test_an_expired_intermediate_expired_before_the_leaf() -> None:
    """The leaf is in its time, the intermediate is not; one that is merely sent is."""
    for knob, over in (("expired", True), ("sent", False)):
        leaf, between = (describe(one) for one in identity(with_knobs(GOOD, intermediate=knob)).chain)
        assert leaf.not_after is not None
        assert between.not_after is not None
        now = datetime.now(UTC)
        assert leaf.not_after > now
        assert (between.not_after < now - timedelta(days=9)) is over


def test_the_authority_names_root_and_issuing_ca() -> None:
    """A certificate of an inspection box carries its name; one of the company's CA the company's."""
    box = identity(with_knobs(GOOD, authority="Zscaler", intermediate="sent"))
    assert [describe(one).issuer for one in box.chain] == ["CN=Zscaler Issuing CA", "CN=Zscaler Root CA"]
    assert describe(box.anchor).common_name == "Zscaler Root CA"
    assert describe(identity(GOOD).chain[0]).issuer == "CN=Corp Example Root CA"


def test_a_left_out_intermediate_is_not_sent() -> None:
    """Only the leaf goes out, and its issuer is not the root."""
    server = identity(with_knobs(GOOD, intermediate="left-out"))
    (leaf,) = server.chain
    assert describe(leaf).issuer != describe(server.anchor).subject


def test_a_servers_own_certificate_can_be_malformed() -> None:
    """SQL Server 2017 gave its own certificate a negative serial number; newer ones do not."""
    own = ScenarioEntry(
        id="sqlserver/x", title="-", cause="healthy", engine="sqlserver", certificate="self-generated"
    )
    assert describe(identity(own).chain[0]).malformed == ()
    old = msgspec.structs.replace(own, malformed="negative-serial")
    assert describe(identity(old).chain[0]).malformed == ("negative serial number",)
    assert describe(identity(old).chain[0]).self_signed


def test_there_is_no_ecdsa_with_md5() -> None:
    """What no standard names is not made; ECDSA with SHA-1 is."""
    key = ec.generate_private_key(ec.SECP256R1())
    good = identity(GOOD).chain[0]
    assert describe(flawed(good, key, "sha1", None)).signature == "ecdsa-with-SHA1"
    with pytest.raises(ValueError, match="no signature with md5"):
        flawed(good, key, "md5", None)


@pytest.mark.parametrize("key", ["rsa-2048", "rsa-1024", "ec-p256"])
def test_the_key_belongs_to_the_leaf(key: str) -> None:
    """The private key's public half stands in the certificate, and not that of another scenario."""
    server = identity(with_knobs(GOOD, key=key, malformed="negative-serial"))
    private = load_pem_private_key(server.key_pem(), None)
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert structure.take_apart(server.chain[0]).public_key == public
    assert structure.take_apart(server.anchor).public_key != public
