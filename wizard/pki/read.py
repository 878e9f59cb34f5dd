"""Get certificates out of a file: PEM, DER, PKCS#7 or PKCS#12."""

from __future__ import annotations

import base64
import binascii
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

from wizard.errors import FileError
from wizard.model.text import printable
from wizard.pki import der as asn1
from wizard.pki import structure
from wizard.pki.der import DerError
from wizard.pki.structure import Fields

LARGEST = 10_000_000
"""Octets. The largest trust stores in use are below one million."""

_MOST_ROUNDS = 2_000_000
"""Of a key derivation; each million takes a second."""
_DEEPEST = 20

_URL = re.compile(r"(?i)[a-z][a-z0-9+.-]+:[/\\]{1,2}[^/\\]")
_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 #-]{1,40})-----")
_CERTIFICATES = ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE")
_BUNDLES = ("PKCS7", "CMS")
_SIGNED_DATA = "1.2.840.113549.1.7.2"
_PKCS12_CONTENT = {"1.2.840.113549.1.7.1", _SIGNED_DATA}

_HINT = "Give a file with certificates, for instance one that begins with -----BEGIN CERTIFICATE-----."


def is_url(path: Path) -> bool:
    """Says whether somebody gave a URL where a file or a folder belongs; of its two slashes a path leaves one."""
    return _URL.match(str(path)) is not None


def read_file(path: Path) -> bytes:
    """Returns the bytes of a file.

    Raises:
        FileError: it is missing, a URL, a directory, not readable, or larger than `LARGEST`.
    """
    if is_url(path):
        raise FileError("This is a URL, not a file.", hint="To ask a server: dbtls check TARGET")
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise FileError(f"{path} is not a regular file.", hint="Copy its content to a file first.")
        if path.is_file() and path.stat().st_size > LARGEST:
            raise _too_large(path.name)
        return path.read_bytes()
    except FileNotFoundError as error:
        raise FileError(f"There is no file {path}.", hint="Check the spelling and the folder.") from error
    except IsADirectoryError as error:
        raise FileError(f"{path} is a directory.", hint="Name the file in it.") from error
    except PermissionError as error:
        if path.is_dir():  # Windows says "permission denied" for a directory
            raise FileError(f"{path} is a directory.", hint="Name the file in it.") from error
        raise FileError(f"You may not read {path}.", hint="Copy it to a place you may read.") from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "invalid name"
        raise FileError(f"{path} cannot be read: {why}.") from error


def read_certificates(data: bytes, *, name: str, password: str | None = None) -> tuple[bytes, ...]:
    """Returns the certificates in a file as DER, each once, the leaf first where it can be told.

    Private keys in the file are passed over and never decoded.

    Args:
        data: the content of the file.
        name: what to call the file in messages.
        password: opens a PKCS#12 file.

    Raises:
        FileError: there is no certificate in it; the message says what it looks like instead.
    """
    if len(data) > LARGEST:
        raise _too_large(name)
    if not data.strip():
        raise FileError(f"{name} is empty.", hint=_HINT)
    found = _from_pem(data, name) if _BEGIN.search(data) else _from_der(data, name, password)
    return _leaf_first(tuple(dict.fromkeys(found)))


def _too_large(name: str) -> FileError:
    return FileError(f"{name} is too large: more than {LARGEST // 1_000_000} MB.", hint=_HINT)


def _damaged(name: str) -> FileError:
    return FileError(f"A certificate in {name} is cut off or damaged.", hint="Copy the file again, whole.")


def _from_pem(data: bytes, name: str) -> list[bytes]:
    """Reads every certificate block of RFC 7468 text, whatever stands around them."""
    found: list[bytes] = []
    labels: set[str] = set()
    for begin in _BEGIN.finditer(data):
        label = begin[1].decode("ascii")
        labels.add(label)
        if label not in (*_CERTIFICATES, *_BUNDLES):
            continue
        end = data.find(b"-----END " + begin[1] + b"-----", begin.end())
        try:
            # Without an end the slice is too long or holds dashes, which is not Base64.
            der = base64.b64decode(b"".join(data[begin.end() : end].split()), validate=True)
            if label in _BUNDLES:
                inside = _from_pkcs7(der) or []
            else:
                # OpenSSL's TRUSTED CERTIFICATE has its own data behind the certificate.
                inside = [asn1.only(der, asn1.SEQUENCE).raw if label == "TRUSTED CERTIFICATE" else der]
            for one in inside:
                structure.take_apart(one)
        except (binascii.Error, DerError, FileError) as error:
            raise _damaged(name) from error
        found += inside
    if found:
        return found
    if any(label.endswith("PRIVATE KEY") for label in labels):
        raise FileError(f"{name} holds a private key and no certificate.", hint=_HINT)
    if any(label.endswith("CERTIFICATE REQUEST") for label in labels):
        raise FileError(
            f"{name} is a certificate request (CSR), not a certificate.",
            hint="Give the certificate that the certification authority made from it.",
        )
    raise FileError(
        f"{name} holds no certificate but {printable(' and '.join(sorted(labels)).lower(), longest=100)}.",
        hint=_HINT,
    )


def _from_der(data: bytes, name: str, password: str | None) -> list[bytes]:
    try:
        outer = asn1.only(data, asn1.SEQUENCE)
        first, _ = asn1.read(outer.content)
    except DerError as error:
        raise _not_a_certificate(data, name) from error
    if first.tag == asn1.OID and (found := _from_pkcs7(data)) is not None:
        if not found:
            raise FileError(f"{name} is a PKCS#7 file without certificates.", hint=_HINT)
        try:
            for one in found:
                structure.take_apart(one)
        except FileError as error:
            raise _damaged(name) from error
        return found
    if first.tag == asn1.INTEGER and _is_pkcs12(outer.content):
        return _from_pkcs12(data, name, password)
    try:
        structure.take_apart(data)
    except FileError as error:
        raise _not_a_certificate(data, name) from error
    return [data]


def _from_pkcs7(der: bytes) -> list[bytes] | None:
    """Returns the certificates of PKCS#7 SignedData (RFC 2315 section 9.1); None where it is something else."""
    try:
        kind, content = list(asn1.elements(asn1.only(der, asn1.SEQUENCE).content))[:2]
        if asn1.oid_text(kind.content) != _SIGNED_DATA:
            return None
        parts = list(asn1.elements(asn1.only(content.content, asn1.SEQUENCE).content))
        bags = [part for part in parts if part.tag == 0xA0]
        found = [element.raw for bag in bags for element in asn1.elements(bag.content)]
    except ValueError:
        return None
    return [certificate for certificate in found if certificate[0] == asn1.SEQUENCE]


def _is_pkcs12(content: bytes) -> bool:
    try:
        version, safe = list(asn1.elements(content))[:2]
        return version.content == b"\x03" and asn1.first_oid(safe.content) in _PKCS12_CONTENT
    except ValueError:
        return False


def _from_pkcs12(data: bytes, name: str, password: str | None) -> list[bytes]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
    from cryptography.x509 import InvalidVersion

    if any(rounds > _MOST_ROUNDS for rounds in _rounds(data, _DEEPEST)):
        raise FileError(
            f"{name} is a PKCS#12 file that takes too long to open: more than {_MOST_ROUNDS:,} rounds for a key.",
            hint="Ask for the certificate alone as a .cer or .pem file.",
        )
    try:
        with warnings.catch_warnings():
            # cryptography warns about certificates that RFC 5280 forbids. Those faults are ours to list.
            warnings.simplefilter("ignore")
            bundle = pkcs12.load_pkcs12(data, None if password is None else password.encode())
            certificates = [entry.certificate for entry in (bundle.cert, *bundle.additional_certs) if entry]
            found = [certificate.public_bytes(Encoding.DER) for certificate in certificates]
    except InvalidVersion as error:
        raise FileError(
            f"A certificate in {name} has a version that X.509 does not know.",
            hint="Ask for the certificate alone as a .cer or .pem file; dbtls shows what else is in it.",
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        if password is None:
            raise FileError(
                f"{name} is a PKCS#12 file that needs a password.", hint="Give its password."
            ) from error
        raise FileError(
            f"{name} is a PKCS#12 file that this password does not open.",
            hint="Check the password. Without it, ask for the certificate alone as a .cer or .pem file.",
        ) from error
    if not found:
        raise FileError(f"{name} is a PKCS#12 file without certificates.", hint=_HINT)
    return found


def _rounds(content: bytes, deepest: int) -> Iterator[int]:
    """Yields how often each key is to be derived anew (RFC 7292 section 4, RFC 8018 appendix A): 2,000 are usual.

    Wherever such a number stands, it follows the salt. OpenSSL takes any number, and 2 thousand million take an hour.
    """
    before = 0
    try:
        for element in asn1.elements(content):
            if element.tag == asn1.INTEGER and before == asn1.OCTET_STRING:
                yield int.from_bytes(element.content, signed=True)
            if deepest and (element.tag == asn1.OCTET_STRING or element.tag & 0x20):
                yield from _rounds(element.content, deepest - 1)
            before = element.tag
    except DerError:
        return  # an octet string that holds no DER


def _not_a_certificate(data: bytes, name: str) -> FileError:
    """Returns the error that says what the file looks like."""
    start = data[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return FileError(f"{name} is text in UTF-16.", hint="Save it as ASCII or UTF-8 and try again.")
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml", b"<!--")):
        return FileError(
            f"{name} is a web page, not a certificate.", hint="The download may have needed a login."
        )
    if start.startswith((b"ssh-", b"ecdsa-sha2-")):
        return FileError(f"{name} is an SSH key, not a certificate.", hint=_HINT)
    if data[:4] in (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce"):
        return FileError(
            f"{name} is a Java keystore.",
            hint="Export the certificate from it: keytool -exportcert -rfc -keystore FILE -alias NAME",
        )
    if data[:1] == b"\x30":
        return FileError(f"{name} is not a certificate, or only a part of one.", hint=_HINT)
    kind = "plain text" if all(byte >= 32 or byte in b"\t\r\n\f" for byte in data[:2048]) else "binary data"
    return FileError(f"{name} is {kind}, not a certificate.", hint=_HINT)


def _leaf_first(certificates: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Orders a chain by issuer where exactly one certificate issued no other; else keeps the order."""
    fields: dict[bytes, Fields] = {}
    for certificate in certificates:
        try:
            fields[certificate] = structure.take_apart(certificate)
        except FileError:
            return certificates
    issuers = {part.issuer for part in fields.values() if part.issuer != part.subject}
    leaves = [certificate for certificate in certificates if fields[certificate].subject not in issuers]
    if len(certificates) < 2 or len(leaves) != 1:
        return certificates
    by_subject: dict[bytes, list[bytes]] = {}
    for certificate in reversed(certificates):
        if certificate != leaves[0]:
            by_subject.setdefault(fields[certificate].subject, []).append(certificate)
    ordered = leaves
    while following := by_subject.get(fields[ordered[-1]].issuer):
        ordered.append(following.pop())
    return tuple(dict.fromkeys((*ordered, *certificates)))
