"""`dbtls check`: the whole diagnosis, asking numbered questions where a person can be asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from wizard.cli import case_report, offers
from wizard.cli.arguments import json_option
from wizard.cli.login import NO_LOGIN, LoginAsked, login_options, seen_by_server
from wizard.cli.options import Asked, with_case
from wizard.cli.questions import ask
from wizard.cli.terminal import Exit, exit_of, is_interactive, result, talk
from wizard.cli.watch import Watching, watched
from wizard.errors import UsageError
from wizard.model.target import NAMES, Engine
from wizard.report import json, text
from wizard.workbench import Progress, nobody


@click.command("check", short_help="the whole diagnosis of a server")
@click.argument("target", required=False, shell_complete=offers.targets)
@json_option
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a report for a ticket too: .md, .html, .json, or .txt to read out to a caller. With - it is printed, to"
    " look at it first.",
)
@click.option(
    "--redact",
    is_flag=True,
    help="With --report: hide names of servers, addresses and databases too. Secrets and users always are.",
)
@click.option(
    "--watch",
    "watching",
    is_flag=True,
    help="Ask again until the verdict changes, and show what has changed.",
)
@click.option(
    "--every",
    type=click.FloatRange(1, 3600),
    help="With --watch: seconds between two rounds. Usually 5; 20 for MySQL and MariaDB, which count connections.",
)
@click.option(
    "--driver",
    is_flag=True,
    help="With --watch: let the drivers of this machine really connect, before and after. It leaves failed logins of"
    " the user dbtls in the server's log.",
)
@login_options
@with_case
def command(
    asked: Asked,
    login: LoginAsked,
    as_json: bool,
    report: Path | None,
    redact: bool,
    watching: bool,
    every: float | None,
    driver: bool,
) -> int:
    """Examines TARGET, names the cause and prints the fixes.

    TARGET is sqlserver://host[:port], sqlserver://host/INSTANCE, mysql://…, mariadb://…, postgresql://…, or a pasted
    connection string, or - to read one from stdin. Credentials in it are dropped at once; without --login nothing logs
    in.
    """
    if not asked.target and not asked.error and not asked.pastes:
        raise UsageError(
            "There is nothing to examine.", hint="Name a server, as in: dbtls check postgresql://db01"
        )
    if watching and (not asked.target or not asked.options.probing):
        raise UsageError("--watch asks a server: name one, and leave --no-probe out.")
    if watching and asked.target == "-":
        raise UsageError("--watch needs the target on the command line: stdin can be read once only.")
    if driver and not watching:
        raise UsageError(
            "--driver goes with --watch.", hint="To let drivers connect once: dbtls clients TARGET --driver"
        )
    watching_as = Watching(every, driver) if watching else None
    return examine(asked, as_json=as_json, report=report, redact=redact, login=login, watching=watching_as)


def examine(
    asked: Asked,
    *,
    as_json: bool,
    report: Path | None = None,
    redact: bool = False,
    login: LoginAsked = NO_LOGIN,
    watching: Watching | None = None,
) -> Exit:
    """Runs the diagnosis, prints it and writes the report where one is wanted; returns the exit status.

    Args:
        asked: what the person asked for.
        as_json: print one document, and ask nothing.
        report: the file to write the report to; `-`: it is printed in place of the diagnosis.
        redact: whether the report hides names of servers.
        login: what the person gave to log in with.
        watching: how to ask again until the verdict changes; None: once is enough.

    Raises:
        UsageError: an argument cannot be used, or the report has no form or cannot be written.
    """
    case_report.may_be(report, redact=redact, as_json=as_json)
    told = _nothing if report == case_report.STDOUT else result
    bench, case, _ = asked.open()

    def watch(progress: Progress) -> None:
        talk(text.evidence(progress.evidence, bench.knowledge))

    case, _ = seen_by_server(bench, case, login, may_ask=not as_json)
    if as_json:
        first = bench.diagnose(case)
        done, proof = watched(asked, first, bench, watching) if watching else (first, None)
        document = json.diagnosis(done)
        result(
            json.encode(
                {**document, "proof": json.proof_of(proof) if proof else None} if watching else document
            )
        )
    else:
        if case.error:
            told([*text.explanation(bench.explain(case.error), bench.knowledge), ""])
        if case.target and case.error and (said := bench.explain(case.error).engine):
            talk(_mixed_up(said, case.target.engine))
        if case.target and asked.options.probing:
            talk(f"Asking {case.target} as {case.target.server_name} …")
        interactive = is_interactive()
        first = bench.diagnose(case, ask(case.target) if interactive else nobody, watch)
        told(text.diagnosis(first, bench.knowledge, asked.options.at))
        done, proof = watched(asked, first, bench, watching) if watching else (first, None)
        if proof:
            told(["", *text.proven(proof, done, bench.knowledge)])
    if report:
        case_report.keep(report, first if proof else done, bench, proof, redact=redact)
    return exit_of(done.verdict)


def _nothing(lines: Iterable[str]) -> None:
    """Prints nothing: the report stands in place of the diagnosis."""


def _mixed_up(said: Engine, engine: Engine) -> Iterator[str]:
    """Yields a warning where the error text and the target are of different databases."""
    same = ("mysql", "mariadb")
    if said != engine and not (said in same and engine in same):
        yield f"Note: the error text is from {NAMES[said]}, but the server is named as {NAMES[engine]}."
