"""`dbtls fix`: the fixes of a cause as commands."""

from __future__ import annotations

from typing import get_args

import click

from wizard.cli.arguments import json_option
from wizard.cli.options import Asked, with_case
from wizard.cli.terminal import Exit, result
from wizard.errors import UsageError
from wizard.model.knowledge import Platform
from wizard.model.text import nearest
from wizard.report import json, text
from wizard.workbench import engine_of


@click.command("fix", short_help="the fixes of a cause as commands")
@click.argument("cause")
@click.argument("target", required=False)
@click.option("--platform", type=click.Choice(get_args(Platform)), help="Leave out the fixes for its rivals.")
@json_option
@with_case
def command(asked: Asked, cause: str, platform: Platform | None, as_json: bool) -> int:
    """Prints the fixes of CAUSE, filled in with what is known of TARGET. Sends nothing to it."""
    bench, case, _ = asked.open()
    causes = {one.id: one for one in bench.knowledge.causes}
    if cause not in causes:
        raise UsageError(
            f"There is no cause '{cause}'{nearest(cause, tuple(causes)) or '.'}",
            hint=f"Known: {', '.join(causes)}",
        )
    engine = engine_of(case)
    if engine is not None and engine not in causes[cause].engines:
        raise UsageError(f"'{cause}' does not exist on {engine}.")
    fixes = bench.fixes(case, cause, platform)
    if as_json:
        result(
            json.encode({"schema": "dbtls/fix/1", "cause": cause, "fixes": [json.fix(one) for one in fixes]})
        )
    else:
        result([f"{causes[cause].title} ({cause})", "", *text.fixes(fixes)])
    return Exit.FINE
