"""Every command of the README and of its neighbours is run as it is printed, and prints what is said there.

`DBTLS_README=update pytest tests/readme/test_commands.py` writes what the commands print into the documents.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.readme.command_line import only_names
from tests.readme.not_run import NOT_RUN
from tests.readme.printed import ROOT, Printed, commands, documents, statements, words
from tests.readme.stage import HOME, Stage, stage

UPDATE = os.environ.get("DBTLS_README") == "update"
"""Read before the tests clean their environment."""
STATUSES = (0, 1, 4)
"""Of dbtls: in order, a fault, or not to be known. Any other program ends with 0."""
INTERRUPTED = 130
CHANGING = (
    (re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d)?)?"), "<date>"),
    (re.compile(r"\b\d\d:\d\d(:\d\d)?\b(?=  | UTC)"), "<time>"),
    (re.compile(r"\b\d[\d.,]* (ms|s)\b"), "<elapsed>"),
    (re.compile(r"\b([0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}|([0-9A-F]{2}:){19,31}[0-9A-F]{2})\b"), "<fingerprint>"),
    (re.compile(r"127\.0\.0\.1:\d{4,5}\b"), "<free port>"),
)
"""What differs from day to day and from run to run."""
LEFT_OUT = "…"
"""A line of this alone stands for any number of lines."""


class Ran(NamedTuple):
    """A command that was run, how it ended and what it printed."""

    printed: Printed
    status: int
    out: str
    err: str = ""


class Reader:
    """Types the commands one after the other, as a reader of the documents does."""

    def __init__(self, made: Stage) -> None:
        self._stage = made
        self._watching: list[tuple[Printed, subprocess.Popen[str]]] = []

    def all(self, printed: Iterable[Printed]) -> Iterator[Ran]:
        """Runs them all; yields those last that wait for a change."""
        for one in printed:
            process = self._stage.start(one.text)
            called = words(one.text)
            if any(word == "--watch" for call in called for word in call):
                self._mend_when_watched(process, one.text)
                self._watching.append((one, process))
            elif called and called[0][:3] == ("dbtls", "lab", "serve"):
                yield self._interrupted(one, process)
            else:
                yield self._ended(one, process)
        for one, process in self._watching:
            yield self._ended(one, process)

    def _ended(self, printed: Printed, process: subprocess.Popen[str]) -> Ran:
        out, err = (text.replace(str(self._stage.home), HOME) for text in process.communicate())
        return Ran(printed, process.returncode, out, err)

    def _interrupted(self, printed: Printed, process: subprocess.Popen[str]) -> Ran:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        ended = self._ended(printed, process)
        fine = ended.status == INTERRUPTED and first.startswith("{")
        return ended._replace(status=0) if fine else ended

    def _mend_when_watched(self, process: subprocess.Popen[str], command: str) -> None:
        """Does what somebody does while `--watch` runs: gives the server a certificate in order."""
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("Asking again"):
                break
        host = re.search(r"\w+://([\w.-]+)", command)
        ca_file = re.search(r"--ca-file (\S+)", command)
        self._stage.mend(host[1] if host else "", ca_file[1] if ca_file else None)


def to_run(printed: Iterable[Printed]) -> Iterator[Printed]:
    """Leaves out what the table names, what only names a command, and what was run before without saying more."""
    seen: set[str] = set()
    for one in printed:
        called = words(one.text)
        name = one.inline and called and called[0][0] == "dbtls" and only_names(called[0][1:])
        again = one.output is None and one.text in seen
        if one.text not in NOT_RUN and not name and not again:
            seen.add(one.text)
            yield one


def complaint(ran: Ran) -> str | None:
    """Says what is wrong with what a command did; None where it did what the document says."""
    last = words(ran.printed.text)[-1:]
    by_dbtls = any(call[0].split("/")[-1] == "dbtls" for call in last)
    if ran.status not in (STATUSES if by_dbtls else (0,)) or "Traceback" in ran.err:
        hosts = "\n  (the hosts that can be reached are in tests/readme/stage.py)" if ran.status == 3 else ""
        return f"{ran.printed}\n  ends with status {ran.status}: {ran.err.strip()[-600:]}{hosts}"
    if ran.printed.output is not None and not agrees(ran.printed.output, ran.out):
        return f"{ran.printed}\n  prints now:\n{ran.out}"
    return None


def agrees(said: str, real: str) -> bool:
    """Says whether a document tells what a command printed; a line `…` in it stands for lines that it leaves out."""
    kept = re.split(rf"^{LEFT_OUT}$", settled(said), flags=re.MULTILINE)
    pattern = r"(?:.*\n)*?".join(
        re.escape(part.removeprefix("\n") if n else part) for n, part in enumerate(kept)
    )
    return re.fullmatch(pattern, settled(real)) is not None


def settled(text: str) -> str:
    """Puts words in the place of what changes."""
    for pattern, word in CHANGING:
        text = pattern.sub(word, text)
    return text.rstrip("\n") + "\n"


def renewed(text: str, ran: Ran) -> str:
    """Returns a document's text with what a command printed; what a `…` leaves out is for a person to choose."""
    said = ran.printed.output
    if said is None or LEFT_OUT in said.splitlines():
        return text
    lines = text.splitlines(keepends=True)
    before, block = "".join(lines[: ran.printed.line]), "".join(lines[ran.printed.line :])
    typed = "$ " + ran.printed.text.replace("\n", "\n> ") + "\n"
    start = block.find(typed + said)
    start = 0 if start < 0 else start + len(typed)  # a block of text has the output alone
    if not block.startswith(said, start):
        return text  # it is indented, as in a list
    return f"{before}{block[:start]}{ran.out.rstrip()}\n{block[start + len(said) :]}"


def every_command() -> tuple[Printed, ...]:
    """The commands of all documents."""
    return tuple(one for file in documents() for one in commands(file.name, file.read_text(encoding="utf-8")))


@pytest.mark.real_server("openssl")
def test_every_command_does_what_the_document_says(tmp_path: Path) -> None:
    """As it is printed, where nothing but the lab's servers can be reached, it works and prints what is said."""
    with stage(tmp_path) as made:
        ran = list(Reader(made).all(to_run(every_command())))
    wrong = {one: told for one in ran if (told := complaint(one))}
    if UPDATE:
        # From the last one up, since a block that grows moves what is below it.
        for one in sorted(wrong, key=lambda one: -one.printed.line):
            file = ROOT / one.printed.document
            text = file.read_text(encoding="utf-8")
            if one.status in STATUSES and (new := renewed(text, one)) != text:
                file.write_text(new, encoding="utf-8")
                del wrong[one]
    assert not wrong, "\n".join(wrong.values())


@pytest.mark.real_server("openssl")
def test_a_command_that_does_not_work_is_noticed(tmp_path: Path) -> None:
    """A misspelt one, one that needs the internet, one that is not there, and one that prints something else."""
    text = """
```sh
dbtls chekc sqlserver://sql01
dbtls check postgresql://example.com --timeout 1
no-such-program
false
```
```console
$ dbtls --version
dbtls, version 0.0
$ echo one; echo 2026-01-01; echo three
one
2020-12-31
three
```
"""
    with stage(tmp_path, places=()) as made:
        told = [complaint(one) for one in Reader(made).all(to_run(commands("x.md", text)))]
    status = [re.search(r"status (\d+)", one or "") for one in told]
    assert [one and one[1] for one in status] == ["2", "3", "127", "1", None, None]
    assert "prints now:\ndbtls" in (told[4] or "")
    assert told[5] is None


def test_what_is_not_run_is_named_and_stands_there() -> None:
    """An entry of the table that no document has any more is too much; what it names in the tree exists."""
    printed = {one.text for one in every_command()}
    assert set(NOT_RUN) - printed == set()
    named = {word for command in NOT_RUN for call in words(command) for word in call}
    files = {word for word in named if re.match(r"(tests|screenshots|wizard|knowledge)/", word)}
    modules = {word.replace(".", "/") for word in named if word.startswith("tests.")}
    missing = {
        one for one in files | modules if not any((ROOT / (one + end)).exists() for end in ("", ".py"))
    }
    assert missing == set()


def test_what_pip_is_asked_for_exists() -> None:
    """The extra of the first command is one of this project, and the program after it is one of its scripts."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    installs = [one.text for one in every_command() if " install " in one.text]
    extras = {extra for one in installs for extra in re.findall(r"\.\[(\w+)\]", one)}
    assert extras
    assert extras <= set(project["optional-dependencies"])
    ours = {name for one in every_command() for name in re.findall(r"\.venv/bin/(\w+) (?!install)", one.text)}
    assert ours <= set(project["scripts"])


def test_the_documents_are_read() -> None:
    """Blocks, jobs, sentences and tables; continued lines, quotes, and the parts that `&&` joins."""
    text = r"""
Run `dbtls lab list`, not `--login`, `dbtls check TARGET` or `openssl x509`.

| a | b |
| --- | --- |
| `bash tests/run` | c |

```sh
cd x && dbtls explain 'a && b' # why
openssl version | cat
```

```console
$ dbtls \
> --version
dbtls 1
$ true
```

```yaml
jobs:
  tls:
    steps:
      - uses: x
      - run: |
          dbtls inspect a.pem
          true
```

```sh
echo a
```

```text
a
```
"""
    found = list(commands("x.md", text))
    assert [(one.text, one.output) for one in found] == [
        ("dbtls lab list", None),
        ("dbtls check TARGET", None),
        ("bash tests/run", None),
        ("cd x", None),
        ("dbtls explain 'a && b'", None),
        ("openssl version | cat", None),
        ("dbtls \\\n--version", "dbtls 1\n"),
        ("true", ""),
        ("dbtls inspect a.pem", None),
        ("true", None),
        ("echo a", None),
        ("echo a", "a\n"),
    ]
    assert [one.text for one in to_run(found)][:2] == ["dbtls lab list", "cd x"]


@pytest.mark.parametrize("text", ["```bash\ntrue\n```\n", "```console\nfirst\n```\n", "```sh\nif\n```\n"])
def test_a_block_that_nobody_would_run_is_an_error(text: str) -> None:
    """Another language, output without a command, and what is no shell script."""
    with pytest.raises(ValueError, match=r"block|bash"):
        list(commands("x.md", text))
    assert list(statements("true\n")) == ["true"]


@pytest.mark.parametrize(
    ("said", "real", "same"),
    [
        ("a\nb\n", "a\nb", True),
        ("a\n…\nd\n", "a\nb\nc\nd\n", True),
        ("…\nd\n", "d\n", True),
        ("a\n…\n", "a\nb\n", True),
        ("a\n…\nd\n", "a\nd\n", True),
        ("until 2026-01-01\n", "until 2027-02-03\n", True),
        ("in 3 ms\n", "in 12 ms\n", True),
        ("a\n", "a\nb\n", False),
        ("a\n…\nd\n", "a\nb\nc\nde\n", False),
        ("a…\n", "ab\n", False),
        ("42 clients\n", "43 clients\n", False),
    ],
)
def test_what_may_differ_and_what_may_not(said: str, real: str, same: bool) -> None:
    """Dates, durations and lines that are left out may; words and counts may not."""
    assert agrees(said, real) is same


def test_the_real_output_is_written_into_the_document() -> None:
    """Below its command or in a block of its own, and nothing else changes; what leaves lines out stays."""
    text = """# A

```console
$ a \\
> --b
old
$ b
```

```sh
c
```

```text
old
older
```

```console
$ d
first
…
```
"""
    found = [one for one in commands("x.md", text) if one.output is not None]
    new = text
    for one in reversed(found):
        new = renewed(new, Ran(one, 0, f"new {one.text[0]}\n\nend\n\n"))
    assert new == text.replace("> --b\nold\n", "> --b\nnew a\n\nend\n").replace(
        "$ b\n", "$ b\nnew b\n\nend\n"
    ).replace("old\nolder\n", "new c\n\nend\n")
