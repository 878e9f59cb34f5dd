"""A canary: a password in what a person pastes appears nowhere."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.cli.command import dbtls

CANARY = "c4n4ry-S3cret"

TARGETS = [
    f"Server=tcp:127.0.0.1,{{port}};Database=d;User Id=app;Password={CANARY};Encrypt=True",
    f"Driver={{{{ODBC Driver 18 for SQL Server}}}};Server=127.0.0.1,{{port}};UID=app;PWD={{{{{CANARY}}}}}",
    f"Provider=MSOLEDBSQL19;Data Source=127.0.0.1,{{port}};User ID=app;Password={CANARY}",
    f"jdbc:sqlserver://127.0.0.1:{{port}};user=app;password={CANARY};encrypt=true",
    f"host=127.0.0.1 port={{port}} user=app password={CANARY} sslmode=require",
    f"postgresql+psycopg://app:{CANARY}@127.0.0.1:{{port}}/db",
    f"mysql+pymysql://app:{CANARY}@127.0.0.1:{{port}}/db",
    f"mysql://app:{CANARY}@127.0.0.1:{{port}}/db?password={CANARY}",
]
BROKEN = [
    f"Server=;Password={CANARY}",
    f"Server=db01;Password='{CANARY}",
    f"oracle://app:{CANARY}@db01/x",
    f"postgresql://app:{CANARY}@db01:99999/x",
    f"host= password={CANARY}",
]


@pytest.fixture
def closed_port() -> int:
    """Returns a port of the loopback where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home with everything that is written, its cache too: what was read once is not read again."""
    return tmp_path_factory.mktemp("home-of-secrets")


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_no_output_holds_the_password(target: str, form: list[str], closed_port: int, home: Path) -> None:
    """Neither stdout nor stderr nor any file that is written, in any form."""
    ran = dbtls(
        "check",
        target.format(port=closed_port),
        *form,
        HOME=str(home),
        XDG_CACHE_HOME=str(home / "c"),
        DBTLS_STATE_DIR=str(home / "s"),
    )
    assert ran.status == 3, ran
    assert CANARY not in ran.out + ran.err
    written = [file for file in home.rglob("*") if file.is_file()]
    assert written
    assert not any(CANARY in file.read_text("utf-8", "replace") for file in written)


def test_no_usage_error_repeats_the_password() -> None:
    """A connection string that the shell took apart ends as an unexpected argument, without its password."""
    ran = dbtls("check", "host=db01", f"password={CANARY}")
    assert ran.status == 2
    assert CANARY not in ran.out + ran.err


@pytest.mark.parametrize("target", BROKEN)
def test_no_refusal_repeats_the_password(target: str) -> None:
    """An error about a connection string never quotes it."""
    ran = dbtls("check", target)
    assert ran.status == 2
    assert CANARY not in ran.out + ran.err


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_password_in_an_error_text_is_blanked(form: list[str], closed_port: int) -> None:
    """Pasted errors often hold the connection string."""
    error = f"Login failed. Connection string: Server=sql01;User Id=app;Password={CANARY};Encrypt=True"
    for ran in (
        dbtls("explain", error, *form),
        dbtls("explain", *form, stdin=error),
        dbtls("check", f"mysql://127.0.0.1:{closed_port}", "--error", error, *form),
        dbtls("fix", "certificate-expired", "--error", error, *form),
    ):
        assert CANARY not in ran.out + ran.err


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc to read the process title")
def test_the_process_title_holds_no_password() -> None:
    """Other users of the machine read the arguments of a process; they are gone before the first packet."""
    connected = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            client, _ = server.accept()
            connected.set()
            with client:
                client.recv(1)
                connected.wait(20)

        threading.Thread(target=accept, daemon=True).start()
        target = f"postgresql://app:{CANARY}@127.0.0.1:{server.getsockname()[1]}/db"
        process = subprocess.Popen(
            [sys.executable, "-m", "wizard", "check", target],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=dict(os.environ),
        )
        try:
            assert connected.wait(20)
            title = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        finally:
            process.kill()
            process.wait()
    assert b"dbtls" in title
    assert CANARY.encode() not in title
