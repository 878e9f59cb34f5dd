"""Logging in for the server's own view: what is asked before, what comes of it, and where the password never is."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from threading import Event
from typing import ClassVar

import pytest
from textual.widgets import Input

from tests.servers.certificates import make_certificate
from tests.servers.postgresql import Postgresql, PostgresqlServer
from tests.tui.driver import Driver, Size, known, run, started
from tests.tui.faked import FakeWorkbench, faked
from tests.tui.foretold import foretell
from tests.tui.moves import HEALTHY, SELF_GENERATED, cause, diagnosis, on, to_the_questions, told, words_of
from tests.tui.test_foreign_text import HOSTILE, assert_literal
from tests.tui.test_same_diagnosis import NOW
from tests.tui.test_secrets_on_screen import CANARY, Witness
from tests.tui.tour import CONNECTION, Paste, act
from wizard.diagnosis.target import read_target
from wizard.diagnosis.walk import answered
from wizard.model.case import Case
from wizard.model.evidence import Evidence, unknown
from wizard.model.login import Login
from wizard.model.options import Options
from wizard.tui.journey import Inputs, Opening
from wizard.tui.screens.log_in import LogIn
from wizard.tui.screens.verdict import VerdictScreen
from wizard.tui.widgets.field import Tick
from wizard.workbench import Workbench

ACCEPTED = (
    Evidence("view.login", "accepted", "probe", "through odbc-18"),
    Evidence("view.configured", "other", "probe", "the file holds [/bad] another"),
    unknown("view.loaded", "probe", "because this login has no right to it"),
)
REFUSED = (Evidence("view.login", "refused", "probe", "Login failed for [/user]"),)
NOT_SENT = (Evidence("view.login", "not-sent", "probe", "certificate verify failed"),)
NOT_TRIED = (unknown("view.login", "probe", "there is no driver for SQL Server"),)


class Viewing(FakeWorkbench):
    """Logs in nowhere; tells one answer after the other."""

    views: ClassVar[list[tuple[Evidence, ...]]]
    logins: ClassVar[list[tuple[str, bool, bool]]]
    """User, whether the password was the canary, and whether it might go over a channel that is not verified."""
    hangs: ClassVar[bool]
    ended: ClassVar[Event]

    def server_view(
        self, case: Case, login: Login, *, unverified_ok: bool = False, cancelled: Event | None = None
    ) -> Case:
        """Answers as the test wants, or waits until nobody wants to know."""
        self.logins.append((login.user, login.reveal() == CANARY, unverified_ok))
        if self.hangs and cancelled is not None and cancelled.wait(20):
            self.ended.set()
        return answered(case, *self.views[min(len(self.logins), len(self.views)) - 1])


def viewing(
    recording: str, *views: tuple[Evidence, ...], hangs: bool = False, pace: str = "fast"
) -> type[Viewing]:
    """Returns a class of workbenches of its own."""
    told_ = {"views": list(views), "logins": [], "hangs": hangs, "ended": Event()}
    return type("Views", (Viewing, faked(recording)), told_)


async def to_the_login(driver: Driver) -> LogIn:
    """Goes from the first screen to the dialog."""
    await act(driver, "2", Paste(CONNECTION), "enter", "enter", "l")
    return on(driver, LogIn)


async def log_in(driver: Driver, user: str = "app", password: str = CANARY) -> None:
    """Types a user and a password, and presses Enter after each."""
    await driver.press(*user, "enter")
    await driver.paste(password)
    await driver.press("enter")


def test_what_the_server_says_stands_in_the_verdict() -> None:
    """The case goes through the tree again; the values stand there, and with the details why others do not."""
    bench = viewing(HEALTHY, ACCEPTED)

    async def scene() -> None:
        async with started(bench=bench, size=(100, 30)) as driver:
            await to_the_login(driver)
            assert not driver.app.screen.query_one(Tick).display
            screen = driver.app.screen_stack[-2]
            assert isinstance(screen, VerdictScreen)
            await log_in(driver)
            assert on(driver, VerdictScreen) is screen
            assert cause(driver) == "certificate-not-reloaded"
            verdict = words_of(driver, "#verdict")
            assert "What the server says itself" in verdict
            fact = known().fact("view.configured")
            label = next(one.label for one in fact.choices if one.value == "other")
            assert f"✗ {fact.title}: {label}: the file holds [/bad] another" in verdict
            assert known().fact("view.loaded").title not in verdict
            assert "The server has told more" in told(driver)
            await driver.press("e")
            assert "because this login has no right to it" in words_of(driver, "#verdict")
            # There is one verdict, and behind it the evidence.
            await driver.press("escape")
            assert screen not in driver.app.screen_stack

    run(scene())
    assert bench.logins == [("app", True, False)]


def test_nothing_is_said_where_nobody_logged_in() -> None:
    """Without a login the verdict has no such section."""

    async def scene() -> None:
        async with started(bench=viewing(HEALTHY, ACCEPTED)) as driver:
            await to_the_login(driver)
            await driver.press("escape")
            on(driver, VerdictScreen)
            assert "What the server says itself" not in words_of(driver, "#verdict")
            assert diagnosis(driver).case.value("view.login") is None

    run(scene())


def test_an_unverified_server_gets_no_password_without_a_tick() -> None:
    """The dialog says why, Enter alone sends nothing; the tick does."""
    bench = viewing(SELF_GENERATED, ACCEPTED)

    async def scene() -> None:
        async with started(bench=bench) as driver:
            await to_the_login(driver)
            words = words_of(driver, "#login-about")
            assert "✗ Nobody whom this machine trusts vouches for the server's certificate." in words
            assert "✗ The server's certificate was made for another name." in words
            assert "whoever answers there could read this password" in words
            assert "valid today" not in words
            await log_in(driver)
            assert not bench.logins
            assert "Nothing was sent" in words_of(driver, "#login-said")
            await driver.press("space", "enter")
            on(driver, VerdictScreen)

    run(scene())
    assert bench.logins == [("app", True, True)]


def test_a_wrong_password_can_be_corrected() -> None:
    """It says so with the server's words; the user stays, the password does not, and the next one counts."""
    bench = viewing(HEALTHY, REFUSED, NOT_TRIED, ACCEPTED)

    async def scene() -> None:
        async with started(bench=bench) as driver:
            dialog = await to_the_login(driver)
            await log_in(driver, password="wrong")
            assert driver.app.screen is dialog
            said = words_of(driver, "#login-said")
            assert (
                "✗ The server refused this user or password. Try again. It said: Login failed for [/user]"
                in said
            )
            assert dialog.query_one("#user", Input).value == "app"
            assert dialog.query_one("#password", Input).value == ""
            assert dialog.query_one("#password").has_focus
            await driver.paste(CANARY)
            await driver.press("enter")
            assert "It could not log in: there is no driver" in words_of(driver, "#login-said")
            await driver.paste(CANARY)
            await driver.press("enter")
            on(driver, VerdictScreen)

    run(scene())
    assert bench.logins == [("app", False, False), ("app", True, False), ("app", True, False)]


def test_a_login_that_was_kept_back_can_be_sent() -> None:
    """Where the driver found that nothing vouches for the server, the tick appears, and it is sent only with it."""
    bench = viewing(HEALTHY, NOT_SENT, ACCEPTED)

    async def scene() -> None:
        async with started(bench=bench) as driver:
            dialog = await to_the_login(driver)
            await log_in(driver)
            assert "The password was not sent" in words_of(driver, "#login-said")
            assert dialog.query_one(Tick).display
            await driver.paste(CANARY)
            await driver.press("enter")
            assert len(bench.logins) == 1
            await driver.press("space", "enter")
            on(driver, VerdictScreen)

    run(scene())
    assert bench.logins == [("app", True, False), ("app", True, True)]


def test_a_user_is_needed() -> None:
    """Without one nothing is sent, and the field says what is missing."""
    bench = viewing(HEALTHY, ACCEPTED)

    async def scene() -> None:
        async with started(bench=bench) as driver:
            dialog = await to_the_login(driver)
            await log_in(driver, user="")
            assert "Type the name of a user." in driver.words()
            assert dialog.query_one("#user").has_focus

    run(scene())
    assert not bench.logins


def test_escape_ends_a_login_under_way() -> None:
    """The dialog closes at once, the login is ended, and what it would have told changes nothing."""
    bench = viewing(HEALTHY, ACCEPTED, hangs=True)

    async def scene() -> None:
        async with started(bench=bench) as driver:
            await to_the_login(driver)
            await driver.press(*"app", "enter")
            await driver.paste(CANARY)
            await driver.press("enter", settle=False)
            await driver.until(lambda: bool(bench.logins))
            await driver.settle(besides="logging in")
            assert "… Logging in …" in words_of(driver, "#login-said")
            await driver.press("enter", settle=False)  # not a second time
            await driver.press("escape")
            await driver.until(bench.ended.is_set)
            assert "What the server says itself" not in words_of(driver, "#verdict")

    run(scene())
    assert len(bench.logins) == 1


def test_there_is_no_login_without_a_server() -> None:
    """Where the server cannot be reached, L is not offered and does nothing."""

    async def scene() -> None:
        async with started() as driver:
            await to_the_questions(driver)
            await driver.press("1")
            assert "log in" not in driver.text().splitlines()[-1]
            await driver.press("l")
            on(driver, VerdictScreen)

    run(scene())


def test_a_password_is_taken_as_it_is() -> None:
    """Blanks and signs in it count; a line break at the end of a paste does not; nothing of it can be copied."""
    seen: list[str | None] = []

    class Keeping(Viewing):
        def server_view(self, case: Case, login: Login, **others: object) -> Case:
            """Keeps the password."""
            seen.append(login.reveal())
            return case

    bench = type("Keeps", (Keeping, viewing(HEALTHY, ACCEPTED)), {})

    async def scene() -> None:
        async with started(bench=bench) as driver:
            dialog = await to_the_login(driver)
            await driver.press(*"app", "enter")
            await driver.paste("  two  blanks [/]\u200b\n")
            await driver.press("shift+home", "ctrl+c", "ctrl+x")
            assert driver.app.clipboard == ""
            assert "blanks" not in driver.text()
            dialog.query_one("#password", Input).action_end()
            await driver.press("enter")

    run(scene())
    assert seen == ["  two  blanks [/]\u200b"]


def test_hostile_words_of_the_server_stay_as_they_are() -> None:
    """In the dialog, where it refuses; in the verdict, where it tells."""
    text = " ".join(HOSTILE[:5])
    refused = (Evidence("view.login", "refused", "probe", text),)
    accepted = (ACCEPTED[0], Evidence("view.certificate_file", text, "probe", text))

    async def scene() -> None:
        async with started(bench=viewing(HEALTHY, refused, accepted), size=(200, 60)) as driver:
            await to_the_login(driver)
            await log_in(driver)
            assert_literal(driver, text)
            await driver.paste(CANARY)
            await driver.press("enter")
            on(driver, VerdictScreen)
            assert_literal(driver, text)

    run(scene())


@pytest.mark.parametrize(
    "size",
    [
        (80, 24),
        pytest.param((60, 18), marks=pytest.mark.thorough),
        pytest.param((40, 12), marks=pytest.mark.thorough),
    ],
    ids=str,
)
def test_the_password_is_nowhere(
    size: Size,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Not on a screen, in a message, a worker, a log, a report, a case of lately, nor in the dialog when it is left."""
    caplog.set_level(logging.DEBUG)
    foretell(monkeypatch)
    witness = Witness(monkeypatch)
    bench = viewing(SELF_GENERATED, REFUSED, ACCEPTED, hangs=False)

    async def scene() -> None:
        async with started(bench=bench, size=size, watch=witness.message) as driver:
            dialog = await to_the_login(driver)
            await driver.press(*"app", "enter")
            await driver.paste(CANARY)
            for key in ("tab", "shift+tab", "ctrl+c", "f1", "escape", "ctrl+p", "escape"):
                await driver.press(key)
                witness.hear("screen", driver.text(), driver.app.clipboard, *driver.sent())
                witness.hear("widgets", *driver.app.screen.walk_children())
            await driver.press("tab", "space", "enter")  # refused
            witness.look(driver)
            await driver.press("shift+tab" if dialog.query_one(Tick).has_focus else "end")
            await driver.paste(CANARY)
            await driver.press("enter")
            on(driver, VerdictScreen)
            witness.hear("dialog", *(field.value for field in dialog.query(Input)), vars(dialog))
            for key in ("e", "r", "s", "enter", "escape", "m", "enter", "escape", "escape", "w", "escape"):
                await driver.press(key)
                witness.look(driver)
            witness.hear("case", on(driver, VerdictScreen).journey)
            witness.hear("app", driver.app, vars(driver.app))

    run(scene())
    witness.files(tmp_path, Path(os.environ["DBTLS_STATE_DIR"]), Path(os.environ["HOME"]))
    witness.hear("log records", *caplog.messages)
    witness.hear("output", *capfd.readouterr())
    assert bench.logins == [("app", True, True)] * 2
    assert not witness.leaks, "\n".join(sorted(set(witness.leaks)))
    assert list(Path(os.environ["DBTLS_STATE_DIR"]).iterdir())


def test_the_witness_would_see_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check itself works: the field for the user does send its words around."""
    witness = Witness(monkeypatch)

    async def scene() -> None:
        async with started(bench=viewing(HEALTHY, ACCEPTED), watch=witness.message) as driver:
            await to_the_login(driver)
            await driver.paste(CANARY)
            witness.look(driver)

    run(scene())
    assert {leak.partition(":")[0] for leak in witness.leaks} >= {"message", "screen", "field"}


def _opening(server: PostgresqlServer) -> Opening:
    read = read_target(f"postgresql://{server.host}:{server.port}", server_name="localhost")
    inputs = Inputs(options=Options(at=NOW, ca_file=server.ca_file, seconds=5.0), read=read)
    return Opening(inputs=inputs, bench=Workbench(known(), inputs.options), at="evidence")


def test_a_real_server_tells_about_itself(postgres_server: Postgresql) -> None:
    """PostgreSQL refuses a wrong password, then takes the right one, and tells of the certificate in its settings."""
    pytest.importorskip("psycopg")
    old, new = make_certificate(), make_certificate()

    async def scene(server: PostgresqlServer) -> None:
        async with started(bench=Workbench, size=(120, 40)) as driver:
            driver.app.flow.begin(_opening(server))
            await driver.settle()
            await driver.press("enter", "l")
            on(driver, LogIn)
            await log_in(driver, server.user, "not it")
            assert "The server refused this user or password" in words_of(driver, "#login-said")
            await driver.paste(server.password)
            await driver.press("enter")
            on(driver, VerdictScreen)
            assert cause(driver) == "certificate-not-reloaded"
            assert "What the server says itself" in words_of(driver, "#verdict")
            assert diagnosis(driver).case.value("view.session") == "encrypted"

    with postgres_server(old) as server:
        (server.home / "server.pem").write_bytes(new.chain)
        run(scene(server))
