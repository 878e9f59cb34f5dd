"""Which clients will connect to the server of a case: now, and after each fix.

Joins what the case knows, the clients' profiles and the files that their options name; the prediction itself is pure
(`wizard.diagnosis.clients`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from wizard.certificate_files import read_files
from wizard.diagnosis.clients.after import mended
from wizard.diagnosis.clients.options import Given, given, read_options
from wizard.diagnosis.clients.prediction import Prediction, prediction
from wizard.diagnosis.clients.profiles import profile_of, speaks
from wizard.diagnosis.clients.server import Server, server_of
from wizard.diagnosis.connection_string import Pairs
from wizard.diagnosis.target import ReadTarget
from wizard.errors import UsageError
from wizard.model.case import Case
from wizard.model.client import ProfileEntry
from wizard.model.knowledge import FixEntry, Knowledge, Tier
from wizard.model.options import Options
from wizard.model.target import Engine
from wizard.workbench import Diagnosis, engine_of


class Column(msgspec.Struct, frozen=True):
    """A fix whose effect is predicted."""

    fix: str
    tier: Tier
    title: str
    changes: tuple[str, ...]
    """The facts that it is to make normal."""
    effect: str
    """The titles of those that are not normal yet, for people."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One client: now, after each fix of the server (in the order of the columns), and with its own bypass."""

    now: Prediction
    after: tuple[Prediction, ...]
    bypass: Prediction | None
    """With the options that switch its verification off; None where it has none."""


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """The whole table for one server."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


class Upgrade(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a client when it is upgraded."""

    before: Prediction
    after: Prediction


def forecast(done: Diagnosis, known: Knowledge, options: Options) -> Forecast:
    """Returns what every client of the case's database does with its defaults, the case's own client first.

    Raises:
        UsageError: the database is not known.
    """
    engine = _engine(done.case)
    order = {client.id: number for number, client in enumerate(known.clients)}
    fitting = [one for one in known.profiles if speaks(one, engine)]
    fitting.sort(key=lambda one: (one.id != done.case.client, order[one.id]))
    return _forecast(done, known, options, [(one, ()) for one in fitting])


def forecast_of(
    done: Diagnosis,
    known: Knowledge,
    options: Options,
    clients: Iterable[str],
    pairs: Pairs,
    *,
    string: Pairs = (),
) -> Forecast:
    """Returns what some clients do with these options.

    Args:
        done: the diagnosis of the server.
        known: the knowledge.
        options: how the server was examined.
        clients: their ids.
        pairs: key and value, as the client spells them; what it does not have is refused.
        string: those of a connection string, among which other options may stand; `pairs` come over them.

    Raises:
        UsageError: there is no such client or option.
    """
    engine = _engine(done.case)
    profiles = [profile_of(client, engine, known) for client in clients]
    return _forecast(done, known, options, [(one, _given(one, string, pairs)) for one in profiles])


def upgrade(
    done: Diagnosis,
    known: Knowledge,
    options: Options,
    old: str,
    new: str,
    pairs: Pairs,
    *,
    string: Pairs = (),
) -> Upgrade:
    """Returns what a client did with this server, and what its successor does with the same options.

    Raises:
        UsageError: there is no such client, or neither of them has one of `pairs`.
    """
    engine = _engine(done.case)
    both = [profile_of(client, engine, known) for client in (old, new)]
    for pair in pairs:
        if not any(given(profile, (pair,), strictly=False) for profile in both):
            given(both[1], (pair,), strictly=True)
    chosen = [(one, given(one, (*string, *pairs), strictly=False)) for one in both]
    before, after = _forecast(done, known, options, chosen).rows
    return Upgrade(before=before.now, after=after.now)


def readers(read: ReadTarget | None, client: str | None, known: Knowledge) -> tuple[str, ...]:
    """Returns the ids of the clients whose options a connection string holds; none where it holds no options.

    Args:
        read: what the string says.
        client: the one that the case names; None: all that know the string's notation.
        known: the knowledge.
    """
    if read is None or not read.options:
        return ()
    if client is not None:
        return (client,)
    order = {one.id: number for number, one in enumerate(known.clients)}
    profiles = (
        one for one in known.profiles if speaks(one, read.target.engine) and read.dialect in one.strings
    )
    return tuple(sorted((one.id for one in profiles), key=order.__getitem__))


def passed_over(read: ReadTarget | None, clients: Iterable[str], known: Knowledge) -> tuple[str, ...]:
    """Returns the keys of a connection string that concern TLS and that none of these clients has."""
    profiles = [profile_of(client, None, known) for client in clients]
    return tuple(
        key
        for key, value in (read.options if read else ())
        if not any(given(profile, ((key, value),), strictly=False) for profile in profiles)
    )


def _given(profile: ProfileEntry, string: Pairs, pairs: Pairs) -> tuple[Given, ...]:
    return (*given(profile, string, strictly=False), *given(profile, pairs, strictly=True))


def _forecast(
    done: Diagnosis,
    known: Knowledge,
    options: Options,
    chosen: Sequence[tuple[ProfileEntry, tuple[Given, ...]]],
) -> Forecast:
    files = read_files(done.case, [one for _, all_ in chosen for one in all_], options.at)
    given_roots = options.ca_file is not None
    server = server_of(done.case, _engine(done.case), files, given_roots=given_roots)
    columns = tuple(_columns(done, known, server))
    servers = [after for _, after in columns]
    host = done.case.target.host if done.case.target else None
    return Forecast(
        columns=tuple(column for column, _ in columns),
        rows=tuple(
            _row(
                _named(server, all_, host), [_named(one, all_, host) for one in servers], profile, all_, known
            )
            for profile, all_ in chosen
        ),
    )


def _named(server: Server, options: tuple[Given, ...], host: str | None) -> Server:
    """Returns the server under the name that the client is given.

    The name that an option expects, as HostNameInCertificate does, has become the server name of the target.
    """
    if host and any(one.entry.role == "name" and one.value == server.name for one in options):
        return msgspec.structs.replace(server, name=host)
    return server


def _row(
    server: Server, after: list[Server], profile: ProfileEntry, options: tuple[Given, ...], known: Knowledge
) -> Row:
    bypass = given(profile, read_options(profile.bypass), strictly=True)
    return Row(
        now=prediction(server, profile, options, known),
        after=tuple(prediction(one, profile, options, known) for one in after),
        bypass=prediction(server, profile, bypass, known) if bypass else None,
    )


def _columns(done: Diagnosis, known: Knowledge, server: Server) -> Iterable[tuple[Column, Server]]:
    """Yields the fixes of the verdict that help every client, each with the server after it.

    Of those that make the same of this server, the first stands for all.
    """
    entries: dict[str, FixEntry] = {fix.id: fix for fix in known.fixes}
    normal = {fact.id: fact.normal for fact in known.facts}
    seen: list[Server] = []
    for rendered in done.fixes:
        fix = entries[rendered.id]
        if fix.tier == "bypass" or fix.client is not None:
            continue
        after = mended(server, fix.changes, known.facts)
        if after is None or after in seen:
            continue
        seen.append(after)
        wrong = [fact for fact in fix.changes if server.value(fact) != normal[fact]] or fix.changes
        titles = ", ".join(_inside(known.fact(fact).title) for fact in wrong)
        yield Column(fix.id, fix.tier, fix.title, fix.changes, titles), after


def _inside(title: str) -> str:
    """Returns a title as it is written inside of a sentence."""
    return title if title[1:2].isupper() else title[0].lower() + title[1:]


def _engine(case: Case) -> Engine:
    engine = engine_of(case)
    if engine is None:
        raise UsageError(
            "Which database it is, is not known.", hint="Name it, as in: dbtls clients postgresql://db01"
        )
    return engine
