"""`dbtls knowledge`: checks and draws the knowledge folder."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import click

from wizard.cli.arguments import json_option
from wizard.cli.terminal import Exit, result
from wizard.errors import KnowledgeError
from wizard.knowledge.coverage import Covered, coverage
from wizard.knowledge.graph import as_mermaid, as_svg
from wizard.knowledge.lint import lint
from wizard.knowledge.load import load, read_folder
from wizard.knowledge.locate import knowledge_folder
from wizard.knowledge.mended import Place, places
from wizard.knowledge.schema import schemas
from wizard.model.knowledge import Knowledge
from wizard.model.target import NAMES
from wizard.report import json


@click.group("knowledge", short_help="check or draw the knowledge")
def command() -> None:
    """Checks and draws the knowledge that the diagnosis rests on."""


_FOLDER = click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Another knowledge folder than the installed one.",
)


@command.command("check")
@_FOLDER
@click.option(
    "--coverage",
    "covering",
    is_flag=True,
    help="List where each cause is mended and by which fixes, and which entries hold the article's items.",
)
@json_option
def check(folder: Path | None, covering: bool, as_json: bool) -> int:
    """Checks every file and prints all problems at once, each with its file and line."""
    if covering:
        return _coverage(_existing(folder), as_json)
    problems = lint(_existing(folder))
    if as_json:
        result(json.encode({"schema": "dbtls/knowledge/1", "problems": problems}))
    elif problems:
        result(problems)
    else:
        known = load(_existing(folder))
        counts = (
            (len(known.symptoms), "symptoms"),
            (len(known.signatures), "signatures"),
            (len(known.facts), "facts"),
            (len(known.nodes), "nodes"),
            (len(known.causes), "causes"),
            (len(known.clients), "clients"),
            (len(known.fixes), "fixes"),
            (len(known.scenarios), "scenarios"),
            (len(known.sources), "sources"),
        )
        result(f"✓ no problems: {', '.join(f'{count} {what}' for count, what in counts)}")
    return Exit.USAGE if problems else Exit.FINE


def _coverage(folder: Path, as_json: bool) -> int:
    loaded = read_folder(folder)
    if loaded.problems:
        raise KnowledgeError(loaded.problems)
    items, mended = coverage(folder, loaded), places(loaded.knowledge)
    left = [item.entry.id for item in items if item.left_over]
    lacking = [place for place in mended if not place.fixes]
    if as_json:
        listed: list[json.Json] = [
            {
                "id": entry.id,
                "verdict": entry.verdict,
                "claim": entry.claim,
                "truth": entry.truth,
                "used": used,
            }
            for entry, used in items
        ]
        document: dict[str, json.Json] = {
            "schema": "dbtls/coverage/1",
            "items": listed,
            "left_over": left,
            "fixes": [_place(place) for place in mended],
            "no_intermediate": _no_intermediate(loaded.knowledge),
            "lacking": [_place(place) for place in lacking],
        }
        result(json.encode(document))
    else:
        result([f"{item.entry.id:<5} {item.entry.verdict:<10} {_used(item)}" for item in items])
        result(["", *_table(mended), *_counts(mended)])
    return Exit.USAGE if left or lacking else Exit.FINE


def _place(place: Place) -> dict[str, json.Json]:
    return place._asdict()


def _no_intermediate(known: Knowledge) -> dict[str, str]:
    """Returns the causes without an intermediate fix, each with the reason."""
    return {
        cause.id: cause.mended.no_intermediate
        for cause in known.causes
        if cause.mended and cause.mended.no_intermediate
    }


def _table(mended: tuple[Place, ...]) -> Iterator[str]:
    """Yields a line for each cause, database and tier, and one for each place below it with its first fix."""
    for (cause, engine, tier), group in groupby(
        mended, key=lambda place: (place.cause, place.engine, place.tier)
    ):
        yield f"{cause} · {NAMES[engine]} · {tier}"
        yield from (
            f"  {place.side:<10} {place.where:<22} {', '.join(place.fixes) or 'LACKING: no fix'}"
            for place in group
        )


def _counts(mended: tuple[Place, ...]) -> Iterator[str]:
    """Yields, for both tiers, how many places have a fix."""
    for tier in ("permanent", "intermediate"):
        of_tier = [place for place in mended if place.tier == tier]
        have = sum(bool(place.fixes) for place in of_tier)
        share = f"{have / len(of_tier):.1%}" if of_tier else "none"
        yield f"{tier}: {have} of {len(of_tier)} places where it exists have a fix ({share})"


def _used(item: Covered) -> str:
    if item.left_over:
        return "left over: no entry holds it"
    return ", ".join(item.used) or "not used: unverified"


@command.command("graph")
@_FOLDER
@click.option("--format", "kind", type=click.Choice(["mermaid", "svg"]), default="mermaid", show_default=True)
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write here instead of to stdout."
)
@json_option
def graph(folder: Path | None, kind: str, output: Path | None, as_json: bool) -> int:
    """Draws the decision tree as Mermaid text or as SVG."""
    known = load(_existing(folder))
    drawn = as_svg(known) if kind == "svg" else as_mermaid(known)
    if output is not None:
        try:
            output.write_text(drawn, encoding="utf-8")
        except OSError as error:
            raise click.UsageError(f"{output} cannot be written: {error.strerror}.") from error
    elif as_json:
        result(json.encode({"schema": "dbtls/graph/1", "format": kind, "graph": drawn}))
    else:
        result(drawn.splitlines())
    return Exit.FINE


@command.command("facts")
@json_option
def facts(as_json: bool) -> int:
    """Lists the facts, their values and their questions: what --answer takes."""
    known = load(knowledge_folder())
    if as_json:
        result(
            json.encode(
                [
                    {"fact": one.id, "title": one.title, "values": [choice.value for choice in one.choices]}
                    for one in known.facts
                ]
            )
        )
    else:
        for one in known.facts:
            values = ", ".join(str(choice.value).lower() for choice in one.choices) or one.type
            result(f"{one.id}: {one.title} ({values})")
    return Exit.FINE


@command.command("schema")
@click.option(
    "--write", type=click.Path(path_type=Path, file_okay=False), help="Write the files to this folder."
)
def schema(write: Path | None) -> int:
    """Prints or writes the JSON Schema of each kind of file, with which editors complete them."""
    for name, content in schemas().items():
        if write is None:
            result([f"# {name}", content])
        else:
            write.mkdir(parents=True, exist_ok=True)
            (write / name).write_text(content, encoding="utf-8")
    return Exit.FINE


def _existing(folder: Path | None) -> Path:
    found = folder or knowledge_folder()
    if not found.is_dir():
        raise KnowledgeError((f"{found}: there is no such folder",))
    return found
