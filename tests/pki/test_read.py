"""Certificates out of files."""

from __future__ import annotations

import base64
import random
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs7,
    pkcs12,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pki.authority import Made, make
from wizard.errors import FileError
from wizard.pki.read import LARGEST, read_certificates, read_file


def key_pem(made: Made) -> bytes:
    """Returns the private key as PEM."""
    return made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_pem_with_text_and_key_gives_the_leaf_first(root: Made, intermediate: Made, leaf: Made) -> None:
    """Blocks are found between text and beside a key, and the chain is put in order."""
    data = (
        b"subject: x\r\n"
        + root.pem
        + key_pem(leaf)
        + intermediate.pem.replace(b"\n", b"\r\n")
        + leaf.pem
        + b"end"
    )
    assert read_certificates(data, name="a.pem") == (leaf.der, intermediate.der, root.der)


def test_der_is_read_as_it_is(leaf: Made) -> None:
    """One DER certificate comes back byte for byte."""
    assert read_certificates(leaf.der, name="a.cer") == (leaf.der,)


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_pkcs7_is_read(encoding: Encoding, root: Made, leaf: Made, intermediate: Made) -> None:
    """A PKCS#7 bundle gives all its certificates, leaf first."""
    certificates = [x509.load_der_x509_certificate(one.der) for one in (root, leaf, intermediate)]
    data = pkcs7.serialize_certificates(certificates, encoding)
    assert read_certificates(data, name="a.p7b") == (leaf.der, intermediate.der, root.der)


def test_pkcs12_needs_its_password(leaf: Made, intermediate: Made) -> None:
    """The right password opens it; a wrong one and none say so and never show the password."""
    certificate, above = (x509.load_der_x509_certificate(one.der) for one in (leaf, intermediate))
    data = pkcs12.serialize_key_and_certificates(
        b"a", leaf.key, certificate, [above], BestAvailableEncryption(b"right")
    )
    assert read_certificates(data, name="a.pfx", password="right") == (leaf.der, intermediate.der)
    with pytest.raises(FileError, match="this password does not open") as wrong:
        read_certificates(data, name="a.pfx", password="canary")
    assert "canary" not in f"{wrong.value.message} {wrong.value.hint}"
    with pytest.raises(FileError, match="needs a password") as missing:
        read_certificates(data, name="a.pfx")
    assert missing.value.hint


def test_pkcs12_without_password_opens(leaf: Made) -> None:
    """A PKCS#12 file without encryption needs no password."""
    certificate = x509.load_der_x509_certificate(leaf.der)
    data = pkcs12.serialize_key_and_certificates(b"a", None, certificate, None, NoEncryption())
    assert read_certificates(data, name="a.pfx") == (leaf.der,)


def test_repeated_certificates_are_given_once(leaf: Made) -> None:
    """The same certificate twice counts once."""
    assert read_certificates(leaf.pem * 2, name="a.pem") == (leaf.der,)


def test_unrelated_certificates_keep_their_order(root: Made) -> None:
    """Where no leaf can be told, as in a bundle of roots, nothing is reordered."""
    other = make("Other Root", ca=True)
    assert read_certificates(other.pem + root.pem, name="a.pem") == (other.der, root.der)


def test_negative_serial_is_read_without_a_warning(leaf: Made) -> None:
    """What strict readers refuse is handed on to be described."""
    der = leaf.der.replace(bytes.fromhex("1122334455667788"), bytes.fromhex("9122334455667788"))
    pem = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"
    assert read_certificates(pem, name="a.pem") == (der,)


def request_pem(made: Made) -> bytes:
    """Returns a certificate request."""
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(made.name)
        .sign(made.key, SHA256())
        .public_bytes(Encoding.PEM)
    )


def test_what_is_not_a_certificate_is_named(leaf: Made) -> None:
    """Each wrong kind of file is called what it is, with a hint."""
    for data, words in (
        (b"", "is empty"),
        (b" \n", "is empty"),
        (key_pem(leaf), "private key and no certificate"),
        (request_pem(leaf), "certificate request"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"Dear Sir,\nthe certificate", "plain text"),
        (b"\x89PNG\r\n\x1a\n\x00", "binary data"),
        (b"\xfe\xed\xfe\xed\x00\x00\x00\x02", "Java keystore"),
        ("-----BEGIN".encode("utf-16"), "UTF-16"),
        (b"ssh-ed25519 AAAA", "SSH key"),
        (b"-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----", "dh parameters"),
        (leaf.pem[:300], "cut off or damaged"),
        (leaf.pem.replace(b"MII", b"M!I"), "cut off or damaged"),
        (leaf.der[:200], "only a part of one"),
        (bytes(LARGEST + 1), "too large"),
    ):
        with pytest.raises(FileError, match=words) as refused:
            read_certificates(data, name="a.pem")
        assert refused.value.hint
        assert "AAAA" not in refused.value.message


def test_file_faults_are_told_apart(tmp_path: Path) -> None:
    """Missing files and directories are FileErrors with a hint; a good file is read."""
    with pytest.raises(FileError, match="There is no file"):
        read_file(tmp_path / "missing.pem")
    with pytest.raises(FileError, match="is a directory"):
        read_file(tmp_path)
    with pytest.raises(FileError, match="cannot be read"):
        read_file(tmp_path / "a\0b")
    good = tmp_path / "a.pem"
    good.write_bytes(b"x")
    assert read_file(good) == b"x"


@given(st.binary(max_size=400))
def test_random_files_raise_only_file_errors(data: bytes) -> None:
    """No content whatever makes reading fail in another way."""
    for candidate in (
        data,
        b"-----BEGIN CERTIFICATE-----" + data,
        b"-----BEGIN PKCS7-----\n" + base64.b64encode(data),
    ):
        try:
            read_certificates(candidate, name="a.pem", password="p")
        except FileError:
            continue


_LEAF = make("db.example.com")
_BUNDLE = pkcs7.serialize_certificates([x509.load_der_x509_certificate(_LEAF.der)], Encoding.DER)
_STORE = pkcs12.serialize_key_and_certificates(
    None, None, x509.load_der_x509_certificate(_LEAF.der), None, NoEncryption()
)


@settings(max_examples=200)
@given(st.sampled_from([_LEAF.der, _LEAF.pem, _BUNDLE, _STORE]), st.randoms(use_true_random=False))
def test_mutated_files_raise_only_file_errors(original: bytes, chance: random.Random) -> None:
    """Flipped bytes in every format are read or refused, never a crash."""
    data = bytearray(original)
    for _ in range(chance.randint(1, 5)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    try:
        assert read_certificates(bytes(data), name="a.pem")
    except FileError:
        return
