"""`dbtls doctor`: what dbtls can do on this machine, what is missing, and how to get it. Sends nothing.

`--json` prints one document, whose keys are stable: `schema` ("dbtls/doctor/1"), `works`, `missing` and the fields of
`wizard.doctor.examine.Examined`. Paths begin with ~ where they lie in the home folder.

    works      false: something needed is missing, and the exit status is 1
    missing    [{id, what, needed, without, install: [command]}], what is needed first. Ids: python, cryptography,
               roots, knowledge, state (needed); cache, private-state, sqlserver-driver, unixodbc, postgresql-driver,
               mysql-driver, openssl-program, utf-8, full-screen, clipboard (hints)
    dbtls      the version
    python     {version, implementation, environment, too_old}
    openssl    {python, cryptography: text or null}
    machine    {system: linux|macos|windows|other, family: debian|rhel|suse|alpine|arch|macos|windows|null, name,
               architecture}
    drivers    {found: [{engine, driver, version or null, program or null}], pyodbc and psycopg:
               absent|does-not-load|loads, libpq: version or null}; MariaDB shares MySQL's drivers
    helpers    [{program, path or null}]
    terminal   {is_terminal, front: full-screen|plain|none, term, encoding, unicode, colours: none|16|256|truecolor,
               columns, lines, multiplexer: tmux|screen|null, clipboard: true|false|null, clipboard_because}
    trust      {file, folder, roots, problem, variables: {SSL_CERT_FILE, SSL_CERT_DIR where set}, left_out}
    knowledge  {folder, sha256, counts: {causes, fixes, clients, scenarios}, problems}
    cache, state  {folder, exists, writable, rights, private, problem}
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
import msgspec

from wizard.cli.arguments import json_option
from wizard.cli.terminal import Exit, has_screen, is_interactive, result
from wizard.doctor.drivers import ENGINES
from wizard.doctor.examine import examine
from wizard.model.target import NAMES
from wizard.report import json, text

if TYPE_CHECKING:
    from wizard.doctor.drivers import Drivers
    from wizard.doctor.examine import Examined
    from wizard.doctor.missing import Missing
    from wizard.doctor.places import Trust, Writable
    from wizard.doctor.terminal import Front, Terminal
    from wizard.model.target import Engine

_COLOURS = {"none": "no colours", "16": "16 colours", "256": "256 colours", "truecolor": "all colours"}
_FRONTS = {
    "full-screen": "the full-screen wizard",
    "plain": "the wizard in plain lines",
    "none": "nothing that asks: input or output is no terminal",
}


@click.command("doctor", short_help="what dbtls can do on this machine, and what is missing")
@json_option
def command(as_json: bool) -> int:
    """Shows what dbtls can do on this machine, what is missing, and the commands that get it.

    Sends nothing. The exit status is 1 where something is missing that dbtls cannot do without.
    """
    term = os.environ.get("TERM")
    front: Front = "full-screen" if has_screen(term) else "plain" if is_interactive() else "none"
    examined = examine(front)
    missing = examined.missing()
    works = not any(one.needed for one in missing)
    if as_json:
        told: dict[str, json.Json] = msgspec.to_builtins(examined)
        lacking: json.Json = msgspec.to_builtins(missing)
        result(json.encode({"schema": "dbtls/doctor/1", "works": works, "missing": lacking, **told}))
    else:
        result(_lines(examined, missing))
    return Exit.FINE if works else Exit.FAULT


def _lines(examined: Examined, missing: tuple[Missing, ...]) -> Iterator[str]:
    python, openssl, machine = examined.python, examined.openssl, examined.machine
    yield "PROGRAM"
    yield from _row("✓", "dbtls", examined.dbtls)
    yield from _row("✗" if python.too_old else "✓", "Python", f"{python.version} {python.implementation}")
    yield from _row("·", "installed", python.environment)
    yield from _row("✓", "TLS", f"{openssl.python} (Python)")
    if openssl.cryptography is not None:
        yield from _row("✓", "", f"{openssl.cryptography} (cryptography)")
    yield from _row("·", "system", f"{machine.name}, {machine.architecture}")
    yield from ("", "DRIVERS")
    for engine in ENGINES:
        yield from _of_engine(engine, examined.drivers)
    if examined.drivers.pyodbc == "loads" and not any(
        one.driver.startswith("odbc-") for one in examined.drivers.found
    ):
        yield from _row("-", "", "pyodbc is here, but no ODBC driver of Microsoft's")
    here = [one.program for one in examined.helpers if one.path is not None]
    absent = [one.program for one in examined.helpers if one.path is None]
    yield from _row("·", "programs", ", ".join(here) or "none")
    if absent:
        yield from _row("·", "", f"not here: {', '.join(absent)}")
    yield from ("", "TERMINAL", *_of_terminal(examined.terminal))
    yield from ("", "TRUST STORE", *_of_trust(examined.trust))
    yield from ("", "KNOWLEDGE")
    known = examined.knowledge
    counts = ", ".join(f"{count} {what}" for what, count in known.counts.items())
    yield from _row("✗" if known.problems else "✓", "holds", counts or "what cannot be read")
    yield from _row("·", "folder", known.folder or "none")
    if known.sha256 is not None:
        yield from _row("·", "SHA-256", known.sha256[:16])
    yield from _of_folder("cache", examined.cache)
    yield from ("", "STATE", *_of_folder("folder", examined.state))
    if missing:
        yield from ("", "MISSING")
        for one in missing:
            yield from _of_missing(one)
    yield from ("", *_verdict(missing))


def _of_engine(engine: Engine, drivers: Drivers) -> Iterator[str]:
    name = "MySQL" if engine == "mysql" else NAMES[engine]
    of_engine = [one for one in drivers.found if one.engine == engine]
    words = [f"{one.driver} {one.version}" if one.version else one.driver for one in of_engine]
    if engine == "postgresql" and drivers.libpq:
        words = [f"{word} (libpq {drivers.libpq})" if word.startswith("psycopg") else word for word in words]
    yield from _row("✓" if drivers.can_log_in(engine) else "-", name, ", ".join(words) or "none")


def _of_terminal(terminal: Terminal) -> Iterator[str]:
    yield from _row("✓" if terminal.front == "full-screen" else "·", "dbtls opens", _FRONTS[terminal.front])
    size = f"{terminal.columns} x {terminal.lines}, " if terminal.columns and terminal.lines else ""
    yield from _row("·", "TERM", f"{terminal.term or 'not set'}, {size}{_COLOURS[terminal.colours]}")
    yield from _row("✓" if terminal.unicode else "-", "signs", terminal.encoding or "unknown")
    sign = {True: "✓", False: "-", None: "?"}[terminal.clipboard]
    yield from _row(sign, "clipboard", terminal.clipboard_because)


def _of_trust(trust: Trust) -> Iterator[str]:
    what = "1 root" if trust.roots == 1 else f"{trust.roots} roots"
    yield from _row(
        "✓" if trust.roots else "✗", "holds", f"{what}{f' ({trust.problem})' if trust.problem else ''}"
    )
    places = [place for place in (trust.file, trust.folder) if place]
    for label, place in zip(("read from", ""), places, strict=False):
        yield from _row("·", label, place)
    if not places and trust.roots:
        yield from _row("·", "read from", "Windows' stores ROOT and CA")
    for name, value in trust.variables.items():
        yield from _row("·", "set", f"{name}={value}")
    if trust.left_out:
        yield from _row("·", "left out", f"{trust.left_out}; give them by --ca-file")


def _of_folder(label: str, place: Writable) -> Iterator[str]:
    rights = f", {place.rights}" if place.rights else ""
    told = place.problem or (f"can be written{rights}" if place.exists else "made when it is needed")
    yield from _row("✓" if place.writable else "✗", label, place.folder)
    yield from _row("·", "", told)


def _of_missing(one: Missing) -> Iterator[str]:
    sign = "✗" if one.needed else "-"
    yield from _wrapped(f"{one.what}. Without it {one.without}.", f"  {sign} ", "    ")
    yield from one.install  # flush left and unwrapped, to be copied


def _verdict(missing: tuple[Missing, ...]) -> Iterator[str]:
    needed = [one for one in missing if one.needed]
    hints = len(missing) - len(needed)
    if needed:
        yield from _wrapped(
            f"✗ dbtls cannot do its work here: get {_and([one.id for one in needed])} first.", ""
        )
    elif hints:
        what = "One thing is" if hints == 1 else f"{hints} things are"
        yield from _wrapped(f"✓ dbtls can do its work here. {what} missing that it can do without.", "")
    else:
        yield "✓ dbtls can do all of its work here."


def _and(words: list[str]) -> str:
    return " and ".join(words)


def _row(sign: str, label: str, words: str) -> Iterator[str]:
    # On a narrow terminal the rest would be a column of single words.
    yield from _wrapped(words, f"  {sign} {label:<11} ", " " * (16 if text.WIDTH > 60 else 6))


def _wrapped(words: str, first: str, rest: str = "  ") -> Iterator[str]:
    yield from textwrap.wrap(
        words,
        text.WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]
