"""Inputs for the short run without Atheris: kept inputs with some edits that know what protocols are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hypothesis import strategies as st

Edit = Callable[[bytearray, int], None]
"""Changes an input at a place, which is below its length."""

_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFF, 0x8000, 0x7FFFFFFF, 0xFFFFFFFF)


def mutated(kept: Sequence[bytes], words: Sequence[bytes], longest: int) -> st.SearchStrategy[bytes]:
    """Returns inputs that are kept ones with up to five edits; without kept ones, any bytes.

    Args:
        kept: what to begin with.
        words: what a target's inputs are made of.
        longest: octets of an input.
    """
    if not kept:
        return st.binary(max_size=longest)
    places = st.floats(0, 1, exclude_max=True)
    edits = st.one_of(
        st.builds(_flipped, st.integers(0, 7)),
        st.builds(_numbered, st.sampled_from(_NUMBERS), st.integers(1, 4), st.booleans()),
        st.builds(_inserted, st.sampled_from([b"\0", b"\xff" * 4, b"\n", *words])),
        st.builds(_repeated, st.integers(1, 64), st.integers(1, 8)),
        st.builds(_cut, st.integers(1, 64)),
        st.builds(_spliced, st.sampled_from(kept), places),
        st.just(_ended),
    )

    def edited(begin: bytes, changes: list[tuple[Edit, float]]) -> bytes:
        data = bytearray(begin)
        for edit, place in changes:
            if data:
                edit(data, int(place * len(data)))
        return bytes(data[:longest])

    return st.builds(edited, st.sampled_from(kept), st.lists(st.tuples(edits, places), max_size=5))


def _flipped(bit: int) -> Edit:
    def edit(data: bytearray, at: int) -> None:
        data[at] ^= 1 << bit

    return edit


def _numbered(number: int, size: int, big: bool) -> Edit:
    def edit(data: bytearray, at: int) -> None:
        data[at : at + size] = (number % 256**size).to_bytes(size, "big" if big else "little")

    return edit


def _inserted(word: bytes) -> Edit:
    def edit(data: bytearray, at: int) -> None:
        data[at:at] = word

    return edit


def _repeated(size: int, times: int) -> Edit:
    def edit(data: bytearray, at: int) -> None:
        data[at:at] = bytes(data[at : at + size]) * times

    return edit


def _cut(size: int) -> Edit:
    def edit(data: bytearray, at: int) -> None:
        del data[at : at + size]

    return edit


def _spliced(other: bytes, place: float) -> Edit:
    def edit(data: bytearray, at: int) -> None:
        data[at:] = other[int(place * len(other)) :]

    return edit


def _ended(data: bytearray, at: int) -> None:
    del data[at:]
