"""`dbtls demo`: a broken server on the loopback, walked through from the error text to the fixes."""

from __future__ import annotations

import os
from contextlib import ExitStack
from datetime import UTC, datetime

import click

from wizard.cli.options import Asked
from wizard.cli.terminal import Exit, has_screen, talk
from wizard.model.options import Options

_SCENARIO = "sqlserver/self-generated-certificate"
_SERVER_NAME = "sql01.corp.example"
"""The name that the caller of the story uses, so that the commands look like those of a real server."""


@click.command("demo", short_help="a broken server on this machine, walked through")
def command() -> int:
    """Starts a SQL Server look-alike with a certificate that it made itself, and opens the wizard on it.

    Without a terminal the same case is walked through in plain text.
    """
    with ExitStack() as lab:
        if has_screen(os.environ.get("TERM")):
            from wizard.cli.screen import open_wizard

            words = "Starting a broken SQL Server on this machine …"
            return open_wizard(lambda: _broken(lab), at_error=True, waiting_for=words)
        from wizard.cli.check import examine

        asked = _broken(lab)
        talk([f"A broken SQL Server listens at {asked.target}. Nothing leaves this machine.", ""])
        examine(asked, as_json=False)
    return Exit.FINE


def _broken(lab: ExitStack) -> Asked:
    """Starts the server, until `lab` is closed, and returns what its user would say."""
    from wizard.cli.lab import find_scenario
    from wizard.lab.server import serve

    server = lab.enter_context(serve(find_scenario(_SCENARIO)))
    return Asked(
        target=f"sqlserver://{server.host}:{server.port}",
        error=server.scenario.error,
        server_name=_SERVER_NAME,
        client=None,
        answers=(),
        options=Options(at=datetime.now(UTC), ca_file=server.ca_file),
    )
