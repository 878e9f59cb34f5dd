"""What the tests know of a running server, whichever it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Version = Literal["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
Versions = tuple[Version, Version]
"""The oldest and the newest TLS version that a server takes."""

USER = "app"
PASSWORD = "app-password"


@dataclass(frozen=True, kw_only=True)
class RunningServer:
    """A real server on the loopback, with its database user.

    Attributes:
        host: address that it listens on.
        port: TCP port.
        ca_file: the root that a client has to trust, PEM; exists without TLS too, for clients that insist.
        log: what the server wrote; it may still grow.
        user: a database user that may do everything.
        password: that user's password.
    """

    port: int
    ca_file: Path
    log: Path
    host: str = "127.0.0.1"
    user: str = USER
    password: str = PASSWORD

    def logged(self) -> str:
        """Returns what the server has logged so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")
