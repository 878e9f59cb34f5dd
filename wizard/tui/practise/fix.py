"""Which fix? Those of the cause that the trainee named, whatever they are worth."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from wizard.fixes.render import RenderedFix
from wizard.report.words import PLATFORMS, TIERS
from wizard.tui.practise.compared import ComparedScreen
from wizard.tui.practise.frame import AskingStep, ExerciseStep
from wizard.tui.practise.sitting import Sitting, numbered
from wizard.tui.text import MUTED, joined, literal
from wizard.tui.widgets.choices import Choices

DUNNO = "dunno"


class PickScreen(AskingStep):
    """Asks for a fix of the named cause."""

    STAGE = "fix"
    HELP = """\
## The fix

The fixes of the cause that you named. *Permanent* mends the cause, *intermediate* keeps the protection until
then, *bypass* switches protection off. Pick the one that you would apply here.

`Esc` goes back to the causes, `V` shows the evidence.
"""

    def __init__(self, sitting: Sitting, fixes: tuple[RenderedFix, ...]) -> None:
        super().__init__(sitting)
        self._fixes = sorted(fixes, key=lambda one: one.title)

    def compose_work(self) -> Iterable[Widget]:
        """Yields the fixes, and on a wide terminal the evidence."""
        with Vertical(classes="asked long"):
            yield Static(literal("Which fix do you apply?", "bold"))
            options = [Option(self._row(fix), id=fix.id) for fix in self._fixes]
            yield Choices(*options, Option(numbered("?", "I don't know"), id=DUNNO), id="picks", compact=True)
        yield from self.compose_evidence(beside=True)

    def _row(self, fix: RenderedFix) -> Content:
        clients = {client.id: client.title for client in self.sitting.knowledge.clients}
        about = (TIERS[fix.tier].partition(",")[0], PLATFORMS[fix.platform], clients.get(fix.client or ""))
        words = " · ".join(one for one in about if one)
        return joined([literal(fix.title, "bold"), literal(words, MUTED)], "\n")

    def begin(self) -> None:
        """Puts the cursor on the fix that was picked before, else on the first."""
        super().begin()
        picks = self.query_one("#picks", OptionList)
        before = self.sitting.chosen.get("fix")
        if before in {fix.id for fix in self._fixes} | {DUNNO} and before is not None:
            picks.highlighted = picks.get_option_index(before)
        picks.focus()

    @on(OptionList.OptionSelected, "#picks")
    def _selected(self, event: OptionList.OptionSelected) -> None:
        if event.option_id is not None:
            self.sitting.chosen["fix"] = event.option_id
            fix = None if event.option_id == DUNNO else event.option_id
            self.go_on(ComparedScreen(msgspec.structs.replace(self.sitting, fix=fix)))

    def action_to_answers(self) -> None:
        """Goes from the evidence back to the fixes."""
        self.query_one("#picks").focus()


def after_cause(sitting: Sitting) -> ExerciseStep:
    """Returns where a fix is picked; or the comparison, where no cause was named or no command mends it."""
    fixes: tuple[RenderedFix, ...] = ()
    if sitting.case is not None and sitting.cause is not None:
        fixes = sitting.bench.fixes(sitting.case, sitting.cause)
    if not fixes:
        return ComparedScreen(msgspec.structs.replace(sitting, fix=None))
    return PickScreen(sitting, fixes)
