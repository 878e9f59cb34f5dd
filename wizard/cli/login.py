"""The server's own view from the command line: where a password comes from, and when a login may be sent."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

import click

from wizard.cli.terminal import is_interactive, talk
from wizard.errors import UsageError
from wizard.model.text import printable

if TYPE_CHECKING:
    from wizard.model.case import Case
    from wizard.model.login import Login
    from wizard.model.target import Engine
    from wizard.workbench import Workbench

_PASSWORDS: dict[Engine, str] = {"postgresql": "PGPASSWORD", "mysql": "MYSQL_PWD", "mariadb": "MYSQL_PWD"}
"""The variables that the databases' own programs read."""


class LoginAsked(NamedTuple):
    """What a person said about logging in."""

    user: str | None
    unverified: bool
    """It may be sent although nothing vouches for the server."""


NO_LOGIN = LoginAsked(None, unverified=False)


def login_options(function: Callable[..., int]) -> Callable[..., int]:
    """Adds the options about a login and hands them to the command as one `LoginAsked`, named `login`."""

    def wrapped(login_user: str | None, login_unverified: bool, **others: object) -> int:
        if login_unverified and login_user is None:
            raise UsageError("--login-unverified belongs to --login USER.")
        if login_user is not None and not login_user.strip():
            raise UsageError("The name of the user is empty.", hint="Name one, as in: --login app")
        return function(login=LoginAsked(login_user, login_unverified), **others)

    wrapped.__name__, wrapped.__doc__ = function.__name__, function.__doc__
    wrapped.__click_params__ = list(getattr(function, "__click_params__", []))  # type: ignore[attr-defined]
    for option in reversed(_OPTIONS):
        option(wrapped)
    return wrapped


_OPTIONS = (
    click.option(
        "--login",
        "login_user",
        metavar="USER",
        help="Log in as this user and read what the server says of its own TLS. The password is asked for, or taken"
        " from DBTLS_PASSWORD, PGPASSWORD, MYSQL_PWD or, for PostgreSQL, ~/.pgpass; it is never kept.",
    ),
    click.option(
        "--login-unverified",
        is_flag=True,
        help="Send the login even where nothing vouches for the server: whoever answers could read it.",
    ),
)


def seen_by_server(
    bench: Workbench, case: Case, asked: LoginAsked, *, may_ask: bool
) -> tuple[Case, Login | None]:
    """Returns the case with what the probes and the server itself say, and the login; as it was without a login.

    Where nothing vouches for the server, the login stays here, unless the person agrees to send it anyway.

    Raises:
        UsageError: there is no server to log in to.
    """
    from wizard.workbench import engine_of

    if asked.user is None:
        return case, None
    if case.target is None or not bench.options.probing:
        raise UsageError("A login needs a server.", hint="Name one, without --no-probe.")
    may_ask = may_ask and is_interactive()
    login = _login(asked.user, engine_of(case), may_ask=may_ask)
    for progress in bench.probe(case, Event()):
        case = progress.case
    case = bench.all_probed(case)
    if case.value("connect.status") not in (None, "open") or case.value("preamble.status") not in (
        None,
        "ok",
    ):
        talk("The server was not reached, so nothing was logged in.")
        return case, login
    talk(f"Logging in as {printable(login.user, longest=80)}, to read what the server says of its own TLS …")
    seen = bench.server_view(case, login, unverified_ok=asked.unverified)
    if seen.value("view.login") == "not-sent" and not asked.unverified:
        talk(f"The login was not sent: {_reason(seen, 'nothing vouches for the server')}.")
        if may_ask and _agreed():
            return bench.server_view(case, login, unverified_ok=True), login
        talk("To send it all the same: --login-unverified")
    elif seen.value("view.login") != "accepted":
        talk(f"The login brought nothing: {_reason(seen, 'the reason is not known')}.")
    return seen, login


def _reason(seen: Case, otherwise: str) -> str:
    told = seen.evidence_for("view.login")
    return ((told.because if told else None) or otherwise).rstrip(".")


def _login(user: str, engine: Engine | None, *, may_ask: bool) -> Login:
    from wizard.model.login import Login

    names = ["DBTLS_PASSWORD", *([_PASSWORDS[engine]] if engine in _PASSWORDS else [])]
    password = next((os.environ[name] for name in names if os.environ.get(name)), None)
    if password is None and may_ask:
        try:
            password = getpass.getpass(
                f"Password of {printable(user, longest=80)} (empty: none, or PostgreSQL's ~/.pgpass): "
            )
        except EOFError:
            password = None
    return Login(user, password or None)


def _agreed() -> bool:
    talk("Whoever answers there could read this login. Send it anyway? Type yes:")
    try:
        return input().strip().lower() == "yes"
    except EOFError:
        return False
