"""A list to choose from, and a line to search it in."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import OptionList

from wizard.tui.widgets.field import FormInput


class Choices(OptionList):
    """A list in which `Enter` goes on, as the footer says."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "choose", id="choose")]


class SearchField(FormInput):
    """Searches as one types. Up and down move in the list, Esc empties it and goes back to the list."""

    HELP = """\
## Search

Type any words; all of them have to be there. `Up` and `Down` choose, `Enter` takes the choice, `Esc` ends the
search.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move('cursor_down')", "move", key_display="↑↓"),
        Binding("up", "move('cursor_up')", show=False),
        Binding("pagedown", "move('page_down')", show=False),
        Binding("pageup", "move('page_up')", show=False),
        Binding("escape", "end_search", "end search"),
        Binding("enter", "submit", "choose"),
    ]

    def __init__(self, list_id: str) -> None:
        super().__init__(id=f"search-{list_id}", placeholder="type to search")
        self._list_id = list_id

    @property
    def _list(self) -> OptionList:
        return self.screen.query_one(f"#{self._list_id}", OptionList)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leaves Esc to the screen where there is no search to end."""
        return bool(self.value) if action == "end_search" else True

    def action_move(self, how: str) -> None:
        """Moves in the list."""
        getattr(self._list, f"action_{how}")()

    def action_end_search(self) -> None:
        """Empties the search and goes back to the list."""
        self.value = ""
        self._list.focus()
