"""What fuzzing found beyond a single kept input: each was a crash, a hang or a wrong answer once."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs7, pkcs12

from tests.pki.authority import Made, make, tlv
from wizard.diagnosis.secrets import without_secrets
from wizard.errors import FileError
from wizard.knowledge.load import read_folder
from wizard.pki import der
from wizard.pki.algorithms import describe_key
from wizard.pki.private_ca import read_authority
from wizard.pki.read import read_certificates

AT = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def made() -> Made:
    """A certificate of its own."""
    return make("db.example.com", ca=True)


def pfx(made: Made, rounds: int) -> bytes:
    """Returns a PKCS#12 file that says how often the key of its checksum is to be derived."""
    how = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(50).build(b"fuzz")
    certificate = x509.load_der_x509_certificate(made.der)
    written = pkcs12.serialize_key_and_certificates(None, None, certificate, None, how)
    version, safe, checksum = der.elements(der.only(written, der.SEQUENCE).content)
    digest, salt, _ = der.elements(checksum.content)
    number = tlv(der.INTEGER, rounds.to_bytes(rounds.bit_length() // 8 + 1))
    return tlv(der.SEQUENCE, version.raw + safe.raw + tlv(der.SEQUENCE, digest.raw + salt.raw + number))


def test_a_long_run_without_a_token_is_read_once() -> None:
    """A text that only begins like web tokens took hours; real ones still go, glued to a word or not."""
    nothing = "eyJ-" * 100_000
    assert without_secrets(nothing) == nothing
    token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2lnbmVk"
    for text in (f"got {token} here", f"x-{token} here", f"({token}) here"):
        assert "eyJ" not in without_secrets(text)
        assert without_secrets(text).endswith("here")


@pytest.mark.parametrize("rounds", [2_000_001, 2**31 - 1, 2**4000])
def test_a_password_that_takes_an_hour_to_try_is_refused(made: Made, rounds: int) -> None:
    """OpenSSL would derive the key as often as the file says."""
    with pytest.raises(FileError, match="too long"):
        read_certificates(pfx(made, rounds), name="server.pfx", password="fuzz")


def test_the_usual_rounds_are_opened(made: Made) -> None:
    """A file of OpenSSL's own number of rounds is opened, and a wrong checksum is a wrong password."""
    assert read_certificates(pfx(made, 2048), name="server.pfx", password="fuzz") == (made.der,)
    with pytest.raises(FileError, match="does not open"):
        read_certificates(pfx(made, 2049), name="server.pfx", password="fuzz")


def test_a_bundle_with_something_else_inside_is_damaged(made: Made) -> None:
    """What stands in PKCS#7 in place of a certificate is not given out as one, in PEM and in DER."""
    certificate = x509.load_der_x509_certificate(made.der)
    bundle = pkcs7.serialize_certificates([certificate], serialization.Encoding.DER)
    broken = bundle.replace(made.der[4:40], b"\0" * 36)
    for whole in (bundle, _pem(bundle)):
        assert read_certificates(whole, name="chain.p7b") == (made.der,)
    for damaged in (broken, _pem(broken)):
        with pytest.raises(FileError, match="damaged"):
            read_certificates(damaged, name="chain.p7b")


def _pem(bundle: bytes) -> bytes:
    return b"-----BEGIN PKCS7-----\n" + base64.encodebytes(bundle) + b"-----END PKCS7-----\n"


@pytest.mark.parametrize(("point", "bits"), [(b"", None), (b"\x04", None), (b"\x04" + bytes(40), 160)])
def test_a_key_without_a_point_has_no_size(point: bytes, bits: int | None) -> None:
    """On an unknown curve the size is that of the point, and none is not a negative one."""
    identifier = tlv(der.OID, bytes.fromhex("2a8648ce3d0201")) + tlv(der.OID, b"\x2a\x03")
    key = tlv(der.SEQUENCE, tlv(der.SEQUENCE, identifier) + tlv(der.BIT_STRING, b"\0" + point))
    assert describe_key(key).bits == bits


def test_a_root_whose_key_cannot_be_read_is_a_value_error(made: Made) -> None:
    """A key behind a passphrase and a root with an unknown curve are told as every other wrong file is."""
    key = rsa.generate_private_key(65537, 2048)
    sealed = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"fuzz"),
    )
    with pytest.raises(ValueError, match="cannot be read"):
        read_authority(made.pem, sealed)
    odd = made.der.replace(bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d03017f"))
    assert isinstance(made.key, ec.EllipticCurvePrivateKey)
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(ValueError, match="cannot be read"):
        read_authority(_certificate_pem(odd), plain)


def _certificate_pem(certificate: bytes) -> bytes:
    return _pem(certificate).replace(b"PKCS7", b"CERTIFICATE")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[" * 100_000 + "]" * 100_000, "nested more than 100 levels"),
        ("- " * 100_000 + "a", "nested more than 100 levels"),
        ("{a: " * 2_000 + "x" + "}" * 2_000, "nested more than 100 levels"),
        (
            "".join(f"- &a{i} [{f'*a{i - 1}, ' * 9 if i else 'x'}]\n" for i in range(20)),
            "more than 1,000,000 values",
        ),
        ("- &a [*a]", "more than 1,000,000 values"),
        ("".join(f"- &a{i} [{f'*a{i - 1}' if i else 'x'}]\n" for i in range(2000)), "more than 100 levels"),
        ("- !!timestamp abc", "not what the tag before it says"),
        ("- !!int ''", "not what the tag before it says"),
        ("- !!bool x", "not what the tag before it says"),
        ("- !!python/object/apply:os.getcwd []", "could not determine a constructor"),
        ("- " + "[" * 90 + "]" * 90, "Expected `object`, got `array`"),
    ],
    ids=lambda value: value[:20],
)
def test_yaml_that_broke_the_reader_is_a_problem(tmp_path: Path, text: str, problem: str) -> None:
    """Deep nesting ended the process, and PyYAML raises what is no YAML error for a wrong tag."""
    (tmp_path / "facts").mkdir()
    (tmp_path / "facts" / "one.yaml").write_text(text, "utf-8")
    (line,) = read_folder(tmp_path).problems
    assert line.startswith("facts/one.yaml:")
    assert problem in line


def test_brackets_in_words_are_no_nesting(tmp_path: Path) -> None:
    """Thousands of brackets that stand side by side, or in words, are read."""
    (tmp_path / "facts").mkdir()
    (tmp_path / "facts" / "one.yaml").write_text("- [a, '[[[[']\n" * 400, "utf-8")
    problems = read_folder(tmp_path).problems
    assert len(problems) == 400
    assert "Expected `object`, got `array`" in problems[399]
    assert problems[399].startswith("facts/one.yaml:400:")
