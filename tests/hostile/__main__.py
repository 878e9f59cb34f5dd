"""Tries every behaviour and every monster against `dbtls check` in a process of its own, and prints what it cost.

Run it from the project's root as `.venv/bin/python -m tests.hostile`; it takes some minutes. The exit status is 1 where
something took more than it may.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.hostile.asked import DOCUMENTED, MOST_MEMORY, SLACK, acting, document_of, measured
from tests.hostile.behaviours import WORDS, lines
from tests.hostile.monsters import MONSTERS, SHORT, certificate, chain, with_key
from tests.hostile.server import ENGINES, GREETING, HOST, Script, listening, saying

SECONDS = 2.0


def main() -> int:
    """Prints a line for each, then the worst ones; returns the exit status."""
    most, latest, faults = 0, -SECONDS * 1000, 0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "server.pem"
        file.write_text(with_key((certificate(),)), "ascii")
        for name, script in _scripts(file):
            with listening(script) as port:
                target = f"{script.engine}://{HOST}:{port}"
                status, peak, out = measured(
                    "check", target, "--json", "--timeout", f"{SECONDS:g}", "--server-name", SHORT
                )
            document = document_of(out)
            over = document.elapsed_ms - document.connections * SECONDS * 1000
            good = status in DOCUMENTED and peak < MOST_MEMORY and over < SLACK and not acting(out)
            most, latest, faults = max(most, peak), max(latest, over), faults + (not good)
            print(
                f"{'' if good else 'FAULT '}{name:70} {document.verdict.cause!s:24} {status} {peak / 1024:5.1f} MiB"
                f" {document.elapsed_ms:6} ms, {document.connections} connections",
                flush=True,
            )
    print(
        f"worst memory {most / 1024:.1f} MiB, worst overshoot of the deadline {latest:.0f} ms, faults {faults}"
    )
    return 1 if faults else 0


def _scripts(file: Path) -> Iterator[tuple[str, Script]]:
    for engine in ENGINES:
        for name, stage, one in lines(engine):
            yield f"{engine}: {name}", Script(engine, stage, one.deed, modern=file if one.modern else None)
        for name in MONSTERS:
            yield f"{engine}: {name}", Script(engine, chain=chain(name))
    for name, words in WORDS.items():
        yield f"{words.engine}: {name}", Script(words.engine, GREETING, saying(words.says))


if __name__ == "__main__":
    sys.exit(main())
