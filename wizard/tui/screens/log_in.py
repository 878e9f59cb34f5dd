"""The dialog that logs in to the server once, to read what it says itself. No password stays anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from wizard.model.case import Case
from wizard.model.login import Login
from wizard.report.words import of_value
from wizard.tui.background import Failed, Post, Runs
from wizard.tui.screens.dialog import Dialog
from wizard.tui.text import State, literal, marked
from wizard.tui.widgets.field import Field, FormInput, Tick
from wizard.tui.widgets.key_line import KeyLine
from wizard.tui.widgets.paragraphs import Paragraphs
from wizard.tui.widgets.secret_input import SecretInput
from wizard.workbench import Workbench

if TYPE_CHECKING:
    from wizard.tui.app import WizardApp


class LoggedIn(Message):
    """The login has come to an end; the case says how."""

    def __init__(self, run: int, case: Case) -> None:
        super().__init__()
        self.run = run
        self.case = case


class LogIn(Dialog[Case | None]):
    """Asks for a user and a password; returns the case with what the server said, or None."""

    HELP = """\
## Log in

dbtls logs in once and only reads: which certificate the server is set to use, whether it calls this connection
encrypted, and the like. It changes nothing. The password is used for that one login and kept nowhere.

Where nothing proves that this is the right server, the password stays here until you tick that it may be sent.
`Esc` leaves at any time.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "log in", id="send-login"),
        Binding("escape", "dismiss(None)", "back"),
    ]
    app: WizardApp

    def __init__(self, bench: Workbench, case: Case) -> None:
        super().__init__()
        self._bench = bench
        self._case = case
        self._doubts = tuple(doubts(case))
        self._logging_in = Runs(self, "logging in")
        self._under_way = False

    def compose(self) -> ComposeResult:
        """Builds the dialog."""
        with Vertical(classes="dialog"):
            yield Static("Log in once, and let the server tell about itself?", classes="lead")
            with VerticalScroll(can_focus=False):
                yield Paragraphs(self._words(), id="login-about")
                yield Field("User", FormInput(id="user"), id="field-user")
                yield Field("Password", SecretInput(id="password"), id="field-password")
                yield Tick("Send it anyway", value=False, id="send-anyway")
                yield Paragraphs(id="login-said")
            yield KeyLine(palette=False)

    def on_mount(self) -> None:
        """Puts the cursor where the person will type."""
        self.query_one(Tick).display = bool(self._doubts)
        self.query_one("#user", Input).focus()

    def on_resize(self) -> None:
        """Keeps in sight what the person is typing."""
        self.call_after_refresh(self._show_focused)

    def _show_focused(self) -> None:
        if self.focused is not None:
            self.focused.scroll_visible(animate=False)

    def _words(self) -> Iterator[Content]:
        target = self._case.target
        where = target.host if target else "the server"
        yield literal(
            f"dbtls logs in to {where} once and only reads; it changes nothing there. The password is kept nowhere."
        )
        if self._doubts:
            yield Content("")
            yield from self._doubts
            yield literal("So whoever answers there could read this password.", "bold")
        yield Content("")

    @on(Input.Submitted, "#user")
    def _user_entered(self) -> None:
        self.query_one("#password", Input).focus()

    @on(SecretInput.Entered)
    def _password_entered(self) -> None:
        self.action_submit()

    def action_submit(self) -> None:
        """Logs in, unless something is missing."""
        user = self.query_one("#user", FormInput).value.strip()
        anyway = self.query_one(Tick)
        if self._under_way:
            return
        self.query_one("#field-user", Field).show_error(None if user else "Type the name of a user.")
        if not user:
            self.query_one("#user", Input).focus()
        elif anyway.display and not anyway.value:
            self._say(
                "unknown", "Nothing was sent. Press Space to tick “Send it anyway” first, or Esc to go back."
            )
            anyway.focus()
        else:
            self._start(Login(user, self.query_one(SecretInput).take() or None), unverified_ok=anyway.value)

    def _start(self, login: Login, *, unverified_ok: bool) -> None:
        bench, case = self._bench, self._case

        def work(run: int, post: Post, cancelled: Event) -> None:
            seen = bench.server_view(case, login, unverified_ok=unverified_ok, cancelled=cancelled)
            post(LoggedIn(run, seen))

        self._under_way = True
        self._say("running", "Logging in …")
        self._logging_in.start(work)

    @on(LoggedIn)
    def _logged_in(self, event: LoggedIn) -> None:
        if event.run != self._logging_in.number:
            return
        self._under_way = False
        told = event.case.evidence_for("view.login")
        why = of_value(told.because) if told and told.because else "the server gave no reason"
        match told.value if told else None:
            case "accepted":
                self.dismiss(event.case)
            case "refused":
                self._again(f"The server refused this user or password. Try again. It said: {why}")
            case "not-sent":
                self.query_one(Tick).display = True
                self._again(f"The password was not sent, as nothing vouches for the server: {why}")
            case _:
                self._again(f"It could not log in: {why}")

    @on(Failed)
    def _failed(self, event: Failed) -> None:
        self._under_way = False
        self._again(event.error.message)

    def _again(self, sentence: str) -> None:
        self._say("failed", sentence)
        self.query_one(SecretInput).focus()

    def _say(self, state: State, sentence: str) -> None:
        said = self.query_one("#login-said", Paragraphs)
        said.show([Content(""), marked(state, sentence)])
        said.scroll_visible(animate=False)


def doubts(case: Case) -> Iterator[Content]:
    """Yields in plain words why nothing proves that this is the right server, or that nobody listens in."""
    if case.value("tls.offered") is False:
        yield marked("failed", "The server does not offer encryption.")
        return
    for fact, right, wrong, unknown in _PROOFS:
        value = case.value(fact)
        if value != right:
            yield marked("unknown", unknown) if value is None else marked("failed", wrong)


_PROOFS = (
    (
        "trust.status",
        "trusted",
        "Nobody whom this machine trusts vouches for the server's certificate.",
        "It is not known who vouches for the server's certificate.",
    ),
    (
        "names.status",
        "match",
        "The server's certificate was made for another name.",
        "It is not known for which name the server's certificate was made.",
    ),
    (
        "validity.status",
        "valid",
        "The server's certificate is not valid today.",
        "It is not known whether the server's certificate is valid today.",
    ),
)
"""What has to hold before a password is sent: the fact, its value, and what to say otherwise."""
