"""Foreign text is never markup and never acts: it stands on the screen as it is, whoever wrote it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest
from textual.content import Content
from textual.widgets import Input, OptionList, Static

from tests.tui.driver import NOW, Driver, run, started
from tests.tui.faked import Recording, faked, recording
from tests.tui.tour import CONNECTION, ERROR, Paste, act
from wizard.errors import FileError
from wizard.model.case import Case
from wizard.model.evidence import unknown
from wizard.model.text import printable
from wizard.state.recent import RecentCase, remember
from wizard.tui.screens.symptom import SymptomScreen
from wizard.tui.widgets.paragraphs import Paragraphs
from wizard.tui.widgets.paste_area import PasteArea, harmless

DATA = Path(__file__).parents[1] / "data"
HOSTILE = (
    "[Microsoft][ODBC Driver 18 for SQL Server]SSL Provider",
    "a [/] b",
    "a [/bad] b",
    "host [::1] port",
    "[@click=app.quit]press me[/]",
    "[red]red[/red] $primary",
    "before\x1b[2Jafter",
    "before\x1b]0;title\x07after",
    "left\u202eright\u2066x",
    "nul\x00nul",
)
"""None of them is longer than a line."""
LINE_OF_A_MEGABYTE = "[/x]" * 262_144
WIDE = (200, 60)
TRAIL = 22
"""Columns of the trail on the left."""


def corpus() -> list[str]:
    """Returns every error text of the two collections."""
    lines = [
        line
        for name in ("errors", "reality")
        for line in (DATA / f"{name}.jsonl").read_text("utf-8").splitlines()
    ]
    return [json.loads(line)["text"] for line in lines]


def squashed(text: str) -> str:
    """Returns a text without blanks and frames, so that it can be found however it is wrapped."""
    return re.sub(r"[\s│▁-█▔]+", "", text)


def assert_literal(driver: Driver, *texts: str) -> None:
    """Fails where one of the texts is not on the screen as it is, or where anything on it could act."""
    rows = assert_harmless(driver)
    # What is wrapped beside the trail has a word of the trail between its lines.
    shown = squashed("".join(rows)) + squashed("".join(row[TRAIL:] for row in rows))
    for text in texts:
        assert squashed(printable(text)) in shown, f"{text!r} is not in:\n{driver.text()}"


def assert_harmless(driver: Driver) -> list[str]:
    """Returns the rows of the screen; fails where one of them could act on the terminal, or hides something."""
    rows = driver.sent()
    for row in rows:
        assert printable(row, longest=10_000) == row, repr(row)
    return rows


async def _press_and_look(driver: Driver, *keys: str) -> None:
    """Presses keys, and fails where what the screen shows then could act."""
    for key in keys:
        await driver.press(key, settle=False)
        await driver.pilot.pause(0.01)
    await driver.settle()
    assert_harmless(driver)


async def _pasted(driver: Driver, text: str) -> None:
    """Pastes an error text in place of the one before, and waits until it is read."""
    screen = driver.app.screen
    assert isinstance(screen, SymptomScreen)
    screen.query_one(PasteArea).select_all()
    await driver.paste(text)


def test_every_known_error_text_stays_as_it_is() -> None:
    """The whole collection, pasted one after the other: the text stands in the field, and nothing breaks."""
    seen: list[str] = []

    async def scene() -> None:
        async with started(size=(120, 36)) as driver:
            await driver.press("1")
            field = driver.app.screen.query_one(PasteArea)
            meaning = driver.app.screen.query_one("#meaning", Paragraphs)
            for text in corpus():
                before = meaning._paragraphs
                field.select_all()
                driver.send_paste(text)
                await driver.until(lambda before=before: meaning._paragraphs is not before)  # type: ignore[misc]
                if (
                    len(text) < 400 and text.count("\n") < 3 and "***" not in field.text
                ):  # all of it is on the screen
                    assert_literal(driver, text.strip().splitlines()[0][:60])
                    seen.append(text)
                else:
                    assert_harmless(driver)

    run(scene())
    assert len(seen) > len(corpus()) / 2


def test_hostile_error_texts_stay_as_they_are() -> None:
    """In the error field, but for the codes of coloured logs; in the words that were recognised; as a megabyte."""

    async def scene() -> None:
        async with started(size=WIDE) as driver:
            await driver.press("1")
            for text in HOSTILE:
                await _pasted(driver, text)
                assert_literal(driver, harmless(text))
                await _pasted(driver, f"{text} certificate verify failed: self signed certificate {text}")
                assert_literal(driver, harmless(text))
            await _pasted(driver, LINE_OF_A_MEGABYTE)
            assert_harmless(driver)
            assert "1,048,576" in driver.text() or "1048576" in driver.text()
            await driver.press("enter")
            assert_harmless(driver)

    run(scene())


def test_hostile_server_fields_stay_as_they_are() -> None:
    """In the fields of the server, and in the sentences beside them that say what is wrong."""

    async def scene() -> None:
        async with started(size=WIDE) as driver:
            await driver.press("2")
            for text in HOSTILE:
                for field in driver.app.screen.query(Input):
                    field.value = text
                await driver.press("enter")
                assert_harmless(driver)
                assert driver.app.screen.query("#server"), "it went on with a server that cannot be"
            driver.app.screen.query_one("#server", Input).value = f"Server=db01;Encrypt={HOSTILE[0]};X=[/bad]"
            await driver.settle()
            assert_harmless(driver)

    run(scene())


def _telling(*texts: str) -> Recording:
    """Returns a server that says hostile things wherever a server can say something."""
    told = recording("sqlserver-self-generated-certificate")
    steps = []
    for at, step in enumerate(told.steps):
        text = texts[at % len(texts)]
        evidence = tuple(
            unknown(entry.fact, "probe", text)
            if step.probe not in ("handshake", "certificate")
            else msgspec.structs.replace(
                entry,
                because=text,
                value=text
                if entry.fact in ("certificate.subject", "certificate.issuer", "server.version")
                else entry.value,
            )
            for entry in step.evidence
        )
        steps.append(msgspec.structs.replace(step, evidence=evidence))
    leaf = msgspec.structs.replace(
        told.certificates[0],
        subject=texts[0],
        issuer=texts[1],
        common_name=texts[2],
        sans=tuple(f"DNS:{text}" for text in texts[:6]),
        key=texts[3],
        malformed=texts,
        self_signed=False,
    )
    return Recording(steps=tuple(steps), certificates=(leaf,))


@pytest.mark.parametrize("texts", [HOSTILE, (LINE_OF_A_MEGABYTE[:2_000],) * 6], ids=["hostile", "long"])
def test_a_hostile_server_is_shown_as_it_is(texts: tuple[str, ...]) -> None:
    """In the evidence and its details, the certificate, the verdict, the walk, the report, the fixes and the proof."""

    async def scene() -> None:
        async with started(size=WIDE, bench=faked(_telling(*texts))) as driver:
            await act(driver, "1", Paste(f"{ERROR} {texts[0]}"), "enter", Paste(CONNECTION), "enter")
            if texts is HOSTILE:
                assert_literal(driver, *texts[:3])
                assert_literal(
                    driver, *(texts[at] for at in (0, 1, 3))
                )  # the reasons of probes that found nothing
            await _press_and_look(driver, *["space", "down"] * len(recording("postgresql-healthy").steps))
            await _press_and_look(driver, "enter")
            await _press_and_look(driver, "e")
            if texts is not HOSTILE:
                return  # what is left shows no more of it
            assert_literal(driver, texts[0])
            await _press_and_look(driver, "r")
            for _ in range(3):
                await _press_and_look(driver, "right")
            await _press_and_look(driver, "escape", "w", "down", "down")
            await _press_and_look(driver, "escape", "enter")
            await _press_and_look(driver, "t")
            await _press_and_look(driver, "escape", "p")

    run(scene())


def test_hostile_output_of_a_command_is_harmless() -> None:
    """Pasted in place of an answer, it is no answer; and the reason why it cannot be read is shown as it is."""

    async def scene() -> None:
        async with started(size=WIDE) as driver:
            await driver.press("2", "f3", "enter")
            question = driver.app.screen
            for text in (
                *HOSTILE,
                LINE_OF_A_MEGABYTE,
                "-----BEGIN CERTIFICATE-----\n[/bad]\n-----END CERTIFICATE-----",
            ):
                await driver.paste(text)
                assert_harmless(driver)
                assert driver.app.screen is question

    run(scene())


def test_hostile_messages_stay_as_they_are() -> None:
    """In what is told at the edge of the screen, and where the probes fail as a whole."""

    async def scene() -> None:
        async with started(size=WIDE, bench=faked("postgresql-healthy", pace="failing")) as driver:
            for text in HOSTILE:
                driver.app.clear_notifications()
                driver.app.tell(FileError(text, hint=text))
                driver.app.post_message(driver.app.Told(text))
                await driver.settle()
                assert_literal(driver, text)
            await act(driver, "2", Paste(CONNECTION), "enter")
            assert_literal(driver, "The [/bad] roots of [Microsoft] cannot be read.", "Choose [/] others.")

    run(scene())


def test_hostile_titles_of_recent_cases_stay_as_they_are() -> None:
    """In the list of the first screen."""
    for at, text in enumerate(HOSTILE[:6]):
        kept = RecentCase(
            id=f"{at:016x}", opened=NOW, case=Case(error=text), typed=text, title=text[:30], cause=text[:26]
        )
        assert remember(kept) is None

    async def scene() -> None:
        async with started(size=WIDE) as driver:
            assert_literal(driver, *(text[:20] for text in HOSTILE[:6]))
            driver.app.screen.query_one(OptionList).focus()
            await driver.press("enter")
            assert_harmless(driver)

    run(scene())


def test_hostile_file_names_stay_as_they_are(tmp_path: Path) -> None:
    """In the dialog that asks for a name, in the question whether to replace, and where it cannot be written."""
    (tmp_path / "a [").mkdir()
    (tmp_path / "a [" / "] b").write_text("here already")

    async def scene() -> None:
        async with started(size=WIDE) as driver:
            for text in HOSTILE:
                driver.app.save(text, "content")
                await driver.settle()
                assert_harmless(driver)
                await driver.press("enter")
                assert_harmless(driver)
                await driver.press("escape")
                driver.app.clear_notifications()
            driver.app.save("a [/] b", "content")
            await driver.press("enter")
            assert_literal(driver, "a [/] b is there already")
            await driver.press("escape")

    run(scene())
    assert (tmp_path / "a [" / "] b").read_text() == "here already"


def test_markup_and_codes_are_found() -> None:
    """The check itself works: text that was taken for markup, and text that acts, both fail."""

    async def scene() -> None:
        async with started(size=WIDE) as driver:
            lead = driver.app.screen.query(".lead").first(Static)
            lead.update("[Microsoft] x")
            await driver.settle()
            with pytest.raises(AssertionError, match="is not in"):
                assert_literal(driver, "[Microsoft] x")
            lead.update(Content("before\x1b[2J"))
            await driver.settle()
            with pytest.raises(AssertionError, match="x1b"):
                assert_harmless(driver)

    run(scene())
