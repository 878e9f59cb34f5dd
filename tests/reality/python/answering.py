"""What the Python drivers share: the loop over requests, and how the text of an option becomes a value."""

from __future__ import annotations

import contextlib
import json
import os
import ssl
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypedDict


class Request(TypedDict):
    """Where and how to connect; every option is text, spelt as the driver spells it."""

    host: str
    port: int
    user: str
    password: str
    database: str | None
    options: dict[str, str]
    seconds: float


@dataclass(frozen=True)
class Session:
    """What a server said of a session that was logged in; `tls` is empty where it is not encrypted."""

    tls: str | None


Value = str | bool | ssl.SSLContext | dict[str, "str | bool"]


def value_of(text: str) -> str | bool:
    """Returns an option as Python writes it: `true` and `false` are the constants."""
    return {"true": True, "false": False}.get(text, text)


def keywords(options: dict[str, str], context: str | None = None) -> dict[str, Value]:
    """Returns options as keyword arguments.

    Args:
        options: `ssl.ca` = a path is the entry `ca` of the dictionary `ssl`; `ssl` = `{}` is an empty one.
        context: the keyword that takes an SSLContext: its members `cafile` and `check_hostname` make one, by
            `create_default_context`, and so does the text `create_default_context()`.
    """
    found: dict[str, Value] = {}
    members: dict[str, dict[str, str | bool]] = {}
    for key, text in options.items():
        owner, dot, member = key.partition(".")
        if dot or text == "{}":
            members.setdefault(owner, {}).update({member: value_of(text)} if dot else {})
        elif key == context and text == "create_default_context()":
            found[key] = ssl.create_default_context()
        else:
            found[key] = value_of(text)
    for owner, entries in members.items():
        found[owner] = _context(entries) if owner == context and "cafile" in entries else dict(entries)
    return found


def _context(entries: dict[str, str | bool]) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=str(entries["cafile"]))
    made.check_hostname = bool(entries.get("check_hostname", True))
    return made


def serve(version: Callable[[], str], connect: Callable[[Request], Session]) -> None:
    """Answers the requests on standard input until it ends; whatever else is printed goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        connected, encrypted, tls, error = False, None, None, None
        try:
            tls = connect(json.loads(line)).tls
            connected, encrypted = True, "session" if tls else "none" if tls == "" else None
        except Exception as caught:  # noqa: BLE001 - any failure of a driver is an answer
            error = "\n".join(_words(caught))[:2000]
        answer = {"connected": connected, "encrypted": encrypted, "tls": tls or None, "error": error}
        answers.write(
            json.dumps({**answer, "version": f"{version()}, Python {sys.version.split()[0]}"}) + "\n"
        )
        answers.flush()


def _words(caught: BaseException) -> Iterator[str]:
    while True:
        yield f"{type(caught).__module__}.{type(caught).__qualname__}: {caught}".removeprefix("builtins.")
        inner = caught.__cause__ or (None if caught.__suppress_context__ else caught.__context__)
        if inner is None:
            return
        caught = inner


@contextlib.contextmanager
def freetds_conf(options: dict[str, str]) -> Iterator[dict[str, str]]:
    """Writes the options `freetds.conf:KEY` into a file that FreeTDS reads; gives the others."""
    import tempfile

    lines = [f"{key.partition(':')[2]} = {text}" for key, text in options.items() if ":" in key]
    with tempfile.NamedTemporaryFile("w", prefix="freetds-", suffix=".conf", encoding="utf-8") as file:
        file.write("\n".join(["[global]", *lines, ""]))
        file.flush()
        os.environ["FREETDSCONF"] = file.name
        yield {key: text for key, text in options.items() if ":" not in key}
