"""What a command must not import, seen in fresh interpreters: only that proves that a late import is late."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.usefixtures("unmeasured")

HEAVY = {
    "OpenSSL",
    "cryptography",
    "jinja2",
    "mssql_python",
    "mysql",
    "psycopg",
    "pymssql",
    "pyodbc",
    "textual",
}

SSMS_20 = (
    "A connection was successfully established with the server, but then an error occurred during the login"
    " process. (provider: SSL Provider, error: 0 - The certificate chain was issued by an authority that is"
    " not trusted.)"
)

RUNNER = """
import json, os, runpy, sys
os._exit = sys.exit  # dbtls ends without taking the interpreter apart, but there is something left to print
sys.argv = sys.argv[1:]
status = 0
try:
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
except SystemExit as ended:
    status = ended.code
print()
print(json.dumps({"status": status, "modules": sorted({name.partition(".")[0] for name in sys.modules})}))
"""


def imported_by(module: str, *arguments: str) -> tuple[str, int, set[str]]:
    """Returns what `python -m module` printed, its status, and the top-level modules that it imported."""
    done = subprocess.run(
        [sys.executable, "-c", RUNNER, module, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    printed, _, last = done.stdout.rstrip("\n").rpartition("\n")
    seen = json.loads(last)
    return printed, seen["status"] or 0, set(seen["modules"])


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_explain_imports_nothing_heavy(form: tuple[str, ...]) -> None:
    """`dbtls explain` knows the message, and needs no screen, driver, certificate library or template engine."""
    printed, status, modules = imported_by("wizard", "explain", SSMS_20, *form)
    assert status in (0, 1)
    assert printed.strip()
    assert "wizard" in modules
    assert not modules & HEAVY


@pytest.mark.parametrize(
    "module", ["wizard.errors", "wizard.model.case", "wizard.diagnosis.walk", "wizard.wire.tds"]
)
def test_core_imports_nothing_heavy(module: str) -> None:
    """The rooms at the bottom need neither the network nor anything heavy."""
    _, status, modules = imported_by(module)
    assert status == 0
    assert not modules & (HEAVY | {"ssl", "socket", "yaml"})


def test_an_import_is_seen() -> None:
    """The look itself works: a module that does import the certificate library is caught."""
    _, _, modules = imported_by("wizard.lab.certificates")
    assert "cryptography" in modules
    assert modules & HEAVY
