"""All fuzzing targets by their name. A module is imported for its own targets only, since some take long to import."""

from __future__ import annotations

from importlib import import_module

from tests.fuzz.target import Target

_WHERE = {
    "targets_wire": ("tds", "mysql", "postgresql", "sql-browser", "tls-flight"),
    "targets_pki": ("certificates", "names", "pkcs12", "ca-files"),
    "targets_text": ("connection-string", "pasted-output", "error-text"),
    "targets_files": ("knowledge-yaml", "state", "knowledge-cache", "targets-list", "driver-answers"),
    "targets_lab": ("lab-server",),
}

NAMES = tuple(name for names in _WHERE.values() for name in names)
"""Every parser that reads what dbtls did not write itself."""

PLANTED = "planted"
"""A parser with a fault, which proves that a fault is found; it does not belong to dbtls."""


def target(name: str) -> Target:
    """Returns the target of this name; KeyError where there is none."""
    module = (
        "planted" if name == PLANTED else next((one for one, names in _WHERE.items() if name in names), None)
    )
    if module is None:
        raise KeyError(name)
    targets: tuple[Target, ...] = import_module(f"tests.fuzz.{module}").TARGETS
    return {one.name: one for one in targets}[name]


def defined() -> tuple[str, ...]:
    """Returns the names of all targets as their modules define them."""
    return tuple(one.name for module in _WHERE for one in import_module(f"tests.fuzz.{module}").TARGETS)
