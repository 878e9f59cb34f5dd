"""Checks the meaning of the knowledge folder: references, the tree, the signatures and the templates.

Syntax and shape are the loader's business; both report their problems in the same form and all at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from wizard.diagnosis.match import Matcher
from wizard.errors import KnowledgeError
from wizard.fixes.render import example_values, render_fix
from wizard.knowledge import mended
from wizard.knowledge.coverage import article_problems
from wizard.knowledge.lint_clients import client_problems
from wizard.knowledge.lint_tree import tree_problems
from wizard.knowledge.load import Loaded, describe, read_folder
from wizard.model.client import Words
from wizard.model.knowledge import FactEntry, Knowledge
from wizard.model.recognition import Signature, SymptomEntry
from wizard.model.text import nearest


class Problem(NamedTuple):
    """Something wrong with one entry; `place` is the part of it, as in `.signs[0].all[1].fact`."""

    field: str
    id: str
    place: str
    message: str


def lint(folder: Path) -> tuple[str, ...]:
    """Returns a line for every problem of the folder, `file:line: what is wrong`; nothing where it is in order."""
    loaded = read_folder(folder)
    if loaded.problems:
        # References to entries that could not be read would only repeat the same problem.
        return loaded.problems
    problems = [*_doubles(loaded), *_references(loaded.knowledge)]
    if not problems:
        problems = [
            *(Problem("nodes", *problem) for problem in tree_problems(loaded.knowledge)),
            *_signatures(loaded.knowledge),
            *_fixes(loaded.knowledge),
            *_mended(loaded.knowledge),
            *(Problem(*problem) for problem in client_problems(loaded.knowledge, Matcher(loaded.knowledge))),
            *(Problem(*problem) for problem in article_problems(loaded.knowledge)),
        ]
    return tuple(_line(folder, loaded, problem) for problem in problems)


def _line(folder: Path, loaded: Loaded, problem: Problem) -> str:
    from wizard.knowledge import syntax

    places = loaded.places.get((problem.field, problem.id))
    if not places:
        return f"{problem.field}: {problem.message}"
    last = places[-1]
    line = syntax.line_of(last.path, f"$[{last.position}]{problem.place}")
    return describe(folder, last.path, line, f"{problem.id}: {problem.message}")


def _doubles(loaded: Loaded) -> Iterator[Problem]:
    for (field, id_), places in loaded.places.items():
        if len(places) > 1:
            yield Problem(
                field, id_, ".id", f"the id stands {len(places)} times; first in {places[0].path.name}"
            )
    if not loaded.knowledge.nodes:
        yield Problem("nodes", "", "", "the decision tree is empty")


def _references(known: Knowledge) -> Iterator[Problem]:
    """Every id that is used exists, and every value that is compared is one of the fact's."""
    ids = {
        "symptom": tuple(entry.id for entry in known.symptoms),
        "fact": tuple(entry.id for entry in known.facts),
        "node": tuple(entry.id for entry in known.nodes),
        "cause": tuple(entry.id for entry in known.causes),
        "client": tuple(entry.id for entry in known.clients),
        "wording": tuple(entry.id for entry in known.wordings),
        "source": (*(entry.id for entry in known.sources), *(entry.id for entry in known.article)),
    }
    facts = {entry.id: entry for entry in known.facts}
    for use in _uses(known):
        if use.wanted not in ids[use.kind]:
            message = f"there is no {use.kind} '{use.wanted}'{nearest(use.wanted, ids[use.kind])}"
            yield Problem(use.field, use.id, use.place, message)
        elif use.kind == "fact":
            yield from _values(use, facts[use.wanted])


class Use(NamedTuple):
    """One reference from an entry to another; for facts with the values that they are compared with."""

    field: str
    id: str
    place: str
    kind: str
    wanted: str
    values: tuple[object, ...] = ()


def _values(use: Use, fact: FactEntry) -> Iterator[Problem]:
    known = [choice.value for choice in fact.choices]
    for value in use.values:
        if known and value not in known:
            suggestion = nearest(str(value), tuple(str(one) for one in known))
            yield Problem(
                use.field, use.id, use.place, f"the fact '{fact.id}' has no value '{value}'{suggestion}"
            )


def _uses(known: Knowledge) -> Iterator[Use]:
    for symptom in known.symptoms:
        yield from _uses_of_symptom(symptom)
    for signature in known.signatures:
        yield from _uses_of_signature(signature)
    for fact in known.facts:
        normal = () if fact.normal is None else (fact.normal,)
        yield Use("facts", fact.id, ".normal", "fact", fact.id, normal)
        for number, how in enumerate(fact.how_to):
            yield from _cited("facts", fact.id, how.sources, f".how_to[{number}]")
        yield from _cited("facts", fact.id, fact.sources)
    for node in known.nodes:
        yield Use("nodes", node.id, ".fact", "fact", node.fact)
        for number, symptom_id in enumerate(node.ask_for):
            if symptom_id != "any":
                yield Use("nodes", node.id, f".ask_for[{number}]", "symptom", symptom_id)
        for number, branch in enumerate(node.branches):
            yield Use("nodes", node.id, f".branches[{number}].when", "fact", node.fact, branch.when)
            yield from _exit(node.id, f".branches[{number}]", branch.go, branch.verdict)
        yield from _exit(node.id, ".otherwise", node.otherwise.go, node.otherwise.verdict)
        yield from _cited("nodes", node.id, node.sources)
    for cause in known.causes:
        for number, sign in enumerate(cause.signs):
            for part, condition in enumerate(sign.all):
                place = f".signs[{number}].all[{part}]"
                yield Use("causes", cause.id, place, "fact", condition.fact, condition.one_of)
            for part, condition in enumerate(sign.unless):
                place = f".signs[{number}].unless[{part}]"
                yield Use("causes", cause.id, place, "fact", condition.fact, condition.one_of)
        yield from _cited("causes", cause.id, cause.sources)
        for number, variant in enumerate(cause.variants):
            for part, condition in enumerate(variant.all):
                place = f".variants[{number}].all[{part}]"
                yield Use("causes", cause.id, place, "fact", condition.fact, condition.one_of)
    for wording in known.wordings:
        yield from _cited("wordings", wording.id, wording.sources)
    for client in known.clients:
        yield from _cited("clients", client.id, client.sources)
    for profile in known.profiles:
        yield Use("profiles", profile.id, ".id", "client", profile.id)
        yield from _cited("profiles", profile.id, profile.sources)
        yield from _said("profiles", profile.id, profile.says)
    for stack in known.stacks:
        yield from _cited("stacks", stack.id, stack.sources)
        yield from _said("stacks", stack.id, stack.says)
    for failure in known.failures:
        yield Use("failures", failure.id, ".symptom", "symptom", failure.symptom)
    for fix in known.fixes:
        yield from (Use("fixes", fix.id, f".causes[{n}]", "cause", one) for n, one in enumerate(fix.causes))
        yield from (Use("fixes", fix.id, f".changes[{n}]", "fact", one) for n, one in enumerate(fix.changes))
        for number, condition in enumerate(fix.only_if):
            yield Use("fixes", fix.id, f".only_if[{number}]", "fact", condition.fact, condition.one_of)
        if fix.client is not None:
            yield Use("fixes", fix.id, ".client", "client", fix.client)
        yield from (
            Use("fixes", fix.id, f".also_clients[{n}]", "client", one)
            for n, one in enumerate(fix.also_clients)
        )
        yield from _cited("fixes", fix.id, fix.sources)
    for scenario in known.scenarios:
        yield Use("scenarios", scenario.id, ".cause", "cause", scenario.cause)
        yield from (
            Use("scenarios", scenario.id, f".also[{n}]", "cause", one) for n, one in enumerate(scenario.also)
        )
        yield from _cited("scenarios", scenario.id, scenario.sources)
    for item in known.article:
        yield from _cited("article", item.id, item.sources)


def _uses_of_symptom(symptom: SymptomEntry) -> Iterator[Use]:
    yield from (
        Use("symptoms", symptom.id, f".likely_causes[{n}]", "cause", one)
        for n, one in enumerate(symptom.likely_causes)
    )
    yield from _cited("symptoms", symptom.id, symptom.sources)


def _uses_of_signature(signature: Signature) -> Iterator[Use]:
    yield Use("signatures", signature.id, ".symptom", "symptom", signature.symptom)
    lists = {"phrases": signature.phrases, "with": signature.with_, "unless": signature.unless}
    for field, phrases in lists.items():
        for part, phrase in enumerate(phrases):
            if phrase.startswith("<") and phrase.endswith(">"):
                yield Use("signatures", signature.id, f".{field}[{part}]", "wording", phrase[1:-1])
    for part, one in enumerate(signature.establishes):
        yield Use("signatures", signature.id, f".establishes[{part}]", "fact", one.fact, (one.value,))
    yield from _cited("signatures", signature.id, signature.sources)


def _said(field: str, id_: str, says: tuple[Words, ...]) -> Iterator[Use]:
    for number, words in enumerate(says):
        if words.symptom is not None:
            yield Use(field, id_, f".says[{number}].symptom", "symptom", words.symptom)


def _cited(field: str, id_: str, sources: tuple[str, ...], place: str = "") -> Iterator[Use]:
    return (Use(field, id_, f"{place}.sources[{n}]", "source", one) for n, one in enumerate(sources))


def _exit(id_: str, place: str, go: str | None, verdict: str | None) -> Iterator[Use]:
    if go is not None:
        yield Use("nodes", id_, f"{place}.go", "node", go)
    if verdict is not None:
        yield Use("nodes", id_, f"{place}.verdict", "cause", verdict)


def _signatures(known: Knowledge) -> Iterator[Problem]:
    """Each example of a signature is recognised as its own symptom."""
    matcher = Matcher(known)
    for signature in known.signatures:
        for part, example in enumerate(signature.examples):
            found = matcher.match(example)
            if found.symptom != signature.symptom:
                by = f" by '{found.signature}'" if found.signature else ""
                message = f"the example is taken for '{found.symptom}'{by}"
                yield Problem("signatures", signature.id, f".examples[{part}]", message)


def _fixes(known: Knowledge) -> Iterator[Problem]:
    """Each fix renders, and a bypass says what it gives up."""
    for fix in known.fixes:
        if fix.confirm_name is not None and fix.confirm_name not in {
            parameter.id for parameter in fix.parameters
        }:
            yield Problem("fixes", fix.id, ".confirm_name", f"there is no parameter '{fix.confirm_name}'")
        if fix.tier == "bypass" and not fix.gives_up:
            yield Problem("fixes", fix.id, ".tier", "a bypass must say what it gives up (gives_up)")
        for values in (example_values(fix), {}):
            try:
                render_fix(fix, values)
            except KnowledgeError as error:
                yield Problem("fixes", fix.id, ".steps", "; ".join(error.problems))


def _mended(known: Knowledge) -> Iterator[Problem]:
    """Each fault says where it is mended, and has a fix at every such place."""
    for cause in known.causes:
        if cause.severity in ("error", "warning") and cause.mended is None:
            yield Problem("causes", cause.id, ".id", "a fault says where it is mended (mended)")
        if cause.mended and bool(cause.mended.intermediate) == bool(cause.mended.no_intermediate):
            message = "it has either an intermediate fix, or says why there is none (no_intermediate)"
            yield Problem("causes", cause.id, ".mended", message)
    for place in mended.places(known):
        if not place.fixes:
            message = f"there is no {place.tier} fix for {place.engine} on {place.where} ({place.side})"
            yield Problem("causes", place.cause, ".mended", message)
