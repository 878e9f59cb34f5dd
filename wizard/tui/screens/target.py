"""The server: a name or a connection string, and what else the client uses to reach it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import ClassVar, cast, get_args

import msgspec
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Select, Static

from wizard.diagnosis.target import read_target
from wizard.errors import TargetError
from wizard.model.target import DEFAULT_PORTS, ENGINES, NAMES, Engine
from wizard.tui.journey import Inputs, Journey
from wizard.tui.screens.step import BACK, StepScreen
from wizard.tui.target_form import Field as FieldName
from wizard.tui.target_form import Filled, TargetForm, fill
from wizard.tui.text import literal, marked
from wizard.tui.widgets.field import Field, FormInput, Tick
from wizard.tui.widgets.paragraphs import Paragraphs

_INPUTS: tuple[FieldName, ...] = get_args(FieldName)


class TargetScreen(StepScreen):
    """Takes the server in; a connection string fills the other fields by itself."""

    PLACE = "server"
    HELP = r"""
## The server

A name as the client spells it, `host\INSTANCE`, `host:port`, or a whole connection string (ADO.NET, ODBC, OLE DB,
JDBC, libpq, SQLAlchemy, go-sql-driver). A password in it is dropped at once and nobody is logged in.

*Name used* is the name the client connects with, where it is not the host that you type here. *CA file* is what the
client trusts instead of this machine's store. *Client* is the program that fails: its fixes are shown then.

Press `F3` if the server cannot be reached from here: every probe becomes a question then.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "next", id="next"),
        Binding("f3", "toggle_reach", "can't reach it", id="cannot-reach"),
        BACK,
    ]

    def __init__(self, journey: Journey, form: TargetForm | None = None) -> None:
        """Makes the screen.

        Args:
            journey: the case; its inputs fill the fields.
            form: what was filled in before, where the person has been here already.
        """
        super().__init__(journey)
        self._filled = form or _form_of(journey.inputs)
        self._pasted = self._filled.pasted
        self._shown = self._filled.server

    def compose_work(self) -> Iterable[Widget]:
        """Yields the form."""
        filled = self._filled
        engine = filled.engine or self._said_engine()
        yield Static("Which server? A name or a whole connection string.", classes="lead")
        with VerticalScroll(id="form", can_focus=False):
            yield Field(
                "Server",
                FormInput(
                    self._shown,
                    placeholder=r"sql01, sql01\PAYROLL, db02:3306, Server=…;",
                    id="server",
                    taken=self._take_over,
                ),
                id="field-server",
            )
            yield Paragraphs(id="read")
            yield Field(
                "Database",
                Select(
                    ((NAMES[one], one) for one in ENGINES),
                    value=engine or Select.NULL,
                    prompt="as the server field says",
                    compact=True,
                    id="engine",
                ),
                id="field-engine",
            )
            yield Field("Port", FormInput(filled.port, id="port"), id="field-port")
            yield Field(
                "Instance", FormInput(filled.instance, placeholder="none", id="instance"), id="field-instance"
            )
            yield Field("Name used", FormInput(filled.server_name, id="server_name"), id="field-server_name")
            yield Field(
                "Client",
                Select(
                    self._clients(engine),
                    prompt=self._client_prompt(),
                    value=self._client(engine),
                    compact=True,
                    id="client",
                ),
                id="field-client",
            )
            yield Field(
                "CA file",
                FormInput(filled.ca_file, placeholder="this machine's store", id="ca_file"),
                id="field-ca_file",
            )
            yield Tick(
                "I can't reach it from here; ask me instead",
                value=not filled.reachable,
                id="unreachable",
            )

    def begin(self) -> None:
        """Puts the cursor where the person will act."""
        server = self.query_one("#server", Input)
        server.focus()
        server.select_all()
        self._show_read()

    @on(Input.Changed, "#server")
    def _server_changed(self, event: Input.Changed) -> None:
        if event.value == self._shown:
            return
        self._shown, self._pasted = event.value, None
        with contextlib.suppress(TargetError):  # half typed, or a name alone; the sentence comes with Enter
            self.query_one("#engine", Select).value = read_target(event.value).target.engine
        self._show_read()

    def _take_over(self, text: str) -> str | None:
        """Keeps what a pasted connection string tells, and returns its server alone to be shown."""
        try:
            read = read_target(text)
        except TargetError:
            return None
        if not read.dropped_secret and read.dialect in ("url", "instance"):
            return None
        self._pasted, self._shown = read, str(read.target)
        name = read.target.server_name
        self.query_one("#server_name", Input).value = name if name != read.target.host else ""
        self.query_one("#engine", Select).value = read.target.engine
        self._show_read()
        return self._shown

    def _show_read(self) -> None:
        """Shows what a connection string told, and what stands for the fields that are empty."""
        read = self._pasted
        told: list[Content] = []
        if read and read.options:
            told.append(
                marked("note", "read: " + ", ".join(f"{name}={value}" for name, value in read.options))
            )
        if read and read.dropped_secret:
            told.append(marked("note", "user and password were dropped; nobody is logged in"))
        self.query_one("#read", Paragraphs).show(told)
        self.query_one("#read", Paragraphs).display = bool(told)
        filled = fill(msgspec.structs.replace(self.form(), ca_file="", reachable=False))
        target = filled.read.target if filled.read else None
        engine = self._chosen_engine()
        usual = str(DEFAULT_PORTS[engine]) if engine else "the usual one"
        self.query_one("#port", Input).placeholder = str(target.port) if target and target.port else usual
        self.query_one("#instance", Input).placeholder = (target.instance if target else None) or "none"
        self.query_one("#server_name", Input).placeholder = (
            target.host if target else "the same as the server"
        )
        self.query_one("#field-instance", Field).display = engine in (None, "sqlserver")

    @on(Select.Changed, "#engine")
    def _engine_changed(self, event: Select.Changed) -> None:
        select = cast("Select[str]", self.query_one("#client", Select))
        engine = self._chosen_engine()
        kept = select.value
        options = self._clients(engine)
        select.set_options(options)
        if kept in {value for _, value in options}:
            select.value = kept
        self._show_read()

    def action_toggle_reach(self) -> None:
        """Says whether the server can be asked from here."""
        self.query_one(Tick).action_tick()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_submit()

    def action_submit(self) -> None:
        """Goes on, or shows beside each field what is wrong with it."""
        form = self.form()
        filled = fill(form)
        for name in _INPUTS:
            self.query_one(f"#field-{name}", Field).show_error(filled.errors.get(name))
        if filled.errors:
            wrong = next(name for name in _INPUTS if name in filled.errors)
            self.query_one(f"#{wrong}", Input).focus()
            return
        self.finish(self._filled_in(form, filled))

    def _filled_in(self, form: TargetForm, filled: Filled) -> Journey:
        options = msgspec.structs.replace(
            self.journey.inputs.options, ca_file=filled.ca_file, probing=form.reachable
        )
        # What the connection string is for is no choice of the person.
        client = None if filled.read and form.client == filled.read.client else form.client
        inputs = msgspec.structs.replace(
            self.journey.inputs, read=filled.read, client=client, options=options
        )
        return msgspec.structs.replace(self.journey, inputs=inputs)

    def form(self) -> TargetForm:
        """Returns the fields as they stand."""
        texts = {name: self.query_one(f"#{name}", Input).value for name in _INPUTS}
        client = self.query_one("#client", Select).value
        return TargetForm(
            **texts,
            pasted=self._pasted,
            engine=self._chosen_engine(),
            client=client if isinstance(client, str) else None,
            reachable=not self.query_one(Tick).value,
        )

    def _chosen_engine(self) -> Engine | None:
        value = self.query_one("#engine", Select).value
        return next((engine for engine in ENGINES if engine == value), None)

    def _said_engine(self) -> Engine | None:
        """Returns the database that the error text is from."""
        error = self.journey.inputs.error
        return self.journey.bench.explain(error).engine if error else None

    def _client(self, engine: Engine | None) -> str:
        """Returns the client that was chosen before, or that the connection string is for."""
        told = self._filled.client or (self._pasted.client if self._pasted else None)
        known = {value for _, value in self._clients(engine)}
        return told if told in known else cast("str", Select.NULL)

    def _client_prompt(self) -> str:
        """Returns what stands where no client is chosen: the one whose words the error text has."""
        error = self.journey.inputs.error
        told = self.journey.bench.explain(error).client if error else None
        titles = {client.id: client.title for client in self.journey.bench.knowledge.clients}
        return f"{titles[told]}, says the error" if told else "I don't know"

    def _clients(self, engine: Engine | None) -> list[tuple[Content, str]]:
        return [
            (literal(client.title), client.id)
            for client in self.journey.bench.knowledge.clients
            if engine is None or engine in client.engines
        ]


def _form_of(inputs: Inputs) -> TargetForm:
    """Returns the form that says what is known already."""
    target = inputs.read.target if inputs.read else None
    return TargetForm(
        server=str(target) if target else "",
        pasted=inputs.read,
        engine=target.engine if target else None,
        server_name=target.server_name if target and target.server_name != target.host else "",
        client=inputs.client,
        ca_file=str(inputs.options.ca_file) if inputs.options.ca_file else "",
        reachable=inputs.options.probing,
    )
