"""The servers that several files of tests share: each file has one of its own, for all of its tests.

In a usual run the recipes of a file take turns: half of them one day, the others the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from zlib import crc32

import pytest

from tests.fixes.carried_out.postgresql_cluster import Cluster, debian_cluster
from tests.fixes.carried_out.sqlserver_on_linux import SqlServer, sql_server


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks as thorough those whose turn it is not; each file keeps at least one, and all that carries nothing out."""
    today = datetime.now(UTC).toordinal()
    here = Path(__file__).parent
    recipes = [one for one in items if one.path.parent == here and one.get_closest_marker("carries_out")]
    for _, of_file in groupby(recipes, key=lambda one: one.path):
        for item in list(of_file)[1:]:
            if (crc32(item.name.encode()) + today) % 2:
                item.add_marker(pytest.mark.thorough)


@pytest.fixture(scope="module")
def running_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A PostgreSQL cluster as Debian's package makes it."""
    with debian_cluster(tmp_path_factory.mktemp("pg") / "root") as cluster:
        yield cluster


@pytest.fixture(scope="module")
def running_sql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlServer]:
    """The lab's SQL Server as if its package for Linux, or its image, had installed it."""
    with sql_server(tmp_path_factory.mktemp("mssql") / "root") as server:
        yield server
