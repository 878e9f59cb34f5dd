"""Prints how long a match takes: one text, a log of 200 KB, and how the time grows with hostile texts.

python -m tests.bench.match
"""

from __future__ import annotations

import json
import statistics
from functools import partial
from pathlib import Path

from tests.bench.processes import milliseconds
from wizard.diagnosis.match import Matcher
from wizard.knowledge.cache import recognition

DATA = Path(__file__).resolve().parent.parent / "data"
KILO = 1000
LOG = "2026-11-20 08:00:01,113 INFO  [main] c.e.Application - Starting with 4 workers, order 1234\n"
FILLERS = (
    LOG,
    "a",
    "error SSL on ",
    "certificate pg_hba.conf entry ",
    "登录前的握手期间发生错误",
    "\\n&gt;",
    "\x1b[31m",
)


def main() -> None:
    """Measures and prints."""
    known = recognition()
    print(f"loading the knowledge      {milliseconds(recognition):8.1f} ms")
    print(f"preparing the matcher      {milliseconds(partial(Matcher, known)):8.1f} ms")
    matcher = Matcher(known)
    texts = [json.loads(line)["text"] for line in (DATA / "errors.jsonl").read_text("utf-8").splitlines()]
    each = [milliseconds(partial(matcher.match, text), 3) for text in texts]
    print(f"one text of the sample     {statistics.median(each):8.1f} ms, at most {max(each):.1f} ms")
    print(f"{'text':28}{'200 KB':>10}{'400 KB':>10}{'800 KB':>10}")
    for filler in FILLERS:
        long_texts = [filler * (size * KILO // len(filler)) for size in (200, 400, 800)]
        shown = [milliseconds(partial(matcher.match, text), 3) for text in long_texts]
        print(f"{filler[:26]!r:28}" + "".join(f"{one:7.0f} ms" for one in shown))


if __name__ == "__main__":
    main()
