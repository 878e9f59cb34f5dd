"""Hands the text of a recipe to the real driver, as it is printed, with nothing but the login added."""

from __future__ import annotations

import ast
import asyncio
import gc
import importlib
import inspect
import os
import subprocess
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import CodeType
from unittest import mock

import pytest

from tests.fixes.carried_out.carrying import rendered
from wizard.fixes.render import RenderedFix, RenderedStep
from wizard.fixes.values import Given

SECONDS = 30


def importable(module: str) -> object:
    """The driver; skips the test where it is not installed."""
    return pytest.importorskip(module, reason=f"the driver {module} is not installed")


def written(fix: RenderedFix, shell: str) -> RenderedStep:
    """The step that a person writes somewhere, or runs."""
    return next(step for step in fix.steps if step.shell == shell and "openssl" not in step.text)


def taken_back(fix: RenderedFix, shell: str) -> RenderedStep:
    """The same of the way back."""
    return next(step for step in fix.undo if step.shell == shell)


def both(name: str, shell: str, **values: Given) -> tuple[RenderedStep, RenderedStep]:
    """The step of a fix that is written, and that of its way back."""
    fix = rendered(name, **values)
    return written(fix, shell), taken_back(fix, shell)


def ran(step: RenderedStep, driver: str, **login: object) -> str | None:
    """Executes Python code with a login added to the driver's `connect`; returns its error, or None.

    Args:
        step: the code; it imports the driver itself.
        driver: the module whose `connect` it calls.
        login: arguments that a person has there already.
    """
    importable(driver)
    module = importlib.import_module(driver)
    code = compile(step.text, "recipe", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    # The driver may raise whatever it likes: its words are what the test is about.
    said = None
    with mock.patch.object(module, "connect", partial(module.connect, **login)):
        try:
            _executed(code)
        except Exception as error:  # noqa: BLE001 - each driver has its own
            said = f"{type(error).__name__}: {error}"
    with warnings.catch_warnings():
        # A driver that fails may leave its socket to the collector, which would blame a later test.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    return said


def _executed(code: CodeType) -> None:
    place: dict[str, object] = {}
    if code.co_flags & inspect.CO_COROUTINE:

        async def all_of_it() -> None:
            await eval(code, place)  # noqa: S307 - the project's own recipe
            await place["connection"].close()  # type: ignore[attr-defined]

        asyncio.run(all_of_it())
        return
    exec(code, place)  # noqa: S102 - likewise
    place["connection"].close()  # type: ignore[attr-defined]


def shelled(text: str, home: Path, environment: Mapping[str, str] | None = None) -> str | None:
    """Runs a line in a shell with a home of its own; returns what it said where it failed, or None."""
    done = subprocess.run(
        ["bash", "-c", text],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            **(environment or {}),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    return None if done.returncode == 0 else done.stdout or f"exit status {done.returncode}"


Attempt = Callable[[RenderedStep], str | None]
"""Connects by what a step says; returns the driver's words where it fails, or None."""
