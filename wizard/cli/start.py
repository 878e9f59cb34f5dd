"""`dbtls` without a command: opens the wizard on a terminal, else examines like `dbtls check`."""

from __future__ import annotations

import os
import sys

import click
import msgspec

from wizard.cli import offers
from wizard.cli.arguments import json_option
from wizard.cli.options import Asked, with_case
from wizard.cli.terminal import has_screen, is_interactive, talk
from wizard.errors import TargetError, UsageError


@click.command("start")
@click.argument("target", required=False, shell_complete=offers.targets)
@json_option
@with_case
def command(asked: Asked, as_json: bool) -> int:
    """Opens the wizard; without a terminal it is `dbtls check`, on a dumb one the same in plain questions."""
    if has_screen(os.environ.get("TERM")) and not as_json:
        from wizard.cli.screen import open_wizard

        told = asked.target or asked.error or asked.pastes or asked.answers
        return open_wizard((lambda: asked) if told else None)
    if is_interactive() and not as_json:
        asked = _conversation(asked)
    if not asked.target and not asked.error and not asked.pastes:
        raise UsageError(
            "There is nothing to examine.",
            hint='Name a server or paste an error: dbtls sqlserver://sql01 --error "…". Or try: dbtls demo',
        )
    from wizard.cli.check import examine

    return examine(asked, as_json=as_json)


def _conversation(asked: Asked) -> Asked:
    """Asks for what was not given on the command line: the error text and the server."""
    if asked.error is None and asked.target is None:
        talk("Paste the error text and end it with an empty line (or leave it empty):")
        asked = msgspec.structs.replace(asked, error="".join(iter(_line, "")) or None)
    if asked.target is None:
        talk("Which server? For example sqlserver://sql01 (leave it empty if you cannot reach it from here):")
        asked = msgspec.structs.replace(asked, target=_target())
    return asked


def _target() -> str | None:
    """Asks again until the server can be understood, or nothing is typed."""
    from wizard.diagnosis.target import read_target

    while typed := sys.stdin.readline().strip():
        try:
            read_target(typed)
        except TargetError as error:
            talk([error.message, error.hint or "", "Which server?"])
        else:
            return typed
    return None


def _line() -> str:
    line = sys.stdin.readline()
    return line if line.strip() else ""
