"""Makes the pictures of this folder from the real program on the lab: `screenshots/make` in the environment.

The PNG files need cairosvg beside what the project needs: `pip install cairosvg`.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import cairosvg
from textual import events
from textual.pilot import Pilot

from wizard.diagnosis.target import read_target
from wizard.knowledge.cache import knowledge
from wizard.lab.mended import mended
from wizard.lab.server import LabServer, serve
from wizard.model.options import Options
from wizard.tui.app import WizardApp
from wizard.tui.journey import Inputs, Opening
from wizard.workbench import Workbench

HERE = Path(__file__).parent
SIZE = (100, 32)
CONNECTION_STRING = "Server=tcp:{host},{port};User Id=app;Password=x;HostNameInCertificate=sql01.corp.example"


class Photographer:
    """Drives the wizard and takes pictures of it."""

    def __init__(self, app: WizardApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    async def press(self, *keys: str) -> None:
        """Presses keys and waits for what they lead to."""
        for key in keys:
            await self.pilot.press(key)
            await self.settle()

    async def paste(self, text: str) -> None:
        """Pastes a text."""
        self.app.post_message(events.Paste(text))
        await self.settle()

    async def settle(self) -> None:
        """Waits until nothing runs any more."""
        for _ in range(3):
            await self.pilot.pause(0.1)
            while any(not worker.is_finished for worker in self.app.workers):
                await self.pilot.pause(0.05)

    def take(self, name: str) -> None:
        """Writes the screen as SVG and PNG."""
        save(name, self.app.export_screenshot(title="dbtls"))


def save(name: str, drawing: str) -> None:
    """Writes a drawing as SVG, and as PNG in twice its size."""
    # The viewer's own monospaced font will do; a picture must not fetch one from elsewhere.
    drawing = re.sub(r"@font-face \{.*?\}", "", drawing, flags=re.DOTALL)
    drawing = drawing.replace("Fira Code", "DejaVu Sans Mono")
    (HERE / f"{name}.svg").write_text(drawing, encoding="utf-8")
    cairosvg.svg2png(bytestring=drawing.encode(), write_to=str(HERE / f"{name}.png"), scale=1.0)


async def wizard(shoot: Callable[[Photographer], Awaitable[None]], *, theme: str = "dbtls-dark") -> None:
    """Opens a wizard and takes pictures of it."""
    app = WizardApp(knowledge)
    app.animation_level = "none"
    async with app.run_test(size=SIZE, notifications=False) as pilot:
        photographer = Photographer(app, pilot)
        await photographer.settle()
        app.theme = theme
        await photographer.settle()
        await shoot(photographer)


async def all_steps(server: LabServer) -> None:
    """Takes a picture of each step of a case, the dark theme."""

    async def shoot(photographer: Photographer) -> None:
        press, take = photographer.press, photographer.take
        take("start")
        await press("1")
        await photographer.paste(server.scenario.error or "")
        take("error")
        await press("enter")
        await photographer.paste(CONNECTION_STRING.format(host=server.host, port=server.port))
        take("server")
        await press("enter")
        take("evidence")
        await press("enter")
        take("verdict")
        await press("w", "end")
        take("walk")
        await press("escape", "m")
        take("clients")
        await press("escape", "enter")
        take("fix")

    await wizard(shoot)


async def proven() -> None:
    """Takes a picture of the proof: a server with an expired certificate, mended between the two examinations."""
    scenario = knowledge().scenario("sqlserver/certificate-expired")

    async def shoot(photographer: Photographer) -> None:
        with ExitStack() as lab:
            server = lab.enter_context(serve(scenario))
            options = Options(at=datetime.now(UTC), ca_file=server.ca_file)
            read = read_target(f"sqlserver://{server.host}:{server.port}", server_name=server.server_name)
            inputs = Inputs(options=options, read=read)
            bench = Workbench(knowledge(), options)
            photographer.app.flow.begin(Opening(inputs=inputs, bench=bench, at="evidence"))
            await photographer.settle()
            await photographer.press("enter", "enter")
            roots = server.ca_file.read_bytes() if server.ca_file else b""
            lab.close()
            renewed = lab.enter_context(
                serve(mended(scenario, knowledge().cause(scenario.cause)), server.port)
            )
            if server.ca_file and renewed.ca_file:
                server.ca_file.parent.mkdir(exist_ok=True)
                lab.callback(shutil.rmtree, server.ca_file.parent)
                server.ca_file.write_bytes(roots + renewed.ca_file.read_bytes())
            await photographer.press("p")
            photographer.take("proof")

    await wizard(shoot)


async def practise() -> None:
    """Takes a picture of the list of exercises."""

    async def shoot(photographer: Photographer) -> None:
        await photographer.press("3")
        photographer.take("practise")

    await wizard(shoot)


async def light(server: LabServer) -> None:
    """Takes a picture of the verdict in the light theme."""

    async def shoot(photographer: Photographer) -> None:
        await photographer.press("2")
        await photographer.paste(CONNECTION_STRING.format(host=server.host, port=server.port))
        await photographer.press("enter", "enter")
        photographer.take("verdict-light")

    await wizard(shoot, theme="dbtls-light")


async def told() -> None:
    """Takes a picture of a question, as it is asked where nobody can reach the server."""

    async def shoot(photographer: Photographer) -> None:
        await photographer.press("1")
        await photographer.paste("psql: error: SSL error: certificate verify failed")
        await photographer.press("enter", "f3")
        await photographer.paste("postgresql://pg-prod.corp.example")
        await photographer.press("enter")
        photographer.take("question")

    await wizard(shoot)


def main() -> None:
    """Makes every picture."""
    with tempfile.TemporaryDirectory() as state:
        os.environ["DBTLS_STATE_DIR"] = state
        with serve(knowledge().scenario("sqlserver/self-generated-certificate")) as server:
            asyncio.run(all_steps(server))
            asyncio.run(light(server))
        for pictures in (told, proven, practise):
            asyncio.run(pictures())
    drawn = subprocess.run(
        [sys.executable, "-m", "wizard", "knowledge", "graph", "--format", "svg"],
        capture_output=True,
        check=True,
    )
    (HERE / "tree.svg").write_bytes(drawn.stdout)


if __name__ == "__main__":
    main()
