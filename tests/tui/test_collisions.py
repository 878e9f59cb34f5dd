"""No private name of the wizard's is one that Textual's own classes use: it would change them without a word."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Iterator
from functools import cache

import pytest
from textual.app import App
from textual.message import Message
from textual.message_pump import MessagePump
from textual.widgets import Static

import wizard.tui

MODULES = sorted(found.name for found in pkgutil.walk_packages(wizard.tui.__path__, "wizard.tui."))
MEANT = {"_on_key", "_on_paste", "_handle_exception"}
"""Methods of Textual's that ours replace, or that Textual calls in addition to its own."""


def private_names(source: str) -> set[str]:
    """Returns the names with one underscore that a class defines, or uses on itself."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(textwrap.dedent(source))):
        match node:
            case ast.ClassDef(body=body):
                found.update(_defined(body))
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                found.add(name)
    return {name for name in found if name.startswith("_") and not name.startswith("__")}


def _defined(body: list[ast.stmt]) -> Iterator[str]:
    for statement in body:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.Assign(targets=targets):
                yield from (target.id for target in targets if isinstance(target, ast.Name))


@cache
def used_by(base: type) -> frozenset[str]:
    """Returns the private names of one of Textual's classes."""
    return frozenset(private_names(inspect.getsource(base)))


def clashes(made: type) -> dict[str, str]:
    """Returns each private name that a class shares with a class of Textual's below it, and which that is."""
    theirs = [base for base in made.__mro__ if base.__module__.startswith("textual.")]
    own = private_names(inspect.getsource(made)) - MEANT
    return {name: base.__qualname__ for base in theirs for name in own & used_by(base)}


def classes() -> list[type]:
    """Returns every class of the wizard that builds on one of Textual's."""
    modules = [importlib.import_module(name) for name in MODULES]
    members = [member for module in modules for _, member in inspect.getmembers(module, inspect.isclass)]
    members += [inner for member in members for _, inner in inspect.getmembers(member, inspect.isclass)]
    ours = {one for one in members if one.__module__ in MODULES and issubclass(one, MessagePump | Message)}
    return sorted(ours, key=lambda one: f"{one.__module__}.{one.__qualname__}")


@pytest.mark.parametrize("made", classes(), ids=lambda made: made.__qualname__)
def test_no_private_name_is_taken(made: type) -> None:
    """What a class keeps to itself has names that none of the classes below it knows."""
    assert clashes(made) == {}


def test_the_classes_are_found() -> None:
    """The wizard's own classes are looked at, the application and messages inside of classes among them."""
    found = {one.__qualname__ for one in classes()}
    assert {
        "WizardApp",
        "WizardApp.Ready",
        "EvidenceScreen",
        "SymptomScreen.Recognised",
        "PasteArea",
    } <= found
    assert any(issubclass(one, App) for one in classes())


def test_a_taken_name_is_found() -> None:
    """The check itself works: attributes, methods and class variables that are taken are told, with their owner."""

    class Clashing(Static):
        _id: str

        def __init__(self) -> None:
            super().__init__()
            self._running = True
            self._of_our_own = 1

        def _render(self) -> None:  # type: ignore[override]
            """Stands in the way of Textual's."""

    found = clashes(Clashing)
    assert set(found) == {"_id", "_running", "_render"}
    assert found["_running"] == "MessagePump"
