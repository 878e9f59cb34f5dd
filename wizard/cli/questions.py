"""Asks a person the questions that no probe can answer, as numbered lines.

In place of a number a person may paste what a command has printed; whatever facts are in it are kept.
"""

from __future__ import annotations

import select
import sys
from collections.abc import Iterator

from wizard.cli.terminal import talk
from wizard.diagnosis.walk import Ask
from wizard.model.evidence import Evidence, unknown
from wizard.model.target import Target
from wizard.report import text
from wizard.workbench import Answerer, Paste

_MOST_LINES = 50_000
_DUNNO = ("?", "i don't know", "i dont know", "don't know", "dunno", "unknown")
_INLINE_LINES = 6
"""Lines of a command that are shown with the question; a longer one is only pointed to."""


def ask(target: Target | None) -> Answerer:
    """Returns an answerer that asks on stderr and reads stdin. The target is what its commands are for."""
    pasted: set[str] = set()  # the questions that a paste was given for

    def answer(question: Ask) -> Evidence | Paste:
        fact = question.fact
        if fact.id in pasted:
            talk("There is no answer to this question in it.")
        else:
            talk(_asked(question, target))
        while True:
            sys.stderr.write("Number, or the output: " if fact.how_to else "Number: ")
            sys.stderr.flush()
            line = sys.stdin.readline()
            if not line:
                return unknown(fact.id, "person", "there was no answer")
            typed = line.strip()
            if typed.lower() in _DUNNO:
                return unknown(fact.id, "person", "you do not know")
            if typed.isascii() and typed.isdigit() and 1 <= int(typed) <= len(fact.choices):
                return Evidence(fact.id, fact.choices[int(typed) - 1].value, "person")
            if typed == str(len(fact.choices) + 1):
                return unknown(fact.id, "person", "you do not know")
            waits = _more_waits()
            if len(typed) > 3 or waits:
                if not waits:
                    talk("An empty line ends the output.")
                pasted.add(fact.id)
                return Paste(line + "".join(_rest()))
            talk(f"Please type a number from 1 to {len(fact.choices) + 1}, or paste the output of a command.")

    return answer


def _asked(question: Ask, target: Target | None) -> Iterator[str]:
    fact = question.fact
    yield from ("", fact.question or fact.title)
    yield from (f"  {number}  {choice.label}" for number, choice in enumerate(fact.choices, start=1))
    yield f"  {len(fact.choices) + 1}  I don't know"
    if fact.how_to:
        yield "  To find out, run one of these, and paste what it prints and an empty line:"
    for how in fact.how_to:
        if how.text.count("\n") < _INLINE_LINES:
            yield from (f"    {line}" for line in text.how_to(how))
        else:
            yield f"    {text.where(how)}: a script. Print it on your own machine with"
            about = f" {target}" if target else ""
            yield f"      dbtls howto {fact.id}{about} --platform {how.platform}"


def _rest() -> Iterator[str]:
    """Yields the lines of a paste up to an empty line with nothing behind it, or to the end of the input."""
    for _ in range(_MOST_LINES):
        line = sys.stdin.readline()
        if not line or (not line.strip() and not _more_waits()):
            return
        yield line


def _more_waits() -> bool:
    """Says whether more lines of a paste are there already: a terminal hands them over one by one.

    Windows cannot tell for a console, and where stdin is no terminal it is not known either; then an empty line
    ends the paste.
    """
    if sys.platform == "win32" or not sys.stdin.isatty():
        return False
    return bool(select.select([sys.stdin], [], [], 0.05)[0])
