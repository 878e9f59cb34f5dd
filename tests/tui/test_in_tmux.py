"""The wizard as a real program in a real terminal: tmux pastes, resizes, suspends, and says what arrived."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from tests.servers import programs
from tests.tui import tmux
from tests.tui.driver import known
from tests.tui.tmux import PROMPT, ROOT, Terminal
from wizard.lab.server import LabServer, serve

# Thorough is what the tests without a terminal see as well: the same way at another size, or by other keys.
# Without a name: a run that demands the programs fails where the fixture below skips.
pytestmark = pytest.mark.real_server()

SELF_MADE = "sqlserver/self-generated-certificate"
SILENT = "postgresql/timed-out"
VERDICT = "The server shows a certificate that it made itself"
DECIDING = "The certificate chain was issued by an authority that is not trusted."
ERROR = f"""Cannot connect to sql01.

A connection was successfully established with the server, but then an error
occurred during the login process.
(provider: SSL Provider, error: 0 - {DECIDING}) (Microsoft SQL Server, Error: -2146893019)
"""
CANARY = "c4n4ry-S3cret"
ALTERNATE_SCREEN, NO_CURSOR, MARKED_PASTE, MOUSE = "1049", "25", "2004", "1000"

GREYS = {"0", "7", "8", "15", "16", "59", "102", "145", "188", "231", *map(str, range(232, 256))}
"""The colours without a hue among the 256 of xterm."""

Open = Callable[..., AbstractContextManager[Terminal]]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens terminals in a folder of their own; skips where there is no tmux."""
    try:
        programs.find("tmux")
    except programs.MissingProgramError as missing:
        pytest.skip(str(missing))
    monkeypatch.setenv("DBTLS_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    for name in ("TMUX", "TMUX_PANE", "PYTHONIOENCODING", "PYTHONUTF8"):
        monkeypatch.delenv(name, raising=False)

    @contextmanager
    def one(width: int = 80, height: int = 24) -> Iterator[Terminal]:
        (tmp_path / "shell").mkdir(exist_ok=True)
        with tmux.terminal(tmp_path / "shell", width, height) as terminal:
            yield terminal

    return one


@pytest.fixture
def lab() -> Iterator[Callable[[str], LabServer]]:
    """Starts a server of the lab by the id of its scenario."""
    scenarios = {one.id: one for one in known().scenarios}
    with ExitStack() as running:
        yield lambda scenario: running.enter_context(serve(scenarios[scenario]))


def url(server: LabServer) -> str:
    """Returns what a person types to reach a server of the lab."""
    return f"{server.scenario.engine}://{server.host}:{server.port}"


def to_the_error(terminal: Terminal, arguments: str = "", *, before: str = "") -> None:
    """Starts the wizard and opens the first door."""
    terminal.start(arguments, before=before)
    terminal.until("1 I have an error message")
    terminal.press("1")
    terminal.until("Paste the error message", "Paste here")


def to_the_verdict(terminal: Terminal, server: LabServer) -> None:
    """Goes on from the recognised error to the verdict."""
    terminal.press("Enter")
    terminal.until("Which server?")
    terminal.type(url(server))
    terminal.until(f":{server.port}")
    terminal.press("Enter")
    terminal.until("Press Enter for the verdict")
    terminal.press("Enter")
    terminal.until("The server shows a certificate")


def test_from_a_paste_to_a_copied_command(opened: Open, lab: Callable[[str], LabServer]) -> None:
    """The whole way: paste, server, evidence, verdict, fix, copy; afterwards the terminal is as it was."""
    server = lab(SELF_MADE)
    with opened() as terminal:
        terminal.line("stty -a >before")
        to_the_error(terminal)
        assert {ALTERNATE_SCREEN, MARKED_PASTE, MOUSE} <= terminal.left_on()
        terminal.paste(ERROR)
        terminal.until("The client does not trust who issued the certificate")
        to_the_verdict(terminal, server)
        terminal.press("Enter")
        terminal.until("Permanent Intermediate Bypass", "1 · ")
        assert terminal.clipboard() == ""
        terminal.press("c")
        terminal.until("sent to the clipboard")
        copied = terminal.clipboard()
        terminal.press("C-q")
        terminal.until_over()
        assert terminal.told("alternate_on") == "0"
        assert terminal.told("cursor_flag") == "1"
        assert not {ALTERNATE_SCREEN, MARKED_PASTE, MOUSE} & terminal.left_on()
        assert NO_CURSOR in terminal.left_on()
        terminal.line("stty -a >after; cmp before after && echo the  same")
        terminal.until("the same")
    assert copied == first_step(server)


def first_step(server: LabServer) -> str:
    """Returns the first command of the first permanent fix, as another command of dbtls tells it."""
    command = [sys.executable, "-m", "wizard", "check", url(server), "--error", ERROR, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    fixes = json.loads(done.stdout)["fixes"]
    text = next(fix for fix in fixes if fix["tier"] == "permanent")["steps"][0]["text"]
    assert isinstance(text, str)
    return text


def test_a_paste_without_marks_is_not_submitted(opened: Open, lab: Callable[[str], LabServer]) -> None:
    """Where a terminal sends a paste as keys, its line breaks stay; the Enter of the person goes on."""
    with opened() as terminal:
        to_the_error(terminal)
        terminal.type(ERROR)
        terminal.until("The client does not trust who issued the certificate")
        assert "Which server?" not in terminal.screen()
        to_the_verdict(terminal, lab(SELF_MADE))


def test_resizing_during_a_probe(opened: Open, lab: Callable[[str], LabServer]) -> None:
    """Each size is drawn anew while the server is silent; X cancels, and quitting waits for nothing."""
    server = lab(SILENT)
    with opened() as terminal:
        terminal.start(f"{url(server)} --timeout 600")
        terminal.until("Asking the server")
        for width, height in ((120, 40), (60, 18), (40, 12), (80, 24)):
            terminal.resize(width, height)
            terminal.until_rows(partial(drawn_anew, width=width, height=height))
        terminal.press("x")
        terminal.until("Press Enter for the verdict")
        terminal.press("r")
        terminal.until("Asking the server", "x cancel")
        terminal.press("C-q")
        terminal.until_over()


def drawn_anew(rows: list[str], width: int, height: int) -> bool:
    """Returns whether the headline is at the top, the keys are at the bottom, and nothing is left of before."""
    headlines = [number for number, row in enumerate(rows) if "dbtls ›" in row]
    keys = [number for number, row in enumerate(rows) if "⏎ verdict" in row]
    inside = len(rows) == height and all(len(row) <= width for row in rows)
    return inside and headlines == [0] and keys == [height - 1] and "… running handshake" in "".join(rows)


def test_suspending_and_coming_back(opened: Open) -> None:
    """Ctrl+Z gives the shell back; `fg` brings the screen back, and its keys work."""
    with opened() as terminal:
        terminal.start()
        terminal.until("2 Check a server")
        terminal.press("C-z")
        terminal.until("Stopped", PROMPT)
        assert terminal.told("alternate_on") == "0"
        assert terminal.told("cursor_flag") == "1"
        assert not {ALTERNATE_SCREEN, MARKED_PASTE, MOUSE} & terminal.left_on()
        terminal.line("echo still  here")
        terminal.until("still here")
        terminal.line("fg")
        terminal.until("2 Check a server", gone="still here")
        terminal.press("1")
        terminal.until("Paste the error message", "Paste here")
        terminal.paste(ERROR)
        terminal.until("The client does not trust who issued the certificate")
        terminal.press("C-q")
        terminal.until(PROMPT, gone="Paste the error message")
        assert terminal.told("alternate_on") == "0"


@pytest.mark.thorough
def test_the_demo(opened: Open) -> None:
    """`dbtls demo` leads to a verdict by Enter alone, and nothing listens any more afterwards."""
    with opened() as terminal:
        terminal.start("demo")
        terminal.until("Paste the error message", "The client does not trust")
        terminal.press("Enter")
        port = int(re.search(r"127\.0\.0\.1:(\d+)", terminal.until("Which server?", "127.0.0.1:"))[1])  # type: ignore[index]
        socket.create_connection(("127.0.0.1", port), timeout=tmux.PATIENCE).close()
        terminal.press("Enter")
        terminal.until("Press Enter for the verdict")
        terminal.press("Enter")
        terminal.until(VERDICT, "confirmed")
        terminal.press("C-q")
        terminal.until_over()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=tmux.PATIENCE)


def test_no_color(opened: Open, lab: Callable[[str], LabServer]) -> None:
    """With NO_COLOR there are shades of grey alone, while signs with words tell every state."""
    server = lab(SELF_MADE)
    with opened() as terminal:
        terminal.start(url(server), before="NO_COLOR=1")
        terminal.until("✗ failed certificate", "✓ passed", "Press Enter for the verdict")
        terminal.press("Enter")
        terminal.until(f"✗ {VERDICT}")
        terminal.press("Enter")
        terminal.until("Permanent Intermediate Bypass")
        terminal.press("C-q")
        terminal.until_over()
        assert colours(terminal.sent()) <= GREYS
    with opened() as terminal:
        terminal.start()
        terminal.until("2 Check a server")
        assert colours(terminal.sent()) - GREYS


def colours(sent: bytes) -> set[str]:
    """Returns what sets a colour (SGR): of the 256 colours the number, else the code alone."""
    told = re.findall(r"\x1b\[([\d;:]*)m", sent.decode(errors="replace"))
    numbered = {number for one in told for number in re.findall(r"\b[34]8[;:]5[;:](\d+)", one)}
    rest = {code for one in told for code in re.split("[;:]", re.sub(r"\b[34]8[;:]5[;:]\d+", "", one))}
    # ECMA-48, 8.3.117, and xterm's bright ones; 39 and 49 are the terminal's own.
    return numbered | {f"SGR {one}" for one in rest if re.fullmatch(r"[34][0-8]|9[0-7]|10[0-7]", one)}


def test_a_dumb_terminal(opened: Open, lab: Callable[[str], LabServer]) -> None:
    """A terminal that cannot move its cursor gets the same in plain questions."""
    server = lab(SELF_MADE)
    with opened() as terminal:
        terminal.start(before="TERM=dumb")
        terminal.until("Paste the error text and end it with an empty line")
        terminal.line(DECIDING)
        terminal.line("")
        terminal.until("Which server?")
        terminal.line(url(server))
        terminal.until_over(1)
        assert b"\x1b[?1049h" not in terminal.sent()
        assert VERDICT.encode() in terminal.sent()


@pytest.mark.parametrize(
    "around",
    [
        pytest.param("| cat >said", id="pipe"),
        pytest.param("</dev/null >said", id="files", marks=pytest.mark.thorough),
        pytest.param("<&- >said", id="stdin-closed", marks=pytest.mark.thorough),
    ],
)
def test_without_a_terminal_it_is_check(opened: Open, lab: Callable[[str], LabServer], around: str) -> None:
    """In a pipe, without input, and with stdin closed `dbtls TARGET` examines like `dbtls check`."""
    server = lab(SELF_MADE)
    with opened() as terminal:
        terminal.line(f"./dbtls {url(server)} {around}; echo over=$?")
        terminal.until("over=0" if "cat" in around else "over=1")
        assert b"\x1b[?1049h" not in terminal.sent()
        terminal.line(f"clear; grep -q '{VERDICT}' said && echo it is  said")
        terminal.until("it is said")


def test_nothing_to_examine(opened: Open) -> None:
    """With stdin closed and nothing told, it says what to type; the exit status is that of wrong usage."""
    with opened() as terminal:
        terminal.start("<&-")
        terminal.until("There is nothing to examine.", "status=2")


def test_ctrl_c_and_ctrl_q(opened: Open, lab: Callable[[str], LabServer]) -> None:
    """Ctrl+C ends nothing and says what does; Ctrl+Q ends it while a probe hangs."""
    server = lab(SILENT)
    with opened() as terminal:
        terminal.start(f"{url(server)} --timeout 600")
        terminal.until("Asking the server", "x cancel")
        terminal.press("C-c")
        terminal.until("ctrl+q")
        assert terminal.told("alternate_on") == "1"
        terminal.press("C-q")
        terminal.until_over()


def log_of_a_megabyte() -> str:
    """Returns a log with the deciding line in its middle."""
    line = "2026-11-21 12:00:00.000 INFO  [worker-7] request 4711 handled in 12 ms, 200 OK, 5120 bytes sent\n"
    half = line * (500_000 // len(line))
    return f"{half}2026-11-21 12:00:01.000 ERROR [pool-1] {DECIDING}\n{half}"


@pytest.mark.thorough
def test_a_log_of_a_megabyte(opened: Open, lab: Callable[[str], LabServer]) -> None:
    """The deciding line is found in the middle of a long log and shown, and the keys work afterwards."""
    with opened() as terminal:
        to_the_error(terminal)
        terminal.paste(log_of_a_megabyte())
        terminal.until("ERROR [pool-1]", "The client does not trust who issued")
        to_the_verdict(terminal, lab(SELF_MADE))
        terminal.press("C-q")
        terminal.until_over()


def test_quitting_while_a_log_is_read(opened: Open) -> None:
    """Ctrl+Q right behind a long paste ends it, and the rest of the paste does not reach the shell."""
    with opened() as terminal:
        to_the_error(terminal)
        terminal.paste(log_of_a_megabyte())
        terminal.press("C-q")
        terminal.until_over()
        assert "worker-7" not in terminal.screen()


def test_the_console_of_linux(opened: Open, lab: Callable[[str], LabServer]) -> None:
    """Its font has no ticks and crosses; signs of ASCII tell the states there."""
    server = lab(SELF_MADE)
    with opened() as terminal:
        terminal.start(url(server), before="TERM=linux")
        screens = terminal.until("x failed certificate", "+ passed", "Press Enter for the verdict")
        terminal.press("Enter")
        screens += terminal.until(f"x {VERDICT}")
        assert not set("✓✗●–") & set(screens)
        assert not re.search("… (running|passed)", screens)


@pytest.mark.parametrize(
    "before",
    [
        "PYTHONIOENCODING=ascii",
        pytest.param("LC_ALL=C", marks=pytest.mark.thorough),
        pytest.param("LC_ALL= LANG=C", marks=pytest.mark.thorough),
    ],
)
def test_without_utf_8(opened: Open, lab: Callable[[str], LabServer], before: str) -> None:
    """Where signs beyond ASCII may be missing, everything on the screen is still readable."""
    server = lab(SELF_MADE)
    with opened() as terminal:
        terminal.start(url(server), before=before)
        # Plain lines scroll: what is waited for stands at their end.
        screen = terminal.until("certificate", "IN SHORT" if "ascii" in before else "TLS")
        assert not set("âÃ\ufffd") & set(screen)
        if "ascii" in before:
            terminal.until_over(1)
            terminal.sent().decode("ascii")


@pytest.mark.thorough
def test_a_narrow_terminal(opened: Open, lab: Callable[[str], LabServer]) -> None:
    """The whole way can be gone in 40 columns and 12 rows."""
    with opened(40, 12) as terminal:
        to_the_error(terminal)
        terminal.paste(ERROR)
        terminal.until("The client does not trust")
        to_the_verdict(terminal, lab(SELF_MADE))
        terminal.press("Enter")
        terminal.until("Permanent", "Bypass")
        terminal.press("C-q")
        terminal.until_over()


@pytest.mark.thorough
def test_a_password_on_the_command_line(
    opened: Open, lab: Callable[[str], LabServer], tmp_path: Path
) -> None:
    """It is neither on the screen nor in the list of processes, and nothing keeps it."""
    server = lab(SELF_MADE)
    pasted = f"Server=tcp:{server.host},{server.port};User Id=app;Password={CANARY};Encrypt=True"
    with opened() as terminal:
        terminal.start(f"'{pasted}'")
        screens = terminal.until("Press Enter for the verdict")
        running = processes()
        terminal.press("Enter")
        screens += terminal.until(VERDICT)
        terminal.press("r")
        screens += terminal.until("To read out", gone="What shows it")
        terminal.press("C-q")
        terminal.until_over()
    assert "dbtls" in running
    assert not [one for one in running if CANARY in one]
    assert CANARY not in screens
    kept = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert any(path.stat().st_size for path in kept)
    assert not [path for path in kept if CANARY.encode() in path.read_bytes()]


def processes() -> list[str]:
    """Returns what everybody can read of the arguments of all processes."""
    if not Path("/proc/self/cmdline").exists():
        command = ["ps", "-axww", "-o", "args="]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")
    found: list[str] = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            found.append(file.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip())
    return found


@pytest.mark.thorough
def test_a_click_opens_a_door(opened: Open) -> None:
    """The mouse does what the keys do."""
    with opened() as terminal:
        terminal.start()
        terminal.until("2 Check a server")
        terminal.click("A name, a connection string")
        terminal.until("Which server?")
