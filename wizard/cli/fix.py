"""`dbtls fix`: the fixes of a cause as commands."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from wizard.cli import offers
from wizard.cli.arguments import json_option
from wizard.cli.options import Asked, with_case
from wizard.cli.terminal import Exit, is_interactive, result, talk
from wizard.errors import UsageError
from wizard.fixes.values import Given, Values, case_values, read_value
from wizard.model.knowledge import CauseEntry, Knowledge, Parameter, Platform
from wizard.model.text import nearest, printable
from wizard.report import json, script, text
from wizard.report.selected import TO_CHOOSE_FROM, most_useful
from wizard.workbench import engine_of

if TYPE_CHECKING:
    from wizard.fixes.render import RenderedFix
    from wizard.made_certificate import Made
    from wizard.model.case import Case
    from wizard.workbench import Workbench


@click.command("fix", short_help="the fixes of a cause as commands")
@click.argument("cause", shell_complete=offers.causes)
@click.argument("target", required=False, shell_complete=offers.targets)
@click.option("--platform", type=click.Choice(get_args(Platform)), help="Leave out the fixes for its rivals.")
@click.option(
    "--id",
    "chosen",
    metavar="FIX",
    shell_complete=offers.fixes,
    help="Only this fix; on a terminal you are asked for what is not known of it.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="What stands for a placeholder, such as names=db01,db01.corp.example; may be repeated.",
)
@click.option(
    "--make-certificate",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Make a small private CA and a certificate with every name in this folder, and use them.",
)
@click.option(
    "--overwrite", is_flag=True, help="Let --make-certificate replace an earlier server's certificate."
)
@click.option("--script", "as_script", is_flag=True, help="Print the fix chosen with --id as one script.")
@json_option
@with_case
def command(
    asked: Asked,
    cause: str,
    platform: Platform | None,
    chosen: str | None,
    settings: tuple[str, ...],
    folder: Path | None,
    overwrite: bool,
    as_script: bool,
    as_json: bool,
) -> int:
    """Prints the fixes of CAUSE, filled in with what is known of TARGET. Sends nothing to it."""
    if as_script and chosen is None:
        raise UsageError("A script is made of one fix.", hint="Name it too: --id FIX")
    bench, case, _ = asked.open()
    entry = _cause(cause, bench.knowledge)
    engine = engine_of(case)
    if engine is not None and engine not in entry.engines:
        raise UsageError(f"'{cause}' does not exist on {engine}.")
    filled = _settings(settings, bench.knowledge)
    if chosen is not None:  # a slip of the pen is told before anything is made
        _only(chosen, bench.fixes(case, cause, platform, filled), cause)
    made = _make(bench, case, cause, folder, filled, overwrite=overwrite, ask=not as_json) if folder else None
    filled |= made.values if made else {}
    fixes = bench.fixes(case, cause, platform, filled)
    if made:
        fixes = _for_what_was_made(fixes, bench.knowledge)
    if chosen is not None:
        fixes = _only(chosen, fixes, cause)
        if fixes[0].missing and is_interactive() and not as_json:
            filled |= _asked_for(fixes[0], bench.knowledge)
            fixes = _only(chosen, bench.fixes(case, cause, platform, filled), cause)
    if as_json:
        listed = [json.fix(one) for one in fixes]
        document: dict[str, json.Json] = {"schema": "dbtls/fix/1", "cause": cause, "fixes": listed}
        document["made"] = json.made(made) if made else None
        result(json.encode(document))
    elif as_script:
        result(script.as_script(fixes[0]).splitlines())
    else:
        whole = _whole(fixes, narrowed=platform is not None or case.client is not None)
        made_lines = (*text.made(made), "") if made else ()
        result(
            [
                f"{entry.title} ({cause})",
                "",
                *made_lines,
                *text.fixes(fixes, whole),
                *_unfilled(fixes, whole, chosen),
            ]
        )
    return Exit.FINE


def _cause(wanted: str, known: Knowledge) -> CauseEntry:
    causes = {one.id: one for one in known.causes}
    if wanted not in causes:
        raise UsageError(
            f"There is no cause '{wanted}'{nearest(wanted, tuple(causes)) or '.'}",
            hint=f"Known: {', '.join(causes)}",
        )
    return causes[wanted]


def _only(wanted: str, fixes: tuple[RenderedFix, ...], cause: str) -> tuple[RenderedFix, ...]:
    found = tuple(fix for fix in fixes if fix.id == wanted)
    if not found:
        ids = tuple(fix.id for fix in fixes)
        raise UsageError(
            f"'{cause}' has no such fix here: '{wanted}'{nearest(wanted, ids) or '.'}",
            hint=f"It has: {', '.join(ids)}",
        )
    return found


def _parameters(known: Knowledge) -> dict[str, Parameter]:
    return {parameter.id: parameter for fix in known.fixes for parameter in fix.parameters}


def _settings(settings: Iterable[str], known: Knowledge) -> dict[str, Given]:
    parameters = _parameters(known)
    filled: dict[str, Given] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise UsageError(
                "A setting has the form NAME=VALUE.", hint="For example: --set ca_file=/tmp/ca.pem"
            )
        if name not in parameters:
            raise UsageError(
                f"No fix has a placeholder '{printable(name, longest=40)}'{nearest(name, tuple(parameters)) or '.'}",
                hint="With --json, the key 'missing' of a fix lists those that it still needs.",
            )
        filled[name] = read_value(value, parameters[name])
    return filled


def _asked_for(fix: RenderedFix, known: Knowledge) -> dict[str, Given]:
    """Asks on stderr for what a fix still needs; an empty line leaves the placeholder."""
    entry = next(one for one in known.fixes if one.id == fix.id)
    parameters = {parameter.id: parameter for parameter in entry.parameters}
    filled: dict[str, Given] = {}
    talk("Some things are not known yet. Enter alone leaves a placeholder.")
    for name in fix.missing:
        parameter = parameters[name]
        while True:
            sys.stderr.write(f"{parameter.meaning} (such as {parameter.example}): ")
            sys.stderr.flush()
            line = sys.stdin.readline()
            if not line.strip():
                break
            try:
                filled[name] = read_value(line, parameter)
                break
            except UsageError as error:
                talk([error.message, error.hint or ""])
    return filled


def _whole(fixes: tuple[RenderedFix, ...], *, narrowed: bool) -> frozenset[str]:
    """Returns the ids of the fixes whose commands are printed: all that can be read, where nobody said what for."""
    return most_useful(fixes, None if narrowed else TO_CHOOSE_FROM)


def _unfilled(fixes: tuple[RenderedFix, ...], whole: frozenset[str], chosen: str | None) -> Iterator[str]:
    """Yields how to fill in what stands in angle brackets, and how to see what is not shown."""
    if len(whole) < len(fixes):
        yield "For the commands of those that are only named add --id ID, --platform PLATFORM or --client CLIENT."
    lacking = [fix for fix in fixes if fix.missing]
    if lacking and chosen is None:
        yield "What stands in <angle brackets> is not known yet. Have it filled in:"
        yield f"  add --id {lacking[0].id} to this command and be asked, or --set {lacking[0].missing[0]}=VALUE"
    elif lacking:
        yield f"Not known yet: {', '.join(f'--set {name}=VALUE' for name in lacking[0].missing)}"


def _for_what_was_made(fixes: tuple[RenderedFix, ...], known: Knowledge) -> tuple[RenderedFix, ...]:
    """Returns the fixes that install a new certificate from files."""
    takes = {fix.id for fix in known.fixes if any(parameter.made for parameter in fix.parameters)}
    return tuple(fix for fix in fixes if fix.id in takes)


def _make(
    bench: Workbench, case: Case, cause: str, folder: Path, filled: Values, *, overwrite: bool, ask: bool
) -> Made:
    """Makes the certificate, once it is sure that it is of use; asks before it replaces one."""
    from wizard.made_certificate import make_certificate, would_replace

    if not _for_what_was_made(bench.fixes(case, cause), bench.knowledge):
        raise UsageError(f"A new certificate does not mend '{cause}'.")
    names = filled.get("names") or case_values(case).get("names")
    if not isinstance(names, tuple):
        raise UsageError(
            "A certificate needs the names that clients use.",
            hint="Name the server, or say --set names=db01,db01.corp.example",
        )
    engine = engine_of(case)
    there = would_replace(folder, engine)
    if there and not overwrite and ask and is_interactive():
        sys.stderr.write(f"Replace the server's certificate and key in {printable(str(folder))}? [y/N] ")
        sys.stderr.flush()
        overwrite = sys.stdin.readline().strip().lower() in ("y", "yes")
    return make_certificate(folder, names, engine, bench.options.at, over=overwrite)
