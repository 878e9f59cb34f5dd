"""Path validation: does the chain end in a root that is trusted here?

The verdict is OpenSSL's own (pyOpenSSL's X509Store and X509StoreContext), because OpenSSL decides in libpq,
ODBC on Linux, Python and the MySQL and MariaDB clients. `cryptography.x509.verification` holds certificates
to the rules of the public web (no certificate without subjectAltName, AKI required), which private database
CAs break without harm.
"""

from __future__ import annotations

import functools
import os
import ssl
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from wizard.errors import FileError
from wizard.model.certificate import Certificate
from wizard.model.text import printable
from wizard.pki.certificate import describe_if_readable
from wizard.pki.issuer_clue import why_intermediate
from wizard.pki.read import read_certificates, read_file
from wizard.pki.usage import SERVER_AUTH, openssl_refuses_purpose

if TYPE_CHECKING:
    from OpenSSL import crypto

TrustStatus = Literal[
    "trusted", "self-signed", "unknown-issuer", "missing-intermediate", "invalid-chain", "unknown"
]

_NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME, which pyOpenSSL does not name."""

_PARTIAL_CHAIN = 0x80000
"""X509_V_FLAG_PARTIAL_CHAIN."""

_LONGEST_CHAIN = 100
"""Certificates of a sent chain that are looked at. OpenSSL itself stops at a depth of 100."""

# Verify codes of OpenSSL (https://docs.openssl.org/3.5/man3/X509_STORE_CTX_get_error/).
_NO_ISSUER = {2, 20, 21}
_BAD_SIGNATURE, _EXPIRED_OR_EARLY = 7, {9, 10}
_SELF_SIGNED_LEAF, _SELF_SIGNED_IN_CHAIN = 18, 19
_INVALID_PURPOSE = 26
# invalid CA certificate (24 before OpenSSL 3.0), path length exceeded, key usage without certificate signing, name
# constraints.
_BROKEN_RULE = {24, 79, 25, 32, 47, 48}

# Python builds that carry their own OpenSSL look in folders that do not exist here. The bundles of Debian,
# RHEL and
# Fedora, SUSE, and Alpine and macOS.
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


@dataclass(frozen=True)
class TrustStore:
    """Where the trusted roots are. Reading them waits until the first `verify`, and is done once per process.

    Only self-signed certificates are anchors (a self-signed leaf too): like libpq and OpenSSL by default, an
    intermediate in the file does not end a chain. Python 3.13 and `X509_V_FLAG_PARTIAL_CHAIN` are laxer.
    """

    name: str
    """For people: `this machine's trust store` or the file's name."""
    file: str | None = None
    directory: str | None = None
    certificates: tuple[bytes, ...] = ()
    """DER, besides those of the file and the directory."""
    changed: tuple[int, ...] = ()
    """When file and directory last changed, so that a new `system()` sees a root installed meanwhile."""
    partial: bool = False
    """Any certificate of the store ends a chain, as for Go and GnuTLS (X509_V_FLAG_PARTIAL_CHAIN)."""

    @classmethod
    def system(cls) -> TrustStore:
        """Returns this machine's store.

        Linux and macOS: OpenSSL's default file and folder, with SSL_CERT_FILE and SSL_CERT_DIR; on macOS that
        leaves out what was added to the keychain only. Windows: the stores ROOT and CA. The places come from
        the standard library's `ssl`, since the OpenSSL inside `cryptography` was built for another machine.
        """
        name = "this machine's trust store"
        if sys.platform == "win32":
            entries = [entry for store in ("ROOT", "CA") for entry in ssl.enum_certificates(store)]
            usable = [
                der
                for der, encoding, trust in entries
                if encoding == "x509_asn" and (trust if isinstance(trust, bool) else SERVER_AUTH in trust)
            ]
            return cls(name, certificates=tuple(usable))
        places = ssl.get_default_verify_paths()
        file, directory = places.cafile, places.capath
        if file is None and places.openssl_cafile_env not in os.environ:
            file = next((bundle for bundle in _BUNDLES if Path(bundle).is_file()), None)
        stamps = tuple(Path(place).stat().st_mtime_ns for place in (file, directory) if place)
        return cls(name, file=file, directory=directory, changed=stamps)

    @classmethod
    def from_file(cls, path: Path) -> TrustStore:
        """Returns a store of the certificates in one file, and no others.

        Raises:
            FileError: the file cannot be read, or holds no certificate that OpenSSL can use.
        """
        certificates = read_certificates(read_file(path), name=path.name)
        for number, certificate in enumerate(certificates, 1):
            if _load(certificate) is None:
                raise FileError(f"OpenSSL cannot read certificate {number} of {path.name}.")
        return cls(path.name, certificates=certificates)

    @property
    def empty(self) -> bool:
        """Says that there is no place to look for roots."""
        return not (self.file or self.directory or self.certificates)


@dataclass(frozen=True)
class Trust:
    """The outcome of path validation."""

    status: TrustStatus
    """Judged without regard to time: an expired certificate of a known CA is trusted and expired."""
    code: int | None
    """OpenSSL's verify code for a TLS server at the given time (0: ok, 10: expired, 26: wrong purpose, …)."""
    reason: str
    """OpenSSL's words for `code`."""
    depth: int | None
    """Which certificate of the path the code is about: 0 is the leaf."""
    because: str
    """Why the status is what it is, in a short phrase."""
    anchor: str | None = None
    """Subject of the root that was used."""
    path: tuple[bytes, ...] = ()
    """The validated path, leaf first and root last; empty unless trusted."""


def verify(chain: tuple[bytes, ...], store: TrustStore, at: datetime) -> Trust:
    """Validates a chain as a TLS client would, apart from the name.

    - `trusted`: OpenSSL builds a path to a root of the store.
    - `self-signed`: the leaf itself is self-signed, and not in the store.
    - `missing-intermediate`: nobody sent the leaf's issuer, the store has it not, and something in the leaf
      shows that this issuer is not a root (see `issuer_clue`).
    - `unknown-issuer`: the chain needs a root that the store does not have, or the issuer's kind cannot be
      told.
    - `invalid-chain`: the path is there, but a certificate on it may not issue the next one.
    - `unknown`: it cannot be judged: no certificates, no roots on this machine, or a fault that OpenSSL
      names.

    Args:
        chain: DER as the server sent it, leaf first; the order of the rest does not matter.
        store: the trusted roots.
        at: an aware time, for `code`.

    Raises:
        FileError: the files of the store cannot be read.
    """
    if not chain:
        return Trust("unknown", None, "no certificate", None, "no certificate was sent")
    leaf, *others = (_load(certificate) for certificate in chain[:_LONGEST_CHAIN])
    described = describe_if_readable(chain[0])
    if leaf is None or described is None:
        unread = "OpenSSL cannot read the certificate"
        return Trust("unknown", None, unread, 0, unread)
    rest = [certificate for certificate in others if certificate is not None]
    code, depth, reason, path = _run(_timeless(store), leaf, rest)
    if code == 0:
        return _trusted(leaf, path, at)
    status, because = _status(code, depth, reason, described, chain, store)
    return Trust(status, code, reason, depth, because)


def _trusted(leaf: crypto.X509, path: list[crypto.X509], at: datetime) -> Trust:
    from OpenSSL import crypto

    ders = tuple(crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate) for certificate in path)
    described = [describe_if_readable(der) for der in ders]
    anchor = described[-1].subject if described[-1] else "a root that only OpenSSL can read"
    # pyOpenSSL cannot set a purpose. OpenSSL checks it after building the path and before the times.
    wrong = next(
        (
            depth
            for depth, one in enumerate(described)
            if one and openssl_refuses_purpose(one, leaf=depth == 0)
        ),
        None,
    )
    if wrong is not None:
        code, reason, depth = _INVALID_PURPOSE, "unsuitable certificate purpose", wrong
    else:
        timed = crypto.X509Store()
        timed.set_flags(_PARTIAL_CHAIN)  # the anchor need not be a root where the store says so
        timed.add_cert(path[-1])
        timed.set_time(at.astimezone(UTC))  # pyOpenSSL takes the numbers as they are
        code, depth, reason, _ = _run(timed, leaf, path[1:])
    return Trust("trusted", code, reason, depth, f"the chain ends in {anchor}", anchor, ders)


def _status(
    code: int, depth: int, reason: str, leaf: Certificate, chain: tuple[bytes, ...], store: TrustStore
) -> tuple[TrustStatus, str]:
    if code == _SELF_SIGNED_LEAF:
        if leaf.self_signed:
            return "self-signed", reason
        # The CA and the server certificate were given the same name, the trap that MySQL's manual warns of:
        # https://dev.mysql.com/doc/refman/8.4/en/creating-ssl-files-using-openssl.html
        return "unknown-issuer", "subject and issuer have the same name, but another key signed it"
    if store.empty:
        return "unknown", f"{store.name} has no roots to compare with"
    if code in _NO_ISSUER and depth == 0 and (clue := why_intermediate(chain)):
        return "missing-intermediate", clue
    if code in _NO_ISSUER or code == _SELF_SIGNED_IN_CHAIN:
        return "unknown-issuer", reason
    if code in _BROKEN_RULE:
        return "invalid-chain", reason
    if code == _BAD_SIGNATURE:
        return "unknown-issuer", "the issuer's name is known, but another key signed the certificate"
    return "unknown", reason


def _run(
    store: crypto.X509Store, leaf: crypto.X509, rest: list[crypto.X509]
) -> tuple[int, int, str, list[crypto.X509]]:
    """Returns OpenSSL's code, the depth, its words, and the path when the code is 0."""
    from OpenSSL import crypto

    try:
        return 0, 0, "ok", crypto.X509StoreContext(store, leaf, rest).get_verified_chain()
    except crypto.X509StoreContextError as error:
        code, depth, words = error.errors
        return int(code), int(depth), printable(str(words)), []


def _load(certificate: bytes) -> crypto.X509 | None:
    from OpenSSL import crypto

    try:
        return crypto.load_certificate(crypto.FILETYPE_ASN1, certificate)
    except crypto.Error:
        return None


# Reading 140 roots costs about 20 ms; a diagnosis needs them several times. The flag is set before the store
# is shared and nothing changes it later, so threads may use it at the same time.
@functools.lru_cache(maxsize=4)
def _timeless(store: TrustStore) -> crypto.X509Store:
    from OpenSSL import crypto

    loaded = crypto.X509Store()
    loaded.set_flags(_NO_CHECK_TIME | (_PARTIAL_CHAIN if store.partial else 0))
    if store.file or store.directory:
        try:
            loaded.load_locations(store.file, store.directory)
        except crypto.Error as error:
            raise FileError(f"OpenSSL cannot read {store.name} ({store.file or store.directory}).") from error
    for certificate in store.certificates:
        if (root := _load(certificate)) is not None:
            loaded.add_cert(root)
    return loaded
