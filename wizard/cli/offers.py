"""What a shell offers at the Tab key for arguments and values of options. Reads the knowledge, does nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from wizard.model.target import NAMES

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    Offers = list[CompletionItem[str]]

BEGUN = "part"
"""The type of an offer that is only begun: no space follows it. zsh and PowerShell leave it out."""


def causes(ctx: click.Context, param: click.Parameter, incomplete: str) -> Offers:
    """Offers the causes, for `dbtls fix`."""
    from wizard.knowledge.cache import recognition

    return _offer(((one.id, one.title) for one in recognition().causes), incomplete)


def clients(ctx: click.Context, param: click.Parameter, incomplete: str) -> Offers:
    """Offers the clients, for `--client`."""
    from wizard.knowledge.cache import recognition

    return _offer(((one.id, one.title) for one in recognition().clients), incomplete)


def fixes(ctx: click.Context, param: click.Parameter, incomplete: str) -> Offers:
    """Offers the fixes of the cause that stands on the line already."""
    from wizard.knowledge.cache import knowledge

    # Where the value of an option is still lacking, click has not told the arguments apart.
    cause = ctx.params.get("cause") or next(iter(ctx.args), None)
    return _offer(((one.id, one.title) for one in knowledge().fixes if cause in one.causes), incomplete)


def facts(ctx: click.Context, param: click.Parameter, incomplete: str) -> Offers:
    """Offers the facts that a command can show, for `dbtls howto`."""
    from wizard.knowledge.cache import knowledge

    return _offer(((one.id, one.title) for one in knowledge().facts if one.how_to), incomplete)


def answers(ctx: click.Context, param: click.Parameter, incomplete: str) -> Offers:
    """Offers FACT=VALUE for each choice of each fact, for `--answer`."""
    return _offer(_answers(), incomplete)


def scenarios(ctx: click.Context, param: click.Parameter, incomplete: str) -> Offers:
    """Offers the scenarios, for `dbtls lab serve`."""
    from wizard.knowledge.cache import knowledge

    return _offer(((one.id, one.title) for one in knowledge().scenarios), incomplete)


def targets(ctx: click.Context, param: click.Parameter, incomplete: str) -> Offers:
    """Offers how a target begins: the databases."""
    return _offer(((f"{engine}://", name) for engine, name in NAMES.items()), incomplete, BEGUN)


def _answers() -> Iterator[tuple[str, str]]:
    from wizard.knowledge.cache import knowledge

    for fact in knowledge().facts:
        for choice in fact.choices:
            value = str(choice.value).lower() if isinstance(choice.value, bool) else choice.value
            yield f"{fact.id}={value}", choice.label


def _offer(named: Iterable[tuple[str, str]], incomplete: str, kind: str = "plain") -> Offers:
    from click.shell_completion import CompletionItem

    return [CompletionItem(name, kind, what) for name, what in named if name.startswith(incomplete)]
