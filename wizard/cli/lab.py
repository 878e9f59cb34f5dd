"""`dbtls lab`: loopback servers with chosen faults."""

from __future__ import annotations

import signal
import threading

import click

from wizard.cli.arguments import json_option
from wizard.cli.terminal import Exit, result, talk
from wizard.errors import UsageError
from wizard.knowledge.cache import knowledge
from wizard.lab.server import LabServer, serve
from wizard.model.knowledge import ScenarioEntry
from wizard.model.text import nearest
from wizard.report import json


@click.group("lab", short_help="broken servers to practise on")
def command() -> None:
    """Runs database servers with chosen faults on this machine. Nothing leaves it."""


@command.command("list")
@json_option
def list_(as_json: bool) -> int:
    """Lists the scenarios."""
    scenarios = knowledge().scenarios
    if as_json:
        result(json.encode([_scenario(one) for one in scenarios]))
    else:
        width = max((len(one.id) for one in scenarios), default=0)
        result(f"{one.id:<{width}}  {one.title}" for one in scenarios)
    return Exit.FINE


@command.command("serve")
@click.argument("scenario")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="The port; without it a free one is taken."
)
def serve_(scenario: str, port: int) -> int:
    """Serves SCENARIO on 127.0.0.1 until it is interrupted. Prints one JSON line when it listens."""
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
    """Returns a scenario by its id.

    Raises:
        UsageError: there is no such scenario.
    """
    scenarios = {one.id: one for one in knowledge().scenarios}
    if wanted not in scenarios:
        raise UsageError(
            f"There is no scenario '{wanted}'{nearest(wanted, tuple(scenarios)) or '.'}",
            hint="See: dbtls lab list",
        )
    return scenarios[wanted]


def _scenario(one: ScenarioEntry) -> json.Json:
    return {
        "scenario": one.id,
        "title": one.title,
        "engine": one.engine,
        "server_name": one.server_name,
        "expect": _expected(one),
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
