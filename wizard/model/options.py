"""How a person wants a case to be examined."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for a whole examination, whoever answers in it."""

    at: datetime
    """The moment at which validity is judged, in UTC."""
    seconds: float = 5.0
    """How long one connection may take."""
    ca_file: Path | None = None
    """Roots to trust instead of this machine's store."""
    probing: bool = True
    """False: no packet leaves this machine."""
