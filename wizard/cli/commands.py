"""The commands: finds each when it is used, since most of them need what the others do without."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import click

from wizard import __version__
from wizard.model.text import nearest

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_COMMANDS = {
    "check": "the whole diagnosis of a server",
    "clients": "which clients would connect, now and after each fix",
    "completion": "the Tab key of your shell",
    "demo": "a broken server on this machine, walked through",
    "doctor": "what dbtls can do on this machine, and what is missing",
    "explain": "what an error message means",
    "fix": "the fixes of a cause as commands",
    "howto": "how to find a fact out, as commands",
    "inspect": "a certificate or chain from files",
    "knowledge": "check or draw the knowledge",
    "lab": "broken servers to practise on",
}
START = "start"


class Commands(click.Group):
    """Loads each command when it is used, since most of them need what the others do without."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names of all commands."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Returns a command by its name."""
        if cmd_name != START and cmd_name not in _COMMANDS:
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
        if ctx.resilient_parsing and not first:
            return super().parse_args(ctx, args)  # a shell asks for the first word
        if first not in (*_COMMANDS, "--help", "-h", "--version"):
            if (
                not ctx.resilient_parsing
                and first.isalpha()
                and (suggestion := nearest(first, tuple(_COMMANDS)))
            ):
                raise click.UsageError(f"There is no command '{first}'{suggestion}")
            args = [START, *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Returns what can stand first: a command, none of which is loaded, a target, or an option of the wizard."""
        from click.shell_completion import CompletionItem

        from wizard.cli.offers import targets

        if incomplete.startswith("-"):
            start = importlib.import_module(f"wizard.cli.{START}").command
            with start.make_context(START, [], parent=ctx, resilient_parsing=True) as inner:
                offered = (
                    *click.Command.shell_complete(self, ctx, incomplete),
                    *start.shell_complete(inner, incomplete),
                )
                return [*{item.value: item for item in offered}.values()]
        named = [
            CompletionItem(name, help=what) for name, what in _COMMANDS.items() if name.startswith(incomplete)
        ]
        return named + targets(ctx, self.params[0], incomplete)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dbtls")
def command() -> None:
    """Finds out why a database connection fails on its certificate, and how to mend it.

    Paste the error or name the server: `dbtls sqlserver://sql01 --error "…"`. `dbtls demo` needs no server at all.
    """
