"""Every error a user can meet, in one tree.

    WizardError
    ├── UsageError            the person's input is wrong (exit status 2)
    │   ├── TargetError       a server name or connection string that cannot be read
    │   └── FileError         a file that is missing, unreadable or not what it should be
    ├── KnowledgeError        the knowledge folder is invalid; carries all its problems (exit status 2)
    ├── QuoteError            a value that no command may hold; the renderer puts a placeholder there
    └── ProbeError            a probe could not establish its facts; becomes "unknown, because …"
        ├── ResolveError      the name has no address
        ├── ConnectError      no TCP connection
        ├── PreambleError     the bytes before TLS are not those of this database
        │   └── RefusalError  this database answers, but refuses the client before TLS
        └── HandshakeError    TLS itself failed

An error is one sentence and, where there is something to do, a hint. Neither ever carries a secret.
"""

from __future__ import annotations

from typing import Literal

ConnectFailure = Literal["refused", "timed-out", "unreachable"]


class WizardError(Exception):
    """An expected failure: `message` is one sentence for the user, `hint` says what to do next."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(WizardError):
    """The person's input cannot be used as it is."""


class TargetError(UsageError):
    """A target that cannot be understood. Never repeats the input: it may hold a password."""


class FileError(UsageError):
    """A file that is missing, unreadable, empty, or not of the kind that was asked for."""


class KnowledgeError(WizardError):
    """The knowledge folder is invalid. `problems` holds one line for each fault: `file:line: what`."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        count = len(problems)
        super().__init__(f"The knowledge folder has {count} problem{'s' if count != 1 else ''}.")
        self.problems = problems


class QuoteError(WizardError):
    """A value that cannot be written safely for a shell. Never repeats the value: it may be hostile."""


class ProbeError(WizardError):
    """A probe could not establish its facts."""


class ResolveError(ProbeError):
    """The host name has no address here."""


class ConnectError(ProbeError):
    """No TCP connection.

    Attributes:
        status: why there is none.
    """

    def __init__(self, message: str, *, hint: str | None = None, status: ConnectFailure) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class PreambleError(ProbeError):
    """The bytes before TLS are not those of the expected database, or stopped in the middle.

    Attributes:
        service: what the bytes look like instead, such as `HTTP` or `MariaDB`, or None.
    """

    def __init__(self, message: str, *, hint: str | None = None, service: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.service = service


class RefusalError(PreambleError):
    """The expected database answered with an error instead of its greeting: it is up, but refuses this client."""


class HandshakeError(ProbeError):
    """The TLS handshake failed.

    Attributes:
        alert: name of the TLS alert that the server sent (RFC 8446 section 6), or None.
        verify_code: OpenSSL's certificate verify code, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        alert: str | None = None,
        verify_code: int | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.alert = alert
        self.verify_code = verify_code
