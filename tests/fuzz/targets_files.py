"""Files that dbtls reads beside certificates: its knowledge, its own state, lists of targets, answers of drivers."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
import time
import zlib
from pathlib import Path
from queue import SimpleQueue
from threading import Event
from unittest import mock

import msgspec

from tests.fuzz.known import known
from tests.fuzz.target import Target, claim, safe_throughout, settled, told
from wizard.cli import fleet
from wizard.diagnosis.target import read_target
from wizard.errors import FileError, TargetError, UsageError
from wizard.knowledge import cache
from wizard.knowledge.lint import lint
from wizard.knowledge.load import KINDS, read_folder
from wizard.knowledge.locate import knowledge_folder
from wizard.model.knowledge import Recognition
from wizard.model.target import Engine
from wizard.probes.drivers import server_view
from wizard.probes.drivers.present import Driver
from wizard.probes.drivers.process import _until
from wizard.state import progress, recent, settings

_BUILT: list[str] = []


def built(what: str) -> str:
    """Notes that a file made Python call something, which none may."""
    _BUILT.append(what)
    return what


@functools.cache
def _folder() -> Path:
    """Returns a folder of this process alone, in memory where the system has such a place."""
    memory = Path("/dev/shm")
    folder = tempfile.mkdtemp(prefix="dbtls-fuzz-", dir=memory if memory.is_dir() else None)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def check_knowledge(data: bytes) -> None:
    """Loads and lints a knowledge folder of one file; the first octet says of which kind it is."""
    if not data:
        return
    pattern = KINDS[data[0] % len(KINDS)].pattern
    folder = _folder() / "knowledge"
    file = folder / pattern.replace("*", "fuzz")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data[1:])
    try:
        loaded = read_folder(folder)
        settled(loaded.knowledge.nodes)
        for problem in loaded.problems:
            claim(problem.startswith(str(file.relative_to(folder))), "a problem names its file")
        problems = lint(folder)
        claim(bool(problems) or not loaded.problems, "what cannot be loaded is a problem")
        claim(not _BUILT, "no tag makes Python call something")
    finally:
        file.unlink()


_STORES = (
    ("recent.json", recent.recent, recent._STORE),
    ("progress.json", progress.attempts, progress._STORE),
    ("settings.json", settings.settings, settings._STORE),
)


def check_state(data: bytes) -> None:
    """Reads each document of the state, and writes what it held again."""
    folder = _folder() / "state"
    for name, read, store in _STORES:
        folder.mkdir(mode=0o700)
        try:
            with mock.patch.dict(os.environ, {"DBTLS_STATE_DIR": str(folder)}):
                (folder / name).write_bytes(data)
                content, message = read()
                settled(content)
                aside = store.set_aside()
                claim(bool(message) == bool(aside), "a file that is set aside is told of, and no other")
                claim(all(one.read_bytes() == data for one in aside), "nothing that is set aside is lost")
                if message is None:
                    claim(store.change(lambda before: before) is None, "what was read can be written")
                    claim(read() == (content, None), "what was written is what was read")
        finally:
            shutil.rmtree(folder)


@functools.cache
def _recognition() -> Recognition:
    whole = known()
    return Recognition(
        symptoms=tuple(one for one in whole.symptoms if one.id == "ambiguous"),
        signatures=tuple(one for one in whole.signatures if one.symptom == "ambiguous")[:2],
        wordings=whole.wordings[:1],
        engines=whole.engines[:1],
    )


def check_cache(data: bytes) -> None:
    """Reads the cache of the knowledge: what is not whole is not believed, and never ends the program."""
    folder = _folder() / "dbtls"
    folder.mkdir(mode=0o700)
    try:
        with (
            mock.patch.object(cache, "load", return_value=known()),
            mock.patch.object(cache, "_narrowed", return_value=_recognition()),
            mock.patch.object(cache, "_state", return_value=b"now"),
            mock.patch.object(cache, "Matcher", mock.MagicMock(return_value=mock.MagicMock(prepared={}))),
            mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(folder.parent)}),
        ):
            file = folder / cache._name(Recognition)
            file.write_bytes(data)
            claim(cache.recognition() is _recognition(), "what is no cache is not believed")
            whole = cache._encoded(_recognition(), b"now")
            at = zlib.crc32(data) % len(whole)
            damaged = whole[:at] + bytes([whole[at] ^ (1 + len(data) % 255)]) + whole[at + 1 :]
            file.write_bytes(damaged)
            claim(cache.recognition() is _recognition(), "a damaged cache is not believed")
            file.write_bytes(b"%08x now\n" % zlib.crc32(data) + data)
            claim(isinstance(cache.recognition(), Recognition), "a cache holds knowledge")
    finally:
        shutil.rmtree(folder)


def check_targets_list(data: bytes) -> None:
    """Reads a list of servers and each target in it."""
    file = _folder() / "targets.txt"
    file.write_bytes(data)
    profiles = {profile.id: profile for profile in known().profiles}
    try:
        lines = fleet._lines(file)
    except (FileError, UsageError) as error:
        told(error)
        return
    finally:
        file.unlink()
    claim(bool(lines), "a list without a target is an error")
    claim(len(set(lines)) == len(lines), "each target is asked once")
    for line in lines[:20]:
        for profile in (profiles["odbc-18"], profiles["libpq"]):
            try:
                settled(read_target(fleet._target(line, profile)))
            except TargetError as error:
                told(error)


_ENGINES: tuple[Engine, ...] = ("sqlserver", "mysql", "mariadb", "postgresql")


def check_driver(data: bytes) -> None:
    """Reads the lines that a driver's process answers, with what a server said to each query."""
    lines: SimpleQueue[bytes] = SimpleQueue()
    for line in data.splitlines(keepends=True):
        lines.put(line)
    lines.put(b"")
    told_of = [one for one in _until(lines, time.monotonic() + 60, Event()) if one is not None]
    for engine in _ENGINES:
        driver = Driver("fuzz", None)
        for one in server_view._evidence(engine, told_of, None, finished=True, driver=driver):
            settled(one)
            safe_throughout(one)


def _knowledge_seeds() -> list[bytes]:
    seeds = []
    for number, kind in enumerate(KINDS):
        for file in sorted(knowledge_folder().glob(kind.pattern))[:3]:
            text = file.read_text("utf-8")
            first = text[:2000].rpartition("\n- ")[0] or text[:2000]
            seeds.append(bytes([number]) + first.encode() + b"\n")
    call = b"- !!python/object/apply:tests.fuzz.targets_files.built [now]\n"
    alias = b"- &a {id: x, meaning: y}\n- *a\n"
    return [
        *seeds,
        b"\x00" + call,
        b"\x01" + alias,
        b"\x02- id: &a [*a]\n",
        b"\x03- !!timestamp 2001-01-01\n",
    ]


def _state_seeds() -> list[bytes]:
    attempt = b'{"scenario":"expired","when":"2026-01-02T03:04:05Z","right":true,"wrong_turns":1}'
    case = b'{"id":"a1","opened":"2026-01-02T03:04:05Z","case":{},"typed":"mysql://db01","title":"db01"}'
    contents = (
        b'{"theme":"nord"}',
        b"[" + attempt + b"]",
        b"[" + case + b"]",
        b"[]",
        b'{"more":' + b"[" * 1900,
    )
    return [b'{"version":%d,"content":%s}' % (number, one) for one in contents for number in (1, 2)]


def _cache_seeds() -> list[bytes]:
    return [msgspec.json.encode(_recognition()), b"{}", b"\x80\x04]\x94.", b'{"more":' + b"[" * 3000]


def _list_seeds() -> list[bytes]:
    text = "# servers\nsql01,1433\nsql02\\SALES\nmysql://db01\nServer=db03;Encrypt=yes\n\n"
    return [text.encode(), b"\xef\xbb\xbf" + text.encode(), text.encode("utf-16"), b"\xff\xfe", b"#\n"]


def _driver_seeds() -> list[bytes]:
    rows = (
        ("version", [["16.2"]]),
        ("session", [["t", "TLSv1.3", "TLS_AES_256_GCM_SHA384"], ["Ssl_cipher", "x"]]),
        ("settings", [["ssl", "on"], ["ssl_cert_file", "server.crt"], ["tls_version", "TLSv1.2"]]),
        (
            "rules",
            [["1", "hostssl", "all", "all", "10.0.0.0", "255.0.0.0", "scram", None, "10.1.2.3", "u", "d"]],
        ),
        ("certificate", [["-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----"]]),
        ("account", [["SSL"]]),
        ("accounts", [["1", "2"]]),
        ("loaded", [["Current_tls_cert", "server.pem"]]),
    )
    names = sorted({query.name for view in server_view._VIEWS.values() for query in view.QUERIES})
    opened = b'{"type":"opened","encrypted":true}\n'
    answers = b"".join(
        msgspec.json.encode({"type": "rows", "query": name, "rows": found}) + b"\n" for name, found in rows
    )
    same = b"".join(
        msgspec.json.encode({"type": "rows", "query": name, "rows": [["1", "TRUE", "10.0.0.1"]]}) + b"\n"
        for name in names
    )
    denied = b'{"type":"denied","query":"rules","code":"42501","text":"permission denied"}\n'
    failure = b'{"type":"failure","code":"28P01","text":"password authentication failed"}\n'
    deep = b'{"type":"opened","encrypted":true,"more":' + b"[" * 2900 + b"\n"
    return [opened + answers, opened + same, opened + denied, failure, opened, b'"\xff"\n', deep]


TARGETS = (
    Target(
        "knowledge-yaml",
        "one file of a knowledge folder",
        check_knowledge,
        _knowledge_seeds,
        (
            b"!!python/object/apply:tests.fuzz.targets_files.built [now]", b"!!timestamp ", b"!!int ", b"!!bool ",
            b"!!binary ", b"!!set ", b"!!omap ", b"&a ", b"*a", b"<<: ", b"- id: ", b"? ", b"%YAML 1.1\n",
            b"{{ ", b"{% ",
        ),
    ),
    Target(
        "state",
        "the documents that dbtls keeps on this machine",
        check_state,
        _state_seeds,
        (b'{"version":1,"content":', b'"2026-01-02T03:04:05Z"', b"null", b'"case":{}', b"\\ud800", b"1e999"),
        2000,
    ),
    Target(
        "knowledge-cache",
        "the cache of the knowledge",
        check_cache,
        _cache_seeds,
        (b'"signatures":[', b'"symptoms":[]', b'"prepared":{', b"null", b"\\ud800", b"1e999"),
        6000,
    ),
    Target(
        "targets-list",
        "a list of servers for `clients --targets`",
        check_targets_list,
        _list_seeds,
        (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\x85", b"\n#", b"Server=", b"://"),
        1000,
    ),
    Target(
        "driver-answers",
        "what a driver's process answers, with a server's own words",
        check_driver,
        _driver_seeds,
        (b'{"type":"rows","query":"', b'"rows":[[', b"null", b"\\ud800", b'{"type":"opened"', b"hostssl", b"10.0.0.0"),
        3000,
    ),
)  # fmt: skip
