"""The servers that the drivers meet: one for each fault, and the strangers that nobody may trust."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from tests.servers.certificates import Certificate
from tests.servers.mariadb import Mariadb
from tests.servers.postgresql import Postgresql
from tests.servers.running import PASSWORD, USER
from wizard.lab.certificates import ServerIdentity, identity_for
from wizard.lab.server import serve
from wizard.model.knowledge import ScenarioEntry
from wizard.model.target import Engine

ENGINES: tuple[Engine, ...] = ("sqlserver", "postgresql", "mariadb")
REAL_ENGINES = ("postgresql", "mariadb")
"""The servers that are programs of this machine; SQL Server is the lab's look-alike."""
STRANGER = {"authority": "Stranger"}
"""A CA of another name: the lab's CAs share their keys, but a client finds an issuer by its name."""
ONE_SQL_SERVER: tuple[Engine, ...] = ("sqlserver",)

Changes = Mapping[str, object]


@dataclass(frozen=True)
class Fault:
    """What is wrong with a server.

    Attributes:
        changes: the fields of a ScenarioEntry that differ from those of a server in order.
        engines: which servers have it.
        root_given: whether `{root}` is the root of this server; False: that of the others.
    """

    changes: Changes
    engines: tuple[Engine, ...] = ENGINES
    root_given: bool = True


FAULTS: dict[str, Fault] = {
    "good": Fault({}),
    "required": Fault({"policy": "required"}),
    "not-offered": Fault({"policy": "not-offered"}),
    "untrusted": Fault(STRANGER),
    "required-untrusted": Fault({"policy": "required", **STRANGER}),
    "cn-only": Fault({"names": (), "common_name": "localhost"}),
    "ip-san": Fault({"names": ("127.0.0.1",), "common_name": "db"}),
    "wildcard": Fault({"names": ("*.corp.example",)}, ONE_SQL_SERVER),
    "v1": Fault({"malformed": "version-1"}),
    "wrong-eku": Fault({"usage": "client-auth"}),
    "weak-key": Fault({"key": "rsa-1024"}),
    "sha1": Fault({"signature": "sha1"}),
    "expired": Fault({"valid_days": (-400, -10)}),
    "not-yet-valid": Fault({"valid_days": (10, 375)}),
    "mismatch": Fault({"names": ("other.example", "db1.corp.example")}),
    "self-signed": Fault({"certificate": "self-signed"}),
    "self-signed-untrusted": Fault({"certificate": "self-signed"}, root_given=False),
    "required-self-signed-untrusted": Fault(
        {"policy": "required", "certificate": "self-signed"}, root_given=False
    ),
    "strict-only-self-signed-untrusted": Fault(
        {"policy": "strict-only", "certificate": "self-signed"}, ONE_SQL_SERVER, root_given=False
    ),
    "self-signed-wrong-eku": Fault({"certificate": "self-signed", "usage": "client-auth"}, root_given=False),
    "own-ca": Fault({"certificate": "self-signed", "leaf_is_ca": True}),
    "wrong-key-usage": Fault({"usage": "signs-certificates"}),
    "md5": Fault({"signature": "md5"}),
    "expired-mismatch": Fault({"valid_days": (-400, -10), "names": ("other.example",)}),
    "cn-address": Fault({"names": (), "common_name": "127.0.0.1"}),
    "tls11-only": Fault({"tls": ("TLSv1.1", "TLSv1.1")}),
    "self-generated": Fault({"certificate": "self-generated"}, ("sqlserver", "mariadb")),
    "self-generated-mysql": Fault({"certificate": "self-generated"}, ("mariadb",)),
    "no-intermediate": Fault({"intermediate": "left-out"}),
    "negative-serial": Fault({"malformed": "negative-serial"}),
    "tls10-only": Fault({"tls": ("TLSv1.0", "TLSv1.0")}),
    "tls13-only": Fault({"tls": ("TLSv1.3", "TLSv1.3")}),
    "client-certificate": Fault({"client_certificate": "required"}),
    "strict-only": Fault({"policy": "strict-only"}, ONE_SQL_SERVER),
    "strict-only-untrusted": Fault({"policy": "strict-only", **STRANGER}, ONE_SQL_SERVER),
    "strict-unsupported": Fault({"strict": False}, ONE_SQL_SERVER),
    "reset-in-handshake": Fault({"behaviour": "reset-in-handshake"}, ONE_SQL_SERVER),
    "drop": Fault({"behaviour": "hang-up"}, ONE_SQL_SERVER),
}
BY_ADDRESS = ("good", "untrusted", "ip-san", "cn-only", "cn-address", "mismatch")
"""The faults that are met by the address as well as by the name."""


@dataclass(frozen=True)
class Server:
    """A running server with one fault.

    Attributes:
        engine: whether it speaks TDS, PostgreSQL's protocol or MySQL's.
        fault: its key in FAULTS.
        port: the TCP port on 127.0.0.1.
        files: what the placeholders of options mean: root, other, leaf, chain.
        log: the lab's log; None for a real server.
        lock: held during an attempt, so that what the log says is of that attempt.
        user: the user of the database.
        password: its password.
        database: the database to open; None: the user's default.
    """

    engine: Engine
    fault: str
    port: int
    files: Mapping[str, Path]
    log: list[str] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    user: str = USER
    password: str = PASSWORD
    database: str | None = None

    @property
    def stranger(self) -> str:
        """The fault of another server that has the same policy and a certificate that nobody trusts."""
        policy = FAULTS[self.fault].changes.get("policy", "optional")
        prefix = f"{policy}-" if policy in ("required", "strict-only") else ""
        # A client that was given this very certificate has to meet another one.
        same = FAULTS[self.fault].changes.get("authority")
        return f"{prefix}{'self-signed-untrusted' if same else 'untrusted'}"


class Servers:
    """All servers of a run, each started when it is first met, and kept until the end of the context."""

    def __init__(self, folder: Path, *, real: bool = True) -> None:
        """Starts nothing yet; the files of the certificates go into `folder`.

        Without `real` the lab stands for PostgreSQL and MariaDB too: for the probes, which see the same there.
        """
        self._folder = folder
        self._by_lab = ONE_SQL_SERVER if real else ENGINES
        self._stack = contextlib.ExitStack()
        self._running: dict[tuple[Engine, str], Server] = {}
        self._real: dict[Engine, Postgresql | Mariadb] = {}
        self._starting = threading.Lock()

    def __enter__(self) -> Servers:
        """Writes the roots that most servers share."""
        self._folder.chmod(0o755)
        self.root = self._write("root.pem", _identity("good", "sqlserver").anchor_pem())
        other = identity_for(_scenario({"authority": "Other"}, "sqlserver"))
        assert other is not None
        self.other = self._write("other.pem", other.anchor_pem())
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the servers."""
        self._stack.close()

    def get(self, engine: Engine, fault: str) -> Server:
        """Returns the server with this fault; LookupError where its program is missing."""
        with self._starting:
            key = (engine, fault)
            if key not in self._running:
                self._running[key] = self._start(engine, fault)
            return self._running[key]

    def _start(self, engine: Engine, fault: str) -> Server:
        scenario = _scenario(FAULTS[fault].changes, _made_by(fault, engine))
        if engine in self._by_lab:
            lab = self._stack.enter_context(serve(scenario))
            files = self._files(engine, fault, lab.identity)
            return Server(engine, fault, lab.port, files, lab.log)
        identity = _identity(fault, engine)
        real = self._stack.enter_context(_real(self._maker(engine), scenario, identity))
        database = "postgres" if engine == "postgresql" else None
        return Server(engine, fault, real, self._files(engine, fault, identity), database=database)

    def _maker(self, engine: Engine) -> Postgresql | Mariadb:
        if engine not in self._real:
            enter = self._stack.enter_context
            on_postgresql = engine == "postgresql"
            self._real[engine] = enter(Postgresql.prepared()) if on_postgresql else enter(Mariadb.prepared())
        return self._real[engine]

    def _files(self, engine: Engine, fault: str, identity: ServerIdentity | None) -> dict[str, Path]:
        files = {"root": self.root, "other": self.other, "leaf": self.other, "chain": self.other}
        if identity is None:
            return files
        leaf = ssl.DER_cert_to_PEM_cert(identity.chain[0]).encode("ascii")
        files["leaf"] = self._write(f"{engine}-{fault}-leaf.pem", leaf)
        files["chain"] = self._write(f"{engine}-{fault}-chain.pem", identity.chain_pem())
        own_root = FAULTS[fault].changes.get("certificate", "private-ca") != "private-ca"
        if own_root and FAULTS[fault].root_given:
            files["root"] = self._write(f"{engine}-{fault}-root.pem", identity.anchor_pem())
        return files

    def _write(self, name: str, content: bytes) -> Path:
        file = self._folder / name
        file.write_bytes(content)
        return file


def _scenario(changes: Changes, engine: Engine) -> ScenarioEntry:
    good = ScenarioEntry(id=f"{engine}/healthy", title="-", cause="healthy", engine=engine)
    return msgspec.structs.replace(good, **changes)


def _made_by(fault: str, engine: Engine) -> Engine:
    """Returns whose automatic certificate it is: MariaDB presents MySQL's, since there is no MySQL here."""
    return "mysql" if fault == "self-generated-mysql" else engine


def _identity(fault: str, engine: Engine) -> ServerIdentity:
    identity = identity_for(_scenario(FAULTS[fault].changes, _made_by(fault, engine)))
    assert identity is not None
    return identity


@contextlib.contextmanager
def _real(start: Postgresql | Mariadb, scenario: ScenarioEntry, identity: ServerIdentity) -> Iterator[int]:
    """Runs a real server with a scenario's fault; gives its port."""
    certificate = Certificate(identity.chain_pem(), identity.key_pem(), identity.anchor_pem())
    with start(
        certificate,
        tls=scenario.policy != "not-offered",
        require_tls=scenario.policy == "required",
        versions=None if scenario.tls == ("TLSv1.2", "TLSv1.3") else scenario.tls,
        lax=scenario.key == "rsa-1024" or scenario.signature != "sha256",
        client_certificate=scenario.client_certificate == "required",
    ) as server:
        yield server.port
