"""The known error messages, to choose from, with search as one types."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from wizard.model.knowledge import Knowledge
from wizard.model.target import NAMES
from wizard.tui.screens.dialog import Dialog
from wizard.tui.text import MUTED, literal
from wizard.tui.widgets.choices import Choices, SearchField
from wizard.tui.widgets.key_line import KeyLine

_MOST_SHOWN = 150
_WORD_LENGTH = 200


class MessageList(Dialog[str | None]):
    """Shows what drivers and servers say, by symptom; returns the chosen text, or None."""

    HELP = """\
## Known messages

Type any words of the message; all of them have to be in it. `Up` and `Down` choose, `Enter` takes the message as if
you had pasted it.
"""
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "back")]

    def __init__(self, knowledge: Knowledge) -> None:
        super().__init__()
        titles = {symptom.id: symptom.title for symptom in knowledge.symptoms}
        order = list(titles)
        self._texts = [
            (titles[signature.symptom], example, NAMES[signature.engine] if signature.engine else "")
            for signature in sorted(knowledge.signatures, key=lambda one: order.index(one.symptom))
            if signature.kind != "wrapper"
            for example in signature.examples
        ]
        self._haystacks = [" ".join(row).lower() for row in self._texts]

    def compose(self) -> ComposeResult:
        """Builds the dialog."""
        with Vertical(classes="dialog"):
            yield Static("Which message is it? Type words of it.", classes="lead")
            yield SearchField("messages")
            yield Choices(id="messages", compact=True)
            yield KeyLine(palette=False)

    def on_mount(self) -> None:
        """Shows all messages."""
        self._show("")
        self.query_one(SearchField).focus()

    @on(Input.Changed)
    def _searched(self, event: Input.Changed) -> None:
        self._show(event.value)

    def _show(self, wanted: str) -> None:
        words = wanted.lower().split()
        found = [at for at, text in enumerate(self._haystacks) if all(word in text for word in words)]
        options: list[Option] = []
        last = ""
        for at in found[:_MOST_SHOWN]:
            title, text, engine = self._texts[at]
            if title != last:
                options.append(Option(Content.styled(title, "bold"), disabled=True))
                last = title
            shown = text if len(text) <= _WORD_LENGTH else f"{text[: _WORD_LENGTH - 1]}…"
            about = Content.styled(f"  {engine}", MUTED) if engine else Content("")
            options.append(Option(Content("  ") + literal(shown) + about, id=str(at)))
        if len(found) > _MOST_SHOWN:
            options.append(Option(f"{len(found) - _MOST_SHOWN} more; type another word", disabled=True))
        if not found:
            options.append(
                Option("No known message has all of these words. Paste your text instead.", disabled=True)
            )
        shown_list = self.query_one(OptionList)
        shown_list.clear_options()
        shown_list.add_options(options)
        if found:
            shown_list.highlighted = 1

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.query_one(OptionList).action_select()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        if event.option_id is not None:
            self.dismiss(self._texts[int(event.option_id)][1])
