"""A pasted text made ready for reading: what terminals, mails and editors added to it is gone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple

from wizard.model.evidence import Value
from wizard.model.text import printable

LONGEST = 2_000_000
"""Characters that are read; an error log of a whole month is smaller."""
_LONGEST_LINE = 4_000
_MOST_BLOCKS = 20
_LONGEST_BLOCK = 100_000

_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]{0,20}[A-Za-z]|\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)?)?")
_INVISIBLE = str.maketrans(
    {"\xa0": " ", "\u202f": " ", **dict.fromkeys("\x00\xad\u200b\u200e\u200f\u2060\ufeff", None)}
)
_BLANK_LINES = re.compile(r"\n{3,}")
_QUOTED = re.compile(r"[ \t]?>(?:[ \t]?>){0,8}[ \t]?")
_BEGIN = re.compile(r"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----")


class Said(NamedTuple):
    """One fact that an output states, and the words that state it."""

    fact: str
    value: Value
    words: str


class Page:
    """A pasted text as a reader of one kind of output wants it."""

    def __init__(self, text: str, *, server_name: str | None = None, at: datetime | None = None) -> None:
        """Takes the text apart.

        Args:
            text: whatever was pasted.
            server_name: the name that the client uses, where it is known.
            at: the aware moment to judge validity at; None leaves validity unknown.
        """
        cleaned = _BLANK_LINES.sub("\n\n", _ESCAPES.sub("", text[:LONGEST]).translate(_INVISIBLE))
        self.lines = tuple(_QUOTED.sub("", line[:_LONGEST_LINE], count=1) if line.lstrip()[:1] == ">" else
                           line[:_LONGEST_LINE] for line in cleaned.splitlines())  # fmt: skip
        self.server_name = server_name
        self.at = at.astimezone(UTC) if at else None

    @cached_property
    def flat(self) -> str:
        """The text in lower case without any white space: a terminal that wraps lines changes nothing in it."""
        return "".join("".join(self.lines).split()).lower()

    @cached_property
    def pem(self) -> tuple[str, ...]:
        """The certificate blocks, each once, in their order; private keys are passed over."""
        text = "\n".join(self.lines)
        found: list[str] = []
        for begin in _BEGIN.finditer(text):
            if len(found) == _MOST_BLOCKS:
                break
            end = text.find("-----END ", begin.end(), begin.end() + _LONGEST_BLOCK)
            body = "\n".join(text[begin.end() : end if end >= 0 else begin.end()].split())
            label = begin[0].replace("BEGIN", "END")
            # A block without its end stays in, so that it is seen to be cut off.
            found.append(f"{begin[0]}\n{body}\n" + (label + "\n" if end >= 0 else ""))
        return tuple(dict.fromkeys(found))

    def first(self, *patterns: re.Pattern[str]) -> str | None:
        """Returns the first group of the first line that one of the patterns matches at its start, made safe."""
        for line in self.lines:
            for pattern in patterns:
                if found := pattern.match(line):
                    return printable(found[1].strip())
        return None

    def numbers(self, pattern: re.Pattern[str]) -> list[int]:
        """Returns the first group of every match in `flat` as a number."""
        return [int(found[1]) for found in pattern.finditer(self.flat)]

    def last_number(self, pattern: re.Pattern[str]) -> int | None:
        """Returns the last of `numbers`, or None."""
        return next(reversed(self.numbers(pattern)), None)


def without_contradictions(said: Iterable[Said]) -> list[Said]:
    """Returns what was said of each fact once, and nothing of a fact of which different things were said."""
    values: dict[str, list[Said]] = {}
    for one in said:
        values.setdefault(one.fact, []).append(one)
    return [entries[0] for entries in values.values() if len({repr(one.value) for one in entries}) == 1]
