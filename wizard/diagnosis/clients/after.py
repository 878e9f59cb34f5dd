"""What is known of a server once a fix has been made: the facts that the fix is to change, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from wizard.diagnosis.clients.server import Facts, RootsFile, Server
from wizard.model.evidence import Value
from wizard.model.knowledge import FactEntry

_OF_THE_LEAF = ("names.", "encoding.", "certificate.")
_MODERN: dict[str, Value] = {"versions.tls1_2": True, "versions.tls1_3": True}


def mended(server: Server, changes: Iterable[str], facts: Iterable[FactEntry]) -> Server | None:
    """Returns the server after a fix that makes these facts normal; None where none of them has a normal value.

    A fix of the names or of the encoding replaces the certificate, so what the old one held no longer counts.
    """
    normal = {entry.id: entry.normal for entry in facts}
    changed: dict[str, Value | None] = {
        fact: normal[fact] for fact in changes if normal.get(fact) is not None
    }
    if not changed:
        return None
    if "connect.status" in changed:
        # What a server that was not reached will say is not known.
        changed["preamble.status"] = None
    if "versions.modern" in changed:
        changed |= _MODERN
    if changed.get("names.status") == "match":
        changed["names.matched_by"] = "alternative-name"
    if changed.get("tls.offered") is True and server.value("policy") == "not-offered":
        changed["policy"] = "optional"
    replaced = any(fact.startswith(_OF_THE_LEAF) for fact in changed)
    return msgspec.structs.replace(
        server,
        facts={**server.facts, **changed},
        leaf=None if replaced else server.leaf,
        # A root that was made known is known to every client, also to those with a list of their own.
        given_roots=server.given_roots or "trust.status" in changed,
        files={path: _after(file, changed, replaced=replaced) for path, file in server.files.items()},
    )


def _after(file: RootsFile, changed: Facts, *, replaced: bool) -> RootsFile:
    """Returns what a file is to the server after the fix; a certificate that was pinned is no longer the server's."""
    facts = file.facts and {**file.facts, **{fact: changed[fact] for fact in file.facts if fact in changed}}
    return msgspec.structs.replace(file, facts=facts, holds_leaf=False if replaced else file.holds_leaf)
