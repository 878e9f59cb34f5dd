"""The line at the bottom: the keys that do something now."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Footer
from textual.widgets._footer import FooterKey  # what a footer is made of


class KeyLine(Footer):
    """A compact footer that is made anew only where its keys are others.

    Textual's own is made anew with each change of the focus, which costs more than all else that a key press does.
    """

    def __init__(self, *, palette: bool = True) -> None:
        super().__init__(compact=True, show_command_palette=palette)
        self._keys_shown: list[tuple[object, ...]] | None = None

    def compose(self) -> ComposeResult:
        """Yields the keys."""
        for widget in super().compose():
            if isinstance(widget, FooterKey):
                # Each one gives itself this class once it is styled, and is then styled a second time.
                widget.add_class("-compact", update=False)
            yield widget

    def bindings_changed(self, screen: Screen[object]) -> None:
        """Shows the keys of the screen, where they are others than before."""
        if not self.app.app_focus or not self.is_attached or screen is not self.screen:
            return
        keys = [
            (one.binding, one.enabled, one.tooltip)
            for one in screen.active_bindings.values()
            if one.binding.show or one.binding.key == self.app.COMMAND_PALETTE_BINDING
        ]
        if keys != self._keys_shown:
            self._keys_shown = list(keys)
            super().bindings_changed(screen)
