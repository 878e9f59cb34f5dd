"""What a database server sends before and during TLS, and what a client sends to the lab."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.target import Target, claim, heard, however_cut, pieces, safe, settled, told
from wizard.errors import HandshakeError, PreambleError, TargetError, WizardError
from wizard.wire import mysql, mysql_session, postgresql, postgresql_session, sql_browser, tds, tds_session
from wizard.wire.preamble import LIMIT, Greeting, Preamble, recognise
from wizard.wire.tls_answer import fatal_alert, first_flight
from wizard.wire.tls_flight import FlightReader
from wizard.wire.tls_hello import client_hello, read_client_hello
from wizard.wire.tls_names import SUITES, Version

_RECORDINGS = Path(__file__).parents[1] / "wire" / "recordings"


def _recorded(folder: str) -> list[bytes]:
    return [
        bytes.fromhex("".join(line.partition("#")[0] for line in file.read_text("utf-8").splitlines()))
        for file in sorted(_RECORDINGS.joinpath(folder).glob("*.hex"))
    ]


@dataclass(frozen=True)
class _Met:
    """How a preamble ended: what it learned, what it sent, how much it took, and its error."""

    greeting: Greeting | None
    ready: bool
    sent: bytes
    taken: int
    error: str | None


def _met(preamble: Preamble, parts: Sequence[bytes]) -> _Met:
    sent, taken = preamble.start(), 0
    for part in parts:
        taken += len(part)
        try:
            sent += preamble.receive(part)
        except PreambleError as error:
            safe(error.service)
            return _Met(preamble.greeting, preamble.ready, sent, taken, told(error))
        if preamble.greeting is not None:
            break
    if preamble.greeting is not None:
        settled(preamble.greeting)
        safe(preamble.greeting.version)
    return _Met(preamble.greeting, preamble.ready, sent, taken, None)


def _greets(make: Callable[[], Preamble], data: bytes) -> None:
    """Claims that a server that is understood at once is understood in pieces too, and the other way round."""
    whole, cut = _met(make(), [data] if data else []), _met(make(), pieces(data))
    if whole.greeting is not None:
        claim(whole == cut, "a greeting in pieces is the same greeting")
    elif cut.greeting is not None:
        claim(cut.taken < len(data), "a greeting is refused only where more came behind it")
    else:
        claim((whole.error is None) == (cut.error is None), "what is refused at once is refused in pieces")


def check_tds(data: bytes) -> None:
    """Reads TDS packets, PRELOGIN, both preambles of SQL Server, and what a client says after its login."""
    recognise(data)
    messages = however_cut(lambda: tds.MessageReader().feed, data)
    for message in messages:
        if isinstance(message, tds.Message):
            again = heard(tds.MessageReader().feed, [tds.packets(message.kind, message.payload)])
            claim(again == ([message], None), "a message written is the message read")
            _tds_message(message.payload)
    _tds_message(data)
    _greets(tds.TdsPrelogin, data)
    _greets(lambda: tds.TdsPrelogin(tds.ENCRYPT_NOT_SUP), data)
    _greets(tds.TdsStrict, data)
    framing, cut = tds.TdsPrelogin(), tds.TdsPrelogin()
    whole = heard(lambda part: [framing.unwrap(part)], [data])
    parts = heard(lambda part: [cut.unwrap(part)], pieces(data))
    claim(whole[1] == parts[1], "how a handshake inside TDS is cut makes no difference")
    if whole[1] is None:
        joined = b"".join(one for one in parts[0] if isinstance(one, bytes))
        claim(whole[0] == [joined], "the handshake inside TDS is the same in pieces")
    inside = tds.TdsStrict()
    with contextlib.suppress(PreambleError):
        for part in pieces(data):
            inside.receive_inside(part)
    if inside.greeting is not None:
        safe(inside.greeting.version)


def _tds_message(payload: bytes) -> None:
    with contextlib.suppress(PreambleError):
        options = tds.prelogin_options(payload)
        tds.version_text(options.get(tds.VERSION, b""))
        if 5 * len(options) + 1 + sum(map(len, options.values())) <= 0xFFFF:
            claim(tds.prelogin_options(tds.prelogin(options)) == options, "PRELOGIN written is PRELOGIN read")
    with contextlib.suppress(PreambleError):
        tds_session.login_version(payload)
    tds_session.batch_text(payload)
    tds_session.transaction_answer(payload)


def check_mysql(data: bytes) -> None:
    """Reads packets, the greeting, an error packet and a client's login."""

    def reader() -> Callable[[bytes], Iterator[object]]:
        packets = mysql.PacketReader()

        def feed(part: bytes) -> Iterator[object]:
            found = packets.feed(part)
            while found is not None:
                yield found
                found = packets.feed(b"")

        return feed

    for _, payload in (one for one in however_cut(reader, data) if isinstance(one, tuple)):
        _mysql_payload(payload)
    _mysql_payload(data)
    _greets(mysql.MySqlGreeting, data)
    with contextlib.suppress(WizardError):  # whatever the greeting says, its header is right
        mysql.MySqlGreeting().receive(mysql.packet(0, data[:LIMIT]))


def _mysql_payload(payload: bytes) -> None:
    mysql.is_ssl_request(payload)
    with contextlib.suppress(PreambleError):
        settled(mysql_session.login_response(payload))
    try:
        handshake = mysql.Handshake.decode(payload)
    except PreambleError as error:
        told(error)
        return
    settled(handshake)
    safe(handshake.true_version)
    if len(handshake.nonce) >= 20:
        claim(
            mysql.Handshake.decode(handshake.encode()) == handshake, "a greeting written is the greeting read"
        )


def check_postgresql(data: bytes) -> None:
    """Reads the answer to the request for TLS, a client's start-up packets, and its messages."""
    _greets(postgresql.PostgresSslRequest, data)
    _greets(postgresql.PostgresDirect, data)

    def startup(parts: Sequence[bytes]) -> tuple[int, bytes] | str | None:
        reader = postgresql.StartupReader()
        for part in parts:
            try:
                if packet := reader.feed(part):
                    return packet
            except PreambleError as error:
                return told(error)
        return None

    whole = startup([data])
    if whole is None or isinstance(whole, tuple):
        claim(whole == startup(pieces(data)), "a start-up packet in pieces is the same packet")
    messages = however_cut(lambda: postgresql_session.MessageReader(LIMIT).feed, data)
    written = b"".join(postgresql_session.message(*one) for one in messages if isinstance(one, tuple))
    claim(data.startswith(written), "messages written are the messages read")


def check_sql_browser(data: bytes) -> None:
    """Reads the datagram that says where an instance listens, and the name of an instance."""
    with contextlib.suppress(PreambleError):
        port = sql_browser.tcp_port(data)
        claim(port is None or 0 < port < 65536, "a port is a port")
    with contextlib.suppress(PreambleError):
        port = sql_browser.tcp_port(b"\x05" + len(data).to_bytes(2, "little") + data)
        claim(port is None or 0 < port < 65536, "a port is a port")
    name = data.decode("utf-8", "surrogateescape")
    try:
        question = sql_browser.ask_for(name)
    except PreambleError as error:
        told(error)
        return
    claim(len(question) <= 34, "no question is longer than the protocol allows")
    if ";" not in name:
        port = 1 + len(data) * 997 % 65535
        claim(
            sql_browser.tcp_port(sql_browser.answer_for(name, port)) == port,
            "a port written is the port read",
        )


def check_tls(data: bytes) -> None:
    """Reads a server's first flight and a client's hello, and what the lab writes of both."""

    def flight(parts: Sequence[bytes]) -> tuple[object, ...]:
        reader, error = FlightReader(), None
        for part in parts:
            try:
                reader.feed(part)
            except HandshakeError as problem:
                error = told(problem)
                break
        return reader.flight, reader.done, error

    whole = flight([data])
    claim(whole == flight(pieces(data)), "how a flight is cut makes no difference")
    settled(whole[0])
    reader = FlightReader()
    with contextlib.suppress(HandshakeError):
        reader.feed(data)
    read = reader.flight
    safe(read.cipher, read.alert, read.alpn, read.group)
    claim(read.dh_bits is None or read.dh_bits >= 0, "a size is a size")
    _hello(data)
    _written_hello(data)
    _written_flight(data)


def _hello(data: bytes) -> None:
    def seen(upto: int) -> object:
        try:
            return read_client_hello(data[:upto])
        except HandshakeError as error:
            return told(error)

    whole = seen(len(data))
    upto = 0
    for part in pieces(data):
        upto += len(part)
        if (found := seen(upto)) is not None:
            claim(found == whole, "how a hello is cut makes no difference")
            break
    settled(whole)
    if not isinstance(whole, str) and whole is not None:
        hello = read_client_hello(data)
        claim(hello is not None, "a hello is read twice the same")
        if hello is not None:
            safe(hello.server_name, *hello.alpn)


def _written_hello(data: bytes) -> None:
    name = data[:300].decode("utf-8", "surrogateescape")
    versions = sorted((tuple(Version)[1 + len(data) % 4], tuple(Version)[1 + len(data) // 4 % 4]))
    try:
        written = client_hello(name, lowest=versions[0], highest=versions[1], alpn=("postgresql",))
    except TargetError as error:
        told(error)
        return
    hello = read_client_hello(written)
    claim(hello is not None and max(hello.versions) == versions[1], "a hello written is the hello read")
    claim(hello is None or hello.server_name is None or hello.server_name.isascii(), "SNI is plain text")


def _written_flight(data: bytes) -> None:
    chain = tuple(data[at : at + 700] for at in range(0, min(len(data), 4000), 700))
    version, suite = Version.TLS_1_2, SUITES[-1]
    reader = FlightReader()
    for part in pieces(first_flight(version, suite.code, chain)):
        reader.feed(part)
    read = (reader.flight.version, reader.flight.cipher, reader.flight.certificates)
    claim(read == (version, suite.name, chain) and reader.done, "a flight written is the flight read")


def _tds_seeds() -> list[bytes]:
    login = (b"\x90\0\0\0\x04\0\0\x74" + bytes(0x90 - 8),)
    batch = (0x16).to_bytes(4, "little") + (0x12).to_bytes(4, "little") + b"\x02\0" + bytes(12)
    return [
        *_recorded("tds"),
        tds.TdsPrelogin().start(),
        *(
            tds.packets(tds.REPLY, tds.prelogin({tds.VERSION: bytes(6), tds.ENCRYPTION: bytes([number])}))
            for number in range(5)
        ),
        tds.packets(tds_session.LOGIN7, login[0]),
        tds.packets(tds_session.SQL_BATCH, batch + "SELECT @@VERSION".encode("utf-16-le")),
        tds.packets(tds_session.TRANSACTION, batch + b"\x05\0\0\0"),
        tds.packets(
            tds.PRELOGIN, client_hello("db.example", lowest=Version.TLS_1_2, highest=Version.TLS_1_2)
        ),
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ]


def _mysql_seeds() -> list[bytes]:
    greeting = mysql.Handshake(b"8.4.3", 0xFFFFFFFF, bytes(range(1, 21)), b"caching_sha2_password", 7)
    old = mysql.Handshake(b"5.5.5-10.11.14-MariaDB", 0x0800)
    return [
        *_recorded("mysql"),
        mysql.packet(0, greeting.encode()),
        mysql.packet(0, old.encode()),
        mysql.packet(0, mysql.error_packet(1130, None, "Host '192.0.2.1' is not allowed")),
        mysql.packet(0, mysql.error_packet(1040, "08004", "Too many connections")),
        mysql.packet(1, mysql.ssl_request(0xFFFFFFFF)),
    ]


def _postgresql_seeds() -> list[bytes]:
    startup = (3 << 16).to_bytes(4) + b"user\0app\0database\0shop\0\0"
    return [
        *_recorded("postgresql"),
        b"S",
        b"N",
        b"EFATAL:  sorry\n\0",
        postgresql.ssl_request(),
        (4 + len(startup)).to_bytes(4) + startup,
        postgresql_session.message(b"Q", b"SELECT 1\0"),
        postgresql_session.failed("53300", "sorry, too many clients already"),
        postgresql_session.login_accepted("17.2"),
    ]


def _browser_seeds() -> list[bytes]:
    return [
        sql_browser.answer_for("SALES", 49200),
        sql_browser.answer_for("SALES", 49200)[3:],
        b"SQLEXPRESS",
        b"\x05\x00\x00",
        b"ServerName;DB;InstanceName;A;np;\\\\DB\\pipe\\sql;;",
    ]


def _tls_seeds() -> list[bytes]:
    chain = (bytes(range(200)), b"\x30\x03\x02\x01\x00")
    return [
        *_recorded("tls"),
        client_hello("db.example", lowest=Version.TLS_1_0, highest=Version.TLS_1_3, alpn=("tds/8.0",)),
        client_hello(None, lowest=Version.TLS_1_0, highest=Version.TLS_1_0),
        first_flight(Version.TLS_1_2, 0x0005, chain),
        first_flight(Version.TLS_1_0, 0x000A, chain),
        fatal_alert(40),
        b"\x15\x03\x01\x00\x02\x01\x70" + fatal_alert(70),
        b"\x80\x03\x00\x00\x01",
        "bücher.example".encode(),
    ]


TARGETS = (
    Target(
        "tds",
        "SQL Server's packets before TLS, and a client's login",
        check_tds,
        _tds_seeds,
        (b"\x04\x01\x00", b"\x12\x01\x00", b"\xff", b"\x10\x01"),
    ),
    Target(
        "mysql",
        "MySQL's and MariaDB's greeting, and a client's login",
        check_mysql,
        _mysql_seeds,
        (b"5.5.5-", b"MariaDB", b"\x00\x00\x00\x0a", b"\xff\x10\x04", b"mysql_native_password\0"),
        2048,
    ),
    Target(
        "postgresql",
        "PostgreSQL's answer before TLS, and a client's start-up",
        check_postgresql,
        _postgresql_seeds,
        (b"EFATAL", b"S", b"N", b"\x00\x00\x00\x08\x04\xd2\x16\x2f", b"\x00\x03\x00\x00"),
        2048,
    ),
    Target(
        "sql-browser",
        "SQL Browser's answer about an instance",
        check_sql_browser,
        _browser_seeds,
        (b";tcp;", b";;", b"\x05", b"65535", b"InstanceName"),
        1200,
    ),
    Target(
        "tls-flight",
        "a server's first TLS flight and a client's hello",
        check_tls,
        _tls_seeds,
        (b"\x16\x03\x03", b"\x15\x03\x03\x00\x02", b"\x02\x00\x00", b"\x0b\x00", b"\x00\x2b", b"\x00\x10"),
        6000,
    ),
)
