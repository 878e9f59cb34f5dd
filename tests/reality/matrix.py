"""The whole product: each driver and its options against each server, one row for each attempt."""

from __future__ import annotations

import contextlib
import queue
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from tests.reality.drivers import Answer, Driver, OptionSet, Program, Request
from tests.reality.servers import BY_ADDRESS, ENGINES, FAULTS, Server, Servers
from wizard.model.target import Engine

SECONDS = 10
LOGGED_IN = re.compile(r"logged in, .*encrypted: (session|login|none)")
PLACEHOLDERS = re.compile(r"\{(root|other|leaf|chain)\}")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt and what came of it.

    Attributes:
        driver: the name of the driver.
        client: the id of its client in the knowledge.
        version: what the driver says of itself.
        options: as in drivers.json, with its placeholders.
        environment: likewise.
        engine: the server.
        fault: what is wrong with it; a key of `servers.FAULTS`.
        server_name: by which name it was met.
        connected: a login succeeded and a query was answered.
        encrypted: "session", "login" or "none", by the server's word; None where not connected.
        verified: with the same options, the driver does not connect over TLS to a server with the same policy and a
            certificate of a CA that nobody trusts. None where not connected, or where the driver broke down there.
        error: the driver's words, without this machine's files and ports.
    """

    driver: str
    client: str
    version: str | None
    options: dict[str, str]
    environment: dict[str, str]
    engine: str
    fault: str
    server_name: str
    connected: bool
    encrypted: str | None
    verified: bool | None
    error: str | None


@dataclass
class Attempts:
    """One driver with one set of options against many servers."""

    driver: Driver
    command: list[str]
    option_set: OptionSet
    servers: Servers
    folder: Path
    seconds: int = SECONDS
    programs: dict[str, Program] = field(default_factory=dict)
    strangers: dict[tuple[str, str, str, str], bool | None] = field(default_factory=dict)
    version: str | None = None

    def row(self, server: Server, server_name: str) -> Row:
        """Connects, and to a stranger if that tells something."""
        answer = self._attempt(server, server_name, server.files)
        self.version = answer.version or self.version
        return Row(
            driver=self.driver.driver,
            client=self.driver.client,
            version=self.version,
            options=self.option_set.options,
            environment=self.option_set.environment,
            engine=server.engine,
            fault=server.fault,
            server_name=server_name,
            connected=answer.connected,
            encrypted=answer.encrypted if answer.connected else None,
            verified=self._verifies(server, server_name, answer) if answer.connected else None,
            error=_placeholders(answer.error, server, self.folder) if answer.error else None,
        )

    def _verifies(self, server: Server, server_name: str, answer: Answer) -> bool | None:
        if not _over_tls(answer):
            return False
        files = [str(path) for name, path in server.files.items() if f"{{{name}}}" in str(self.option_set)]
        key = (server.engine, server.stranger, server_name, str(files))
        if key not in self.strangers:
            stranger = self.servers.get(server.engine, server.stranger)
            there = self._attempt(stranger, server_name, server.files)
            self.strangers[key] = None if there.broke else not _over_tls(there)
        return self.strangers[key]

    def _attempt(self, server: Server, server_name: str, files: Mapping[str, Path]) -> Answer:
        """Returns the program's answer, for the lab with the encryption that its log tells."""
        request = Request(
            host=server_name,
            port=server.port,
            user=server.user,
            password=server.password,
            database=server.database,
            options=_filled(self.option_set.options, files),
            seconds=self.seconds,
        )
        program = self._program(_filled(self.option_set.environment, files))
        with server.lock:
            told = len(server.log or ())
            answer = program.ask(request)
            if server.log is None:
                return answer
            found = [match[1] for line in server.log[told:] if (match := LOGGED_IN.match(line))]
            server.log.clear()
        return msgspec.structs.replace(answer, encrypted=found[-1] if found else None)

    def _program(self, environment: dict[str, str]) -> Program:
        key = str(environment)
        if self.driver.fresh and key in self.programs:
            self.programs.pop(key).__exit__(None, None, None)
        if key not in self.programs:
            self.programs[key] = Program(self.command, environment, self.folder)
        return self.programs[key]

    def close(self) -> None:
        """Ends the programs."""
        for program in self.programs.values():
            program.__exit__(None, None, None)


def _over_tls(answer: Answer) -> bool:
    return answer.connected and answer.encrypted in ("session", "login")


def _filled(options: Mapping[str, str], files: Mapping[str, Path]) -> dict[str, str]:
    return {key: PLACEHOLDERS.sub(lambda m: str(files[m[1]]), text) for key, text in options.items()}


def _placeholders(text: str, server: Server, folder: Path) -> str:
    for name, path in server.files.items():
        text = text.replace(str(path), f"{{{name}}}")
    text = re.sub(r"(/[\w.+-]+)*/freetds-\w+\.conf", "{freetds.conf}", text.replace(str(folder), "{home}"))
    return re.sub(rf"\b{server.port}\b", "{port}", text)


def meetings(driver: Driver, faults: Sequence[str]) -> Iterator[tuple[Engine, str, str]]:
    """Gives (engine, fault, server name) for all servers that a driver meets."""
    for engine in ENGINES:
        if engine not in driver.engines:
            continue
        for name in faults:
            if engine in FAULTS[name].engines:
                yield engine, name, "localhost"
                if name in BY_ADDRESS:
                    yield engine, name, "127.0.0.1"


def run(
    chosen: Sequence[tuple[Driver, list[str]]],
    faults: Sequence[str],
    servers: Servers,
    folder: Path,
    found: Callable[[Row], None],
    workers: int = 2,
    seconds: int = SECONDS,
) -> None:
    """Tries everything.

    Args:
        chosen: the drivers, each with its command.
        faults: keys of `servers.FAULTS`.
        servers: where the servers come from.
        folder: the home of the programs.
        found: is given each row, one at a time.
        workers: how many attempts are made at the same time, each with other options.
        seconds: how long a driver may try.

    Raises:
        LookupError: the program of a real server is missing.
    """
    waiting: queue.SimpleQueue[Attempts] = queue.SimpleQueue()
    for driver, command in chosen:
        for option_set in driver.option_sets:
            waiting.put(Attempts(driver, command, option_set, servers, folder, seconds))
    telling = threading.Lock()
    broken: list[BaseException] = []

    def work() -> None:
        while not broken:
            try:
                attempts = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                with contextlib.closing(attempts):
                    for engine, fault, server_name in meetings(attempts.driver, faults):
                        row = attempts.row(servers.get(engine, fault), server_name)
                        with telling:
                            found(row)
            except BaseException as error:  # noqa: BLE001 - raised below, in the thread that waits
                broken.append(error)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if broken:
        raise broken[0]
