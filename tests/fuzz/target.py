"""A parser under fuzzing: what it reads, how to begin, and what must hold whatever the bytes are."""

from __future__ import annotations

import itertools
import random
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from wizard.errors import WizardError
from wizard.model.text import printable


@dataclass(frozen=True)
class Target:
    """One parser of bytes from a network or a file.

    Attributes:
        name: as the command line and the folders call it.
        reads: what its bytes are, for people.
        check: takes any bytes; raises where a promise is broken. Errors that the parser documents stay inside.
        seeds: makes inputs to begin with, beside those that are kept.
        words: what the guided run may put into its inputs.
        longest: octets of an input.
    """

    name: str
    reads: str
    check: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]
    words: tuple[bytes, ...] = ()
    longest: int = 4096


class BrokenPromiseError(Exception):
    """A parser took the bytes, but what it made of them is not what it promises."""


def claim(holds: bool, promise: str) -> None:
    """Raises BrokenPromiseError with the promise that does not hold."""
    if not holds:
        raise BrokenPromiseError(promise)


def safe(*texts: str | None) -> None:
    """Claims that each text may be shown: nothing in it acts on a terminal."""
    for text in texts:
        if text is not None:
            claim(printable(text, longest=len(text) + 1) == text, "text for people has no control character")


def settled(value: object) -> None:
    """Claims that a value is frozen: it can be hashed."""
    try:
        hash(value)
    except TypeError as error:
        raise BrokenPromiseError("a result is frozen") from error


def told(error: WizardError) -> str:
    """Returns an error as text, after claiming that it may be shown."""
    safe(error.message, error.hint)
    return f"{type(error).__name__}: {error.message}"


def safe_throughout(value: object) -> None:
    """Claims that every text inside a value may be shown; bytes are left alone."""
    if isinstance(value, str):
        safe(value)
    elif isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            safe_throughout(getattr(value, field))
    elif isinstance(value, tuple | list):
        for one in value:
            safe_throughout(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            safe_throughout(key)
            safe_throughout(one)


def pieces(data: bytes) -> list[bytes]:
    """Returns the bytes as a network may deliver them: cut at places that depend on the bytes alone."""
    dice = random.Random(zlib.crc32(data))  # noqa: S311 - no secret, the same for the same bytes
    if len(data) <= 64:
        return [data[at : at + 1] for at in range(len(data))]
    cuts = sorted({0, len(data), *(dice.randrange(len(data)) for _ in range(dice.randint(1, 12)))})
    return [data[start:end] for start, end in itertools.pairwise(cuts)]


def heard(
    feed: Callable[[bytes], Iterable[object]], parts: Sequence[bytes]
) -> tuple[list[object], str | None]:
    """Returns what a reader yields for some parts, and the error that ended it."""
    found: list[object] = []
    for part in parts:
        try:
            for one in feed(part):
                settled(one)
                found.append(one)
        except WizardError as error:
            return found, told(error)
    return found, None


def however_cut(reader: Callable[[], Callable[[bytes], Iterable[object]]], data: bytes) -> list[object]:
    """Claims that how a stream is cut changes neither what is read of it nor the error; returns what is read."""
    whole = heard(reader(), [data])
    claim(whole == heard(reader(), pieces(data)), "how a stream is cut makes no difference")
    return whole[0]
