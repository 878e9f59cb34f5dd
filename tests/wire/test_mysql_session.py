"""The server's side of a MySQL session, against broken clients. Real drivers hold it to the rest, in tests/lab."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.errors import PreambleError
from wizard.wire import mysql
from wizard.wire.mysql_session import LoginResponse, login_response

FLAGS = mysql.CLIENT_PROTOCOL_41 | mysql.CLIENT_PLUGIN_AUTH
FIXED = struct.pack("<IIB23x", FLAGS, 65536, mysql.UTF8MB4)
WITH_DATABASE = struct.pack("<IIB23x", FLAGS | mysql.CLIENT_CONNECT_WITH_DB, 65536, mysql.UTF8MB4)


@pytest.mark.parametrize(
    ("payload", "response"),
    [
        (FIXED + b"app\0\x03abcx_plugin\0", LoginResponse(b"app", b"x_plugin", True)),
        (FIXED + b"app\0\x00x_plugin\0", LoginResponse(b"app", b"x_plugin", False)),
        (WITH_DATABASE + b"app\0\x01adb\0x_plugin\0", LoginResponse(b"app", b"x_plugin", True)),
    ],
)
def test_a_login_response_is_read(payload: bytes, response: LoginResponse) -> None:
    """User, plugin and the use of a password are found, with and without a database."""
    assert login_response(payload) == response


@pytest.mark.parametrize("broken", [b"", FIXED, FIXED + b"app", FIXED + b"app\0", bytes(40)])
def test_a_broken_login_response_is_refused(broken: bytes) -> None:
    """A response that is cut off, or older than MySQL 4.1, is refused."""
    with pytest.raises(PreambleError):
        login_response(broken)


@given(st.binary(max_size=80))
def test_only_a_preamble_error_escapes(payload: bytes) -> None:
    """A hostile client's response is read or refused."""
    with suppress(PreambleError):
        login_response(FIXED + payload)
    with suppress(PreambleError):
        login_response(payload)
