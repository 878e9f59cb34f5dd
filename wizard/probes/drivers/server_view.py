"""The server's own view of its TLS: a login that the person gave, some read-only queries, and nothing else."""

from __future__ import annotations

import os
import re
import ssl
from pathlib import Path
from threading import Event
from types import ModuleType

from wizard.model.certificate import Certificate
from wizard.model.evidence import Evidence, unknown
from wizard.model.login import Login
from wizard.model.target import DEFAULT_PORTS, NAMES, Engine, Target
from wizard.model.text import printable
from wizard.probes.drivers import view_mysql, view_postgresql, view_sqlserver
from wizard.probes.drivers.answers import Answers, evidence
from wizard.probes.drivers.attempts import says_login_refused
from wizard.probes.drivers.present import Driver, has_package, odbc_drivers
from wizard.probes.drivers.process import messages
from wizard.probes.drivers.request import Failure, Message, Opened, Request

INSTALL = "pip install 'dbtls[drivers]'"

_VIEWS: dict[Engine, ModuleType] = {
    "sqlserver": view_sqlserver,
    "mysql": view_mysql,
    "mariadb": view_mysql,
    "postgresql": view_postgresql,
}

_NOT_VERIFIED = re.compile(
    # The chain or the name, as OpenSSL, libpq, Microsoft's driver and Windows say it.
    r"verify failed|verification failed|verify_failed|hostname mismatch|does not match (host|the host|target) ?name"
    r"|certificate chain was issued|not trusted|self[- ]signed certificate|certificate has expired"
    r"|target principal name|root certificate file|unable to get (local )?issuer"
    # No TLS, as libpq, MySQL's drivers and Microsoft's say it.
    r"|does(n't| not) support (SSL|TLS|it\b|encryption)|encryption (is )?not supported",
    re.IGNORECASE,
)
"""How a driver ends before the login for want of a check: only then would the same login come through without one."""


def server_view(
    target: Target,
    login: Login,
    seconds: float,
    *,
    port: int | None = None,
    ca_file: Path | None = None,
    served: tuple[Certificate, ...] = (),
    strict: bool = False,
    unverified_ok: bool = False,
    cancelled: Event | None = None,
) -> tuple[Evidence, ...]:
    """Logs in and returns what the server says of its own TLS; what it does not tell is unknown, with the reason.

    Blocks for up to `seconds`. Never raises for what a server or a driver does. The driver checks chain and name
    before it sends the login, so that by default no login ever goes over a channel that is not verified.

    Args:
        target: the server.
        login: user and password that the person gave for this.
        seconds: for all of it: the start of the driver, the login and the queries.
        port: its port, where the target names an instance alone.
        ca_file: the roots to trust instead of this machine's.
        served: the chain that the server presented to the probes, leaf first.
        strict: use TDS 8.0, where SQL Server takes nothing else.
        unverified_ok: the person agreed to send this login without a check of the certificate, and, to PostgreSQL,
            MySQL and MariaDB servers that offer no TLS, without TLS.
        cancelled: set from elsewhere to end it at once.
    """
    view = _VIEWS[target.engine]
    driver = _driver(target.engine, seconds)
    if driver is None:
        return _nothing(view, "not-tried", f"there is no driver for {NAMES[target.engine]}: {INSTALL}")
    told: list[Message] = []
    finished = True
    for options in _options(driver, ca_file, strict=strict, verified=not unverified_ok):
        request = Request(
            engine=target.engine,
            client=driver.client,
            program=driver.program,
            host=target.host,
            port=port or target.port or DEFAULT_PORTS[target.engine],
            server_name=target.server_name,
            user=login.user,
            database=login.database,
            options=options,
            ca_file=str(ca_file) if ca_file else None,
            seconds=seconds,
            queries=view.QUERIES,
        )
        told = []
        for message in messages(request, login, seconds, cancelled or Event()):
            finished = message is not None
            told += [message] if message is not None else []
        if not _says_no_tls(told):
            break
    return _evidence(target.engine, told, served[0] if served else None, finished=finished, driver=driver)


def _evidence(
    engine: Engine, told: list[Message], served: Certificate | None, *, finished: bool, driver: Driver
) -> tuple[Evidence, ...]:
    view = _VIEWS[engine]
    if not told:
        why = "the driver ended without a word" if finished else "the login did not end in time"
        return _nothing(view, "not-tried", why)
    first = told[0]
    if isinstance(first, Failure):
        words = printable(first.text, longest=300)
        if says_login_refused(engine, first):
            return _nothing(view, "refused", words)
        return _nothing(view, "not-sent" if _NOT_VERIFIED.search(first.text) else "not-tried", words)
    opened = isinstance(first, Opened) and first.encrypted
    # Microsoft's driver is only ever told to encrypt here.
    encrypted = True if engine == "sqlserver" else bool(opened)
    said = tuple(view.read(Answers.of(told), served, encrypted=encrypted))
    accepted = evidence("view.login", "accepted", f"through {driver.client}")
    return (accepted, *(_in_front(entry, said) for entry in said))


def _in_front(entry: Evidence, said: tuple[Evidence, ...]) -> Evidence:
    """Returns of the configured certificate that it never was to be shown, where TLS ends before the server."""
    ends_before = any(one.fact == "view.session" and one.value == "ends-before" for one in said)
    if entry.fact != "view.configured" or not ends_before:
        return entry
    return evidence(
        entry.fact, "in-front", "the channel is TLS, and the server calls its session unencrypted"
    )


def _nothing(view: ModuleType, login: str, because: str) -> tuple[Evidence, ...]:
    """Returns that nothing is known. Facts that other probes establish too keep what these found."""
    status = (
        unknown("view.login", "probe", because)
        if login == "not-tried"
        else evidence("view.login", login, because)
    )
    why = {"refused": "the login was refused", "not-sent": "the login was not sent"}.get(login, because)
    own = tuple(unknown(fact, "probe", why) for fact in view.FACTS if fact.startswith("view."))
    return (status, *own)


def _driver(engine: Engine, seconds: float) -> Driver | None:
    match engine:
        case "postgresql":
            return Driver("psycopg", None) if has_package("psycopg") else None
        case "mysql" | "mariadb":
            return Driver("mysql-connector-python", None) if has_package("mysql/connector") else None
        case "sqlserver":
            if odbc := odbc_drivers(seconds):
                return odbc[0]
            return Driver("mssql-python", None) if has_package("mssql_python") else None


def _options(
    driver: Driver, ca_file: Path | None, *, strict: bool, verified: bool
) -> tuple[tuple[tuple[str, str], ...], ...]:
    """Returns the sets of options to try in turn: the second only where the server says that it has no TLS."""
    match driver.client:
        case "psycopg" if verified:
            roots = str(ca_file) if ca_file else ssl.get_default_verify_paths().cafile or "system"
            return ((("sslmode", "verify-full"), ("sslrootcert", roots)),)
        case "psycopg":
            # With a root file present `require` would verify, so it is told of one that cannot be.
            none = str(Path(os.devnull) / "none")
            return ((("sslmode", "require"), ("sslrootcert", none)), (("sslmode", "disable"),))
        case "mysql-connector-python" if verified:
            # ssl_verify_identity alone would go on without TLS; ssl_verify_cert refuses that.
            ca = (("ssl_ca", str(ca_file)),) if ca_file else ()
            return ((("ssl_verify_cert", "True"), ("ssl_verify_identity", "True"), *ca),)
        case "mysql-connector-python":
            return ((),)
    trust = () if verified or strict else (("TrustServerCertificate", "yes"),)
    return ((("Encrypt", "strict" if strict else "yes"), *(trust or (("TrustServerCertificate", "no"),))),)


def _says_no_tls(told: list[Message]) -> bool:
    return bool(told) and isinstance(told[0], Failure) and "server does not support SSL" in told[0].text
