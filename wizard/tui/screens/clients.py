"""Which clients of the case's database will connect: now, after each fix, and what their drivers really do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from threading import Event
from typing import ClassVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static

from wizard.diagnosis.clients.profiles import speaks
from wizard.forecast import Forecast, Row, forecast, forecast_of, readers
from wizard.live import Seen, bug_report
from wizard.probes.drivers.present import Driver
from wizard.report.clients import AGREEMENTS, STATES
from wizard.tui.background import Failed, Post, Runs
from wizard.tui.drivers import AllAsked, Connecting, DriverSeen, DriversFound, asked, found
from wizard.tui.journey import Journey
from wizard.tui.prediction import SIGNS, of_prediction
from wizard.tui.screens.client_dialogs import ClientArticle, MayDriversConnect
from wizard.tui.screens.step import BACK, StepScreen
from wizard.tui.text import HERE, MUTED, Hung, joined, literal, marked
from wizard.tui.widgets.choices import SearchField
from wizard.tui.widgets.client_table import ClientTable, Line
from wizard.tui.widgets.paragraphs import Paragraphs
from wizard.workbench import engine_of

_UNREAD = (
    "Which client reads the settings in your connection string is not known, so they are not counted here."
)


class Predicted(Message):
    """What each client will do is known."""

    def __init__(self, run: int, forecast: Forecast, told: tuple[Row, ...]) -> None:
        super().__init__()
        self.run = run
        self.forecast = forecast
        self.told = told


class ClientsScreen(StepScreen):
    """A table of clients to look through, with the reasons behind each line."""

    PLACE = "verdict"
    HELP = """\
## The clients

Each line is a program or driver for this database: whether it connects now, with its usual settings, and whether it
would after each fix. The numbers of the fixes are explained below the list. *bypass*: with the settings of its own that
skip the check of the certificate.

Type words to search, such as a part of a name, or `connects`, `fails`, `unknown`. `Enter` shows why.

`F5` lets the drivers of this machine really connect and compares; you are asked before. `Esc` ends that. Then the word
`asked` finds these drivers.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "drivers", "ask my drivers", id="ask-drivers"),
        Binding("escape", "cancel", "cancel", id="cancel-drivers"),
        BACK,
    ]

    def __init__(self, journey: Journey) -> None:
        super().__init__(journey)
        self._predicting = Runs(self, "predicting")
        self._looking = Runs(self, "looking for drivers")
        self._connecting = Runs(self, "asking the drivers")
        self._forecast: Forecast | None = None
        self._told: tuple[Row, ...] = ()
        """What the clients do with the settings of the connection string."""
        self._own: str | None = None
        """Id of the client of this case."""
        self._seen: dict[str, Seen] = {}
        """What the drivers did, by the id of the client."""
        self._unread = False
        """Nobody knows which client reads the settings of the connection string."""
        self._listed: tuple[Line, ...] = ()
        self._drivers: tuple[Driver, ...] = ()
        self._busy = False

    def compose_work(self) -> Iterable[Widget]:
        """Yields the summary, the search, the table and its legend."""
        yield Static("Which clients connect?", id="clients-lead", classes="lead")
        search = SearchField("clients")
        search.select_on_focus = False  # what is typed in the list goes on from what is there
        yield search
        yield ClientTable()
        with VerticalScroll(id="clients-legend", can_focus=False):
            yield Paragraphs(id="legend")

    def begin(self) -> None:
        """Predicts what each client will do."""
        self.query_one(SearchField).focus()
        done, knowledge, inputs = self.journey.diagnosis, self.journey.bench.knowledge, self.journey.inputs
        if done is None:
            return
        read, engine, client = inputs.read, engine_of(done.case), done.case.value("client")
        described = (one for one in knowledge.profiles if engine and speaks(one, engine))
        self._own = next((one.id for one in described if client in (one.id, *one.also)), None)
        reading, string = readers(read, self._own, knowledge), read.options if read else ()
        self._unread = bool(string) and not reading

        def work(run: int, post: Post, cancelled: Event) -> None:
            all_ = forecast(done, knowledge, inputs.options)
            told: tuple[Row, ...] = ()
            if listed := [row.now.client for row in all_.rows if row.now.client in reading]:
                told = forecast_of(done, knowledge, inputs.options, listed, (), string=string).rows
            post(Predicted(run, all_, tuple(row for row in told if row.now.options)))

        self._predicting.start(work)

    @on(Predicted)
    def _predicted(self, event: Predicted) -> None:
        self._forecast, self._told = event.forecast, event.told
        self.query_one("#legend", Paragraphs).show(legend(event.forecast))
        self._say(literal(self._summary()))
        self._show()
        self.refresh_bindings()

    @on(Failed)
    def _failed(self, event: Failed) -> None:
        self._busy = False
        self._say(marked("failed", event.error.message))
        self.app.tell(event.error)
        self.refresh_bindings()

    def on_key(self, event: events.Key) -> None:
        """Takes what is typed while the list has the focus, as after Esc or a click, for the search."""
        field = self.query_one(SearchField)
        if event.character and event.is_printable and self.focused is not field:
            event.stop()
            field.focus()
            field.insert_text_at_cursor(event.character)

    @on(Input.Changed)
    def _searched(self) -> None:
        self._show()

    def _show(self) -> None:
        """Shows the lines that have all the words of the search."""
        if self._forecast is None:
            return
        words = self.query_one(SearchField).value.lower().split()
        self._listed = tuple(line for line in self._lines() if all(word in _haystack(line) for word in words))
        nothing = (
            "No client has all of these words." if words else "No client of this database is described yet."
        )
        self.query_one(ClientTable).show(self._listed, len(self._forecast.columns), nothing)

    def _lines(self) -> Iterator[Line]:
        # Its driver is asked with the settings of the connection string, not with its usual ones.
        seen = dict(self._seen)
        for row in self._told:
            client = row.now.client
            yield Line(row, client == self._own, told=True, seen=seen.pop(client, None))
        rows = self._forecast.rows if self._forecast else ()
        lines = (
            Line(row, row.now.client == self._own, told=False, seen=seen.get(row.now.client)) for row in rows
        )
        yield from sorted(lines, key=lambda line: not line.own)

    def _say(self, words: Content) -> None:
        self.query_one("#clients-lead", Static).update(words)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.query_one(OptionList).action_select()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        if event.option_id is None or self._forecast is None or self.journey.diagnosis is None:
            return
        line = self._listed[int(event.option_id)]
        seen, known = line.seen, self.journey.bench.knowledge
        rows = of_prediction(line.row, self._forecast.columns, seen, known, told=line.told)
        wrong = seen if seen and seen.agreement == "disagrees" else None
        report = bug_report(wrong, self.journey.diagnosis.case.facts(), known) if wrong else None
        self.app.push_screen(ClientArticle(rows, report))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers only the keys that do something now."""
        if action == "drivers":
            return self._forecast is not None and self.journey.reachable and not self._busy
        return self._busy if action == "cancel" else True

    def action_drivers(self) -> None:
        """Looks which drivers this machine has, and asks whether they may connect."""
        done, known = self.journey.diagnosis, self.journey.bench.knowledge
        if done is None:
            return

        def work(run: int, post: Post, cancelled: Event) -> None:
            found(done, known, run, post, cancelled)

        self._busy = True
        self._say(literal("Looking for the drivers of this machine …"))
        self.refresh_bindings()
        self._looking.start(work)

    @on(DriversFound)
    def _found(self, event: DriversFound) -> None:
        done = self.journey.diagnosis
        if event.run != self._looking.number or done is None or done.case.target is None:
            return
        listed = {row.now.client for row in self._forecast.rows} if self._forecast else set()
        self._drivers = tuple(one for one in event.drivers if one.client in listed)
        if self._drivers:
            self._end(None)
            told = {row.now.client for row in self._told} & {one.client for one in self._drivers}
            question = MayDriversConnect(self._drivers, done.case.target, told=bool(told))
            self.app.push_screen(question, self._agreed)
        else:
            self._end("This machine has none of these drivers. To have some: pip install 'dbtls[drivers]'")

    def _agreed(self, yes: bool | None) -> None:
        done, bench, options = self.journey.diagnosis, self.journey.bench, self.journey.inputs.options
        drivers, told = self._drivers, self._told
        if not yes or done is None:
            return
        pairs = {row.now.client: row.now.options for row in told}

        def explain(text: str) -> str:
            return bench.explain(text).symptom

        def work(run: int, post: Post, cancelled: Event) -> None:
            asked(done, bench.knowledge, options, drivers, pairs, explain, run, post, cancelled)

        self._busy = True
        self._seen = {}
        self._show()
        self.refresh_bindings()
        self._connecting.start(work)

    @on(Connecting)
    def _connects(self, event: Connecting) -> None:
        if event.run == self._connecting.number:
            which = f"{event.number} of {len(self._drivers)}"
            self._say(literal(f"Connecting with {event.driver.client}, {which} …"))

    @on(DriverSeen)
    def _driver_seen(self, event: DriverSeen) -> None:
        if event.run == self._connecting.number:
            self._seen[event.seen.prediction.client] = event.seen
            self._show()

    @on(AllAsked)
    def _all_asked(self, event: AllAsked) -> None:
        if event.run == self._connecting.number:
            self._end(compared(self._seen.values()))
            self.app.flow.drivers_seen(tuple(self._seen.values()))

    def _end(self, sentence: str | None) -> None:
        """Says how it ended; the summary comes back where there is nothing to say."""
        self._busy = False
        self._say(literal(sentence or self._summary()))
        self.refresh_bindings()

    def _summary(self) -> str:
        if self._forecast is None:
            return ""
        said = summary(self._forecast)
        return f"{said} {_UNREAD}" if self._unread else said

    def action_cancel(self) -> None:
        """Ends what the drivers do at once; what was seen so far stays."""
        self._looking.stop()
        self._connecting.stop()
        self._end(compared(self._seen.values()) if self._seen else None)


def summary(found: Forecast) -> str:
    """Returns in a sentence how many clients connect."""
    rows = [row.now for row in found.rows]
    through = [one for one in rows if one.connects]
    blind = sum(one.verified is False for one in through)
    unknown = sum(one.connects is None for one in rows)
    client = "client connects" if len(rows) == 1 else "clients connect"
    unverified = f"; {blind} of them without checking the certificate" if blind else ""
    open_ = f" {unknown} unknown." if unknown else ""
    return f"{len(through)} of {len(rows)} {client}{unverified}.{open_}"


def compared(seen: Iterable[Seen]) -> str:
    """Returns in a sentence how many drivers did as predicted."""
    agreements = [one.agreement for one in seen]
    told = (
        f"{agreements.count(agreement)} {words}"
        for agreement, (_, words) in AGREEMENTS.items()
        if agreement in agreements
    )
    count = "1 driver" if len(agreements) == 1 else f"{len(agreements)} drivers"
    if not agreements:
        return "No driver was asked."
    return f"{count} asked: {', '.join(told)}. Type “asked” to see only those."


def legend(found: Forecast) -> Iterator[Content]:
    """Yields what the columns and signs mean."""
    signs = (marked(SIGNS[connects], word) for connects, (_, word) in STATES.items())
    yield joined((*signs, Content.styled(f"{HERE} the client of this case", MUTED)), "   ")
    for number, column in enumerate(found.columns, start=1):
        yield Hung(literal(f"({number}) once mended: {column.effect}", MUTED), 4)
    yield literal("bypass: with its own settings that skip the check of the certificate", MUTED)


def _haystack(line: Line) -> str:
    now = line.row.now
    words = [now.client, now.title, STATES[now.connects][1]]
    words += ["asked", AGREEMENTS[line.seen.agreement][1]] if line.seen else []
    return " ".join(words).lower()
