"""`dbtls demo`: a broken server on the loopback, walked through from the error text to the fixes."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from wizard.cli.check import examine
from wizard.cli.lab import find_scenario
from wizard.cli.options import Asked
from wizard.cli.terminal import Exit, talk
from wizard.lab.server import serve
from wizard.workbench import Options

_SCENARIO = "sqlserver/self-generated-certificate"
_SERVER_NAME = "sql01.corp.example"
"""The name that the caller of the story uses, so that the commands look like those of a real server."""


@click.command("demo", short_help="a broken server on this machine, walked through")
def command() -> int:
    """Starts a SQL Server look-alike with a certificate that it made itself, and diagnoses it."""
    with serve(find_scenario(_SCENARIO)) as server:
        talk(
            [f"A broken SQL Server listens on {server.host}:{server.port}. Nothing leaves this machine.", ""]
        )
        asked = Asked(
            target=f"sqlserver://{server.host}:{server.port}",
            error=server.scenario.error,
            server_name=_SERVER_NAME,
            client=None,
            answers=(),
            options=Options(at=datetime.now(UTC), ca_file=server.ca_file),
        )
        examine(asked, as_json=False)
    return Exit.FINE
