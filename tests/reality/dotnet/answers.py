"""What both .NET drivers share: one request per line in, one answer per line out."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from threading import Thread


@dataclass(frozen=True)
class Attempt:
    """What became of one attempt: the driver's whole words, stack frames and all, and whether it logged in."""

    connected: bool
    words: str


def serve(connect: Callable[[str], Attempt], version: str) -> None:
    """Answers requests until the input ends; `connect` is given a connection string."""
    for line in sys.stdin:
        request = json.loads(line)
        attempts = [Attempt(False, "no answer in time")]

        def attempt(request: dict[str, object] = request, attempts: list[Attempt] = attempts) -> None:
            attempts.append(connect(_connection_string(request)))

        # A native call cannot be interrupted.
        thread = Thread(target=attempt, daemon=True)
        thread.start()
        thread.join(request["seconds"])
        done = attempts[-1]
        error = None if done.connected else _without_frames(done.words)[:2000]
        answer = {
            "connected": done.connected,
            "encrypted": None,
            "tls": None,
            "error": error,
            "version": version,
        }
        print(json.dumps(answer), flush=True)


def _connection_string(request: dict[str, object]) -> str:
    # Without "tcp:" an older driver may try named pipes.
    words = {
        "Server": f"tcp:{request['host']},{request['port']}",
        "User ID": request["user"],
        "Password": request["password"],
        "Pooling": "False",
        "Connect Timeout": request["seconds"],
    }
    if request["database"]:
        words["Database"] = request["database"]
    options = request["options"]
    assert isinstance(options, dict)
    return ";".join(f'{key}="{value}"' for key, value in {**words, **options}.items())


def _without_frames(words: str) -> str:
    lines = (line.strip() for line in words.splitlines())
    return "\n".join(line for line in lines if line and not re.match(r"at |--- End of", line))
