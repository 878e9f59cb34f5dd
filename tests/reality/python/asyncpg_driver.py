"""Connects by asyncpg."""

# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

import asyncpg
from answering import Request, Session, keywords, serve

IN_URL = ("sslmode", "sslrootcert", "sslnegotiation", "ssl_min_protocol_version")


async def _connect(request: Request) -> Session:
    options = request["options"]
    url = urlencode({key: text for key, text in options.items() if key in IN_URL})
    connection = await asyncpg.connect(
        f"postgresql://?{url}" if url else None,
        host=request["host"],
        port=request["port"],
        user=request["user"],
        password=request["password"],
        database=request["database"] or "postgres",
        timeout=request["seconds"],
        **keywords({key: text for key, text in options.items() if key not in IN_URL}, "ssl"),
    )
    try:
        said = await connection.fetchval("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    finally:
        await connection.close()
    return Session(said or "")


serve(lambda: f"asyncpg {asyncpg.__version__}", lambda request: asyncio.run(_connect(request)))
