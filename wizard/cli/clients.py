"""`dbtls clients`: which clients would connect to a server, now and after each fix, and why."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import click

from wizard.cli.arguments import json_option
from wizard.cli.login import login_options, seen_by_server
from wizard.cli.options import Asked, with_case
from wizard.cli.terminal import Exit, exit_of, result, talk
from wizard.errors import UsageError
from wizard.report import json

if TYPE_CHECKING:
    from wizard.cli.login import LoginAsked
    from wizard.cli.options import Opened
    from wizard.diagnosis.connection_string import Pairs
    from wizard.forecast import Forecast
    from wizard.live import Seen
    from wizard.model.knowledge import Knowledge
    from wizard.model.login import Login
    from wizard.workbench import Diagnosis


@click.command("clients", short_help="which clients would connect, now and after each fix")
@click.argument("target")
@json_option
@click.option(
    "--option",
    "given",
    multiple=True,
    metavar="KEY=VALUE",
    help="An option of --client, spelt as that client spells it; may be repeated.",
)
@click.option(
    "--explain-upgrade",
    "upgraded",
    nargs=2,
    metavar="OLD NEW",
    help="What changes for this server when a client is upgraded, as in: ssms-18 ssms-20.",
)
@click.option(
    "--driver",
    is_flag=True,
    help="Let the drivers of this machine really connect, and compare. Without --login they stop at the login, which"
    " leaves a failed one of the user dbtls in the server's log.",
)
@click.option(
    "--save-disagreement",
    "save",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="With --driver: write what did not go as predicted into a file, as a bug report without names.",
)
@login_options
@with_case
def command(
    asked: Asked,
    login: LoginAsked,
    as_json: bool,
    given: tuple[str, ...],
    upgraded: tuple[str, str] | None,
    driver: bool,
    save: Path | None,
) -> int:
    """Predicts which clients connect to TARGET, what is encrypted, whether the certificate is verified, and why.

    Without --client all clients of that database are listed with their defaults. A connection string as TARGET picks
    the client and its options by itself.
    """
    from wizard import forecast
    from wizard.diagnosis.clients.options import read_options
    from wizard.report import clients

    if save and not driver:
        raise UsageError("There is nothing to compare without --driver.")
    if upgraded and (driver or asked.client):
        raise UsageError("--explain-upgrade names its clients itself, and only predicts.")
    own = read_options(given)
    opened = asked.open()
    known, options = opened.bench.knowledge, asked.options
    chosen = None if upgraded else _chosen(opened, own)
    case, account = seen_by_server(opened.bench, opened.case, login, may_ask=not as_json)
    done = opened.bench.diagnose(case)
    verdict = exit_of(done.verdict)
    string = opened.read.options if opened.read else ()
    if upgraded:
        change = forecast.upgrade(done, known, options, *upgraded, own, string=string)
        result(
            json.encode(clients.upgrade_document(change, done.case)) if as_json else clients.upgraded(change)
        )
        return Exit.UNREACHABLE if verdict is Exit.UNREACHABLE else Exit.FINE
    if chosen is None:
        found = forecast.forecast(done, known, options)
    else:
        found = forecast.forecast_of(done, known, options, chosen, own, string=string)
    seen = _asked_for_real(done, opened, asked, found, account, agreed=login.unverified) if driver else ()
    if save:
        _save(save, seen, done, known)
    if as_json:
        result(json.encode(clients.document(found, done.case, seen)))
    else:
        result(clients.table(found, done.case) if chosen is None else clients.each(found))
        result(clients.reality(seen))
        result(clients.own_view(done.case, known))
    return _exit(found, verdict, single=chosen is not None)


def _chosen(opened: Opened, own: Pairs) -> tuple[str, ...] | None:
    """Returns the clients that are meant; None for all, with their defaults.

    Raises:
        UsageError: options without a client.
    """
    case, read = opened.case, opened.read
    if case.client:
        return (case.client,)
    if own:
        raise UsageError(
            "An option belongs to a client.", hint="Name it: --client odbc-18 --option Encrypt=yes"
        )
    if read is None or not read.options:
        return None
    profiles = (one for one in opened.bench.knowledge.profiles if read.target.engine in one.engines)
    return tuple(one.id for one in profiles if read.dialect in one.strings) or None


def _asked_for_real(
    done: Diagnosis, opened: Opened, asked: Asked, found: Forecast, account: Login | None, *, agreed: bool
) -> tuple[Seen, ...]:
    from wizard import live

    known = opened.bench.knowledge
    wanted = {row.now.client: row.now.options for row in found.rows}
    here = [one for one in live.drivers_here(done, known) if one.client in wanted]
    if not here:
        talk("None of these drivers is on this machine. To have some: pip install 'dbtls[drivers]'")
    seen: list[Seen] = []
    for one in here:
        talk(f"Connecting with {one.client} {one.version or ''} …")
        seen += live.ask(
            done,
            known,
            asked.options,
            [one],
            pairs=wanted[one.client],
            login=account,
            unverified_ok=agreed,
            explain=lambda text: opened.bench.explain(text).symptom,
            cancelled=Event(),
        )
    return tuple(seen)


def _save(file: Path, seen: tuple[Seen, ...], done: Diagnosis, known: Knowledge) -> None:
    from wizard.live import bug_report
    from wizard.report.write import write

    reports = [bug_report(one, done.case.facts(), known) for one in seen if one.agreement == "disagrees"]
    if not reports:
        talk("Every driver did as predicted; nothing was saved.")
        return
    write(file, "\n".join(reports), over=True)
    talk(f"{len(reports)} saved in {file}.")


def _exit(found: Forecast, verdict: Exit, *, single: bool) -> Exit:
    """Returns 0 for a table, and for one client whether it connects; 3 where the server was not reached."""
    if verdict is Exit.UNREACHABLE:
        return verdict
    connects = {row.now.connects for row in found.rows} if single else {True}
    if False in connects:
        return Exit.FAULT
    return Exit.INCONCLUSIVE if None in connects else Exit.FINE
