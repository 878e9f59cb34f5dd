"""What all dialogs above a screen share."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

Result = TypeVar("Result")


class Dialog(ModalScreen[Result]):
    """A dialog. The keys of the application do not reach into it, so it brings the one for help along."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f1", "app.explain", "help", show=False)]
