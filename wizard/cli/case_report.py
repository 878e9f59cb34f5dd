"""`dbtls check --report`: the report of a case, saved, or printed to be looked at first."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.cli.terminal import result, talk
from wizard.errors import FileError, UsageError
from wizard.private_files import only_regular, write
from wizard.report import forms

if TYPE_CHECKING:
    from wizard.diagnosis.proof import Proof
    from wizard.report.redacted import Shown
    from wizard.workbench import Diagnosis, Workbench

STDOUT = Path("-")


def may_be(file: Path | None, *, redact: bool, as_json: bool) -> None:
    """Says before anything is sent what cannot be.

    Raises:
        UsageError: the file has no form, something else is in its place, its folder is missing, or the options do
            not go together.
    """
    if file is None:
        if redact:
            raise UsageError(
                "--redact goes with --report.",
                hint="To look at it first: dbtls check TARGET --report - --redact",
            )
        return
    if file != STDOUT:
        forms.form_of(file)
        only_regular(file)
        if not file.parent.is_dir():
            raise FileError(
                f"There is no folder {file.parent}.", hint="Make it first, or choose another place."
            )
    elif as_json:
        raise UsageError(
            "--json prints the case already; --report - prints it as Markdown. Leave one of them out."
        )


def keep(file: Path, done: Diagnosis, bench: Workbench, proof: Proof | None, *, redact: bool) -> None:
    """Writes the report, or prints it as Markdown; on a terminal it says what is in it.

    Raises:
        UsageError: the file cannot be written.
    """
    from wizard.report.redacted import shown

    report = shown(done, bench, proof, redact=redact)
    form = "md" if file == STDOUT else forms.form_of(file)
    text = forms.report(form, report.done, bench.knowledge, bench.options.at, report.proof)
    if file == STDOUT:
        result(text.splitlines())
    else:
        write(file, text, over=True)
    if sys.stderr is not None and sys.stderr.isatty():
        _tell(file, report, redact=redact)


def _tell(file: Path, report: Shown, *, redact: bool) -> None:
    if not redact:
        where = "This is what --report FILE saves." if file == STDOUT else f"Saved in {file}."
        talk(f"{where} Names of servers are in it; --redact hides them.")
        return
    talk(
        f"{report.hidden}; secrets and users never stand in it."
        if file == STDOUT
        else f"Saved in {file}. {report.hidden}."
    )
    if file == STDOUT:
        talk(f"  {one.original} \N{RIGHTWARDS ARROW} {one.stand_in}" for one in report.replaced)
