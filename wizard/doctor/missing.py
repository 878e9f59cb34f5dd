"""What is missing on a machine: what does not work without it, and the commands that get it, for that platform."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from wizard.doctor.drivers import Drivers, Helper
from wizard.doctor.machine import OLDEST_PYTHON, Machine, OpenSSL, Python
from wizard.doctor.places import Known, Trust, Writable
from wizard.doctor.terminal import Terminal
from wizard.model.target import NAMES, Engine


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """One ability that this machine lacks."""

    id: str
    what: str
    """What is missing, in a few words."""
    needed: bool
    """dbtls cannot do its work without it; otherwise it is a hint."""
    without: str
    """What does not work without it."""
    install: tuple[str, ...]
    """Commands for this platform; empty where `without` says what to do, or there is nothing to do."""


def of_program(machine: Machine, python: Python, openssl: OpenSSL) -> Iterator[Missing]:
    """Yields what the program itself lacks."""
    if python.too_old:
        yield Missing(
            id="python",
            what=f"Python {'.'.join(map(str, OLDEST_PYTHON))} or newer",
            needed=True,
            without="dbtls does not run with this one",
            install=_package(
                machine,
                debian="python3.11",
                rhel="python3.11",
                suse="python311",
                macos="python",
                windows="Python.Python.3.13",
            ),
        )
    if openssl.cryptography is None:
        yield Missing(
            id="cryptography",
            what="the package cryptography, which does not load",
            needed=True,
            without="no certificate can be judged",
            install=(pip(machine, "--force-reinstall cryptography"),),
        )


def of_drivers(machine: Machine, drivers: Drivers) -> Iterator[Missing]:
    """Yields the drivers that `--login` and `--driver` lack."""
    if not drivers.can_log_in("sqlserver"):
        if drivers.pyodbc == "does-not-load":
            yield Missing(
                id="unixodbc",
                what="the ODBC driver manager that pyodbc needs",
                needed=False,
                without=_unreached(drivers, "sqlserver"),
                install=_package(
                    machine,
                    debian="unixodbc",
                    rhel="unixODBC",
                    suse="unixODBC",
                    alpine="unixodbc",
                    arch="unixodbc",
                    macos="unixodbc",
                ),
            )
        yield Missing(
            id="sqlserver-driver",
            what="Microsoft's ODBC driver for SQL Server",
            needed=False,
            without=_unreached(drivers, "sqlserver"),
            install=_odbc(machine, pyodbc=drivers.pyodbc != "absent"),
        )
    if not drivers.can_log_in("postgresql"):
        yield Missing(
            id="postgresql-driver",
            what="psycopg"
            if drivers.psycopg == "absent"
            else "the library libpq, without which psycopg does not load",
            needed=False,
            without=_unreached(drivers, "postgresql"),
            install=(pip(machine, "psycopg[binary]"),),
        )
    if not drivers.can_log_in("mysql"):
        yield Missing(
            id="mysql-driver",
            what="mysql-connector-python",
            needed=False,
            without=_unreached(drivers, "mysql"),
            install=(pip(machine, "mysql-connector-python"),),
        )


def of_helpers(machine: Machine, helpers: tuple[Helper, ...]) -> Iterator[Missing]:
    """Yields the program that most printed commands begin with. Windows has its own for all of them."""
    if machine.system != "windows" and any(one.program == "openssl" and one.path is None for one in helpers):
        yield Missing(
            id="openssl-program",
            what="the program openssl",
            needed=False,
            without="most commands of dbtls howto, and fixes that make a certificate, cannot be run here",
            install=_package(
                machine,
                debian="openssl",
                rhel="openssl",
                suse="openssl",
                alpine="openssl",
                arch="openssl",
                macos="openssl",
            ),
        )


def of_terminal(machine: Machine, terminal: Terminal) -> Iterator[Missing]:
    """Yields what the terminal cannot do; nothing where there is none."""
    if not terminal.is_terminal:
        return
    if not terminal.unicode:
        name = "C.UTF-8" if machine.system == "linux" else "en_US.UTF-8"
        on = "$env:PYTHONUTF8 = 1; chcp 65001" if machine.system == "windows" else f"export LC_ALL={name}"
        yield Missing(
            id="utf-8",
            what=f"UTF-8 ({terminal.encoding} instead)",
            needed=False,
            without="dbtls writes + and x in place of its signs, and the full-screen wizard does not open",
            install=(on,),
        )
    elif terminal.front == "plain":
        wanted = terminal.term == "dumb" or machine.system == "windows"
        yield Missing(
            id="full-screen",
            what=f"a terminal with a screen (TERM is {terminal.term or 'not set'})",
            needed=False,
            without="dbtls holds its conversation in plain lines, which is what a screen reader likes",
            install=() if wanted else ("export TERM=xterm-256color",),
        )
    if terminal.clipboard is False:
        in_tmux = terminal.multiplexer == "tmux"
        yield Missing(
            id="clipboard",
            what=f"a clipboard: {terminal.clipboard_because}",
            needed=False,
            without="copying in the wizard does not arrive; save commands with S instead",
            install=("tmux set-option -s set-clipboard on",) if in_tmux else (),
        )


def of_trust(machine: Machine, trust: Trust) -> Iterator[Missing]:
    """Yields that there is no root."""
    if trust.roots:
        return
    place = trust.variables.get("SSL_CERT_FILE") or trust.variables.get("SSL_CERT_DIR")
    if place:
        names = " and ".join(trust.variables)
        yield Missing(
            id="roots",
            what=f"a root in the trust store: {names} names {place}, where there is none",
            needed=True,
            without="every certificate counts as not trusted, unless --ca-file names roots",
            install=("Remove-Item Env:SSL_CERT_FILE, Env:SSL_CERT_DIR",)
            if machine.system == "windows"
            else (f"unset {' '.join(trust.variables)}",),
        )
        return
    yield Missing(
        id="roots",
        what="a root in the trust store" + (f": {trust.problem}" if trust.problem else ""),
        needed=True,
        without="every certificate counts as not trusted, unless --ca-file names roots",
        install=_package(
            machine,
            debian="ca-certificates",
            rhel="ca-certificates",
            suse="ca-certificates-mozilla",
            alpine="ca-certificates",
            arch="ca-certificates",
            macos="ca-certificates",
        ),
    )


def of_places(machine: Machine, known: Known, cache: Writable, state: Writable) -> Iterator[Missing]:
    """Yields what is wrong with the knowledge, its cache and the state."""
    if known.problems:
        yield Missing(
            id="knowledge",
            what=f"the whole knowledge folder ({len(known.problems)} problem{'s' if len(known.problems) > 1 else ''})",
            needed=True,
            without="nothing can be diagnosed; install dbtls again, from where you have it",
            install=(),
        )
    if not cache.writable:
        yield Missing(
            id="cache",
            what=f"a cache that can be written: {cache.problem}",
            needed=False,
            without="every start reads the knowledge anew, which takes some seconds",
            install=(),
        )
    if not state.writable:
        yield Missing(
            id="state",
            what=f"a state folder that can be written: {state.problem}",
            needed=True,
            without="no case, no result of an exercise and no setting is kept",
            install=('$env:DBTLS_STATE_DIR = "$HOME\\dbtls"',)
            if machine.system == "windows"
            else ("export DBTLS_STATE_DIR=~/dbtls-state",),
        )
    elif state.private is False:
        yield Missing(
            id="private-state",
            what=f"a state folder that is yours alone ({state.rights})",
            needed=False,
            without="others on this machine can see which cases there are, though not read them",
            install=(f"chmod 700 {state.folder}",),
        )


def _unreached(drivers: Drivers, engine: Engine) -> str:
    name = "MySQL and MariaDB" if engine == "mysql" else NAMES[engine]
    if any(one.engine == engine for one in drivers.found):
        return f"--login does not reach {name}"
    return f"--login and --driver do not reach {name}"


def pip(machine: Machine, packages: str) -> str:
    """Returns the command that installs packages beside dbtls, in the quotes of this platform's shells."""
    options, _, name = packages.rpartition(" ")
    quote = '"' if machine.system == "windows" else "'"
    quoted = f"{quote}{name}{quote}" if "[" in name else name
    if "pipx" in Path(sys.prefix).parts:
        return " ".join(filter(None, ("pipx inject dbtls", options and "--force", quoted)))
    return " ".join(filter(None, ("pip install", options, quoted)))


def _package(machine: Machine, **names: str) -> tuple[str, ...]:
    """Returns the command that installs a package of the system; nothing where its name is not known."""
    commands = {
        "debian": "sudo apt-get install --yes",
        "rhel": "sudo dnf install --assumeyes",
        "suse": "sudo zypper --non-interactive install",
        "alpine": "sudo apk add",
        "arch": "sudo pacman -S",
        "macos": "brew install",
        "windows": "winget install --id",
    }
    family = machine.family or ""
    return (f"{commands[family]} {names[family]}",) if family in names else ()


def _odbc(machine: Machine, *, pyodbc: bool) -> tuple[str, ...]:
    """Returns how to get Microsoft's driver: from Microsoft's package source, or in a Python package that carries it.

    https://learn.microsoft.com/sql/connect/odbc/linux-mac/installing-the-microsoft-odbc-driver-for-sql-server
    """
    if not pyodbc:
        return (pip(machine, "mssql-python"),)
    match machine.family:
        case "debian":
            return (
                ". /etc/os-release",
                'curl -sSLO "https://packages.microsoft.com/config/$ID/$VERSION_ID/packages-microsoft-prod.deb"',
                "sudo dpkg -i packages-microsoft-prod.deb",
                "sudo apt-get update && sudo ACCEPT_EULA=Y apt-get install --yes msodbcsql18",
            )
        case "rhel":
            return (
                ". /etc/os-release",
                'curl -sSL "https://packages.microsoft.com/config/rhel/${VERSION_ID%%.*}/prod.repo" > mssql.repo',
                "sudo mv mssql.repo /etc/yum.repos.d/mssql-release.repo",
                "sudo ACCEPT_EULA=Y dnf install --assumeyes msodbcsql18",
            )
        case "macos":
            return (
                "brew tap microsoft/mssql-release https://github.com/Microsoft/homebrew-mssql-release",
                "HOMEBREW_ACCEPT_EULA=Y brew install msodbcsql18",
            )
        case "windows":
            return ("winget install --id Microsoft.msodbcsql.18",)
        case _:
            return (pip(machine, "mssql-python"),)
