"""Linux, macOS and Windows: what differs between them, simulated on whatever machine the tests run."""

from __future__ import annotations

import ast
import errno
import io
import json
import os
import re
import ssl
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest
from platformdirs import windows
from platformdirs.macos import MacOS
from platformdirs.windows import Windows

from tests.pki.authority import NOW, make
from wizard.certificate_files import _of_url
from wizard.cli import questions
from wizard.cli.arguments import decoded
from wizard.cli.main import run
from wizard.cli.options import _output_in
from wizard.cli.terminal import CannotWriteError, Exit, has_screen, plain_where_needed, result
from wizard.diagnosis.target import read_target
from wizard.errors import FileError
from wizard.knowledge.cache import cache_folder
from wizard.pki import trust
from wizard.pki.read import read_certificates
from wizard.pki.trust import TrustStore, verify
from wizard.probes.drivers import process
from wizard.state.files import state_folder

ROOT = Path(__file__).parents[1]
ONE_SYSTEM = {
    "_winapi", "crypt", "curses", "fcntl", "grp", "msvcrt", "nis", "ossaudiodev", "posix", "pty", "pwd", "readline",
    "resource", "spwd", "syslog", "termios", "tty", "winreg", "winsound",
}  # fmt: skip
"""Modules that only Unix has, or only Windows."""
ONE_SYSTEM_NAMES = {
    "os": {
        "chown", "chroot", "fchdir", "fchmod", "fchown", "fork", "forkpty", "getegid", "geteuid", "getgid",
        "getgroups", "getloadavg", "getpgid", "getpgrp", "getsid", "getuid", "killpg", "lchown", "mkfifo", "mknod",
        "nice", "openpty", "posix_spawn", "sched_getaffinity", "setpgid", "setsid", "setuid", "startfile", "sync",
        "uname", "wait", "O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_DIRECTORY",
    },
    "signal": {
        "SIGALRM", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGTSTP", "SIGUSR1", "SIGWINCH", "alarm", "pause",
        "pthread_kill", "setitimer",
    },
    "socket": {"AF_UNIX", "SO_EXCLUSIVEADDRUSE", "SO_REUSEPORT", "socketpair"},
    "ssl": {"enum_certificates", "enum_crls"},
    "subprocess": {"CREATE_NEW_PROCESS_GROUP", "CREATE_NO_WINDOW", "STARTUPINFO"},
    "sys": {"getwindowsversion"},
    "time": {"tzset"},
}  # fmt: skip
"""Names of modules that every system has, which only one of them knows."""


_MENTIONED = re.compile(rf"\b(?:{'|'.join(ONE_SYSTEM.union(*ONE_SYSTEM_NAMES.values()))})\b")


def _guards(node: ast.AST) -> bool:
    """Says whether a node asks for the system, or is prepared for a module that is not there."""
    if isinstance(node, ast.Try):
        caught = {getattr(kind, "id", "") for one in node.handlers for kind in ast.walk(one.type or node)}
        return bool(caught & {"ImportError", "ModuleNotFoundError", "AttributeError"})
    return any(_dotted(one) in ("sys.platform", "os.name") for one in ast.walk(node))


def _dotted(node: ast.AST) -> str:
    """Returns `module.name`, or nothing."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return ""


def unguarded(source: str) -> list[str]:
    """Returns what a module uses of one system without asking which one it is on: at its top, or in a function."""
    found: list[str] = []

    def look(node: ast.AST, guarded: bool) -> None:
        for child in ast.iter_child_nodes(node):
            at_rest = guarded or (
                isinstance(
                    child, ast.FunctionDef | ast.AsyncFunctionDef | ast.If | ast.IfExp | ast.Try | ast.BoolOp
                )
                and _guards(child)
            )
            names: list[str] = []
            if isinstance(child, ast.Import):
                names = [alias.name for alias in child.names]
            elif isinstance(child, ast.ImportFrom):
                names = [child.module or "", *(f"{child.module}.{alias.name}" for alias in child.names)]
            elif isinstance(child, ast.Attribute):
                names = [_dotted(child)]
            for name in names if not at_rest else ():
                module, _, rest = name.partition(".")
                if module in ONE_SYSTEM or rest in ONE_SYSTEM_NAMES.get(module, ()):
                    found.append(name)
            look(child, at_rest)

    if _MENTIONED.search(source):  # most modules need no look
        look(ast.parse(source), False)
    return found


def test_nothing_of_one_system_is_used_without_asking() -> None:
    """No module of the program needs what only Unix or only Windows has, unless it looks where it runs."""
    modules = sorted((ROOT / "wizard").rglob("*.py"))
    assert len(modules) > 200
    found = {str(path.relative_to(ROOT)): unguarded(path.read_text("utf-8")) for path in modules}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import fcntl", ["fcntl"]),
        ("def f():\n    from pwd import getpwuid", ["pwd", "pwd.getpwuid"]),
        ("import os\nx = os.geteuid()", ["os.geteuid"]),
        ("import signal\ndef f():\n    signal.alarm(1)", ["signal.alarm"]),
        ("from os import killpg", ["os.killpg"]),
        ("try:\n    import fcntl\nexcept ImportError:\n    pass", []),
        ("import sys\nif sys.platform != 'win32':\n    import fcntl", []),
        (
            "import os, sys\ndef f():\n    if sys.platform == 'win32':\n        return\n    os.killpg(1, 9)",
            [],
        ),
        ("import sys\nx = sys.platform == 'win32'\nimport fcntl", ["fcntl"]),
    ],
)
def test_the_look_finds_what_is_not_guarded(source: str, found: list[str]) -> None:
    """An import or a name of one system is caught, wherever it stands; a guarded one is not."""
    assert unguarded(source) == found


WINDOWS = r"""
import importlib, json, os, signal, ssl, subprocess, sys
# Other people's packages decide by the real system when they are loaded; each has a wheel for Windows of its own.
for name in ("asyncio", "click.shell_completion", "concurrent.futures", "filelock", "jinja2", "msgspec", "platform",
             "platformdirs", "tempfile", "yaml", "ahocorasick", "OpenSSL.crypto", "cryptography.x509",
             "cryptography.hazmat.backends.openssl.backend"):
    importlib.import_module(name)
for name in UNIX_MODULES:
    sys.modules[name] = None  # an import of it fails
sys.modules["setproctitle"] = None
for module, names in ((os, UNIX_OS), (signal, UNIX_SIGNALS)):
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
subprocess.CREATE_NO_WINDOW = 0
root = ssl.PEM_cert_to_DER_cert(open(sys.argv[1]).read())
ssl.enum_certificates = lambda store: [(root, "x509_asn", True)] if store == "ROOT" else []
sys.platform = "win32"
os.environ.pop("TERM", None)

from wizard.cli.main import run
told = {}
for name, arguments in json.loads(sys.argv[2]).items():
    told[name] = run(arguments)
    print(flush=True)
print(json.dumps([told, [name for name in UNIX_MODULES if sys.modules.get(name) is not None]]))
"""


def test_the_program_runs_without_what_only_unix_has(tmp_path: Path) -> None:
    """A fresh interpreter that calls itself Windows and lacks Unix's modules explains, inspects, fixes and examines.

    What it cannot show: the other packages' own Windows parts, its file system, its console.
    """
    authority = make("Root of this Windows", ca=True)
    leaf = tmp_path / "leaf.cer"
    leaf.write_bytes(authority.issue("db01.corp.example", names=["db01.corp.example"]).pem)
    root = tmp_path / "root.pem"
    root.write_bytes(authority.pem)
    commands = {
        "explain": ["explain", "The received certificate has expired."],
        "inspect": ["inspect", str(leaf), "--server-name", "db01.corp.example", "--at", NOW.isoformat()],
        "fix": ["fix", "name-mismatch", "sqlserver://sql01", "--client", "odbc-18"],
        "doctor": ["doctor", "--json"],
        "completion": ["completion", "powershell"],
    }
    unix_os = sorted(ONE_SYSTEM_NAMES["os"] - {"O_CLOEXEC", "startfile"})
    unix_signals = sorted(ONE_SYSTEM_NAMES["signal"] - {"SIGKILL"})  # `subprocess` of Unix kills by it
    unix_modules = sorted(ONE_SYSTEM - {"_winapi", "msvcrt", "posix", "winreg", "winsound"})
    script = (
        f"UNIX_MODULES, UNIX_OS, UNIX_SIGNALS = {unix_modules!r}, {unix_os!r}, {unix_signals!r}\n{WINDOWS}"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(root), json.dumps(commands)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=True,
    )
    assert done.stderr == ""
    told, used = json.loads(done.stdout.splitlines()[-1])
    # `doctor` depends on this machine, where it finds nothing broken.
    assert told == dict.fromkeys(commands, Exit.FINE)
    assert used == []
    assert "expired" in done.stdout
    assert "Register-ArgumentCompleter" in done.stdout
    examined = next(json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"schema"'))
    assert (examined["machine"]["system"], examined["trust"]["roots"]) == ("windows", 1)


def _stdout(monkeypatch: pytest.MonkeyPatch, encoding: str, name: str = "stdout") -> io.BytesIO:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, name, io.TextIOWrapper(raw, encoding=encoding, write_through=True))
    return raw


SIGNS = "✓ ✗ … · › “x” → Müller Ω"


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", SIGNS),
        ("utf-8-sig", SIGNS),
        ("cp1252", "+ x … · › “x” -> Müller ?"),
        ("cp437", '+ x ... · > "x" -> Müller Ω'),
        ("cp850", '+ x ... · > "x" -> Müller ?'),
        ("ascii", '+ x ... - > "x" -> M?ller ?'),
    ],
)
def test_signs_become_plain_where_the_console_has_none(
    encoding: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what an encoding lacks is written otherwise; the rest of the line, such as a name, stays."""
    raw = _stdout(monkeypatch, encoding)
    result(SIGNS)
    assert raw.getvalue().decode(encoding).splitlines() == [shown]


def test_no_sign_ends_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Click's help, which passes by our own writing, does not fail on a narrow stream; without the guard it does."""
    raw = _stdout(monkeypatch, "cp437")
    with pytest.raises(UnicodeEncodeError):
        sys.stdout.write("✓")
    assert run(["--help"]) == Exit.FINE
    assert b'"..."' in raw.getvalue()
    errors = _stdout(monkeypatch, "cp1252", "stderr")
    plain_where_needed()
    sys.stderr.write("✓ …")
    assert errors.getvalue().decode("cp1252") == "+ …"


def test_a_pipe_that_was_closed_is_no_error_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows calls it an invalid argument; elsewhere that is a fault of its own."""

    class Closed(io.StringIO):
        encoding = "utf-8"

        def write(self, text: str) -> int:
            raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(sys, "stdout", Closed())
    monkeypatch.setattr(sys, "platform", "win32")
    result("text")
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(CannotWriteError):
        result("text")


TEXT = "SSL Provider: The certificate chain was issued by an authority that is not trusted.\r\nläuft ab\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_pasted_files_are_read_as_windows_writes_them(encoding: str, tmp_path: Path) -> None:
    """PowerShell 5's > (UTF-16 with a mark), Notepad's UTF-8 with a mark, and programs of the Western code page."""
    file = tmp_path / "out.txt"
    file.write_bytes(TEXT.encode(encoding))
    assert _output_in(file) == TEXT


def test_bytes_of_no_text_are_still_read() -> None:
    """Big-endian UTF-16 is known by its mark; without a mark, and for rubbish, nothing fails."""
    assert decoded(b"\xfe\xff" + TEXT.encode("utf-16-be")) == TEXT
    assert decoded(TEXT.encode("utf-16-le")) != TEXT
    assert "\ufffd" in decoded(b"\x81\x8d")


def test_certificates_are_read_as_certutil_writes_them() -> None:
    """`certutil -encode` ends its lines with CR LF, and an editor may put a mark in front; half of one is refused."""
    one = make("sql01.corp.example")
    pem = one.pem.replace(b"\n", b"\r\n")
    assert read_certificates(pem, name="x.cer") == (one.der,)
    assert read_certificates(b"\xef\xbb\xbf" + pem, name="x.cer") == (one.der,)
    with pytest.raises(FileError):
        read_certificates(pem[: len(pem) // 2], name="x.cer")


def test_windows_stores_are_read_as_windows_trusts_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Roots for every purpose or for servers count; those for e-mail alone, and other encodings, do not."""
    every, servers, mail, other = (make(f"Root {number}", ca=True) for number in range(4))
    entries = {
        "ROOT": [
            (every.der, "x509_asn", True),
            (mail.der, "x509_asn", {"1.3.6.1.5.5.7.3.4"}),
            (other.der, "pkcs_7_asn", True),
        ],
        "CA": [(servers.der, "x509_asn", {"1.3.6.1.5.5.7.3.1"})],
    }
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ssl, "enum_certificates", entries.__getitem__, raising=False)
    store = TrustStore.system()
    assert store.certificates == (every.der, servers.der)
    for root, status in ((every, "trusted"), (servers, "trusted"), (mail, "unknown-issuer")):
        assert verify((root.issue("db01").der,), store, NOW).status == status


def test_a_python_with_its_own_openssl_finds_the_bundle_of_macos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where OpenSSL's own places do not exist, the system's bundle is taken, but not past SSL_CERT_FILE."""
    nowhere = ssl.DefaultVerifyPaths(None, None, "SSL_CERT_FILE", "/no/cert.pem", "SSL_CERT_DIR", "/no/certs")  # type: ignore[arg-type]
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nowhere)
    bundle = tmp_path / "cert.pem"
    bundle.write_bytes(make("Root").pem)
    monkeypatch.setattr(trust, "_BUNDLES", ("/no/such", str(bundle)))
    monkeypatch.setattr(sys, "platform", "darwin")
    assert TrustStore.system().file == str(bundle)
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such")
    assert TrustStore.system().empty


@pytest.mark.parametrize(
    ("platform", "state", "cache"),
    [
        (Windows, ("AppData", "Local", "dbtls"), ("AppData", "Local", "dbtls", "Cache")),
        (MacOS, ("Library", "Application Support", "dbtls"), ("Library", "Caches", "dbtls")),
    ],
)
def test_each_system_has_its_own_folders(
    platform: type[Windows | MacOS],
    state: tuple[str, ...],
    cache: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    clean_environment: Path,
) -> None:
    """State and cache are two folders, where each system keeps such things; DBTLS_STATE_DIR comes before."""
    monkeypatch.setattr(platformdirs, "PlatformDirs", platform)
    monkeypatch.setattr(windows, "get_win_folder", windows.get_win_folder_from_env_vars)
    for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("USERPROFILE", str(clean_environment))
    monkeypatch.setenv("LOCALAPPDATA", str(clean_environment.joinpath("AppData", "Local")))
    assert state_folder() == Path(os.environ["DBTLS_STATE_DIR"])
    monkeypatch.delenv("DBTLS_STATE_DIR")
    for folder, expected in ((state_folder(), state), (cache_folder(), cache)):
        assert Path(str(folder).replace("\\", "/")) == clean_environment.joinpath(*expected)


@pytest.mark.parametrize(
    ("target", "name", "value"),
    [
        (r"Server=sql01;Encrypt=True;ServerCertificate=C:\certs\x.cer", "ServerCertificate", r"C:\certs\x.cer"),
        (r"Driver={ODBC Driver 18 for SQL Server};Server=sql01\PAYROLL;ServerCertificate=C:\my certs\x.cer",
         "ServerCertificate", r"C:\my certs\x.cer"),
        (r"jdbc:sqlserver://sql01;encrypt=true;trustStore=C:\certs\ts.jks", "trustStore", r"C:\certs\ts.jks"),
        (r"postgresql://db02/x?sslmode=verify-ca&sslrootcert=C:\certs\root.crt", "sslrootcert", r"C:\certs\root.crt"),
        (r"host=db02 sslrootcert=C:\\certs\\root.crt", "sslrootcert", r"C:\certs\root.crt"),
        (r"mysql://db02/x?ssl_ca=C:/certs/ca.pem", "ssl_ca", "C:/certs/ca.pem"),
    ],
)  # fmt: skip
def test_paths_with_drive_letters_survive_a_connection_string(target: str, name: str, value: str) -> None:
    """A backslash and a drive's colon are part of the path; libpq alone takes a backslash for an escape."""
    assert dict(read_target(target).options)[name] == value


def test_a_single_backslash_is_an_escape_for_libpq() -> None:
    """As libpq itself reads it (its documentation, Keyword/Value Connection Strings), so that the fault is seen."""
    assert (
        dict(read_target(r"host=db02 sslrootcert=C:\certs\root.crt").options)["sslrootcert"]
        == "C:certsroot.crt"
    )


@pytest.mark.parametrize(
    ("named", "path"),
    [
        ("file:///C:/certs/ts.p12", "C:/certs/ts.p12"),
        ("file:/C:/certs/ts.p12", "C:/certs/ts.p12"),
        ("file:C:/certs/ts.p12", "C:/certs/ts.p12"),
        ("file:///etc/ts.p12", "/etc/ts.p12"),
        ("file://localhost/etc/ts.p12", "/etc/ts.p12"),
        ("file:/etc/ts.p12", "/etc/ts.p12"),
        ("file:ts.p12", "ts.p12"),
        (r"C:\certs\ts.p12", r"C:\certs\ts.p12"),
        ("//server/share/ca.pem", "//server/share/ca.pem"),
    ],
)
def test_urls_of_java_stores_become_paths(named: str, path: str) -> None:
    """Connector/J names its store by a URL, with a drive letter or without; what is a path already stays one."""
    assert _of_url(named) == path


def test_the_full_screen_needs_no_term_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has no TERM; a console in UTF-8 shows the wizard, one in a code page the plain conversation."""

    class Console(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    def consoles(encoding: str) -> None:
        for name in ("stdin", "stdout", "stderr"):
            monkeypatch.setattr(sys, name, Console(io.BytesIO(), encoding=encoding))

    consoles("utf-8")
    assert not has_screen(None)
    monkeypatch.setattr(sys, "platform", "win32")
    assert has_screen(None)
    consoles("cp1252")
    assert not has_screen(None)


def test_a_console_of_windows_is_not_waited_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """`select` knows sockets alone there, so that an empty line ends a paste."""
    asked: list[str] = []

    def select(*_: object) -> tuple[list[int], list[int], list[int]]:
        asked.append("asked")
        return [0], [], []

    class Console(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("select.select", select)
    monkeypatch.setattr(sys, "stdin", Console())
    monkeypatch.setattr(sys, "platform", "win32")
    assert not questions._more_waits()
    assert asked == []
    monkeypatch.setattr(sys, "platform", "linux")
    assert questions._more_waits()


def test_a_driver_is_ended_by_what_the_system_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has no process groups: the child itself is killed there, and elsewhere all that it started."""
    calls: list[str] = []

    class Child:
        pid = 4711
        stdout = None

        def kill(self) -> None:
            calls.append("kill")

        def wait(self) -> None:
            calls.append("wait")

    monkeypatch.setattr(os, "killpg", lambda group, number: calls.append(f"killpg {group}"))
    for platform in ("win32", "linux"):
        monkeypatch.setattr(sys, "platform", platform)
        process._kill(Child())  # type: ignore[arg-type]  # as much of a process as is needed
    assert calls == ["kill", "wait", "killpg 4711", "wait"]


def test_the_password_file_of_libpq_has_its_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is %APPDATA%/postgresql/pgpass.conf on Windows and ~/.pgpass elsewhere (libpq, The Password File)."""
    monkeypatch.setenv("APPDATA", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "win32")
    assert process._own_password_file() == {"PGPASSFILE": str(tmp_path / "postgresql" / "pgpass.conf")}
    monkeypatch.setattr(sys, "platform", "darwin")
    assert process._own_password_file() == {"PGPASSFILE": str(Path.home() / ".pgpass")}
