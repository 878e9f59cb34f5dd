"""The fixes: three tiers, ready to copy, with what each changes and how to undo it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, cast, get_args

import msgspec
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Select, Static, Tab, Tabs
from textual.widgets.option_list import Option

from wizard.fixes.render import RenderedFix, RenderedStep
from wizard.fixes.values import Values, case_values
from wizard.model.knowledge import Parameter, Platform, Tier
from wizard.report import text as plain
from wizard.report.script import as_script, script_name
from wizard.report.words import RUN_ON, SHELLS
from wizard.tui.journey import Journey
from wizard.tui.screens.fill_in import FillIn
from wizard.tui.screens.step import BACK, StepScreen
from wizard.tui.text import MUTED, field, literal, marked
from wizard.tui.widgets.command_box import CommandBox
from wizard.tui.widgets.paragraphs import Paragraphs

_TIERS: tuple[Tier, ...] = get_args(Tier)
_TAB: dict[Tier, str] = {"permanent": "Permanent", "intermediate": "Intermediate", "bypass": "Bypass"}
_SERVERS: tuple[Platform, ...] = ("windows-server", "linux-server", "container-server")
_CLIENTS: tuple[Platform, ...] = ("windows", "debian", "rhel", "suse", "macos", "container")
_PLATFORMS: dict[Platform, str] = {
    "windows-server": "Windows",
    "linux-server": "Linux",
    "container-server": "container",
    "windows": "Windows",
    "debian": "Debian, Ubuntu",
    "rhel": "RHEL, Fedora",
    "suse": "SUSE",
    "macos": "macOS",
    "container": "container",
}


class FixScreen(StepScreen):
    """Shows one fix at a time, as commands."""

    PLACE = "fix"
    HELP = """\
## The fixes

*Permanent* mends the cause. *Intermediate* keeps the protection until then. *Bypass* switches protection off and says
what that gives up. `Left` and `Right` change between them, `Up` and `Down` choose a fix.

`C` copies a step: the one that has the focus (`Tab` moves on), else the first. `Shift+C` copies all steps, `S` saves
them, `T` shows them as plain text to mark with the mouse. Where something in <angle brackets> is not known, `F` asks
you for it. Afterwards `P` asks the server again and proves that it is fixed.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy_step", "copy", id="copy-step"),
        Binding("C", "copy_all", "all", id="copy-all", key_display="C"),
        Binding("s", "save", "save", id="save"),
        Binding("t", "plain", "plain", id="plain-text"),
        Binding("f", "fill_in", "fill in", id="fill-in"),
        Binding("left", "tier(-1)", "tier", id="tier-left", key_display="←→"),
        Binding("right", "tier(1)", show=False, id="tier-right"),
        Binding("p", "prove", "prove it", id="prove"),
        Binding("enter", "prove", show=False),
        Binding("r", "app.report", "report", id="report"),
        BACK,
    ]

    def __init__(self, journey: Journey) -> None:
        super().__init__(journey)
        self._fixes: tuple[RenderedFix, ...] = ()
        self._shown: RenderedFix | None = None

    def compose_work(self) -> Iterable[Widget]:
        """Yields the tiers, the selectors and the fix."""
        done = self.journey.diagnosis
        cause = done.verdict.cause if done else None
        yield Static(marked("failed", literal(cause.title if cause else "", "bold")), id="fix-cause")
        yield Tabs(*(Tab(_TAB[tier], id=tier) for tier in _TIERS), id="tiers")
        with Horizontal(id="selectors"):
            yield self._selector("server", "any server", self._platforms(_SERVERS))
            yield self._selector("computer", "any computer", self._platforms(_CLIENTS))
            yield self._selector("client", "any client", self._clients(), self._own_client())
        yield OptionList(id="fixes", compact=True)
        with VerticalScroll(id="fix", can_focus=False):
            yield Paragraphs(id="fix-about")

    def _selector(
        self, name: str, prompt: str, options: list[tuple[str, str]], value: str | None = None
    ) -> Select[str]:
        chosen = value if value in {one for _, one in options} else Select.NULL
        shown = ((literal(f"{label}"), one) for label, one in options)
        select: Select[str] = Select(shown, prompt=prompt, value=chosen, compact=True, id=f"select-{name}")
        select.display = len(options) > (0 if name == "client" else 1)
        return select

    def begin(self) -> None:
        """Shows the first tier that has a fix."""
        self.query_one("#fixes").focus()

    def _all(self) -> tuple[RenderedFix, ...]:
        done = self.journey.diagnosis
        return done.fixes if done else ()

    def _platforms(self, wanted: tuple[Platform, ...]) -> list[tuple[str, str]]:
        found = {fix.platform for fix in self._all()}
        return [(_PLATFORMS[one], one) for one in wanted if one in found]

    def _clients(self) -> list[tuple[str, str]]:
        found = {fix.client for fix in self._all()}
        return [
            (one.title, one.id)
            for one in self.journey.bench.knowledge.clients
            if one.id in found or one.id == self._own_client()
        ]

    def _own_client(self) -> str | None:
        done = self.journey.diagnosis
        value = done.case.value("client") if done else None
        return value if isinstance(value, str) else None

    @on(Tabs.TabActivated)
    def _tier_changed(self) -> None:
        self._choose_from()

    @on(Select.Changed)
    def _selected(self) -> None:
        self._choose_from()

    def _choose_from(self, at: str | None = None) -> None:
        """Fills the list with the fixes of the tier that fit what is selected; `at` is the one to show."""
        done = self.journey.diagnosis
        if done is None or done.verdict.cause is None:
            return
        chosen = {
            name: self.query_one(f"#select-{name}", Select).value for name in ("server", "computer", "client")
        }
        client = chosen["client"] if isinstance(chosen["client"], str) else None
        case = msgspec.structs.replace(done.case, client=client)
        fitting = [
            {
                fix.id
                for fix in self.journey.bench.fixes(
                    case, done.verdict.cause.id, cast("Platform", chosen[name])
                )
            }
            for name in ("server", "computer")
            if isinstance(chosen[name], str)
        ]
        tier = self.query_one(Tabs).active
        self._fixes = tuple(
            fix
            for fix in self.journey.bench.fixes(case, done.verdict.cause.id, filled=self.journey.filled)
            if fix.tier == tier and all(fix.id in ids for ids in fitting)
        )
        shown = self.query_one("#fixes", OptionList)
        shown.clear_options()
        shown.add_options(Option(literal(fix.title), id=fix.id) for fix in self._fixes)
        shown.display = len(self._fixes) > 1
        number = next((number for number, fix in enumerate(self._fixes) if fix.id == at), 0)
        if self._fixes:
            shown.highlighted = number
        self._show(self._fixes[number] if self._fixes else None)

    @on(OptionList.OptionHighlighted, "#fixes")
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_index < len(self._fixes):
            self._show(self._fixes[event.option_index])

    @on(OptionList.OptionSelected, "#fixes")
    def _first_step(self) -> None:
        self.action_prove()

    def _show(self, fix: RenderedFix | None) -> None:
        if fix is self._shown and fix is not None:
            return
        self._shown = fix
        box = self.query_one("#fix", VerticalScroll)
        box.query("CommandBox, .fix-when").remove()
        about = self.query_one("#fix-about", Paragraphs)
        self.refresh_bindings()
        if fix is None:
            about.show([literal("There is no fix of this kind for what is selected.", MUTED)])
            return
        about.show(_before(fix, self._meanings(fix)))
        steps = [_box(f"{number}", step) for number, step in enumerate(fix.steps, 1)]
        undo = [_box("undo", step) for step in fix.undo]
        confirm = CommandBox("prove it", "from a shell", fix.confirm, "sh")
        when = Paragraphs(() if fix.tier == "bypass" else _when(fix), classes="fix-when")
        box.mount(*steps, when, *undo, confirm)
        box.scroll_home(animate=False)

    def _meanings(self, fix: RenderedFix) -> dict[str, str]:
        return {parameter.id: parameter.meaning for parameter in self._parameters(fix)}

    def _parameters(self, fix: RenderedFix) -> tuple[Parameter, ...]:
        return next(one for one in self.journey.bench.knowledge.fixes if one.id == fix.id).parameters

    def _to_fill_in(self) -> list[Parameter]:
        """Returns what the fix needs and the case does not know, what was filled in already, and names to add to."""
        if self._shown is None:
            return []
        wanted = {*self._shown.missing, *self.journey.filled, "names"}
        return [parameter for parameter in self._parameters(self._shown) if parameter.id in wanted]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers copying only where there is something to copy, and filling in where something is missing."""
        if action == "fill_in":
            return bool(self._to_fill_in())
        return self._shown is not None if action in ("copy_step", "copy_all", "save", "plain") else True

    def action_tier(self, by: int) -> None:
        """Goes to the tier beside."""
        tabs = self.query_one(Tabs)
        at = _TIERS.index(cast("Tier", tabs.active or "permanent")) + by
        tabs.active = _TIERS[at % len(_TIERS)]

    def action_copy_step(self) -> None:
        """Copies the step that has the focus, or the first."""
        if self._shown is None:
            return
        focused = self.focused if isinstance(self.focused, CommandBox) else None
        self.app.copy(focused.command if focused else self._shown.steps[0].text)

    def action_copy_all(self) -> None:
        """Copies all steps."""
        if self._shown is not None:
            self.app.copy("\n\n".join(step.text for step in self._shown.steps))

    def action_save(self) -> None:
        """Saves the fix as a script, or as text where it needs more than one shell."""
        if self._shown is not None:
            self.app.save(script_name(self._shown), as_script(self._shown))

    def action_plain(self) -> None:
        """Shows the fix as plain text."""
        if self._shown is not None:
            self.app.show_plain("\n".join(plain.fixes((self._shown,))))

    def action_fill_in(self) -> None:
        """Asks for what stands in angle brackets."""

        def filled(values: Values | None) -> None:
            done = self.journey.diagnosis
            if values is None or done is None or done.verdict.cause is None or self._shown is None:
                return
            at = self._shown.id
            asked = {parameter.id for parameter in self._to_fill_in()}
            kept = {name: value for name, value in self.journey.filled.items() if name not in asked}
            together = {**kept, **values}
            fixes = self.journey.bench.fixes(done.case, done.verdict.cause.id, filled=together)
            concluded = msgspec.structs.replace(done, fixes=fixes)
            self.show_journey(msgspec.structs.replace(self.journey, filled=together, diagnosis=concluded))
            self._choose_from(at)

        known = {**self._names(), **self.journey.filled}
        self.app.push_screen(FillIn(self._to_fill_in(), known), filled)

    def _names(self) -> Values:
        """Returns the names that the case knows: which others clients use, the person knows."""
        done = self.journey.diagnosis
        names = case_values(done.case).get("names") if done else None
        return {"names": names} if names else {}

    def action_prove(self) -> None:
        """Asks the server again."""
        self.finish(self.journey)


def _box(number: str, step: RenderedStep) -> CommandBox:
    rights = ", as administrator" if step.as_administrator else ""
    where = f"{SHELLS[step.shell]}, {RUN_ON[step.run_on]}{rights}"
    return CommandBox(f"{number} · {step.title}", where, step.text, step.shell)


def _before(fix: RenderedFix, meanings: dict[str, str]) -> Iterator[Content]:
    """Yields what has to be known before the first step."""
    yield literal(fix.title, "bold")
    if fix.tier == "bypass":
        yield from _when(fix)
    yield from _told("needs", fix.rights)
    yield from _told("restarts", fix.restarts, "$text-warning")
    if fix.missing:
        yield from _told("fill in", ", ".join(f"<{meanings[one]}>" for one in fix.missing), "$text-warning")


def _when(fix: RenderedFix) -> Iterator[Content]:
    """Yields what a fix gives up, when it is right and when it is not."""
    yield from _told("gives up", fix.gives_up, "$text-warning")
    yield from _told("good when", fix.when_ok)
    yield from _told("not when", fix.when_not, "$text-warning")


def _told(label: str, words: str | None, style: str = MUTED) -> Iterator[Content]:
    if words:
        yield field(label, words, 10, style)
