"""The server's side of a TDS session after PRELOGIN: login, one-column results, errors ([MS-TDS] 2.2.7).

Only what a look-alike needs to let real drivers log in and read one value.
"""

from __future__ import annotations

import struct

from wizard.errors import PreambleError
from wizard.wire.tds import PACKET_SIZE

LOGIN7 = 0x10
SQL_BATCH = 0x01
RPC = 0x03
ATTENTION = 0x06
TRANSACTION = 0x0E

TDS_7_2 = 0x72090002
"""The oldest version whose tokens are written here."""

_COLLATION = bytes.fromhex("0904d00034")
"""SQL_Latin1_General_CP1_CI_AS, the usual collation of a server."""

_BEGIN, _COMMIT, _ROLLBACK = 5, 7, 8
_DESCRIPTOR = struct.pack("<Q", 1)

_DONE_COUNT = 0x10
_DONE_ERROR = 0x02
_DONE_ATTENTION = 0x20


def login_version(login: bytes) -> int:
    """Returns the TDS version that a LOGIN7 message asks for, such as 0x74000004.

    Raises:
        PreambleError: it is not a LOGIN7 message, or older than TDS 7.2.
    """
    if len(login) < 36 or struct.unpack_from("<I", login)[0] != len(login):
        raise PreambleError("The login message is broken.")
    version = int(struct.unpack_from("<I", login, 4)[0])
    if version < TDS_7_2 and version != 0x08000000:
        raise PreambleError(f"The login asks for TDS version {version:#010x}, older than 7.2.")
    return version


def batch_text(payload: bytes) -> str:
    """Returns the text of an SQL batch, without its headers ([MS-TDS] 2.2.6.7)."""
    return _without_headers(payload).decode("utf-16-le", "replace")


def transaction_answer(payload: bytes) -> bytes | None:
    """Returns the tokens that answer a transaction request ([MS-TDS] 2.2.6.9); None for an unknown one.

    The ODBC driver begins each connection with such a request, unless it is in autocommit mode.
    """
    request = _without_headers(payload)
    kind = int.from_bytes(request[:2], "little")
    begun = _environment(8, b"\x08" + _DESCRIPTOR + b"\0")
    if kind == _BEGIN:
        return begun + done()
    if kind in (_COMMIT, _ROLLBACK):
        ended = _environment(9 if kind == _COMMIT else 10, b"\0\x08" + _DESCRIPTOR)
        begins_another = bool(request[-1] & 1)
        return ended + (begun if begins_another else b"") + done()
    return None


def login_accepted(version: int, server_version: str) -> bytes:
    """Returns the tokens that accept a login: environment, LOGINACK and DONE."""
    major, minor, build = (int(part) for part in server_version.split("."))
    program = struct.pack(">BBH", major, minor, build)
    acknowledged = struct.pack(">BI", 1, version) + _text("Microsoft SQL Server") + program
    size = str(PACKET_SIZE)
    return (
        _environment(1, _text("master") + _text("master"))
        + _environment(7, bytes([len(_COLLATION)]) + _COLLATION + b"\0")
        + _environment(2, _text("us_english") + _text(""))
        + _environment(4, _text(size) + _text(size))
        + _token(0xAD, acknowledged)
        + done()
    )


def one_row(value: str | int) -> bytes:
    """Returns the tokens of a result with one row of one unnamed column, NVARCHAR or INT."""
    if isinstance(value, int):
        column, cell = b"\x26\x04", b"\x04" + struct.pack("<i", value)
    else:
        text = value.encode("utf-16-le")
        column, cell = b"\xe7" + struct.pack("<H", 8000) + _COLLATION, struct.pack("<H", len(text)) + text
    metadata = b"\x81" + struct.pack("<HIH", 1, 0, 1) + column + _text("")
    return metadata + b"\xd1" + cell + done(rows=1)


def failed(number: int, message: str, severity: int = 16) -> bytes:
    """Returns the tokens of an error and the DONE that ends it."""
    words = message.encode("utf-16-le")
    body = struct.pack("<iBB", number, 1, severity) + struct.pack("<H", len(words) // 2) + words
    body += _text("") + _text("") + struct.pack("<i", 1)
    return _token(0xAA, body) + struct.pack("<BHHQ", 0xFD, _DONE_ERROR, 0, 0)


def done(rows: int | None = None) -> bytes:
    """Returns a final DONE token."""
    return struct.pack("<BHHQ", 0xFD, 0 if rows is None else _DONE_COUNT, 0, rows or 0)


def attention_acknowledged() -> bytes:
    """Returns the DONE token that answers an attention signal."""
    return struct.pack("<BHHQ", 0xFD, _DONE_ATTENTION, 0, 0)


def _without_headers(payload: bytes) -> bytes:
    length = struct.unpack_from("<I", payload)[0] if len(payload) >= 4 else 0
    return payload[length:] if length <= len(payload) else b""


def _token(kind: int, body: bytes) -> bytes:
    return struct.pack("<BH", kind, len(body)) + body


def _environment(kind: int, body: bytes) -> bytes:
    return _token(0xE3, bytes([kind]) + body)


def _text(text: str) -> bytes:
    return bytes([len(text)]) + text.encode("utf-16-le")
