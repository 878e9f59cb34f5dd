"""What the terminal can do, from what it says of itself; only tmux is asked, by its own program."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from wizard.doctor.machine import System
from wizard.model.text import printable
from wizard.probes.drivers.present import printed

Front = Literal["full-screen", "plain", "none"]
Colours = Literal["none", "16", "256", "truecolor"]

_TAKE_OSC_52 = {"iterm.app", "wezterm", "ghostty", "vscode", "mintty", "rio", "tabby"}
_KIND = ("xterm-kitty", "alacritty", "foot", "xterm-ghostty", "wezterm", "contour")


class Terminal(msgspec.Struct, frozen=True, kw_only=True):
    """The terminal that dbtls runs in."""

    is_terminal: bool
    """Whether the result goes to a terminal; otherwise the rest tells only what its surroundings say."""
    front: Front
    """What `dbtls` opens: the full-screen wizard, the conversation in plain lines, or nothing that asks."""
    term: str | None
    encoding: str | None
    unicode: bool
    colours: Colours
    columns: int | None
    lines: int | None
    multiplexer: Literal["tmux", "screen"] | None
    clipboard: bool | None
    """Whether copying (OSC 52) is likely to arrive; None: this terminal does not tell."""
    clipboard_because: str


def this_terminal(
    system: System,
    front: Front,
    environment: Mapping[str, str] = os.environ,
    ask_tmux: Callable[[], str | None] | None = None,
) -> Terminal:
    """Returns what the terminal can do.

    Args:
        system: the operating system.
        front: what `dbtls` would open here.
        environment: its variables.
        ask_tmux: returns tmux's option set-clipboard.
    """
    encoding = sys.stdout.encoding if sys.stdout is not None else None
    term = environment.get("TERM")
    columns, lines = _size()
    multiplexer: Literal["tmux", "screen"] | None = None
    if "TMUX" in environment:
        multiplexer = "tmux"
    elif "STY" in environment:
        multiplexer = "screen"
    clipboard, because = _clipboard(system, environment, multiplexer, ask_tmux or _set_clipboard)
    return Terminal(
        is_terminal=sys.stdout is not None and sys.stdout.isatty(),
        front=front,
        term=printable(term, longest=40) if term else None,
        encoding=encoding.lower() if encoding else None,
        unicode=_has_signs(encoding),
        colours=_colours(system, environment),
        columns=columns,
        lines=lines,
        multiplexer=multiplexer,
        clipboard=clipboard,
        clipboard_because=because,
    )


def _size() -> tuple[int | None, int | None]:
    for stream in (sys.stdout, sys.stderr, sys.stdin):
        try:
            size = os.get_terminal_size(stream.fileno())
        except (OSError, ValueError, AttributeError):
            continue  # no terminal, closed, or replaced by something that has no descriptor
        return size.columns, size.lines
    return None, None


def _has_signs(encoding: str | None) -> bool:
    try:
        "✓✗…·›".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _colours(system: System, environment: Mapping[str, str]) -> Colours:
    term = environment.get("TERM", "")
    if environment.get("NO_COLOR") or term == "dumb" or (not term and system != "windows"):
        return "none"
    if environment.get("COLORTERM", "").lower() in ("truecolor", "24bit") or system == "windows":
        return "truecolor"
    return "256" if "256" in term else "16"


def _clipboard(
    system: System,
    environment: Mapping[str, str],
    multiplexer: str | None,
    ask_tmux: Callable[[], str | None],
) -> tuple[bool | None, str]:
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if multiplexer == "tmux":
        option = ask_tmux()
        if option is None:
            return None, "tmux did not say whether set-clipboard is on"
        if option != "on":
            return False, "tmux passes it on only with set-clipboard on"
        return None, "tmux passes it on; whether the terminal around it takes it, it does not say"
    if multiplexer == "screen" or term.startswith("screen"):
        return False, "GNU screen does not pass it on"
    if term in ("", "dumb") and system != "windows":
        return False, "this terminal takes no commands"
    if term == "linux":
        return False, "the Linux console has no clipboard"
    if program == "Apple_Terminal":
        return False, "macOS Terminal does not take it; iTerm2 does"
    if program.lower() in _TAKE_OSC_52 or term.startswith(_KIND) or environment.get("WT_SESSION"):
        name = "Windows Terminal" if environment.get("WT_SESSION") else printable(program or term, longest=40)
        return True, f"{name} takes it, unless its settings forbid it"
    return None, "this terminal does not say whether it takes it"


def _set_clipboard() -> str | None:
    tmux = shutil.which("tmux")
    if tmux is None:
        return None
    said = printed(tmux, "show-options", "-sv", "set-clipboard", seconds=1)
    return said.strip() or None if said else None
