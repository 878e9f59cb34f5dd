"""What all tests share: a clean environment, the real servers, and what happens where one is missing."""

from __future__ import annotations

import itertools
import os
import platform
import ssl
from collections.abc import Generator, Iterator
from importlib import metadata
from pathlib import Path

import pytest

from tests.servers import programs
from tests.servers.mariadb import Mariadb
from tests.servers.postgresql import Postgresql
from tests.thorough import THOROUGH

FIXTURES = {"postgres_server": "postgresql", "mariadb_server": "mariadb"}
"""Fixtures that start a real server, and the program that each needs."""

PACKAGES = (
    "cryptography",
    "pyodbc",
    "mssql-python",
    "pymssql",
    "psycopg",
    "mysql-connector-python",
    "textual",
)
REQUIRED = os.environ.get("DBTLS_REQUIRE_SERVERS", "0") not in ("", "0")
OUTSIDE = ("SSL_CERT_FILE", "SSL_CERT_DIR", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "COLORTERM")
OUTSIDE_PREFIXES = ("PG", "MYSQL", "MARIADB", "ODBC", "TDS", "TEXTUAL", "DBTLS_")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgresql]:
    """Starts real PostgreSQL servers: a call returns a context that holds a running one."""
    with Postgresql.prepared() as start:
        yield start


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[Mariadb]:
    """Starts real MariaDB servers: a call returns a context that holds a running one."""
    with Mariadb.prepared() as start:
        yield start


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A new home directory for each test, one after the other.

    pytest's own numbered folders look through all earlier ones, and each test needs a home: there are thousands.
    """
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in itertools.count())


@pytest.fixture(scope="session")
def warm_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache folder of all tests: reading all YAML again would be most of each start of the program."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def clean_environment(homes: Iterator[Path], warm_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keeps the settings of whoever runs the tests out of them; gives the empty home directory."""
    for name in os.environ:
        if name in OUTSIDE or name.startswith(OUTSIDE_PREFIXES):
            monkeypatch.delenv(name)
    home = next(homes)
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(warm_cache))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("DBTLS_STATE_DIR", str(home / "state"))
    return home


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps the coverage out of the processes that a test starts, where it would be in the way of what is tested."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


def pytest_report_header() -> list[str]:
    """Names the versions that a failure may hang on."""
    return [
        f"Python {platform.python_version()}, {ssl.OPENSSL_VERSION}",
        ", ".join(f"{name} {_package_version(name)}" for name in PACKAGES),
        *(f"{name}: {programs.describe(name)}" for name in programs.FINDERS),
    ]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks each test that uses a real server's fixture; leaves the thorough ones out unless they are wanted."""
    if not THOROUGH and not any("::" in argument for argument in config.args):  # one that is named is wanted
        left_out = [item for item in items if item.get_closest_marker("thorough")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("thorough")]
    for item in items:
        for fixture, program in FIXTURES.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.real_server(program))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips a test whose real server is missing, with the reason."""
    for marker in item.iter_markers("real_server"):
        for name in marker.args:
            reason = programs.why_missing(name)
            if reason is not None:
                pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turns the skip of a real-server test into a failure where CI demands the servers."""
    report = yield
    expected_failure = hasattr(report, "wasxfail")
    if report.skipped and not expected_failure and REQUIRED and item.get_closest_marker("real_server"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"DBTLS_REQUIRE_SERVERS is set, and this real-server test was not run: {reason}"
    return report


def _package_version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "missing"


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Names bytes by their parameter: some are made anew in each process, and all processes need the same names."""
    return argname if isinstance(val, bytes) else None
