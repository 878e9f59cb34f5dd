"""What the command line of dbtls has: to tell a command from the name of one, and an option from a slip of the pen."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import click

from wizard.cli.commands import command as dbtls
from wizard.cli.start import command as wizard

OF_DBTLS_ITSELF = ("--help", "-h", "--version")

PLACEHOLDER = re.compile(r"[A-Z]{2,}(=[A-Z]{2,})?|\[.*|.*\]|\w+\|.*")
"""`TARGET` and the like, which stand for what the reader has."""


def find(words: Sequence[str]) -> tuple[click.Command, tuple[str, ...]]:
    """Returns the command that the words after `dbtls` call, and the words that are left for it.

    A first word that is no command is for the wizard: `dbtls sqlserver://sql01`.
    """
    found: click.Command = dbtls
    left = tuple(words)
    while isinstance(found, click.Group) and left and (below := _below(found, left[0])):
        found, left = below, left[1:]
    if found is dbtls and left and left[0] not in OF_DBTLS_ITSELF:
        found = wizard
    return found, left


def only_names(words: Sequence[str]) -> bool:
    """Says whether these words after `dbtls` name a command, and leave out what it would need to run."""
    found, left = find(words)
    if not left and words:
        return isinstance(found, click.Group) or any(isinstance(one, click.Argument) for one in found.params)
    return any(PLACEHOLDER.fullmatch(word) for word in left)


def options(found: click.Command) -> frozenset[str]:
    """The options of a command, `--help` too."""
    opts = (one for parameter in found.params for one in (*parameter.opts, *parameter.secondary_opts))
    return frozenset(opts) | {"--help", "-h"}


def every_command(found: click.Command = dbtls) -> Iterator[click.Command]:
    """Yields each command, with those that it has below it."""
    yield found
    if isinstance(found, click.Group):
        for name in found.list_commands(click.Context(found)):
            below = _below(found, name)
            assert below is not None, name
            yield from every_command(below)
    if found is dbtls:
        yield wizard


def _below(group: click.Group, name: str) -> click.Command | None:
    return group.get_command(click.Context(group), name)
