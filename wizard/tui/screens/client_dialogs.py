"""The dialogs above the table of clients: why one does what it does, and whether the drivers may be asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from wizard.model.target import Target
from wizard.probes.drivers.attempts import USER
from wizard.tui.screens.dialog import Dialog
from wizard.tui.screens.dialogs import Article
from wizard.tui.text import literal, marked
from wizard.tui.widgets.key_line import KeyLine
from wizard.tui.widgets.paragraphs import Paragraphs

if TYPE_CHECKING:
    from wizard.probes.drivers.present import Driver
    from wizard.tui.app import WizardApp

REPORT_NAME = "dbtls-disagreement.md"


class ClientArticle(Article):
    """Why a client connects or fails; where its driver did otherwise, that can be saved."""

    HELP = """\
## One client

Whether it connects, why, what it says, and what would change it. Where its driver was asked and did otherwise than
predicted, `S` saves that as a report for the makers of dbtls; no name of your server is in it.
"""
    BINDINGS: ClassVar[list[BindingType]] = [Binding("s", "save", "save bug report", id="save-disagreement")]
    app: WizardApp

    def __init__(self, rows: tuple[Content, ...], disagreement: str | None) -> None:
        """Makes the dialog.

        Args:
            rows: what to read.
            disagreement: the report to save, where there is one.
        """
        super().__init__(rows)
        self._disagreement = disagreement

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers to save only where there is something to report."""
        return self._disagreement is not None if action == "save" else True

    def action_save(self) -> None:
        """Asks for a file name and saves the report."""
        if self._disagreement is not None:
            self.app.save(REPORT_NAME, self._disagreement)


class MayDriversConnect(Dialog[bool]):
    """Asks whether the drivers of this machine may connect, and says what that leaves behind."""

    HELP = """\
## Ask my drivers

What dbtls says of a client is a prediction. Here the drivers of this machine really connect, and what they do stands
beside it. `Enter` lets them, `Esc` does not.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "dismiss(True)", "let them connect"),
        Binding("escape", "dismiss(False)", "back"),
    ]

    def __init__(self, drivers: Sequence[Driver], target: Target, *, told: bool) -> None:
        """Makes the dialog.

        Args:
            drivers: those that would connect.
            target: where to.
            told: whether some of them get the settings of a connection string.
        """
        super().__init__()
        self._told = told
        self._drivers = drivers
        self._target = target

    def compose(self) -> ComposeResult:
        """Builds the dialog."""
        with Vertical(classes="dialog"):
            yield Static("May the drivers of this machine connect?", classes="lead")
            with VerticalScroll():
                yield Paragraphs(self._words())
            yield KeyLine(palette=False)

    def _words(self) -> tuple[Content, ...]:
        where = f"{self._target.host}:{self._target.port}" if self._target.port else self._target.host
        return (
            Content(""),
            literal(
                f"Each of them connects to {where}, one after the other, as the user {USER}, without a password."
                + (" Those that read your connection string take its settings." if self._told else "")
            ),
            *(marked("note", f"{one.client} {one.version or ''}".rstrip()) for one in self._drivers),
            Content(""),
            literal("What this leaves on the server", "bold"),
            literal(
                f"Most of them get as far as the login, and the server refuses it. Its log will then hold a failed "
                f"login of the user {USER} for each of them. Tell whoever watches that log. Nothing else changes."
            ),
        )

    def on_mount(self) -> None:
        """Lets the arrow keys scroll."""
        self.query_one(VerticalScroll).focus()
