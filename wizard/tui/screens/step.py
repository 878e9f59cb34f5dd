"""What all steps of a case share: the frame with the trail, and how a step hands the case on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from wizard.tui.journey import Journey, Place
from wizard.tui.widgets.headline import Headline
from wizard.tui.widgets.key_line import KeyLine
from wizard.tui.widgets.trail import Trail

if TYPE_CHECKING:
    from wizard.tui.app import WizardApp


BACK = Binding("escape", "back", "back", id="back")
"""The last of each step's keys."""


class StepScreen(Screen[None]):
    """One step of a case. It shows a journey and posts what became of it; the app decides what comes next."""

    PLACE: ClassVar[Place]

    app: WizardApp

    class Done(Message):
        """The step is done; the journey says with what."""

        def __init__(self, step: StepScreen, journey: Journey) -> None:
            super().__init__()
            self.step = step
            self.journey = journey

    def __init__(self, journey: Journey) -> None:
        super().__init__()
        self.journey = journey

    def compose(self) -> ComposeResult:
        """Builds the frame around the work of the step."""
        yield Headline(self.PLACE, self.journey)
        with Horizontal(id="body"):
            yield Trail(self.PLACE, self.journey)
            with Vertical(id="work"):
                yield from self.compose_work()
        yield KeyLine()

    def compose_work(self) -> Iterable[Widget]:
        """Yields what stands beside the trail."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Begins the step, unless the person was quicker and has left it, or the program, already."""
        if self in self.app.screen_stack and self.children:
            self.begin()

    def begin(self) -> None:
        """Shows what there is to show, and puts the cursor where the person will act."""
        raise NotImplementedError

    def show_journey(self, journey: Journey) -> None:
        """Takes over what the case has become, in the frame as well."""
        self.journey = journey
        self.query_one(Trail).show(journey)
        self.query_one(Headline).show(journey)

    def finish(self, journey: Journey) -> None:
        """Hands the case on."""
        self.post_message(self.Done(self, journey))

    def action_back(self) -> None:
        """Goes back one step; nothing that was entered is lost."""
        self.app.flow.back()
