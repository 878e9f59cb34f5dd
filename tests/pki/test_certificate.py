"""Describing certificates, the broken ones above all."""

from __future__ import annotations

import datetime as dt
import hashlib
import random

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pki.authority import NOW, SERVER, Made, make, resigned, tlv
from wizard.errors import FileError
from wizard.model.text import printable
from wizard.pki import der
from wizard.pki.certificate import describe

GOOD = make("db.example.com", names=["db.example.com", "2001:db8::1"], usages=SERVER, ca=False)
SERIAL = bytes.fromhex("1122334455667788")


def patched(old: bytes, new: bytes) -> bytes:
    """Returns the good certificate with one piece replaced by another of the same length."""
    assert old in GOOD.der
    assert len(old) == len(new)
    return GOOD.der.replace(old, new, 1)


def test_good_certificate_has_all_fields() -> None:
    """A good certificate is read in full and nothing is malformed."""
    found = describe(GOOD.der)
    assert found.subject == found.issuer == "CN=db.example.com"
    assert found.common_name == "db.example.com"
    assert found.sans == ("DNS:db.example.com", "IP:2001:db8::1")
    assert found.not_before == dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    assert found.not_after == dt.datetime(2040, 1, 1, tzinfo=dt.UTC)
    assert (found.key, found.key_bits, found.signature) == ("EC secp256r1", 256, "ecdsa-with-SHA256")
    assert (found.version, found.serial, found.is_ca) == (3, int.from_bytes(SERIAL), False)
    assert found.usages == ("1.3.6.1.5.5.7.3.1",)
    assert found.sha256 == hashlib.sha256(GOOD.der).hexdigest()
    assert found.self_signed
    assert found.malformed == ()


@pytest.mark.parametrize(
    ("certificate", "problem"),
    [
        (patched(SERIAL, b"\x91" + SERIAL[1:]), "negative serial number"),
        (patched(SERIAL, bytes(8)), "serial number zero"),
        (patched(SERIAL, b"\x00" + SERIAL[1:]), "serial number with illegal padding"),
        (patched(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x00"), "extensions in a version 1 certificate"),
        (patched(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07"), "unknown version"),
        (patched(b"200101000000Z", b"209901000000Z"), "notBefore is not a time"),
        (patched(b"200101000000Z", b"20010100Z    "), "notBefore is not a time"),
        (patched(b"400101000000Z", b"190101000000Z"), "notAfter is earlier than notBefore"),
        (patched(b"\x82\x0edb.example.com", b"\x82\x7fdb.example.com"), "subjectAltName cannot be read"),
        (patched(b"\x82\x0edb.example.com", b"\x82\x0edb.exampl\xff.com"), "subjectAltName cannot be read"),
        (GOOD.der + b"\n", "extra bytes after the certificate"),
        (patched(b"\x55\x1d\x25", b"\x55\x1d\x11"), "extension 2.5.29.17 appears twice"),
    ],
)
def test_broken_encoding_is_named_and_the_rest_is_read(certificate: bytes, problem: str) -> None:
    """Each fault is listed, and the common name is read all the same."""
    found = describe(certificate)
    assert problem in found.malformed
    assert found.common_name == "db.example.com"


def test_endless_serial_is_listed_and_not_shown() -> None:
    """A serial number of 30 octets is shown and listed; one of 10,000 octets is only listed."""
    for size, shown in ((30, True), (10_000, False)):
        long = der.only(GOOD.der, der.SEQUENCE).content
        signed, *rest = list(der.elements(long))
        version, _, *fields = (element.raw for element in der.elements(signed.content))
        changed = tlv(0x30, b"".join((version, tlv(0x02, b"\x11" * size), *fields)))
        found = describe(tlv(0x30, changed + b"".join(element.raw for element in rest)))
        assert "serial number longer than 20 octets" in found.malformed
        assert (found.serial is not None) == shown


def test_version_one_is_listed() -> None:
    """A certificate without a version field is version 1, which is read and listed."""
    outer = list(der.elements(der.only(GOOD.der, der.SEQUENCE).content))
    fields = [element.raw for element in der.elements(outer[0].content)]
    signed = tlv(0x30, b"".join(fields[1:7]))
    found = describe(tlv(0x30, signed + outer[1].raw + outer[2].raw))
    assert found.version == 1
    assert found.malformed == ("version 1",)
    assert found.sans == ()


def test_time_without_seconds_or_with_an_offset_is_read_and_listed() -> None:
    """Forms that certificates may not use still give the right instant."""
    times = b"\x17\x0d200101000000Z\x17\x0d400101000000Z"
    found = describe(patched(times, b"\x17\x0b2001010000Z\x17\x0f4001010200+0200"))
    assert found.not_before == dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    assert found.not_after == dt.datetime(2040, 1, 1, tzinfo=dt.UTC)
    assert len(found.malformed) == 2


def test_name_that_is_not_text_is_listed() -> None:
    """Invalid UTF-8 in the subject is shown as U+FFFD, and never as a name."""
    found = describe(GOOD.der.replace(b"\x0c\x0edb.example.com", b"\x0c\x0edb.exampl\xff.com"))
    assert found.subject == "CN=\ufffd"
    assert found.common_name is None
    assert "subject cannot be read as text" in found.malformed


@pytest.mark.parametrize(
    "hostile", ["\x1b]0;owned\x07", "a\nTrusted: yes", "moc.\u202elive", "a\x00b", "$(reboot)\r"]
)
def test_hostile_names_cannot_act_on_a_terminal(hostile: str) -> None:
    """Escape codes, line breaks and direction marks are gone from every text field."""
    found = describe(make(hostile, organisation=hostile).der)
    for text in (found.subject, found.issuer, found.common_name or ""):
        assert text
        assert text.replace("\ufffd", "").isprintable()


def test_nul_in_a_dns_name_does_not_shorten_it() -> None:
    """A name with NUL never reads as the part before it."""
    found = describe(patched(b"\x82\x0edb.example.com", b"\x82\x0edb.exampl\x00.com"))
    assert found.sans[0] == "DNS:db.exampl\ufffd.com"


def test_many_names_and_a_huge_subject_are_read() -> None:
    """10,000 names all arrive; a subject of one megabyte is cut to what can be shown."""
    names = [f"host{number}.example.com" for number in range(10_000)]
    assert len(describe(make("db", names=names).der).sans) == 10_000
    with pytest.warns(UserWarning, match="length must be"):
        huge = describe(make("x" * 1_000_000).der)
    assert len(huge.subject) <= 1_000
    assert len(huge.common_name or "") <= 1_000


def test_keys_and_signatures_are_named_as_openssl_names_them(rsa_key: rsa.RSAPrivateKey) -> None:
    """Each kind of key has its text and size; the self-signature is verified for each of them."""
    for key, text, bits, signature in (
        (rsa_key, "RSA 2048", 2048, "sha256WithRSAEncryption"),
        (ec.generate_private_key(ec.SECP384R1()), "EC secp384r1", 384, "ecdsa-with-SHA256"),
        (ed25519.Ed25519PrivateKey.generate(), "Ed25519", 256, "ED25519"),
    ):
        found = describe(make("a", key=key).der)
        assert (found.key, found.key_bits, found.signature) == (text, bits, signature)
        assert found.self_signed


@pytest.mark.parametrize("digest", ["md5", "sha1"])
def test_old_self_signatures_are_verified(
    rsa_key: rsa.RSAPrivateKey, other_rsa_key: rsa.RSAPrivateKey, digest: str
) -> None:
    """MD5 and SHA-1 self-signatures are recognised, as old database servers make them."""
    found = describe(resigned(make("SSL_Self_Signed_Fallback", key=rsa_key), digest))
    assert found.signature == f"{digest}WithRSAEncryption"
    assert found.self_signed
    assert not describe(resigned(make("a", key=rsa_key), digest, other_rsa_key)).self_signed


def test_pss_is_named_with_its_hash(rsa_key: rsa.RSAPrivateKey) -> None:
    """RSASSA-PSS names its hash and verifies as self-signed."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a")])
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(rsa_key.public_key())
        .serial_number(7).not_valid_before(NOW).not_valid_after(NOW)
        .sign(rsa_key, SHA384(), rsa_padding=PSS(MGF1(SHA384()), PSS.DIGEST_LENGTH))
    )  # fmt: skip
    found = describe(certificate.public_bytes(Encoding.DER))
    assert found.signature == "rsassaPss-sha384"
    assert found.self_signed


def test_same_name_with_another_key_is_not_self_signed(root: Made) -> None:
    """Equal names are not enough: the signature has to verify with the own key."""
    assert describe(root.der).self_signed
    assert not describe(make("x", issuer=root, issuer_name=make("x").name).der).self_signed


def test_agrees_with_cryptography_on_names() -> None:
    """For well-formed names our RFC 4514 text is that of pyca/cryptography."""
    key = ec.generate_private_key(ec.SECP256R1())
    for value in ('a,b+c"d\\e<f>g;h', " lead", "trail ", "#hash", "Müller", "=", "a=b"):
        kinds = (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME, NameOID.TITLE, NameOID.LOCALITY_NAME)
        name = x509.Name([x509.NameAttribute(kind, value) for kind in kinds])
        certificate = (
            x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(7).not_valid_before(NOW).not_valid_after(NOW).sign(key, SHA256())
        )  # fmt: skip
        found = describe(certificate.public_bytes(Encoding.DER))
        assert found.subject == certificate.subject.rfc4514_string()


@pytest.mark.parametrize(
    "junk", [b"", b"\x30", b"hello", GOOD.der[:100], GOOD.der[:-1], b"\x30\x80\x00\x00", b"\x30\x00"]
)
def test_what_is_no_certificate_is_refused(junk: bytes) -> None:
    """Bytes that are no certificate raise FileError and nothing else."""
    with pytest.raises(FileError):
        describe(junk)


@given(st.binary(max_size=300))
def test_random_bytes_raise_only_file_errors(data: bytes) -> None:
    """No bytes whatever make `describe` fail in another way."""
    for candidate in (data, b"\x30" + data, tlv(0x30, data)):
        try:
            describe(candidate)
        except FileError:
            continue


@settings(max_examples=300)
@given(st.randoms(use_true_random=False))
def test_mutated_certificates_raise_only_file_errors(chance: random.Random) -> None:
    """Flipped bytes anywhere in a certificate are read or refused, never a crash, and the text stays printable."""
    data = bytearray(GOOD.der)
    for _ in range(chance.randint(1, 6)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    try:
        found = describe(bytes(data))
    except FileError:
        return
    for text in (found.subject, found.issuer, *found.sans):
        assert printable(text) == text
