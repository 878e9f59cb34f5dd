"""`dbtls howto`: how to find a fact out by hand, as commands."""

from __future__ import annotations

from typing import Literal

import click

from wizard.cli import offers
from wizard.cli.arguments import json_option
from wizard.cli.options import Asked, with_case
from wizard.cli.terminal import Exit, result, talk
from wizard.errors import UsageError
from wizard.model.knowledge import HowTo
from wizard.report import json, text

Where = Literal["windows", "linux", "macos"]


@click.command("howto", short_help="how to find a fact out, as commands")
@click.argument("fact", shell_complete=offers.facts)
@click.argument("target", required=False, shell_complete=offers.targets)
@click.option(
    "--platform",
    type=click.Choice(["windows", "linux", "macos"]),
    help="Only what works there, nothing around it.",
)
@json_option
@with_case
def command(asked: Asked, fact: str, platform: Where | None, as_json: bool) -> int:
    """Prints the commands that show FACT, filled in with what is known of TARGET, and what to look for.

    With --platform the commands alone go to stdout, so that they can be saved: dbtls howto certificate.made_by
    sqlserver://sql01 --platform windows > look.ps1. Paste what they print into dbtls, or hand it over by --paste.
    """
    bench, case, _ = asked.open()
    ways = bench.how_to(case, fact)
    if platform is not None:
        own = tuple(how for how in ways if how.platform == platform)
        ways = own or tuple(how for how in ways if how.platform == "any")
    if not ways:
        raise UsageError(
            "There is no command for that.", hint="Without --platform all are shown, where there are any."
        )
    if as_json:
        result(json.encode({"schema": "dbtls/howto/1", "fact": fact, "how_to": [_row(how) for how in ways]}))
    elif platform is not None:
        talk(how.look_for for how in ways)
        result(line for how in ways for line in how.text.splitlines())
    else:
        result(line for how in ways for line in (*text.how_to(how), ""))
    return Exit.FINE


def _row(how: HowTo) -> dict[str, json.Json]:
    return {
        "engines": how.engines,
        "platform": how.platform,
        "run_on": how.run_on,
        "shell": how.shell,
        "text": how.text,
        "look_for": how.look_for,
    }
