"""What is known of a server, as the prediction takes it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from wizard.model.case import Case
from wizard.model.certificate import Certificate
from wizard.model.evidence import Value
from wizard.model.target import Engine

Facts = Mapping[str, Value | None]


class RootsFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that an option of a client names."""

    facts: Facts | None
    """The certificate facts when judged by this file's certificates as roots; None where they are not known."""
    usable: bool | None = True
    """False: it cannot be read, or holds no certificate."""
    missing: bool = False
    """There is no such file."""
    holds_leaf: bool | None = None
    """The server's own certificate is in it."""
    holds_anchor: bool = False
    """A certificate of it vouches for the server's if it need not be a root."""


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """One server as far as it is known. Unknown is never the same as false."""

    engine: Engine
    name: str | None
    """The name that clients use for it."""
    facts: Facts
    leaf: Certificate | None = None
    files: Mapping[str, RootsFile] = {}
    """By the path as the options spell it."""
    given_roots: bool = False
    """The facts were judged by roots that the person gave, which stand for those of every client's own store."""

    def value(self, fact: str) -> Value | None:
        """Returns the value of a fact, None where it is unknown."""
        return self.facts.get(fact)


def server_of(case: Case, engine: Engine, files: Mapping[str, RootsFile], *, given_roots: bool) -> Server:
    """Returns what a case knows of its server."""
    return Server(
        engine=engine,
        name=case.target.server_name if case.target else None,
        facts=case.facts(),
        leaf=case.certificates[0] if case.certificates else None,
        files=files,
        given_roots=given_roots,
    )
