"""The command line: finds the command, runs it, and turns every failure into one sentence and an exit status."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from pathlib import Path

import click

from wizard import __version__
from wizard.cli.terminal import CannotWriteError, Exit, talk
from wizard.errors import KnowledgeError, ProbeError, WizardError
from wizard.model.text import nearest

_COMMANDS = {
    "check": "the whole diagnosis of a server",
    "demo": "a broken server on this machine, walked through",
    "explain": "what an error message means",
    "fix": "the fixes of a cause as commands",
    "howto": "how to find a fact out, as commands",
    "inspect": "a certificate or chain from files",
    "knowledge": "check or draw the knowledge",
    "lab": "broken servers to practise on",
}
_START = "start"


class Commands(click.Group):
    """Loads each command when it is used, since most of them need what the others do without."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names of all commands."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Returns a command by its name."""
        if cmd_name != _START and cmd_name not in _COMMANDS:
            return None
        found = importlib.import_module(f"wizard.cli.{cmd_name}").command
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Takes what is no command for a target or an option of the wizard: `dbtls sqlserver://sql01`."""
        first = args[0] if args else ""
        if first not in (*_COMMANDS, "--help", "-h", "--version"):
            if first.isalpha() and (suggestion := nearest(first, tuple(_COMMANDS))):
                raise click.UsageError(f"There is no command '{first}'{suggestion}")
            args = [_START, *args]
        return super().parse_args(ctx, args)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dbtls")
def command() -> None:
    """Finds out why a database connection fails on its certificate, and how to mend it.

    Paste the error or name the server: `dbtls sqlserver://sql01 --error "…"`. `dbtls demo` needs no server at all.
    """


def run(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit status. Never raises, never shows a traceback."""
    _hide_arguments()
    try:
        status = command.main(list(arguments), prog_name="dbtls", standalone_mode=False)
    except WizardError as error:
        return _failed(error)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        talk(error.format_message().splitlines())
        return Exit.USAGE
    except click.UsageError as error:
        from wizard.diagnosis.secrets import without_secrets  # the words of the message are what was typed

        message = without_secrets(error.format_message())
        talk([*f"dbtls: {message}".splitlines(), "Try: dbtls --help"])
        return Exit.USAGE
    except (click.Abort, KeyboardInterrupt):
        talk("Interrupted.")
        return Exit.INTERRUPTED
    except CannotWriteError as error:
        talk(f"dbtls: the result cannot be written: {error}")
        return Exit.USAGE
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug is logged, not shown
        return _bug(error)
    return status if isinstance(status, int) else Exit.FINE


def _hide_arguments() -> None:
    """Takes the arguments out of the process list: a pasted connection string may hold a password."""
    import setproctitle

    setproctitle.setproctitle("dbtls")


def _failed(error: WizardError) -> int:
    from wizard.diagnosis.secrets import without_secrets

    talk(f"dbtls: {without_secrets(error.message)}")
    if isinstance(error, KnowledgeError):
        talk(error.problems)
    if error.hint:
        talk(error.hint)
    return Exit.UNREACHABLE if isinstance(error, ProbeError) else Exit.USAGE


def _bug(error: Exception) -> int:
    """Writes a log that names the place of the bug. It holds no values: these may be secrets."""
    import tempfile  # takes 10 ms, for what should never happen

    places: list[str] = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{Path(code.co_filename).name}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    descriptor, name = tempfile.mkstemp(prefix="dbtls-bug-", suffix=".log")
    with os.fdopen(descriptor, "w", encoding="utf-8") as log:
        log.write("\n".join([f"dbtls {__version__}", error.__class__.__name__, *places]) + "\n")
    talk(
        [
            f"dbtls: this is a bug in dbtls, not in your database. Its log is {name}",
            "Please report it with that file.",
        ]
    )
    return Exit.BUG
