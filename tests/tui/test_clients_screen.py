"""The table of clients: who connects, why, and what the drivers of this machine really do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from threading import Event

import msgspec
import pytest
from textual.widgets import OptionList

from tests.tui.driver import Driver, Size, known, run, started
from tests.tui.faked import faked
from tests.tui.foretold import COLUMNS, DRIVERS, FORECAST, foretell, predicted, row, seen
from tests.tui.moves import SELF_GENERATED, on, rows_of, to_the_questions, told, words_of
from tests.tui.test_contrast import too_faint
from tests.tui.test_foreign_text import HOSTILE, assert_literal
from tests.tui.test_same_diagnosis import inputs_for
from tests.tui.tour import CONNECTION, ERROR, Paste, act
from wizard.diagnosis.connection_string import Pairs
from wizard.errors import FileError
from wizard.forecast import Forecast, forecast
from wizard.lab.server import serve
from wizard.live import Explain, Seen
from wizard.model.knowledge import Knowledge
from wizard.model.options import Options
from wizard.probes.drivers.present import Driver as Present
from wizard.tui.journey import Opening
from wizard.tui.screens.client_dialogs import REPORT_NAME, ClientArticle, MayDriversConnect
from wizard.tui.screens.clients import ClientsScreen, compared, summary
from wizard.tui.screens.dialogs import SaveAs
from wizard.tui.screens.verdict import VerdictScreen
from wizard.tui.widgets.choices import SearchField
from wizard.workbench import Diagnosis, Workbench

ODBC = "Driver={ODBC Driver 18 for SQL Server};Server=tcp:sql01.corp.example,1433;UID=app;PWD=c4n4ry"


def wizard(size: Size = (80, 24)) -> AbstractAsyncContextManager[Driver]:
    """Starts a wizard whose server shows a certificate that it made itself."""
    return started(size=size, bench=faked(SELF_GENERATED))


async def to_the_clients(driver: Driver, connection: str = CONNECTION) -> ClientsScreen:
    """Goes from the first screen to the table."""
    await act(driver, "1", Paste(ERROR), "enter", Paste(connection), "enter", "enter", "m")
    return on(driver, ClientsScreen)


def shown(driver: Driver) -> list[str]:
    """Returns the ids of the clients in the table."""
    return [line.row.now.client for line in on(driver, ClientsScreen)._listed]


def table(driver: Driver) -> list[str]:
    """Returns the rows of the table as they are seen."""
    return rows_of(driver, "#clients")


def test_each_client_has_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign, word, id, what is encrypted and verified, each fix and the bypass; above it how many connect."""
    foretell(monkeypatch)

    async def scene() -> None:
        async with wizard() as driver:
            await to_the_clients(driver)
            assert shown(driver) == [one.now.client for one in FORECAST.rows]
            assert words_of(driver, "#clients-lead") == summary(FORECAST)
            assert summary(FORECAST).startswith("4 of 21 clients connect; 3 of them without")
            assert summary(FORECAST).endswith("1 unknown.")
            odbc, older, *_ = table(driver)
            assert odbc.split() == ["✗", "fails", "odbc-18", "-", "-", "✓", "✗", "✓"]
            assert older.split() == ["✓", "connects", "odbc-17", "login", "only", "no", "✓", "✓", "✓"]
            assert "(1)  (2)  bypass" in driver.text()
            legend = words_of(driver, "#legend")
            assert all(column.effect in legend for column in COLUMNS)

    run(scene())


def test_words_narrow_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them have to be in the id, the title or the word for what happens; Esc brings all back."""
    foretell(monkeypatch)

    async def scene() -> None:
        async with wizard() as driver:
            await to_the_clients(driver)
            for words, clients in (
                ("odbc", {"odbc-17", "odbc-18"}),
                ("connects data", {"sqlclient-system-data"}),
                ("unknown", {"go-mssqldb"}),
                ("title of freetds", {"freetds"}),
                ("zzz", set[str]()),
            ):
                await driver.press(*[{" ": "space"}.get(one, one) for one in words])
                assert set(shown(driver)) == clients, words
                if not clients:
                    assert "No client has all of these words" in driver.words()
                    await driver.press("enter")
                    on(driver, ClientsScreen)
                await driver.press("escape")
                assert len(shown(driver)) == len(FORECAST.rows)
            await driver.press("escape")
            on(driver, VerdictScreen)

    run(scene())


def test_the_list_takes_what_is_typed_for_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has come to the list by Tab, Esc or a click goes on typing; keys that are no letters stay the list's."""
    foretell(monkeypatch)

    async def scene() -> None:
        async with wizard() as driver:
            screen = await to_the_clients(driver)
            await driver.press(*"od", "tab")
            assert screen.focused is screen.query_one(OptionList)
            await driver.press("down")
            assert screen.focused is screen.query_one(OptionList)
            await driver.press(*"bc-17")
            assert screen.query_one(SearchField).value == "odbc-17"
            assert shown(driver) == ["odbc-17"]

    run(scene())


def test_a_line_opens_its_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """Why, its own words, the symptom, the fixes, its settings and sources; there is nothing to save."""
    foretell(monkeypatch)

    async def scene() -> None:
        async with wizard((120, 40)) as driver:
            await to_the_clients(driver)
            await driver.press("enter")
            on(driver, ClientArticle)
            article = words_of(driver, "VerticalScroll Static")
            for words in (
                "Title of odbc-18 client · odbc-18 ✗ fails, with its usual settings A sentence that says why.",
                "its own [/words] for it",
                "chain-not-trusted",
                "✓ (1) connects once mended: trust, name check.",
                COLUMNS[0].title,
                "✓ connects with the bypass Encrypt=no",
                "Its settings",
                "Sources",
            ):
                assert words in article
            assert "What its driver did" not in article
            assert too_faint(driver.cells()[3:-3]) == []
            await driver.press("s")
            on(driver, ClientArticle)
            await driver.press("escape")
            on(driver, ClientsScreen)

    run(scene())


def test_the_prediction_is_that_of_the_command_line() -> None:
    """With the real knowledge, the table is the forecast of the case, its own client first and marked."""

    async def scene() -> None:
        async with wizard((120, 40)) as driver:
            screen = await to_the_clients(driver, f"{ODBC};Encrypt=yes;TrustServerCertificate=yes")
            done = screen.journey.diagnosis
            assert done is not None
            expected = forecast(done, known(), screen.journey.inputs.options)
            assert {line.row for line in screen._listed if not line.told} == set(expected.rows)
            first, second = screen._listed[:2]
            assert first.told
            assert first.row.now.client == second.row.now.client == "odbc-18"
            assert first.row.now.connects
            assert not first.row.now.verified
            seen = table(driver)
            assert "● odbc-18" in seen[0]
            assert "as in your connection string: Encrypt=yes, TrustServerCertificate=yes" in seen[1]
            assert "gives up protection: TrustServerCertificate=yes" in seen[2]
            assert "● odbc-18" in seen[3]
            await driver.press("enter")
            assert "with the settings of your connection string" in words_of(driver, "VerticalScroll Static")

    run(scene())


def test_a_string_that_several_clients_read_has_a_line_for_each() -> None:
    """As on the command line: every SqlClient with its settings, none of them the client of the case."""
    string = "Server=tcp:sql01.corp.example,1433;Password=c4n4ry;Encrypt=True;TrustServerCertificate=True"

    async def scene() -> None:
        async with wizard((120, 40)) as driver:
            await act(driver, "2", Paste(string), "enter", "enter", "m")
            lines = on(driver, ClientsScreen)._listed
            told = {line.row.now.client: line.row.now for line in lines if line.told}
            assert {"system-data-sqlclient", "sqlclient-4", "sqlclient-5"} <= set(told)
            assert "odbc-18" not in told
            assert told["sqlclient-5"].connects
            assert all(one.dangers for one in told.values())
            assert [line.told for line in lines[: len(told)]] == [True] * len(told)
            assert not any(line.own for line in lines)
            assert "not counted" not in words_of(driver, "#clients-lead")

    run(scene())


def test_settings_that_no_client_is_known_to_read_are_told() -> None:
    """Otherwise they would seem to be counted."""

    async def scene() -> None:
        async with wizard((120, 40)) as driver:
            await act(
                driver, "2", Paste("sqlserver://sql01.corp.example?encrypt=strict"), "enter", "enter", "m"
            )
            assert not any(line.told for line in on(driver, ClientsScreen)._listed)
            assert "so they are not counted here" in words_of(driver, "#clients-lead")

    run(scene())


def test_a_case_without_options_has_no_line_of_its_own() -> None:
    """A server's name tells no settings, and no client is marked."""

    async def scene() -> None:
        async with wizard() as driver:
            await act(driver, "2", Paste("sqlserver://sql01.corp.example"), "enter", "enter", "m")
            assert not any(line.told or line.own for line in on(driver, ClientsScreen)._listed)
            assert "not counted" not in words_of(driver, "#clients-lead")

    run(scene())


def test_a_told_case_has_a_table_and_no_drivers_to_ask() -> None:
    """Where no server can be reached, F5 is not offered; what nobody knows is unknown."""

    async def scene() -> None:
        async with started() as driver:
            await to_the_questions(driver)
            await driver.press("1", "m")
            screen = on(driver, ClientsScreen)
            assert "odbc-18" in shown(driver)
            assert "ask my drivers" not in driver.text()
            await driver.press("f5")
            assert driver.app.screen is screen

    run(scene())


def test_an_error_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the files of the case cannot be read, the screen says so."""

    def fails(done: Diagnosis, known: Knowledge, options: Options) -> Forecast:
        raise FileError("The [/bad] file cannot be read.", hint="Choose another.")

    monkeypatch.setattr("wizard.tui.screens.clients.forecast", fails)

    async def scene() -> None:
        async with wizard() as driver:
            await to_the_clients(driver)
            assert "✗ The [/bad] file cannot be read." in driver.words()
            assert "Choose another." in told(driver)

    run(scene())


def test_drivers_are_asked_only_after_consent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dialog names them, the server, the user and what its log will hold; Esc asks none."""
    foretell(monkeypatch)

    async def scene() -> None:
        async with wizard() as driver:
            screen = await to_the_clients(driver)
            await driver.press("f5")
            on(driver, MayDriversConnect)
            words = words_of(driver, "VerticalScroll Static")
            for one in (
                *(driver_.client for driver_ in DRIVERS),
                "sql01.corp.example:1433",
                "as the user dbtls",
            ):
                assert one in words
            assert "without a password" in words
            assert "a failed login of the user dbtls" in words
            assert "not-in-the-table" not in words
            await driver.press("escape")
            assert not screen._seen
            assert words_of(driver, "#clients-lead") == summary(FORECAST)

    run(scene())


def test_reality_stands_beside_the_prediction(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each line says whether its driver did as predicted; its article has the driver's words; a bug can be saved."""
    foretell(monkeypatch)

    async def scene() -> None:
        async with wizard((120, 40)) as driver:
            await to_the_clients(driver)
            await driver.press("f5", "enter")
            lines = {row.split()[2]: row for row in table(driver) if row}
            assert "✗ DISAGREES" in lines["odbc-18"]
            assert "✓ as predicted" in lines["mssql-python"]
            assert "? cannot tell" in lines["freetds"]
            assert "predicted" not in lines["odbc-17"]
            lead = words_of(driver, "#clients-lead")
            assert lead == (
                "3 drivers asked: 1 as predicted, 1 DISAGREES, 1 cannot tell. Type “asked” to see only those."
            )
            await driver.press("enter")
            article = words_of(driver, "VerticalScroll Static")
            assert "What its driver did on this machine ✗ DISAGREES" in article
            assert "SSL Provider: [/bad] words" in article
            assert "one failed login of the user dbtls" in article
            await driver.press("s")
            on(driver, SaveAs)
            await driver.press("enter", "escape")
            await driver.press(*"asked")
            assert shown(driver) == ["odbc-18", "mssql-python", "freetds"]
            await driver.press("escape", *"disagrees")
            assert shown(driver) == ["odbc-18"]

    run(scene())
    saved = (tmp_path / REPORT_NAME).read_text("utf-8")
    assert "odbc-18 does otherwise than predicted" in saved
    assert "corp.example" not in saved


@pytest.mark.parametrize("given", ["odbc", pytest.param("name", marks=pytest.mark.thorough), "jdbc"])
def test_the_settings_of_the_connection_string_are_those_that_are_tried(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    """Its driver connects with them, and what it did stands in their line; the others use their own."""
    tried: dict[str, Pairs] = {}

    def ask(
        done: Diagnosis,
        known: Knowledge,
        options: Options,
        drivers: Sequence[Present],
        *,
        pairs: Pairs,
        explain: Explain,
        cancelled: Event,
    ) -> Iterator[Seen]:
        tried[drivers[0].client] = pairs
        yield seen(drivers[0], "agrees")

    monkeypatch.setattr("wizard.tui.drivers.drivers_here", lambda done, known: DRIVERS)
    monkeypatch.setattr("wizard.tui.drivers.ask", ask)
    connection = {
        "odbc": f"{ODBC};Encrypt=yes;TrustServerCertificate=yes",
        "name": "sqlserver://sql01.corp.example",
        "jdbc": "jdbc:sqlserver://sql01.corp.example;encrypt=true",  # no driver of this machine reads it
    }[given]
    own = given == "odbc"

    async def scene() -> None:
        async with wizard((120, 40)) as driver:
            screen = await to_the_clients(driver, connection)
            await driver.press("f5")
            said = "Those that read your connection string take its settings."
            assert (said in words_of(driver, "VerticalScroll Static")) is own
            await driver.press("enter")
            lines = [line for line in screen._listed if line.row.now.client == "odbc-18"]
            assert [(line.told, line.seen is not None) for line in lines] == (
                [(True, True), (False, False)] if own else [(False, True)]
            )

    run(scene())
    assert tried["odbc-18"] == ((("Encrypt", "yes"), ("TrustServerCertificate", "yes")) if own else ())
    assert tried["mssql-python"] == ()


def test_a_driver_that_agrees_is_no_bug(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """There is no key to save it, and nothing is written."""
    foretell(monkeypatch)
    monkeypatch.setattr("tests.tui.foretold.AGREEMENTS", ("agrees",) * 3)

    async def scene() -> None:
        async with wizard() as driver:
            await to_the_clients(driver)
            await driver.press("f5", "enter", "enter")
            on(driver, ClientArticle)
            assert "bug report" not in driver.text()
            await driver.press("s")
            on(driver, ClientArticle)

    run(scene())
    assert not list(tmp_path.iterdir())


class Slow:
    """Drivers that take their time: the second one hangs until it is cancelled."""

    def __init__(self) -> None:
        self.cancelled = Event()
        self.asked: list[str] = []

    def __call__(
        self,
        done: Diagnosis,
        known: Knowledge,
        options: Options,
        drivers: Sequence[Present],
        *,
        pairs: Pairs,
        explain: Explain,
        cancelled: Event,
    ) -> Iterator[Seen]:
        """Yields what the first driver did."""
        self.asked += [one.client for one in drivers]
        if len(self.asked) == 1:
            yield seen(drivers[0], "agrees")
        elif cancelled.wait(20):
            self.cancelled.set()


@pytest.mark.parametrize("key", ["escape", "leave"])
def test_asking_ends_at_once(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """Esc ends it and keeps what was seen; a new case ends it as well. The third driver is never asked."""
    foretell(monkeypatch)
    slow = Slow()
    monkeypatch.setattr("wizard.tui.drivers.ask", slow)

    async def scene() -> None:
        async with wizard() as driver:
            screen = await to_the_clients(driver)
            await driver.press("f5")
            await driver.press("enter", settle=False)
            await driver.until(lambda: len(slow.asked) == 2)
            await driver.settle(besides="asking the drivers")
            assert "Connecting with mssql-python, 2 of 3 …" in driver.words()
            assert "✓ as predicted" in driver.words()
            if key == "leave":
                driver.app.flow.start_over()
                await driver.until(slow.cancelled.is_set)
                return
            await driver.press("f5", settle=False)  # does nothing while it runs
            await driver.press("escape")
            await driver.until(slow.cancelled.is_set)
            assert driver.app.screen is screen
            assert words_of(driver, "#clients-lead").startswith("1 driver asked: 1 as predicted.")
            await driver.press("escape")
            on(driver, VerdictScreen)

    run(scene())
    assert slow.asked == ["odbc-18", "mssql-python"]


def test_a_program_that_hangs_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """To look for drivers runs programs: Esc and the end of the wizard do not wait for one that says nothing."""
    foretell(monkeypatch)
    over, begun = Event(), Event()

    def hangs(done: Diagnosis, known: Knowledge) -> tuple[Present, ...]:
        begun.set()
        over.wait(20)
        return ()

    monkeypatch.setattr("wizard.tui.drivers.drivers_here", hangs)

    async def scene() -> None:
        async with wizard() as driver:
            screen = await to_the_clients(driver)
            await driver.press("f5", settle=False)
            await driver.until(begun.is_set)
            await driver.press("escape")
            assert driver.app.screen is screen
            assert words_of(driver, "#clients-lead") == summary(FORECAST)
            await driver.press("f5", settle=False)

    run(scene())
    assert not over.is_set()
    over.set()


def test_a_machine_without_drivers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence says how to have some; no dialog opens."""
    foretell(monkeypatch)
    monkeypatch.setattr("wizard.tui.drivers.drivers_here", lambda done, known: ())

    async def scene() -> None:
        async with wizard() as driver:
            screen = await to_the_clients(driver)
            await driver.press("f5")
            assert driver.app.screen is screen
            assert "none of these drivers" in words_of(driver, "#clients-lead")

    run(scene())


def test_hostile_words_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a client is predicted to say quotes the server; what its driver said is the server's own."""
    foretell(monkeypatch)
    text = " ".join(HOSTILE[:4])
    now = msgspec.structs.replace(predicted("odbc-18", False), message=text, why=HOSTILE[5])
    hostile = msgspec.structs.replace(FORECAST, rows=(row(now),))
    monkeypatch.setattr("wizard.tui.screens.clients.forecast", lambda done, known, options: hostile)

    async def scene() -> None:
        async with wizard((200, 60)) as driver:
            await to_the_clients(driver)
            await driver.press("enter")
            assert_literal(driver, text, HOSTILE[5])

    run(scene())


def test_a_real_driver_is_asked_for_real() -> None:
    """Against a server of the lab: psycopg connects as the user dbtls, and what it did stands in its line."""
    pytest.importorskip("psycopg")

    async def scene(opening: Opening) -> Seen:
        async with started(bench=Workbench, size=(120, 40)) as driver:
            driver.app.flow.begin(opening)
            await driver.settle()
            await driver.press("enter", "m", "f5")
            on(driver, MayDriversConnect)
            table_ = driver.app.screen_stack[-2]
            assert isinstance(table_, ClientsScreen)
            table_._drivers = tuple(one for one in table_._drivers if one.client == "psycopg")
            await driver.press("enter")
            assert "1 driver asked" in words_of(driver, "#clients-lead")
            assert any("psycopg" in row and "✓ as predicted" in row for row in table(driver))
            return table_._seen["psycopg"]

    with serve(known().scenario("postgresql/self-signed-certificate")) as server:
        inputs = inputs_for(server)
        bench = Workbench(known(), inputs.options)
        seen = run(scene(Opening(inputs=inputs, bench=bench, at="evidence")))
    assert seen.attempt.reached is not None
    assert seen.attempt.leaves is not None


def test_sentences_count_well() -> None:
    """One is not many, and none is said to be none."""
    one = msgspec.structs.replace(FORECAST, rows=FORECAST.rows[:1])
    assert summary(one) == "0 of 1 client connects."
    assert compared(()) == "No driver was asked."
