"""The clients of a case, one on each line: what each does now, after each fix, and what its driver really did."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from wizard.report.clients import AGREEMENTS, ENCRYPTED, STATES, VERIFIED
from wizard.tui.prediction import AGREED, SIGNS, spelt
from wizard.tui.text import HERE, MUTED, joined, literal, marked, symbol

if TYPE_CHECKING:
    from wizard.forecast import Row
    from wizard.live import Seen

_SCROLL_BAR = 1
_BETWEEN = 2


class Line(NamedTuple):
    """One client in the table."""

    row: Row
    own: bool
    """It is the client of this case."""
    told: bool
    """Its options are those of the connection string of this case."""
    seen: Seen | None
    """What its driver did on this machine, where it was asked."""


class _Column(NamedTuple):
    title: str
    width: int
    cell: Callable[[Line], Content]
    dropped: int = 0
    """0: it stays in the narrowest terminal; the highest is left out first."""


class ClientList(OptionList):
    """The lines of the table."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "why", id="why")]


class ClientTable(Vertical):
    """Shows as many columns as there is room for; what is left out stands in the article of a client."""

    def __init__(self) -> None:
        super().__init__(id="client-table")
        self._lines: tuple[Line, ...] = ()
        self._fixes = 0
        self._nothing = ""

    def compose(self) -> ComposeResult:
        """Builds the head and the list."""
        yield Static(id="clients-head", classes="one-line")
        yield ClientList(id="clients", compact=True)

    def show(self, lines: Sequence[Line], fixes: int, nothing: str = "") -> None:
        """Shows these lines.

        Args:
            lines: in their order.
            fixes: how many columns of fixes each of them has.
            nothing: what to say where there is no line.
        """
        self._lines, self._fixes, self._nothing = tuple(lines), fixes, nothing
        self._fill()

    def on_resize(self, event: events.Resize) -> None:
        """Fits the columns into the room."""
        self._fill()

    def _fill(self) -> None:
        if self.size.width == 0:
            return
        clients = self.query_one(OptionList)
        at, before = clients.highlighted, clients.option_count
        columns = self._fitting(self.size.width - _SCROLL_BAR)
        head = (literal(f"{column.title:<{column.width}}", MUTED) for column in columns)
        self.query_one("#clients-head", Static).update(joined(head, " " * _BETWEEN))
        clients.clear_options()
        options = [Option(_drawn(line, columns), id=str(at)) for at, line in enumerate(self._lines)]
        clients.add_options(options or [Option(self._nothing, disabled=True)])
        if options:
            kept = at is not None and before == len(options)
            clients.highlighted = at if kept else 0

    def _fitting(self, room: int) -> list[_Column]:
        columns = list(self._columns())
        while sum(column.width + _BETWEEN for column in columns) - _BETWEEN > room:
            least = max(columns, key=lambda one: one.dropped)
            if not least.dropped:
                break
            columns.remove(least)
        return columns

    def _columns(self) -> Iterator[_Column]:
        longest = max((len(line.row.now.client) for line in self._lines), default=6)
        yield _Column("now", 10, _now)
        yield _Column("  client", longest + 2, _client)
        if any(line.seen for line in self._lines):
            yield _Column("its driver", 14, _driver, dropped=1)
        yield _Column("encrypted", 10, lambda line: literal(ENCRYPTED[line.row.now.encrypted]), dropped=3)
        yield _Column("verified", 8, lambda line: literal(VERIFIED[line.row.now.verified]), dropped=2)
        for number in range(self._fixes):
            title = f"({number + 1})"
            yield _Column(title, len(title), lambda line, at=number: _sign(line.row.after[at].connects))  # type: ignore[misc]
        yield _Column(
            "bypass", 6, lambda line: _sign(line.row.bypass.connects) if line.row.bypass else Content("-")
        )


def _drawn(line: Line, columns: Sequence[_Column]) -> Content:
    cells = []
    for column in columns:
        cell = column.cell(line)
        cells.append(cell + " " * max(column.width - cell.cell_length, 0))
    rows = [joined(cells, " " * _BETWEEN)]
    if line.told:
        rows.append(literal(f"    as in your connection string: {spelt(line.row.now)}", MUTED))
        rows += (marked("failed", f"gives up protection: {option}") for option, _ in line.row.now.dangers)
        rows[2:] = [Content("    ") + one for one in rows[2:]]
    return joined(rows, "\n")


def _now(line: Line) -> Content:
    connects = line.row.now.connects
    return marked(SIGNS[connects], STATES[connects][1])


def _client(line: Line) -> Content:
    mark = Content.styled(f"{HERE} ", "$text-accent") if line.own else Content("  ")
    return mark + literal(line.row.now.client, "bold" if line.own else "")


def _driver(line: Line) -> Content:
    agreement = line.seen.agreement if line.seen else None
    return marked(AGREED[agreement], AGREEMENTS[agreement][1]) if agreement else Content("")


def _sign(connects: bool | None) -> Content:
    state = SIGNS[connects]
    return Content(" ") + literal(symbol(state), _STYLES[connects])


_STYLES = {True: "$text-success", False: "$text-error", None: "$text-warning"}
