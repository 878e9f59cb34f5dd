"""`dbtls check`: the whole diagnosis, asking numbered questions where a person can be asked."""

from __future__ import annotations

from collections.abc import Iterator

import click

from wizard.cli.arguments import json_option
from wizard.cli.options import Asked, with_case
from wizard.cli.questions import ask
from wizard.cli.terminal import Exit, exit_of, is_interactive, result, talk
from wizard.errors import UsageError
from wizard.model.target import NAMES, Engine
from wizard.report import json, text
from wizard.workbench import Progress, nobody


@click.command("check", short_help="the whole diagnosis of a server")
@click.argument("target", required=False)
@json_option
@with_case
def command(asked: Asked, as_json: bool) -> int:
    """Examines TARGET, names the cause and prints the fixes.

    TARGET is sqlserver://host[:port], sqlserver://host/INSTANCE, mysql://…, mariadb://…, postgresql://…, or a pasted
    connection string, or - to read one from stdin. Credentials in it are dropped at once; nothing is logged in.
    """
    if not asked.target and not asked.error and not asked.pastes:
        raise UsageError(
            "There is nothing to examine.", hint="Name a server, as in: dbtls check postgresql://db01"
        )
    return examine(asked, as_json=as_json)


def examine(asked: Asked, *, as_json: bool) -> Exit:
    """Runs the diagnosis and prints it; returns the exit status."""
    bench, case = asked.open()

    def watch(progress: Progress) -> None:
        talk(text.evidence(progress.evidence, bench.knowledge))

    if as_json:
        done = bench.diagnose(case)
        result(json.encode(json.diagnosis(done)))
        return exit_of(done.verdict)
    if case.error:
        result([*text.explanation(bench.explain(case.error), bench.knowledge), ""])
    if case.target and case.error and (said := bench.explain(case.error).engine):
        talk(_mixed_up(said, case.target.engine))
    if case.target and asked.options.probing:
        talk(f"Asking {case.target} as {case.target.server_name} …")
    interactive = is_interactive()
    done = bench.diagnose(case, ask(case.target) if interactive else nobody, watch)
    result(text.diagnosis(done, bench.knowledge, asked.options.at))
    return exit_of(done.verdict)


def _mixed_up(said: Engine, engine: Engine) -> Iterator[str]:
    """Yields a warning where the error text and the target are of different databases."""
    same = ("mysql", "mariadb")
    if said != engine and not (said in same and engine in same):
        yield f"Note: the error text is from {NAMES[said]}, but the server is named as {NAMES[engine]}."
