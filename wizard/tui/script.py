"""A fix as a file: a script where one shell runs all of its steps, else plain text."""

from __future__ import annotations

from wizard.fixes.render import RenderedFix
from wizard.model.knowledge import Shell
from wizard.report import text
from wizard.report.words import RUN_ON

_SCRIPTS: dict[Shell, tuple[str, str]] = {
    "powershell": ("ps1", "# "),
    "sh": ("sh", "# "),
    "cmd": ("cmd", "rem "),
    "tsql": ("sql", "-- "),
    "mysql": ("sql", "-- "),
    "postgresql": ("sql", "-- "),
    "python": ("py", "# "),
}
"""The ending of a script, and what begins a comment."""


def script_name(fix: RenderedFix) -> str:
    """Returns a name for the file."""
    ending, _ = _kind(fix)
    return f"dbtls-{fix.id}.{ending}"


def as_script(fix: RenderedFix) -> str:
    """Returns what goes into the file."""
    _, comment = _kind(fix)
    if not comment:
        return "\n".join(text.fixes((fix,)))
    parts = [f"{comment}{fix.title}"]
    for number, step in enumerate(fix.steps, start=1):
        where = f"{step.title} - {RUN_ON[step.run_on]}{', as administrator' if step.as_administrator else ''}"
        parts += ["", f"{comment}{number}. {where}", step.text]
    for step in fix.undo:
        parts += [
            "",
            f"{comment}undo: {step.title}",
            *(f"{comment}{line}" for line in step.text.splitlines()),
        ]
    return "\n".join((*parts, "", f"{comment}prove it: {fix.confirm}", ""))


def _kind(fix: RenderedFix) -> tuple[str, str]:
    shells = {step.shell for step in fix.steps}
    if len(shells) == 1:
        return _SCRIPTS.get(shells.pop(), ("txt", ""))
    return ("txt", "")
