"""`dbtls check`: the whole diagnosis, asking numbered questions where a person can be asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click

from wizard.cli.arguments import json_option
from wizard.cli.login import NO_LOGIN, LoginAsked, login_options, seen_by_server
from wizard.cli.options import Asked, with_case
from wizard.cli.questions import ask
from wizard.cli.terminal import Exit, exit_of, is_interactive, result, talk
from wizard.errors import UsageError
from wizard.model.knowledge import Knowledge
from wizard.model.target import NAMES, Engine
from wizard.report import forms, json, text
from wizard.report.write import only_regular, write
from wizard.workbench import Diagnosis, Progress, nobody


@click.command("check", short_help="the whole diagnosis of a server")
@click.argument("target", required=False)
@json_option
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a report for a ticket too: .md, .html, .json, or .txt to read out to a caller.",
)
@login_options
@with_case
def command(asked: Asked, login: LoginAsked, as_json: bool, report: Path | None) -> int:
    """Examines TARGET, names the cause and prints the fixes.

    TARGET is sqlserver://host[:port], sqlserver://host/INSTANCE, mysql://…, mariadb://…, postgresql://…, or a pasted
    connection string, or - to read one from stdin. Credentials in it are dropped at once; without --login nothing logs
    in.
    """
    if not asked.target and not asked.error and not asked.pastes:
        raise UsageError(
            "There is nothing to examine.", hint="Name a server, as in: dbtls check postgresql://db01"
        )
    return examine(asked, as_json=as_json, report=report, login=login)


def examine(asked: Asked, *, as_json: bool, report: Path | None = None, login: LoginAsked = NO_LOGIN) -> Exit:
    """Runs the diagnosis, prints it and writes the report where one is wanted; returns the exit status.

    Raises:
        UsageError: an argument cannot be used, or the report has no form or cannot be written.
    """
    if report:  # what cannot be is said before anything is sent
        forms.form_of(report)
        only_regular(report)
    bench, case, _ = asked.open()

    def watch(progress: Progress) -> None:
        talk(text.evidence(progress.evidence, bench.knowledge))

    case, _ = seen_by_server(bench, case, login, may_ask=not as_json)
    if as_json:
        done = bench.diagnose(case)
        result(json.encode(json.diagnosis(done)))
        if report:
            _keep(report, done, bench.knowledge, asked.options.at)
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
    if report:
        _keep(report, done, bench.knowledge, asked.options.at)
    return exit_of(done.verdict)


def _keep(file: Path, done: Diagnosis, knowledge: Knowledge, at: datetime) -> None:
    write(file, forms.report(forms.form_of(file), done, knowledge, at), over=True)


def _mixed_up(said: Engine, engine: Engine) -> Iterator[str]:
    """Yields a warning where the error text and the target are of different databases."""
    same = ("mysql", "mariadb")
    if said != engine and not (said in same and engine in same):
        yield f"Note: the error text is from {NAMES[said]}, but the server is named as {NAMES[engine]}."
