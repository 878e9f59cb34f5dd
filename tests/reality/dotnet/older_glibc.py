"""Copies a shared library of x86-64 so that it asks for functions of glibc 2.2.5 where it asked for those of 2.38.

usage: older_glibc.py LIBRARY COPY. The library needs fmod of 2.38, which differs from the old one in errno only.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

GNU_VERNEED = 0x6FFFFFFE


def main(library: Path, copy: Path) -> None:
    """Rewrites the names in the version needs (System V gABI, "Symbol Versioning")."""
    content = bytearray(library.read_bytes())
    sections = [_section(content, number) for number in range(struct.unpack_from("<H", content, 60)[0])]
    _, needs, _, link = next(section for section in sections if section[0] == GNU_VERNEED)
    strings = sections[link][1]
    versions = {_name(content, strings + name): place for place, name in _needed(content, needs)}
    old, new = versions["GLIBC_2.2.5"], versions["GLIBC_2.38"]
    content[new : new + 4] = content[old : old + 4]
    content[new + 8 : new + 12] = content[old + 8 : old + 12]
    copy.write_bytes(content)


def _section(content: bytearray, number: int) -> tuple[int, int, int, int]:
    start = struct.unpack_from("<Q", content, 40)[0] + 64 * number
    kind = struct.unpack_from("<I", content, start + 4)[0]
    offset, size, link = struct.unpack_from("<QQI", content, start + 24)
    return kind, offset, size, link


def _needed(content: bytearray, place: int) -> list[tuple[int, int]]:
    found = []
    while True:
        _, count, _, first, following = struct.unpack_from("<HHIII", content, place)
        version = place + first
        for _ in range(count):
            name, step = struct.unpack_from("<II", content, version + 8)
            found.append((version, name))
            version += step
        if not following:
            return found
        place += following


def _name(content: bytearray, start: int) -> str:
    return content[start : content.index(0, start)].decode()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
