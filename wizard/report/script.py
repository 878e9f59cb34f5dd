"""A fix as one file: a script that stops at the first step that fails, else plain text.

A step that another machine, a person or another program has to carry out stands in it as a comment, and a script for a
shell waits there. SQL goes through the database's own client.
"""

from __future__ import annotations

from collections.abc import Iterator

from wizard.fixes.render import RenderedFix, RenderedStep
from wizard.model.knowledge import Shell
from wizard.report import text
from wizard.report.words import RUN_ON, SHELLS

_SCRIPTS: dict[Shell, tuple[str, str]] = {
    "powershell": ("ps1", "# "),
    "sh": ("sh", "# "),
    "cmd": ("cmd", "rem "),
    "tsql": ("sql", "-- "),
    "mysql": ("sql", "-- "),
    "postgresql": ("sql", "-- "),
    "python": ("py", "# "),
}
"""The ending of a script, and what begins a comment."""

_CLIENTS: dict[Shell, dict[str, str]] = {
    "postgresql": {
        "server": "sudo -u postgres psql -X -v ON_ERROR_STOP=1",
        "client": "psql -X -v ON_ERROR_STOP=1",
    },
    "mysql": {"server": "sudo mysql", "client": "mysql"},
}
"""What takes SQL on stdin in a POSIX shell; as the server's own account on the server."""
_END = "DBTLS_END"
"""Ends a here-document; no statement of a fix is this line."""


def script_name(fix: RenderedFix) -> str:
    """Returns a name for the file."""
    ending, _ = _SCRIPTS.get(_shell(fix), ("txt", ""))
    return f"dbtls-{fix.id}.{ending}"


def as_script(fix: RenderedFix) -> str:
    """Returns what goes into the file."""
    shell = _shell(fix)
    if shell not in _SCRIPTS:
        return "\n".join(text.fixes((fix,)))
    _, comment = _SCRIPTS[shell]
    lines = [*_begin(shell), f"{comment}{fix.title}", *_notes(fix, comment)]
    place = next(step.run_on for step in fix.steps if step.shell == shell)
    for number, step in enumerate(fix.steps, start=1):
        where = f"{step.title} - {RUN_ON[step.run_on]}{', as administrator' if step.as_administrator else ''}"
        lines += ["", f"{comment}{number}. {where}", *_carried_out(step, shell, place, comment)]
    for step in fix.undo:
        lines += ["", f"{comment}undo: {step.title} - {SHELLS[step.shell]}, {RUN_ON[step.run_on]}"]
        lines += [f"{comment}{line}".rstrip() for line in step.text.splitlines()]
    return "\n".join((*lines, "", f"{comment}prove it: {fix.confirm}", ""))


def _shell(fix: RenderedFix) -> Shell:
    """Returns the shell that carries the fix out: of several the one that can wait for the others."""
    shells = [step.shell for step in fix.steps if step.shell != "screen"]
    for one in ("powershell", "sh"):
        if one in shells:
            return one
    return shells[0] if len(set(shells)) == 1 else "screen"


def _begin(shell: Shell) -> Iterator[str]:
    if shell == "sh":
        yield from ("#!/bin/sh", "set -eu", "")
    elif shell == "powershell":
        yield from ("$ErrorActionPreference = 'Stop'", "")


def _notes(fix: RenderedFix, comment: str) -> Iterator[str]:
    if fix.gives_up:
        yield f"{comment}gives up: {fix.gives_up}"
    if fix.rights:
        yield f"{comment}needs: {fix.rights}"
    if fix.restarts:
        yield f"{comment}restarts: {fix.restarts}"
    if fix.missing:
        yield f"{comment}Replace what stands in <angle brackets> first."


def _carried_out(step: RenderedStep, shell: Shell, place: str, comment: str) -> Iterator[str]:
    """Yields the lines of one step, alone by itself: no folder and no variable reaches the next one."""
    here = step.run_on in (place, "anywhere") or place == "anywhere"
    if here and step.shell == shell:
        begin, end = {"sh": ("(", ")"), "powershell": ("& {", "}")}.get(shell, ("", ""))
        yield from (line for line in (begin, step.text, end) if line)
    elif here and shell == "sh" and step.shell in _CLIENTS:
        client = _CLIENTS[step.shell]["server" if place == "server" else "client"]
        yield from (f"{client} <<'{_END}'", step.text, _END)
    else:
        yield f"{comment}{SHELLS[step.shell]}:"
        yield from (f"{comment}  {line}".rstrip() for line in step.text.splitlines())
        if shell == "sh":
            yield "printf 'Do this step by hand as written in this script, then press Enter: '; read -r _"
        elif shell == "powershell":
            yield "Read-Host 'Do this step by hand as written in this script, then press Enter' | Out-Null"
