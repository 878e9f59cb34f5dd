"""Puts the values of a case into the commands by which a person finds a fact out."""

from __future__ import annotations

import re

import msgspec

from wizard.errors import QuoteError
from wizard.fixes.quote import quote
from wizard.model.case import Case
from wizard.model.knowledge import HowTo

_PLACEHOLDER = re.compile(r"\b(?:SERVER|PORT|NAME|INSTANCE)\b")
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PLAIN_AROUND = re.compile(r"[A-Za-z0-9:,.\\/=-]*")


def filled_in(how: HowTo, case: Case) -> HowTo:
    """Returns the instruction with the case's values in the place of SERVER, PORT, NAME and INSTANCE.

    A value of plain letters and digits means itself in every shell. Any other one, such as an IPv6 address, is
    quoted together with the word that it is in; where that cannot be done the placeholder stays.
    """
    target = case.target
    values = {
        "SERVER": target.host if target else None,
        "PORT": str(case.port) if case.port else None,
        "NAME": target.server_name if target else None,
        "INSTANCE": target.instance if target else None,
    }

    def filled(word: str) -> str:
        told = {name: value for name in _PLACEHOLDER.findall(word) if (value := values[name])}
        if not told:
            return word
        joined = ":" in word

        def value_of(found: re.Match[str]) -> str:
            value = told.get(found[0], found[0])
            return f"[{value}]" if joined and ":" in value else value

        replaced = _PLACEHOLDER.sub(value_of, word)
        if all(_PLAIN_VALUE.fullmatch(value) for value in told.values()):
            return replaced
        if not _PLAIN_AROUND.fullmatch(_PLACEHOLDER.sub("", word)):
            return word
        try:
            return quote(replaced, how.shell)
        except QuoteError:
            return word

    parts = re.split(r"(\s+)", how.text)
    return msgspec.structs.replace(how, text="".join(filled(part) for part in parts))
