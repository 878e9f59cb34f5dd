"""How long dbtls takes to start: `explain`, the first frame, the imports, and a knowledge that grows ten-fold."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import msgspec
import yaml

from tests.bench.processes import dbtls, seconds_of, status_and_memory
from tests.bench.wizard import first_frames
from wizard.knowledge.load import KINDS, load
from wizard.knowledge.locate import knowledge_folder
from wizard.model.knowledge import Knowledge

SSMS_20 = (
    "A connection was successfully established with the server, but then an error occurred during the login"
    " process. (provider: SSL Provider, error: 0 - The certificate chain was issued by an authority that is"
    " not trusted.)"
)
EXPLAIN = dbtls("explain", SSMS_20)
TENFOLD = 10
A_FILE = 100
"""Entries, about as many as the largest file of the knowledge has."""
CLOSED = ("failures", "article")
"""Lists that cannot grow: the ways to fail, and the items of the article."""

# In a process of its own, as a person starts it: the first time without a cache, then with it.
LOADED = """
import json, sys, time
from pathlib import Path
from wizard.diagnosis.match import Matcher
from wizard.knowledge import cache
cache.knowledge_folder = lambda: Path(sys.argv[1])
took = {}
def timed(name, work):
    began = time.perf_counter()
    done = work()
    took[name] = (time.perf_counter() - began) * 1000
    return done
timed("first start, from YAML", cache.recognition)
found = timed("for explain, from the cache", cache.recognition)
timed("all of it, from the cache", cache.knowledge)
timed("one text", lambda: Matcher(found).match(sys.argv[2]))
print(json.dumps(took))
"""


def starts(runs: int) -> float:
    """Prints the start of `explain` and of the wizard; returns the median seconds of `explain`."""
    print("\nstart")
    bare = statistics.median(seconds_of([sys.executable, "-c", "pass"], runs))
    seconds = seconds_of(EXPLAIN, runs)
    _, memory = status_and_memory(EXPLAIN)
    median = statistics.median(seconds)
    print(f"  python that does nothing    {bare:8.3f} s")
    print(f"  explain, the text of SSMS 20{median:8.3f} s   (slowest {max(seconds):.3f}, {memory:.0f} MiB)")
    frames = first_frames()
    print(f"  first frame of the wizard   {statistics.median(frames):8.3f} s   (slowest {max(frames):.3f})")
    return median


def imports() -> None:
    """Prints which packages take the time of the imports, as the interpreter counts it."""
    for title, arguments in (
        ("explain", ["explain", SSMS_20]),
        ("check", ["check", "sqlserver://127.0.0.1:9"]),
    ):
        took: Counter[str] = Counter()
        command = [sys.executable, "-X", "importtime", "-m", "wizard", *arguments]
        said = subprocess.run(command, capture_output=True, text=True, check=False).stderr
        for microseconds, module in re.findall(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)", said):
            name = module.partition(".")[0]
            took["Python" if name in sys.stdlib_module_names else name] += int(microseconds)
        shown = ", ".join(f"{name} {us / 1000:.0f}" for name, us in took.most_common(8))
        print(f"  imports of {title:8} {took.total() / 1000:5.0f} ms: {shown}")


def growth() -> None:
    """Prints what loading takes with the knowledge as it is, and ten times as large."""
    known = load(knowledge_folder())
    columns = []
    for times in (1, TENFOLD):
        with tempfile.TemporaryDirectory() as folder:
            _write(_multiplied(known, times), Path(folder) / "knowledge")
            environment = {**os.environ, "XDG_CACHE_HOME": folder}
            command = [sys.executable, "-c", LOADED, f"{folder}/knowledge", SSMS_20]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            columns.append(json.loads(done.stdout))
    print(f"\n{'knowledge':30}{'as it is':>12}{'ten-fold':>12}{'growth':>9}")
    for name, small in columns[0].items():
        large = columns[1][name]
        print(f"  {name:28}{small:9.1f} ms{large:9.1f} ms{large / small:8.1f}x")


def _multiplied(known: Knowledge, times: int) -> Knowledge:
    """Returns a knowledge of so many times as many entries; each copy has ids and phrases of its own."""
    fields = {}
    for kind in KINDS:
        entries = getattr(known, kind.field)
        numbers = range(1, times) if kind.field not in CLOSED else ()
        copies = [_copy(entry, number) for number in numbers for entry in entries]
        fields[kind.field] = (*entries, *copies)
    return Knowledge(**fields)  # type: ignore[arg-type]


def _copy(entry: msgspec.Struct, number: int) -> msgspec.Struct:
    changed: dict[str, object] = {"id": f"{getattr(entry, 'id')}{number}"}  # noqa: B009 - each kind has one
    for field in ("phrases", "marks", "words"):
        if said := getattr(entry, field, ()):
            changed[field] = tuple(one if one[0] == "<" else f"{one} of kind {number}" for one in said)
    return msgspec.structs.replace(entry, **changed)


def _write(known: Knowledge, folder: Path) -> None:
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    for kind in KINDS:
        entries = getattr(known, kind.field)
        size = A_FILE if "*" in kind.pattern else len(entries)
        for number, first in enumerate(range(0, len(entries), size)):
            path = folder / kind.pattern.replace("*", f"part-{number}")
            path.parent.mkdir(parents=True, exist_ok=True)
            content = msgspec.to_builtins(entries[first : first + size])
            path.write_text(yaml.dump(content, Dumper=dumper, allow_unicode=True), encoding="utf-8")
