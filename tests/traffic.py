"""Run as a program: runs many commands in one interpreter and prints what each did to the network and to processes.

An audit hook (PEP 578) sees every socket, name look-up and process that Python starts, whichever library asks for it.
Argument: a JSON list of commands, each a list of words. Output: a JSON list with the events of each.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys

WATCHED = (
    "socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind", "socket.getaddrinfo", "socket.gethostby",
    "socket.getnameinfo", "subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.fork",
    "os.startfile", "urllib.Request", "http.client", "ftplib", "smtplib", "webbrowser",
)  # fmt: skip

events: list[list[str]] = []
"""Of the command that runs: the name of the event, and where it leads."""


def watch(event: str, arguments: tuple[object, ...]) -> None:
    """Keeps an event that reaches out of this process, apart from the loop that an event loop has with itself."""
    if not event.startswith(WATCHED):
        return
    if event.startswith("socket.getaddrinfo"):
        events.append([event, f"{arguments[0]} {arguments[1]}"])
    elif event.startswith(("socket.connect", "socket.sendto", "socket.bind")):
        events.append([event, str(arguments[1])])
    else:
        events.append([event, str(arguments[0] if arguments else "")])


def main(commands: list[list[str]]) -> list[list[list[str]]]:
    """Runs each command and returns its events."""
    from wizard.cli.main import run

    told = []
    for words in commands:
        events.clear()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            run(words)
        told.append([list(event) for event in events])
    return told


if __name__ == "__main__":
    sys.addaudithook(watch)
    print(json.dumps(main(json.loads(sys.argv[1]))))
