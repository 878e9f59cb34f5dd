"""The servers that several files of tests share: each file has one of its own, for all of its tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fixes.carried_out.postgresql_cluster import Cluster, debian_cluster
from tests.fixes.carried_out.sqlserver_on_linux import SqlServer, sql_server


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
