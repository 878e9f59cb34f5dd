"""What a person chose for all future starts."""

from __future__ import annotations

import msgspec

from wizard.state.store import Store


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The choices; None stands for the program's own."""

    theme: str | None = None
    """Name of a theme. It may come from another version, so it need not exist here."""


_STORE = Store("settings.json", Settings, default=Settings(), what="settings")


def settings() -> tuple[Settings, str | None]:
    """Returns the settings, and a message where there is something to tell."""
    return _STORE.read()


def keep(chosen: Settings) -> str | None:
    """Keeps the settings for future starts; returns a message where there is something to tell."""
    return _STORE.change(lambda before: chosen)
