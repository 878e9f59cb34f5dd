"""`dbtls clients`: which clients would connect to a server, now and after each fix, and why."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import click

from wizard.cli import offers
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
@click.argument("target", required=False, shell_complete=offers.targets)
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
    shell_complete=offers.clients,
    help="What changes for this server when a client is upgraded, as in: ssms-18 ssms-20.",
)
@click.option(
    "--targets",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Ask every server of a file, one in a line, as --client would; such as the linked servers before an upgrade.",
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
    file: Path | None,
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

    own = _without_secrets(read_options(given))
    if file is not None:
        if asked.target or driver or upgraded:
            raise UsageError("--targets goes with --client and --option, and with no other target.")
        from wizard.cli.fleet import fleet

        return fleet(asked, file, own, as_json=as_json)
    if not asked.target:
        raise UsageError("Which server?", hint="Name one, as in: dbtls clients postgresql://db01")
    if driver and not asked.options.probing:
        raise UsageError("--driver connects, and --no-probe forbids that.")
    if save and not driver:
        raise UsageError("There is nothing to compare without --driver.")
    if upgraded and (driver or asked.client):
        raise UsageError("--explain-upgrade names its clients itself, and only predicts.")
    opened = asked.open()
    known, options = opened.bench.knowledge, asked.options
    chosen = None if upgraded else _chosen(opened, own)
    _tell_passed_over(opened, upgraded or chosen)
    case, account = seen_by_server(opened.bench, opened.case, login, may_ask=not as_json)
    done = opened.bench.diagnose(case)
    verdict = exit_of(done.verdict)
    string = opened.read.options if opened.read else ()
    if upgraded:
        change = forecast.upgrade(done, known, options, *upgraded, own, string=string)
        result(
            json.encode(clients.upgrade_document(change, done.case)) if as_json else clients.upgraded(change)
        )
        # Whether the new one connects; where nothing is known of the old one, so is what changes.
        return _exit({change.after.connects} | ({change.before.connects} & {None}), verdict)
    if chosen is None:
        found = forecast.forecast(done, known, options)
    else:
        found = forecast.forecast_of(done, known, options, chosen, own, string=string)
    if not as_json:  # before the drivers, which take their time
        result(clients.table(found, done.case) if chosen is None else clients.each(found))
    seen = _asked_for_real(done, opened, asked, found, account, agreed=login.unverified) if driver else ()
    if as_json:
        result(json.encode(clients.document(found, done.case, seen)))
    else:
        result(clients.reality(seen))
        result(clients.own_view(done.case, known))
    if save:
        _save(save, seen, done, known)
    return _exit({row.now.connects for row in found.rows} if chosen else {True}, verdict)


def _chosen(opened: Opened, own: Pairs) -> tuple[str, ...] | None:
    """Returns the clients that are meant; None for all, with their defaults.

    Raises:
        UsageError: options without a client.
    """
    from wizard.forecast import readers

    if opened.case.client:
        return (opened.case.client,)
    if own:
        raise UsageError(
            "An option belongs to a client.", hint="Name it: --client odbc-18 --option Encrypt=yes"
        )
    return readers(opened.read, None, opened.bench.knowledge) or None


def _without_secrets(given: Pairs) -> Pairs:
    """Blanks passwords, as that of a trust store is: no prediction depends on one, and none is to be shown."""
    from wizard.diagnosis.connection_string import is_secret
    from wizard.diagnosis.secrets import BLANK, without_secrets

    return tuple((key, BLANK if value and is_secret(key) else without_secrets(value)) for key, value in given)


def _tell_passed_over(opened: Opened, clients: tuple[str, ...] | None) -> None:
    """Tells which settings of the connection string the prediction leaves out."""
    from wizard.forecast import passed_over

    keys = ", ".join(passed_over(opened.read, clients or (), opened.bench.knowledge))
    if keys and clients is None:
        talk(f"Not counted: {keys}. Which client reads that is not known; name it: --client ID")
    elif keys:
        talk(f"Not counted: {keys}. No client that is shown here has such an option about TLS.")


def _asked_for_real(
    done: Diagnosis, opened: Opened, asked: Asked, found: Forecast, account: Login | None, *, agreed: bool
) -> tuple[Seen, ...]:
    from wizard import live

    known = opened.bench.knowledge
    wanted = {row.now.client: row.now.options for row in found.rows}
    here = [one for one in live.drivers_here(done, known) if one.client in wanted]
    if not here:
        talk(
            "dbtls found no driver on this machine that it can ask for"
            f" {next(iter(wanted)) if len(wanted) == 1 else 'any of these clients'}."
            " Some come with: pip install 'dbtls[drivers]'"
        )
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
    from wizard.private_files import write

    reports = [bug_report(one, done.case.facts(), known) for one in seen if one.agreement == "disagrees"]
    if not reports:
        talk("No driver did otherwise than predicted, so nothing was saved.")
        return
    write(file, "\n".join(reports), over=True)
    talk(f"{len(reports)} saved in {file}.")


def _exit(connects: set[bool | None], verdict: Exit) -> Exit:
    """Returns 0 where all that were asked for connect; 3 where the server was not reached."""
    if verdict is Exit.UNREACHABLE:
        return verdict
    if False in connects:
        return Exit.FAULT
    return Exit.INCONCLUSIVE if None in connects else Exit.FINE
