"""Runs the program: turns every failure into one sentence and an exit status."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from wizard import __version__
from wizard.cli.terminal import CannotWriteError, Exit, has_screen, plain_where_needed, talk
from wizard.errors import KnowledgeError, ProbeError, WizardError

_NO_ROOM = (errno.ENOSPC, errno.EIO, errno.EBADF)
"""What click's own printing of help and version raises where stdout is full or closed."""


def run(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit status. Never raises, never shows a traceback."""
    _hide_arguments()
    plain_where_needed()
    try:
        if instruction := os.environ.get("_DBTLS_COMPLETE"):
            from wizard.cli.completion import answer_shell

            return answer_shell(instruction)
        if not arguments and has_screen(os.environ.get("TERM")):
            # The three doors need no command line, and loading it would be a tenth of a second before they show.
            from wizard.cli.screen import open_wizard

            return open_wizard(None)
        return _command(arguments)
    except WizardError as error:
        return _failed(error)
    except KeyboardInterrupt:
        return _interrupted()
    except CannotWriteError as error:
        talk(f"dbtls: the result cannot be written: {error}")
        return Exit.USAGE
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug is logged, not shown
        return _bug(error)


def _command(arguments: Sequence[str]) -> int:
    import click

    from wizard.cli.commands import START, command

    try:
        status = command.main(list(arguments), prog_name="dbtls", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        talk(error.format_message().splitlines())
        return Exit.USAGE
    except click.UsageError as error:
        from wizard.diagnosis.secrets import without_secrets  # the words of the message are what was typed

        message = without_secrets(error.format_message())
        inner = error.ctx is not None and error.ctx.info_name != START  # which has no name for people
        asked = error.ctx.command_path if error.ctx is not None and inner else "dbtls"
        talk([*f"dbtls: {message}".splitlines(), f"Try: {asked} --help"])
        return Exit.USAGE
    except click.Abort:
        return _interrupted()
    except SystemExit:  # click ends the process where nobody reads its help any more
        return Exit.FINE
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise CannotWriteError(error.strerror) from error
    return status if isinstance(status, int) else Exit.FINE


def _interrupted() -> Exit:
    """Ends quietly, also where Ctrl+C is pressed twice, or comes to the process and to its group."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    talk("Interrupted.")
    return Exit.INTERRUPTED


def _hide_arguments() -> None:
    """Takes the arguments out of the process list: a pasted connection string may hold a password.

    Windows keeps a command line as it was given, and shows it to the same person and to administrators alone.
    """
    if sys.platform != "win32":
        import setproctitle

        setproctitle.setproctitle("dbtls")


def _failed(error: WizardError) -> int:
    from wizard.diagnosis.secrets import without_secrets

    talk(f"dbtls: {without_secrets(error.message)}")
    if isinstance(error, KnowledgeError):
        talk(map(without_secrets, error.problems))
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
