"""Help on every screen, the palette with its keys and its search, themes, and the list of known messages."""

from __future__ import annotations

import asyncio

import pytest
from textual.screen import Screen
from textual.widgets import Input, OptionList

from tests.tui.driver import Driver, known, run, started
from tests.tui.faked import faked
from tests.tui.foretold import foretell
from tests.tui.moves import SELF_GENERATED, on, to_the_questions, words_of
from tests.tui.tour import STOPS, act
from wizard.state.settings import Settings, keep, settings
from wizard.tui import articles
from wizard.tui.palette import Keys, KnowledgeSearch, Readable
from wizard.tui.screens.dialogs import Article, Help
from wizard.tui.screens.message_list import MessageList
from wizard.tui.screens.symptom import SymptomScreen
from wizard.tui.widgets.paste_area import PasteArea

SIDE_STOPS = ("help", "palette", "messages", "report")


def _help(driver: Driver) -> tuple[str, list[tuple[str, str]]]:
    """Returns the words of the help, and the keys beside them."""
    shown = on(driver, Help)
    return shown._words, shown._keys


def _own_help(screen: Screen[object]) -> str:
    assert screen.HELP, f"{screen} has no help"
    return screen.HELP.strip()


def test_f1_explains_every_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each screen has help of its own and of what has the focus; F1 opens it, F1 closes it, and no key is lost."""
    foretell(monkeypatch)

    async def scene() -> int:
        count = 0
        async with started(bench=faked(SELF_GENERATED)) as driver:
            for stop in STOPS:
                await act(driver, *stop.arrive)
                if stop.name in SIDE_STOPS:
                    await act(driver, *stop.leave)
                    continue
                screen, focused = driver.app.screen, driver.app.focused
                wanted = {
                    active.binding.description
                    for active in screen.active_bindings.values()
                    if active.binding.show and active.binding.description
                }
                await driver.press("f1")
                words, keys = _help(driver)
                assert _own_help(screen) in words
                if focused is not None and focused.HELP:
                    assert words.index(focused.HELP.strip()) == 0
                assert {what for _, what in keys} == wanted
                assert all(key for key, _ in keys)
                assert words.splitlines()[0].removeprefix("## ") in driver.words()
                await driver.press("f1")
                assert driver.app.screen is screen
                await act(driver, *stop.leave)
                count += 1
        return count

    assert run(scene()) == len(STOPS) - len(SIDE_STOPS)


def test_f1_explains_a_dialog() -> None:
    """The list of messages is explained as well, and stays below its help."""

    async def scene() -> None:
        async with started() as driver:
            await driver.press("1", "ctrl+l", "f1")
            assert _own_help(driver.app.screen_stack[-2]) in _help(driver)[0]
            await driver.press("f1")
            on(driver, MessageList)

    run(scene())


def test_help_opens_once() -> None:
    """F1 within the help closes it, and never puts a second one above it."""

    async def scene() -> None:
        async with started() as driver:
            await driver.press("f1")
            assert sum(isinstance(one, Help) for one in driver.app.screen_stack) == 1
            driver.app.action_explain()
            await driver.settle()
            assert sum(isinstance(one, Help) for one in driver.app.screen_stack) == 1

    run(scene())


async def _hits(provider: Keys | KnowledgeSearch, query: str) -> dict[str, tuple[str, object]]:
    """Returns what a provider finds: the text, and the line that is shown with what it does."""
    await provider.startup()
    return {str(hit.text): (str(hit.prompt), hit.command) async for hit in provider.search(query)}


def test_the_palette_lists_the_keys_of_a_screen() -> None:
    """Beside each entry stands its key, and choosing one does what the key does; keys that do nothing are left out."""

    async def scene() -> None:
        async with started() as driver:
            await driver.press("1")
            screen = driver.app.screen
            shown = {str(hit.text): str(hit.prompt) async for hit in Keys(screen).discover()}
            assert shown["choose from list"] == "choose from list  ^l"
            assert shown["back"] == "back  esc"
            searched = await _hits(Keys(screen), "choose")
            assert "choose from list" in searched
            assert not await _hits(Keys(screen), "zzzz")
            await driver.press("ctrl+p", *"choose from", "enter")
            on(driver, MessageList)

    run(scene())


def test_the_palette_leaves_out_what_cannot_be_done() -> None:
    """To cancel is offered while probes run, and not when they are done."""
    bench = faked(SELF_GENERATED, pace="hanging")

    async def words(driver: Driver) -> set[str]:
        return {str(hit.text) async for hit in Keys(driver.app.screen).discover()}

    async def scene() -> tuple[set[str], set[str]]:
        async with started(bench=bench) as driver:
            await driver.press("2")
            driver.app.screen.query_one("#server", Input).value = "sqlserver://sql01"
            await driver.press("enter", settle=False)
            await driver.until(lambda: bench.asked > 0)
            while_asking = await words(driver)
            await driver.press("x")
            return while_asking, await words(driver)

    while_asking, afterwards = run(scene())
    assert "cancel" in while_asking
    assert "cancel" not in afterwards
    assert "again" in afterwards


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("fallback 26018", None),
        ("name-mismatch", "name-mismatch"),
        ("certificate-expired", "certificate-expired"),
    ],
)
def test_the_search_finds_entries(query: str, title: str | None) -> None:
    """A cause is found by its id as well as by words of its text; words that nothing has find nothing."""

    async def scene() -> dict[str, tuple[str, object]]:
        async with started() as driver:
            return await _hits(KnowledgeSearch(driver.app.screen), query)

    found = run(scene())
    if title is None:
        assert not found
    else:
        assert known().cause(title).title in found
        assert found[known().cause(title).title][0].endswith("  cause")


def test_each_cause_is_found_by_the_words_of_its_text() -> None:
    """The longest words of a summary lead to its cause, wherever it stands among what is found."""

    async def scene() -> list[str]:
        async with started() as driver:
            provider = KnowledgeSearch(driver.app.screen)
            lost = []
            for cause in known().causes[::4]:
                words = sorted(cause.summary.lower().rstrip(".").split(), key=len)[-3:]
                if cause.title not in await _hits(provider, " ".join(words)):
                    lost.append(cause.id)
            return lost

    assert run(scene()) == []


def test_an_article_opens_from_the_palette() -> None:
    """Typed, chosen, read and closed: what is often read but wrong, and where it comes from, stand in it."""
    cause = next(one for one in known().causes if one.corrects and one.sources)

    async def scene() -> None:
        async with started(size=(120, 40)) as driver:
            await driver.press("ctrl+p", *cause.id)
            await driver.press("enter")
            on(driver, Article)
            article = words_of(driver, "VerticalScroll Static")
            assert cause.title in article
            assert "Often read, but wrong" in article
            assert cause.corrects[0].text[:40] in article
            assert "Sources" in article
            source = next(one for one in known().sources if one.id == cause.sources[0])
            assert source.title in article
            await driver.press("escape")
            assert not isinstance(driver.app.screen, Article)

    run(scene())


def test_every_entry_can_be_read() -> None:
    """The article of each cause, symptom, client, fact and fix has its title, its kind and its id."""
    entries = known()
    made: list[tuple[Readable, str, articles.Rows]] = [
        *((one, "cause", articles.of_cause(one, entries)) for one in entries.causes),
        *((one, "symptom", articles.of_symptom(one, entries)) for one in entries.symptoms),
        *((one, "client", articles.of_client(one, entries)) for one in entries.clients),
        *((one, "fact", articles.of_fact(one, entries)) for one in entries.facts),
        *((one, "fix", articles.of_fix(one, entries)) for one in entries.fixes),
    ]
    for entry, kind, rows in made:
        plain = [row.plain for row in rows]
        assert plain[:2] == [entry.title, f"{kind} · {entry.id}"]
        assert ("Often read, but wrong" in plain) is bool(entry.corrects)


@pytest.mark.parametrize("theme", [pytest.param("dbtls-light", marks=pytest.mark.thorough), "ansi-dark"])
def test_a_theme_is_kept(theme: str) -> None:
    """What was chosen in the palette holds at the next start."""

    async def scene() -> str:
        async with started() as driver:
            driver.app.theme = theme
            await driver.settle()
        async with started() as driver:
            return driver.app.theme

    assert run(scene()) == theme
    assert settings()[0].theme == theme


def test_a_theme_that_is_not_there_is_left_alone() -> None:
    """A theme of another version is no reason to fail, nor to forget it."""
    assert keep(Settings(theme="of-tomorrow")) is None

    async def scene() -> str:
        async with started() as driver:
            return driver.app.theme

    assert run(scene()) == "dbtls-dark"
    assert settings()[0].theme == "of-tomorrow"


def test_a_theme_is_chosen_in_the_palette() -> None:
    """The list of themes opens from there; typing and Enter choose."""

    async def scene() -> str:
        async with started() as driver:
            await driver.press("ctrl+p", *"Theme", "enter")
            await driver.press(*"dbtls-light", "enter")
            await asyncio.sleep(0)
            await driver.settle()
            return driver.app.theme

    assert run(scene()) == "dbtls-light"


def test_a_known_message_is_chosen() -> None:
    """Words narrow the list, the arrows choose while typing, Enter takes the message as if it had been pasted."""

    async def scene() -> tuple[str, int, int]:
        async with started() as driver:
            await driver.press("1", "ctrl+l")
            messages = on(driver, MessageList).query_one("#messages", OptionList)
            everything = messages.option_count
            driver.app.screen.query_one(Input).value = "authority that is not trusted"
            await driver.settle()
            found = messages.option_count
            await driver.press("down", "up", "enter")
            symptom = on(driver, SymptomScreen)
            assert "✓" in driver.text().split("likely")[0]
            return symptom.query_one(PasteArea).value, everything, found

    text, everything, found = run(scene())
    assert "authority that is not trusted" in text.lower()
    assert found < everything


def test_words_that_no_message_has() -> None:
    """The list says so, Enter takes nothing, and Esc keeps the text that was there."""

    async def scene() -> None:
        async with started() as driver:
            await driver.press("1")
            await driver.paste("mine")
            await driver.press("ctrl+l", *"zzzz", "enter")
            on(driver, MessageList)
            assert "No known message has all of these words" in driver.words()
            await driver.press("escape", "escape")
            assert on(driver, SymptomScreen).query_one(PasteArea).value == "mine"

    run(scene())


def test_details_open_from_the_verdict() -> None:
    """E shows the precise words, and hides them again."""

    async def scene() -> None:
        async with started() as driver:
            await to_the_questions(driver)
            await driver.press("1")
            precise = " ".join(known().cause("self-generated-certificate").precise.split())
            assert precise not in words_of(driver, "#verdict")
            await driver.press("e")
            assert precise in words_of(driver, "#verdict")
            await driver.press("e")
            assert precise not in words_of(driver, "#verdict")

    run(scene())
