"""A login that a person gave. Its password is shown, logged, saved and pickled by nothing."""

from __future__ import annotations

from typing import NoReturn


class Login:
    """A user, a password and perhaps a database; frozen. Only `reveal` tells the password.

    It is no msgspec struct and no dataclass on purpose: an encoder would write every field of these.
    """

    __slots__ = ("_password", "database", "user")

    user: str
    database: str | None
    """The database to enter, where the account may not enter the usual one."""
    _password: str | None

    def __init__(self, user: str, password: str | None = None, *, database: str | None = None) -> None:
        for name, value in (("user", user), ("_password", password), ("database", database)):
            object.__setattr__(self, name, value)

    def reveal(self) -> str | None:
        """Returns the password, for the one pipe into the process that logs in."""
        return self._password

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a login is frozen: {name}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a login is frozen: {name}")

    def __repr__(self) -> str:
        """Returns the user alone."""
        return f"Login({self.user!r}, {'None' if self._password is None else '•••'})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Login):
            return NotImplemented
        mine = (self.user, self._password, self.database)
        return mine == (other.user, other._password, other.database)

    def __hash__(self) -> int:
        return hash((self.user, self.database))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a login is never pickled: it holds a password")
