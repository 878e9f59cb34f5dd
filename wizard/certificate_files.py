"""The certificate files that a client's options name, judged as that client would use them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from wizard.diagnosis.clients.options import Given
from wizard.diagnosis.clients.server import Facts, RootsFile
from wizard.errors import FileError
from wizard.model.case import Case
from wizard.pki.evidence import chain_evidence
from wizard.pki.read import read_certificates, read_file
from wizard.pki.trust import TrustStore, verify

_OF_THE_CHAIN = ("trust.status", "trust.verify_code", "validity.status", "key.strength", "signature.strength")
"""What depends on the roots; the rest is the same for every client."""
_SEALED = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce", b"\x30")
"""How a store of Java begins: JKS, JCEKS, PKCS#12. Only its password opens it, so its roots are not known."""


def read_files(case: Case, options: Iterable[Given], at: datetime) -> dict[str, RootsFile]:
    """Returns what each file is to this server, by its path as the options spell it.

    A person's own answer about trust comes before a file: it may be that of another machine.

    Args:
        case: with the certificates of the server, as far as they are known.
        options: those whose role is roots, store or pin are read.
        at: the moment at which validity is judged.
    """
    paths = {one.value for one in options if one.entry.role in ("roots", "store", "pin") and one.value}
    return {path: _read(_of_url(path), case, at) for path in paths}


def _of_url(path: str) -> str:
    """Returns the path in a URL, by which Connector/J names its store: file:/etc/x, file:///etc/x, file:///C:/x."""
    if not path.startswith("file:"):
        return path
    path = re.sub(r"^//(?:localhost)?(?=/)", "", path.removeprefix("file:"))
    return path[1:] if re.match(r"/[A-Za-z]:", path) else path


def _read(named: str, case: Case, at: datetime) -> RootsFile:
    told = case.evidence_for("trust.status")
    if told is not None and told.known and told.source == "person":
        return RootsFile(facts=None)
    data = b""
    try:
        path = Path(named).expanduser()
        there = path.exists()
    except (OSError, RuntimeError, ValueError):  # too long, of a user who is not there, or with a NUL
        return RootsFile(facts=None, usable=False, missing=True)
    if path.is_dir():  # nobody has read all of a folder
        return RootsFile(facts=dict.fromkeys(_OF_THE_CHAIN))
    try:
        data = read_file(path)
        inside = read_certificates(data, name=path.name)
        store = TrustStore.from_file(path)
    except FileError:
        if data.startswith(_SEALED):
            return RootsFile(facts=dict.fromkeys(_OF_THE_CHAIN))
        if not there:
            return RootsFile(facts=None, usable=False, missing=True)
        # OpenSSL reads no root from it, so that nobody is trusted.
        inside, store = (), TrustStore(path.name, certificates=(data,))
    chain = tuple(one.der for one in case.certificates)
    usable = bool(inside)
    if not chain:
        return RootsFile(facts=dict.fromkeys(_OF_THE_CHAIN), usable=usable)
    judged = chain_evidence(chain, server_name=None, store=store, at=at, source="probe")
    facts: Facts = {entry.fact: entry.value for entry in judged if entry.fact in _OF_THE_CHAIN}
    anchored = verify(chain, dataclasses.replace(store, partial=True), at).status == "trusted"
    return RootsFile(facts=facts, usable=usable, holds_leaf=chain[0] in inside, holds_anchor=anchored)
