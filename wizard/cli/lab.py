"""`dbtls lab`: loopback servers with chosen faults."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, get_args

import click

from wizard.cli import offers
from wizard.cli.arguments import json_option
from wizard.cli.terminal import Exit, result, talk
from wizard.errors import UsageError
from wizard.knowledge.cache import knowledge
from wizard.model.knowledge import ScenarioEntry, Topic
from wizard.model.text import nearest
from wizard.report import json

if TYPE_CHECKING:
    from wizard.lab.exercises import Exercise
    from wizard.lab.server import LabServer


@click.group("lab", short_help="broken servers to practise on")
def command() -> None:
    """Runs database servers with chosen faults on this machine. Nothing leaves it."""


@command.command("list")
@click.option("--topic", type=click.Choice(get_args(Topic)), help="Only the scenarios of this topic.")
@click.option("--difficulty", type=click.IntRange(1, 3), help="Only those that are this hard.")
@click.option("--sheet", is_flag=True, help="Print an exercise sheet in Markdown, with the solutions.")
@json_option
def list_(topic: Topic | None, difficulty: int | None, sheet: bool, as_json: bool) -> int:
    """Lists the scenarios."""
    if sheet and as_json:
        raise UsageError("The sheet is Markdown, so --sheet and --json exclude each other.")
    from wizard.lab.exercises import exercises

    known = knowledge()
    chosen = [
        one for one in exercises(known) if topic in (None, one.topic) and difficulty in (None, one.difficulty)
    ]
    if sheet:
        from wizard.cli.exercise_sheet import sheet_of

        result(sheet_of(chosen, known))
        return Exit.FINE
    place = {one.id: number for number, one in enumerate(known.scenarios)}
    chosen.sort(key=lambda one: place[one.scenario.id])
    if as_json:
        result(json.encode([_exercise(one) for one in chosen]))
    else:
        width = max((len(one.scenario.id) for one in chosen), default=0)
        result(f"{one.scenario.id:<{width}}  {one.scenario.title}" for one in chosen)
    return Exit.FINE


@command.command("serve")
@click.argument("scenario", shell_complete=offers.scenarios)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="The port; without it a free one is taken."
)
def serve_(scenario: str, port: int) -> int:
    """Serves SCENARIO on 127.0.0.1 until it is interrupted. Prints one JSON line when it listens.

    SCENARIO is an id, or the number of an exercise from `dbtls lab list --sheet`.
    """
    from wizard.lab.server import serve  # takes longer than all the rest

    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda number, frame: stop.set())
    with serve(find_scenario(scenario), port) as server:
        result(json.encode(_listening(server)))
        talk(f"Try: dbtls check {server.scenario.engine}://{server.host}:{server.port}{_options(server)}")
        while not stop.wait(1):
            pass
    return Exit.INTERRUPTED


def find_scenario(wanted: str) -> ScenarioEntry:
    """Returns a scenario by its id, or by the number of its exercise, which does not give the answer away.

    Raises:
        UsageError: there is no such scenario.
    """
    known = knowledge()
    scenarios = {one.id: one for one in known.scenarios}
    if wanted.isdecimal():
        from wizard.lab.exercises import exercises

        scenarios = {str(one.number): one.scenario for one in exercises(known)}
    if wanted not in scenarios:
        raise UsageError(
            f"There is no scenario '{wanted}'{nearest(wanted, tuple(scenarios)) or '.'}",
            hint="See: dbtls lab list",
        )
    return scenarios[wanted]


def _exercise(one: Exercise) -> json.Json:
    return {
        "scenario": one.scenario.id,
        "title": one.scenario.title,
        "engine": one.scenario.engine,
        "server_name": one.scenario.server_name,
        "expect": _expected(one.scenario),
        "topic": one.topic,
        "difficulty": one.difficulty,
        "exercise": one.number,
    }


def _listening(server: LabServer) -> json.Json:
    return {
        "scenario": server.scenario.id,
        "engine": server.scenario.engine,
        "host": server.host,
        "port": server.port,
        "server_name": server.server_name,
        "ca_file": str(server.ca_file) if server.ca_file else None,
        "expect": _expected(server.scenario),
    }


def _expected(one: ScenarioEntry) -> json.Json:
    return {"cause": one.cause, "also": list(one.also)}


def _options(server: LabServer) -> str:
    ca_file = f" --ca-file {server.ca_file}" if server.ca_file else ""
    return f" --server-name {server.server_name}{ca_file}"
