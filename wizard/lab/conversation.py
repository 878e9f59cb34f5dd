"""What every engine's side of a lab conversation is given, and what it may answer."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from wizard.lab.certificates import ServerIdentity
from wizard.lab.channel import Channel, Framing
from wizard.lab.handshake import shake_hands
from wizard.model.knowledge import ScenarioEntry
from wizard.wire.preamble import spoken
from wizard.wire.tls_names import Version

SESSION_LIMIT = 1 << 20
"""No message of a logged-in client is larger; the lab answers only short queries."""

ONLY = "This lab server answers SELECT 1 and the version, nothing else."


@dataclass(frozen=True)
class Conversation:
    """One client's connection to a lab server.

    Attributes:
        channel: the connection.
        scenario: what is broken.
        identity: what the server presents; None where it has no certificate.
        note: writes a line into the log.
    """

    channel: Channel
    scenario: ScenarioEntry
    identity: ServerIdentity | None
    note: Callable[[str], None]

    @property
    def offers_tls(self) -> bool:
        """Whether TLS may begin."""
        return self.identity is not None and self.scenario.policy != "not-offered"

    @property
    def refuses_plaintext(self) -> bool:
        """Whether a login without TLS is refused."""
        return self.scenario.policy in ("required", "strict-only")

    async def start_tls(
        self,
        alpn: str | None = None,
        *,
        wrap: Framing = bytes,
        unwrap: Framing = bytes,
        highest: Version = Version.TLS_1_3,
    ) -> ssl.SSLObject:
        """Does the server's side of the handshake, or breaks it as the scenario wants; see `shake_hands`."""
        if self.identity is None:
            raise ValueError("a server without a certificate has no TLS")
        return await shake_hands(
            self.channel, self.scenario, self.identity, alpn, wrap=wrap, unwrap=unwrap, highest=highest
        )

    def heard(self, query: str) -> None:
        """Notes a query in the log."""
        self.note(f"query: {spoken(query.encode('utf-8', 'replace'), longest=100)}")

    def answer(self, query: str, version: str) -> tuple[str, str | int] | None:
        """Returns the column name and the value that answer a query, or None where the lab has none."""
        words = re.sub(r"\s+", " ", query).strip().rstrip("; ")
        if not re.match(r"select\b", words, re.IGNORECASE):
            return None
        if re.search(r"@@version(?!_)|version ?\(\)", words, re.IGNORECASE):
            return "version", version
        literal = re.match(r"select (\d{1,9})( as \w+)?$", words, re.IGNORECASE)
        return ("1", int(literal[1])) if literal else None


class Converse(Protocol):
    """One engine's side of a conversation."""

    async def __call__(self, conversation: Conversation) -> None:
        """Talks until the client leaves.

        Raises:
            PreambleError: the client broke the protocol.
            HandshakeError: the lab broke the handshake off.
            ssl.SSLError: TLS failed.
            OSError: the connection broke.
        """
