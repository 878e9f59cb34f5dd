"""Carries recipes out as they are printed: in a root of their own, where the machine stays as it is.

A test that carries a recipe out says so: `@carries_out("postgresql-issue-certificate")`. `test_all_carried_out.py`
reads those marks and fails for each recipe that could run on Linux and has none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from tests.known import KNOWN
from wizard.fixes.render import RenderedFix, RenderedStep, render_fix
from wizard.fixes.values import Given

FIXES = {fix.id: fix for fix in KNOWN.fixes}
Test = TypeVar("Test", bound=Callable[..., None])

HOME = "/opt/admin"
"""The home directory of whoever carries the steps out: a new one, in which nothing of the machine's is."""

# Made in the root's /usr/local/bin: there is no service manager in it, and whoever runs it is root already.
STAND_INS = {
    "sudo": """#!/bin/sh
user=
while :; do
  case $1 in
    -u) user=$2; shift 2 ;;
    -[nEH]) shift ;;
    --) shift; break ;;
    *) break ;;
  esac
done
if [ -n "$user" ] && [ "$user" != root ]
then exec setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups -- "$@"
fi
exec "$@"
""",
}
QUICK_JAVA = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""A program of Java that ends at once is not worth what the JVM does for one that stays."""


def carries_out(*fixes: str) -> Callable[[Test], Test]:
    """Marks a test as one that carries these recipes out, by their ids; an unknown id is an error."""
    unknown = [fix for fix in fixes if fix not in FIXES]
    if unknown:
        raise LookupError(f"there is no fix {', '.join(unknown)}")
    return pytest.mark.carries_out(*fixes)


def rendered(name: str, **values: Given) -> RenderedFix:
    """A fix with all of its values."""
    fix = render_fix(FIXES[name], values)
    assert fix.missing == ()
    return fix


class Root:
    """A copy of this machine's files, in which everything may be changed: an overlay that is thrown away.

    Processes and the network are those of the machine.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        self.tree = place / "tree"

    def run(
        self,
        text: str,
        *,
        user: str | None = None,
        shell: tuple[str, ...] = ("bash", "-e", "-u", "-o", "pipefail"),
        typed: str = "",
        environment: Mapping[str, str] | None = None,
        check: bool = True,
        seconds: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        """Runs lines as a script that ends at its first error; its output and its errors are in `stdout`."""
        script = self.place / "script"
        script.write_text(text + "\n", encoding="utf-8")
        who = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", "--"] if user else []
        done = subprocess.run(
            ["chroot", str(self.tree), *who, *shell, "/dbtls/script"],
            env={
                "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "HOME": HOME if user is None else f"/home/{user}",
                "LC_ALL": "C.UTF-8",
                **(environment or {}),
            },
            input=typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=seconds,
            start_new_session=True,
            cwd="/",
        )
        if check:
            assert done.returncode == 0, done.stdout
        return done

    def step(self, step: RenderedStep, **how: object) -> str:
        """Carries one shell step out and returns what it prints."""
        assert step.shell == "sh", step.shell
        return self.run(step.text, **how).stdout  # type: ignore[arg-type]

    def steps(self, steps: tuple[RenderedStep, ...]) -> str:
        """Carries the shell steps among these out, one after the other."""
        return "".join(self.step(step) for step in steps if step.shell == "sh")

    def file(self, path: str) -> Path:
        """Where a file of the root lies on the machine."""
        return self.tree / path.lstrip("/")

    def write(self, path: str, content: str | bytes, mode: int = 0o644) -> Path:
        """Writes a file of the root."""
        file = self.file(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        file.chmod(mode)
        return file


@contextmanager
def scratch_root(place: Path) -> Iterator[Root]:
    """Makes a root of one's own for as long as the context lasts; skips the test where that is not possible."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("a root of one's own needs the rights of root")
    layers = place / "layers"
    layers.mkdir(parents=True)
    root = Root(place)
    root.tree.mkdir()
    mounted: list[Path] = []

    def mount(*arguments: str, at: Path) -> None:
        done = subprocess.run(["mount", *arguments, str(at)], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"a root of one's own cannot be made here: {done.stderr.strip()}")
        mounted.append(at)

    try:
        # An overlay cannot lie on an overlay, which /tmp may be; a tmpfs always does.
        mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", at=layers)
        (layers / "upper").mkdir()
        (layers / "work").mkdir()
        options = f"lowerdir=/,upperdir={layers / 'upper'},workdir={layers / 'work'}"
        mount("-t", "overlay", "-o", options, "overlay", at=root.tree)
        mount("--rbind", "/proc", at=root.file("/proc"))
        mount("--rbind", "/dev", at=root.file("/dev"))
        root.file("/dbtls").mkdir()
        root.file(HOME).mkdir(mode=0o700, parents=True)
        mount("--bind", str(place), at=root.file("/dbtls"))
        for name, text in STAND_INS.items():
            root.write(f"/usr/local/bin/{name}", text, 0o755)
        for name, prefix in (("java", ""), ("keytool", "-J")):
            if program := shutil.which(name):
                quick = " ".join(f"{prefix}{option}" for option in QUICK_JAVA)
                root.write(f"/usr/local/bin/{name}", f'#!/bin/sh\nexec {program} {quick} "$@"\n', 0o755)
        yield root
    finally:
        for at in reversed(mounted):
            subprocess.run(["umount", "--recursive", "--lazy", str(at)], capture_output=True, check=False)
