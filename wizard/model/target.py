"""The server a case is about."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

Engine = Literal["sqlserver", "mysql", "mariadb", "postgresql"]
ENGINES: tuple[Engine, ...] = get_args(Engine)

NAMES: dict[Engine, str] = {
    "sqlserver": "SQL Server",
    "mysql": "MySQL",
    "mariadb": "MariaDB",
    "postgresql": "PostgreSQL",
}
"""What people call them."""

DEFAULT_PORTS: dict[Engine, int] = {"sqlserver": 1433, "mysql": 3306, "mariadb": 3306, "postgresql": 5432}


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What to reach and by which name. Holds no credentials, so it can be shown and logged as it is."""

    engine: Engine
    host: str
    """Host name or IP address to connect to."""
    port: int | None = None
    """TCP port, or None where a named instance has to be looked up first."""
    instance: str | None = None
    """SQL Server instance name, looked up by SQL Browser when no port is given."""
    server_name: str
    """The name the client uses: the SNI and the reference identifier (RFC 9525)."""

    def __str__(self) -> str:
        """Returns the target in the form that the person would type again."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        if self.port is not None:
            return f"{self.engine}://{host}:{self.port}"
        return f"{self.engine}://{host}/{self.instance}" if self.instance else f"{self.engine}://{host}"
