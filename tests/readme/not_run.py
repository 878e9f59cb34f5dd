"""The commands of the documents that the tests do not run as they are printed, each with the reason."""

from __future__ import annotations

_INSTALLS = (
    "it installs drivers from package registries, and takes more than an hour; CI compares with its record"
)

NOT_RUN = {
    "python3 -m venv .venv": "the environment of the tests stands in its place; tests/run makes one in CI",
    ".venv/bin/pip install -q '.[drivers]'": "it needs the package index; that its extra exists is tested",
    ".venv/bin/pip install -q ./dbtls": "likewise",
    "bash tests/run": "it is what runs these tests",
    "bash tests/run tests/pki -k names": "likewise",
    "DBTLS_THOROUGH=1 bash tests/run": "likewise",
    "DBTLS_COVERAGE=1 bash tests/run": "likewise",
    "dbtls": "it opens the wizard, which tests/tui/test_in_tmux.py does in a terminal",
    "dbtls knowledge check": "it takes seconds, and tests/run does it before the tests",
    "python -m tests.reality --setup": _INSTALLS,
    "python -m tests.reality --setup --out rows.jsonl": _INSTALLS,
    "python -m tests.reality --driver NAME --setup --out rows.jsonl": _INSTALLS,
    "python -m tests.reality --compare rows.jsonl": "tests/reality/test_recorded.py compares, row for row",
    "gzip -9n < rows.jsonl > tests/reality/recorded.jsonl.gz": "it would replace the record",
    "DBTLS_SNAPSHOTS=update pytest tests/tui/test_snapshots.py": "it would replace the screens to compare with",
    "screenshots/make": "it would replace the pictures",
    "DBTLS_README=update pytest tests/readme/test_commands.py": "it would replace what it compares with",
    "python -m tests.bench": "it measures the machine that it runs on, for minutes",
    "python -m tests.bench.wizard": "likewise",
    "python -m tests.fuzz tds --seconds 600": "it searches for ten minutes; test_fuzz.py does so shortly",
    "python -m tests.hostile": "the same servers as in tests/hostile/test_*.py, with times",
}
