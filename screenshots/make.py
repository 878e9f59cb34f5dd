"""Makes the pictures of this folder from the real program: `python screenshots/make.py` in the environment."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

HERE = Path(__file__).parent
WIDTH = 100


def output(*arguments: str) -> str:
    """Returns what a dbtls command prints on stdout."""
    command = [sys.executable, "-m", "wizard", *arguments]
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    ).stdout


def picture(name: str, command: str, shown: str) -> None:
    """Writes a terminal with a command and its output as SVG."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), color_system=None)
    console.print(Text(f"$ {command}\n{shown}"), soft_wrap=False)
    drawing = console.export_svg(title="dbtls")
    # The viewer's own monospaced font will do; a picture must not fetch one from elsewhere.
    (HERE / f"{name}.svg").write_text(
        re.sub(r"@font-face \{.*?\}", "", drawing, flags=re.DOTALL), encoding="utf-8"
    )


def main() -> None:
    """Makes every picture."""
    demo = output("demo")
    picture("demo", "dbtls demo", demo[: demo.index("FIX ·")] + "…\n\n" + demo[demo.index("IN SHORT") :])
    (HERE / "tree.svg").write_text(output("knowledge", "graph", "--format", "svg"), encoding="utf-8")


if __name__ == "__main__":
    main()
