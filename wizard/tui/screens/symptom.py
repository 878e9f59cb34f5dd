"""The error text: paste it, and see at once what was recognised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from threading import Event
from typing import ClassVar

import msgspec
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from wizard.diagnosis.match import Match
from wizard.diagnosis.secrets import BLANK, without_secrets
from wizard.model.knowledge import Knowledge
from wizard.model.target import NAMES
from wizard.tui.background import Post, Runs
from wizard.tui.journey import Journey
from wizard.tui.screens.message_list import MessageList
from wizard.tui.screens.step import BACK, StepScreen
from wizard.tui.text import MUTED, Hung, State, field, literal, marked
from wizard.tui.widgets.paragraphs import Paragraphs
from wizard.tui.widgets.paste_area import PasteArea


class SymptomScreen(StepScreen):
    """Takes the error text in, of any length, and says what it means."""

    PLACE = "error"
    HELP = """\
## The error message

Paste it whole. It is recognised while you look: which symptom it is, which words decided, what it means and what is
likely behind it. Nothing is sent anywhere.

Without a text press `Enter` and name the server. `Ctrl+L` shows a list of messages to choose from, with search.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+l", "choose", "choose from list", id="choose-message"),
        BACK,
    ]

    class Recognised(Message):
        """A text was read in the background."""

        def __init__(self, run: int, text: str, match: Match | None) -> None:
            super().__init__()
            self.run = run
            self.text = text
            self.match = match

    def __init__(self, journey: Journey) -> None:
        super().__init__(journey)
        self._text = journey.inputs.error or ""
        self._reading = Runs(self, "reading the error text")
        self._pending = False
        """Whether the text on the screen is still being read."""
        self._submitted = False
        self._asked = ""
        """The text that is being read, or was read last."""

    def compose_work(self) -> Iterable[Widget]:
        """Yields the field for the text, and what was recognised."""
        yield Static("Paste the error message. Have none? Press Enter.", classes="lead")
        yield PasteArea(self._text, placeholder="Paste here", id="error")
        with VerticalScroll(id="recognised", can_focus=False):
            yield Paragraphs(id="meaning")

    def begin(self) -> None:
        """Reads a text that is there already."""
        self.query_one(PasteArea).focus()
        if self._text:
            self._read(self._text)

    @on(PasteArea.Edited)
    def _edited(self, event: PasteArea.Edited) -> None:
        if event.text != self._text or self._pending:
            self._read(event.text)

    def _read(self, text: str) -> None:
        bench = self.journey.bench
        self._pending, self._asked = True, text

        def work(run: int, post: Post, cancelled: Event) -> None:
            clean = without_secrets(text)
            post(self.Recognised(run, clean, bench.explain(clean) if clean.strip() else None))

        self._reading.start(work)

    @on(Recognised)
    def _recognised(self, event: Recognised) -> None:
        if event.run != self._reading.number or self.query_one(PasteArea).value != self._asked:
            return  # there is a newer text, which is being read or will be
        self._pending = False
        self._text = event.text
        self.query_one(PasteArea).show_extract(event.text, event.match.words if event.match else None)
        rows = explained(event.match, self.journey.bench.knowledge) if event.match else ()
        blanked = [marked("note", f"A password in it was blanked: {BLANK}")] if BLANK in event.text else []
        self.query_one("#meaning", Paragraphs).show((*rows, *blanked))
        if self._submitted:
            self._go_on()

    @on(PasteArea.Submitted)
    def _submit(self) -> None:
        self._submitted = True
        if not self._pending:
            self._go_on()

    def _go_on(self) -> None:
        self._submitted = False
        error = self._text if self._text.strip() else None
        inputs = msgspec.structs.replace(self.journey.inputs, error=error)
        self.finish(msgspec.structs.replace(self.journey, inputs=inputs))

    def action_choose(self) -> None:
        """Shows the list of known messages; the one that is chosen takes the place of the text."""

        def chosen(text: str | None) -> None:
            if text is not None:
                self.query_one(PasteArea).replace_with(text)

        self.app.push_screen(MessageList(self.journey.bench.knowledge), chosen)


def explained(match: Match, knowledge: Knowledge) -> Iterator[Content]:
    """Yields what a text means, line by line."""
    symptom = knowledge.symptom(match.symptom)
    if match.signature is None:
        yield marked("unknown", "not recognised: no known error of a database connection is in it")
        yield literal(match.ask_for or "")
        return
    clients = {client.id: client.title for client in knowledge.clients}
    about = (NAMES[match.engine] if match.engine else None, clients.get(match.client or ""))
    state: State = "unknown" if match.symptom == "ambiguous" else "passed"
    yield marked(state, literal(symptom.title, "bold"))
    if match.words:
        yield Hung(literal(f"  decided by “{match.words}”", MUTED), 2)
    yield Content("")
    yield literal(match.meaning)
    for advice in (match.ask_for, match.go_to):
        if advice:
            yield Content("")
            yield Content.styled("Next: ", "bold") + literal(advice)
    titles = {cause.id: cause.title for cause in knowledge.causes}
    if match.likely_causes:
        yield Content("")
        yield Content.styled("Likely causes", "bold")
        for cause in match.likely_causes:
            yield marked("note", titles.get(cause, cause))
    yield Content("")
    yield field("symptom", f"{symptom.id}, {match.confidence:.0%} sure")
    if told := " · ".join(one for one in about if one):
        yield field("said by", told)
    if match.codes:
        yield field("codes", ", ".join(match.codes[:6]))
