"""Live attempts: the drivers of this machine really connect, each in a child process that is killed in time.

Without a login they stop at the server's question for one. That answer proves that TLS was fine.
"""

from __future__ import annotations

import re
from pathlib import Path
from threading import Event
from typing import Literal

import msgspec

from wizard.model.login import Login
from wizard.model.target import DEFAULT_PORTS, Engine, Target
from wizard.model.text import printable
from wizard.probes.drivers.dialect import DIALECTS, Dialect
from wizard.probes.drivers.present import Driver
from wizard.probes.drivers.process import messages
from wizard.probes.drivers.request import Failure, Message, Opened, Request
from wizard.probes.drivers.spelling import spelt

Reached = Literal["connected", "login-refused", "refused"]
Channel = Literal["session", "none"]
USER = "dbtls"
"""Who tries to log in where the person gave no login."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """How far one driver came with one set of options."""

    client: str
    version: str | None
    options: tuple[tuple[str, str], ...]
    """As the driver spells them."""
    reached: Reached | None
    """`login-refused`: TLS was fine, and the login was not; None: it cannot be told, and `limitation` says why."""
    encrypted: Channel | None
    error: str | None
    leaves: str | None
    """What this left in the server's log, in a few words."""
    limitation: str | None = None
    """What this driver or this attempt could not do, in one sentence."""


def attempt(
    driver: Driver,
    target: Target,
    options: tuple[tuple[str, str], ...],
    login: Login | None = None,
    *,
    channel: Channel | None = None,
    verified: bool = False,
    port: int | None = None,
    ca_file: Path | None = None,
    seconds: float = 10.0,
    unverified_ok: bool = False,
    cancelled: Event | None = None,
) -> Attempt:
    """Lets one driver connect with these options and returns how far it came. Blocks for up to `seconds`.

    Args:
        driver: one of `present`.
        target: the server; the driver checks the certificate against its `server_name` where it can.
        options: the options of TLS, spelt as the driver or its profile in knowledge/clients spells them.
        login: what the person gave; None stops at the login, as a user that does not exist.
        channel: what the options settle, whatever the server: TLS or no connection, no TLS, or nothing.
        verified: the options promise that a login goes only to a server that was checked.
        port: its port, where the target names an instance alone.
        ca_file: the roots to trust instead of this machine's.
        seconds: after which the child is killed.
        unverified_ok: the person agreed to send the login also where these options do not check the certificate;
            otherwise it is kept back then, as if there were none.
        cancelled: set from elsewhere to kill it at once.

    Raises:
        UsageError: the driver has no such option of TLS.
    """
    dialect = DIALECTS[driver.client]
    used = spelt(driver.client, options)
    # A password on a command line is seen by everybody on this machine.
    kept_back = dialect.no_password or not (unverified_ok or verified)
    given = None if kept_back else login
    request = Request(
        engine=target.engine,
        client=driver.client,
        program=driver.program,
        host=target.host,
        port=port or target.port or DEFAULT_PORTS[target.engine],
        server_name=target.server_name,
        user=given.user if given else USER,
        database=given.database if given else None,
        options=used,
        ca_file=str(ca_file) if ca_file else None,
        seconds=seconds,
    )
    told = [*messages(request, given, seconds, cancelled or Event())]
    first = told[0] if told else None
    reached, encrypted = _outcome(target.engine, first, channel)
    return Attempt(
        client=driver.client,
        version=driver.version,
        options=used,
        reached=reached,
        encrypted=encrypted,
        error=_words(first, told, seconds),
        leaves=_leaves(target.engine, dialect, reached, given, certain=encrypted is not None),
        limitation=_limitation(
            target, dialect, reached, first, kept_back=kept_back and login is not None, ca_file=ca_file
        ),
    )


def says_login_refused(engine: Engine, failure: Failure) -> bool:
    """Says whether an error is the server's answer to the login, which it gives only after TLS.

    SQL Server: 18456 and its kin; MySQL: 1045, 1698 and what comes after a login. PostgreSQL says it by class 28, but
    the same class stands for a rule of pg_hba.conf that refuses the channel, and libpq hides the SQLSTATE: it
    writes a server's words after a severity and two spaces.
    """
    text = failure.text
    if engine == "sqlserver":
        return failure.code in _SQL_SERVER_LOGIN or "Login failed for user" in text
    if engine in ("mysql", "mariadb"):
        return failure.code in _MYSQL_LOGIN
    if "pg_hba.conf" in text or "client certificate" in text or "certificate authentication failed" in text:
        return False
    said = failure.code[:2] in ("28", "3D", "53", "57") or re.search(r"failed: [^\s:]+:  ", text)
    return bool(said) or "no password supplied" in text


_SQL_SERVER_LOGIN = {"18456", "18452", "18470", "18486", "18487", "18488", "4060", "4064", "18461"}
_MYSQL_LOGIN = {"1045", "1698", "1044", "1049", "1251", "1820", "1862", "3118", "4151", "2059", "2061"}


def _outcome(
    engine: Engine, first: Message | None, settled: Channel | None
) -> tuple[Reached | None, Channel | None]:
    if isinstance(first, Opened):
        return "connected", _encrypted(first.encrypted, settled)
    if not isinstance(first, Failure):
        return None, None
    if not says_login_refused(engine, first):
        return "refused", None
    encrypted = _encrypted(first.encrypted, settled)
    if _maybe_for_want_of_tls(engine, first) and encrypted != "session":
        return None, encrypted
    return "login-refused", encrypted


def _encrypted(told: bool | None, settled: Channel | None) -> Channel | None:
    """Returns what the driver told, or else what its options settle."""
    return settled if told is None else "session" if told else "none"


def _maybe_for_want_of_tls(engine: Engine, failure: Failure) -> bool:
    """MariaDB 10.11 says 1045 also to a client without TLS under require_secure_transport (REALITY)."""
    return engine == "mariadb" and failure.code == "1045"


def _words(first: Message | None, told: list[Message | None], seconds: float) -> str | None:
    if isinstance(first, Failure):
        return printable(first.text)
    if isinstance(first, Opened):
        return None
    return f"there was no answer within {seconds:g} s" if told else "the driver ended without a word"


def _leaves(
    engine: Engine, dialect: Dialect, reached: Reached | None, login: Login | None, *, certain: bool
) -> str | None:
    user = printable(login.user, longest=60) if login else USER
    if reached == "connected":
        return f"one login of the user {user}, where the server logs logins"
    if reached == "refused":
        return "at most one connection that failed before its login"
    if login is None and dialect.silent:
        return "nothing but a connection, where log_connections is on"
    if reached is None:
        return f"at most one failed login of the user {user}"
    if engine == "postgresql" and not certain:
        # prefer and allow try once more, the other way.
        return f"up to two failed logins of the user {user}"
    return f"one failed login of the user {user}"


def _limitation(
    target: Target,
    dialect: Dialect,
    reached: Reached | None,
    first: Message | None,
    *,
    kept_back: bool,
    ca_file: Path | None,
) -> str | None:
    said = []
    if reached is None and isinstance(first, Failure):
        said.append("MariaDB gives the same answer to a wrong login and to a client without TLS.")
    if kept_back and dialect.no_password:
        said.append(f"It takes a password on its command line alone, so the user {USER} was tried instead.")
    elif kept_back:
        said.append(f"These options do not check the certificate, so the user {USER} was tried instead.")
    if dialect.one_name and target.server_name != target.host:
        said.append(
            f"It checks the certificate against {printable(target.host, longest=80)}, where it connects to."
        )
    if ca_file is not None and dialect.own_roots:
        said.append("It cannot be given a CA file here; it trusts what its own machine trusts.")
    return " ".join(said) or None
