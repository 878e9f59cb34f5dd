"""Keeps small JSON documents on this machine, so that neither a crash nor a second dbtls loses what was in them.

State is a comfort: no failure of it ends the program, each becomes a message to show.
"""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from wizard.state.files import locked, replace, state_folder

VERSION = 1
"""Of all documents. It rises when one of them changes so that an older dbtls would misread or lose a part."""

Content = TypeVar("Content")


class _Document(msgspec.Struct, frozen=True):
    version: int
    content: msgspec.Raw


class _UnusableError(Exception):
    """A file whose content cannot be used: `damaged`, or `newer` than this program."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Store(Generic[Content]):
    """One document: the file `name` in the state folder, readable by this user alone.

    A file that cannot be used is renamed to `NAME.damaged-1` or `NAME.newer-1` and so on; it is never deleted.
    """

    def __init__(self, name: str, kind: type[Content], *, default: Content, what: str) -> None:
        """Describes the document.

        Args:
            name: of the file.
            kind: the type of the content.
            default: the content where there is no file.
            what: a plural that names the content in messages.
        """
        self._name = name
        self._kind = kind
        self._default = default
        self._what = what

    def read(self) -> tuple[Content, str | None]:
        """Returns the content, or the default; and a message where there is something to tell."""
        try:
            return self._load(), None
        except OSError as error:
            return self._default, self._failed("read", error)
        except _UnusableError:
            pass  # only under the lock is it sure that no other dbtls has put a good file there since
        try:
            with locked(self._path):
                return self._load_or_set_aside()
        except OSError as error:
            return self._default, self._failed("read", error)

    def change(self, change: Callable[[Content], Content]) -> str | None:
        """Replaces the content by what `change` makes of it; returns a message where there is something to tell.

        No other dbtls can write in between. Where it fails, the file stays as it was.
        """
        aside = None
        try:
            with locked(self._path):
                content, aside = self._load_or_set_aside()
                problem = self._write(change(content))
        except OSError as error:
            problem = self._failed("saved", error)
        return " ".join(filter(None, (aside, problem))) or None

    def set_aside(self) -> tuple[Path, ...]:
        """Returns the files that were set aside and are still there."""
        return tuple(sorted(state_folder().glob(f"{self._name}.*-[0-9]*")))

    def _load(self) -> Content:
        path = self._path
        try:
            # A link, a pipe or a folder in the file's place is not ours: it is not followed or waited for.
            if not stat.S_ISREG(path.lstat().st_mode):
                raise _UnusableError("damaged")
            return self._decoded(path.read_bytes())
        except FileNotFoundError:
            return self._default

    def _load_or_set_aside(self) -> tuple[Content, str | None]:
        try:
            return self._load(), None
        except _UnusableError as found:
            kind = found.kind
        places = (self._path.with_name(f"{self._name}.{kind}-{number}") for number in itertools.count(1))
        place = next(place for place in places if not os.path.lexists(place))
        self._path.rename(place)
        why = "comes from a newer version of dbtls" if kind == "newer" else "is damaged"
        return self._default, f"The file with your {self._what} {why}. It is now called {place}."

    def _decoded(self, data: bytes) -> Content:
        try:
            document = msgspec.json.decode(data, type=_Document)
            if document.version > VERSION:
                raise _UnusableError("newer")
            return msgspec.json.decode(document.content, type=self._kind)
        # Not UTF-8, not JSON, not of this type, or nested too deeply.
        except (ValueError, RecursionError) as error:
            raise _UnusableError("damaged") from error

    def _write(self, content: Content) -> str | None:
        """Replaces the file; returns a message where the content does not survive a file, such as lone surrogates."""
        try:
            data = msgspec.json.encode(_Document(VERSION, msgspec.Raw(msgspec.json.encode(content))))
            self._decoded(data)
        except (ValueError, _UnusableError):
            return f"Your {self._what} could not be saved: they hold a value that does not fit into a file."
        replace(self._path, data)
        return None

    def _failed(self, what: str, error: OSError) -> str:
        why = error.strerror or str(error)
        if isinstance(error, TimeoutError):
            why = "another dbtls is writing them"
        place = state_folder()
        return f"Your {self._what} could not be {what} in {place}: {why}. Set DBTLS_STATE_DIR to use another folder."

    @property
    def _path(self) -> Path:
        return state_folder() / self._name
