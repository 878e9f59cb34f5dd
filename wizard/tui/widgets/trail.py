"""The trail on the left: where the case stands, and what each step has told so far."""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from wizard.tui.journey import PLACES, Journey, Place
from wizard.tui.text import HERE, MUTED, joined, literal, symbol


class Trail(Static):
    """Shows the steps of a case. A click on a step that is behind goes back to it."""

    ALLOW_SELECT: ClassVar[bool] = False

    class Chosen(Message):
        """The person wants to go back to a step."""

        def __init__(self, place: Place) -> None:
            super().__init__()
            self.place = place

    def __init__(self, place: Place, journey: Journey) -> None:
        super().__init__(id="trail")
        self._place = place
        self._journey = journey
        self.border_title = "Trail"

    def show(self, journey: Journey) -> None:
        """Shows what the case has become."""
        self._journey = journey
        self.refresh()

    def render(self) -> Content:
        """Returns the steps, one below the other; in a narrow terminal all on one line."""
        if self.screen.has_class("-narrow"):
            return joined((self._step(place) for place in PLACES), " › ")
        rows: list[Content] = []
        for place in PLACES:
            rows.append(self._step(place))
            if told := _told(place, self._journey):
                rows.append(literal(f"  {told}", MUTED))
        return joined(rows, "\n")

    def action_choose(self, place: Place) -> None:
        """Asks to go back to a step."""
        self.post_message(self.Chosen(place))

    def _step(self, place: Place) -> Content:
        if place == self._place:
            return Content.styled(f"{HERE} {place}", "$text-accent bold")
        if PLACES.index(place) < PLACES.index(self._place):
            return Content.from_markup(
                f"[$text-success @click=choose('{place}')]{symbol('passed')} {place}[/]"
            )
        return Content.styled(f"  {place}", MUTED)


def _told(place: Place, journey: Journey) -> str | None:
    """Returns in a word or two what a step has told."""
    case, diagnosis = journey.case, journey.diagnosis
    match place:
        case "error" if case is not None and (symptom := case.value("symptom")) is not None:
            return str(symptom)
        case "server" if journey.inputs.read is not None:
            target = journey.inputs.read.target
            return f"{target.host}:{target.port}" if target.port else target.host
        case "evidence" if case is not None and (known := sum(one.known for one in case.evidence)):
            return f"{known} facts"
        case "verdict" if diagnosis is not None:
            return diagnosis.verdict.cause.id if diagnosis.verdict.cause else "inconclusive"
        case "proof" if journey.proof is not None:
            return journey.proof.outcome.replace("-", " ")
    return None
