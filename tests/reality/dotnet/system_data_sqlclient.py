"""System.Data.SqlClient 4.6.0 on .NET Core 2.2, as the tools service of the Python package mssql-cli carries it.

usage: system_data_sqlclient.py HOME. The service is spoken to by JSON-RPC over its standard streams.
"""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

from answers import Attempt, serve

# The service runs queries of its own after the login, which need not succeed.
LOGGED_IN = "at System.Data.SqlClient.SqlCommand."


def main(home: Path) -> None:
    """Starts the service and answers requests."""
    # .NET Core 2.2 knows neither OpenSSL 3 nor today's ICU.
    environment = {
        **os.environ,
        "LD_LIBRARY_PATH": str(home / "lib"),
        "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",
    }
    service = subprocess.Popen(
        [home / "service" / "MicrosoftSqlToolsServiceLayer"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        cwd=home,
    )
    assert service.stdin
    assert service.stdout
    sent, received = service.stdin, service.stdout
    asked = 0

    def connect(connection_string: str) -> Attempt:
        nonlocal asked
        asked += 1
        owner = f"dbtls:{asked}"
        connection = {"ConnectionString": connection_string}
        _send(sent, "connection/connect", {"OwnerUri": owner, "Connection": connection}, asked)
        while True:
            message = _receive(received)
            if "error" in message:
                return Attempt(False, message["error"]["message"])
            # It sends other events too, and the late outcomes of earlier attempts.
            outcome = message.get("params", {})
            if outcome.get("ownerUri") == owner and "connectionId" in outcome:
                words = outcome["messages"] or ""
                return Attempt(bool(outcome["connectionId"]) or LOGGED_IN in words, words)

    try:
        # Its first attempt takes seconds on a busy machine, which shall not count as a slow server.
        connect("Server=tcp:127.0.0.1,1;User ID=nobody;Password=none;Connect Timeout=1;Pooling=False")
        serve(connect, "System.Data.SqlClient 4.6.0, .NET Core 2.2, mssql-cli 1.0.0")
    finally:
        service.kill()


def _send(stream: IO[bytes], method: str, params: dict[str, object], number: int) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": str(number), "method": method, "params": params}).encode()
    stream.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    stream.flush()


def _receive(stream: IO[bytes]) -> dict[str, dict[str, str]]:
    headers = {}
    while line := stream.readline().strip():
        key, _, value = line.partition(b":")
        headers[key.lower()] = value
    message: dict[str, dict[str, str]] = json.loads(stream.read(int(headers[b"content-length"])))
    return message


if __name__ == "__main__":
    main(Path(sys.argv[1]))
