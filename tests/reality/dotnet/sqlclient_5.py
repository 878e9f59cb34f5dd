"""Microsoft.Data.SqlClient 5.2.2, compiled into the library of the Python package arrowsqlbcpy.

usage: sqlclient_5.py HOME. Its one function opens a connection and copies an Arrow stream into a table. It returns the
message of the outer exception only, so the reason of a failed handshake stays unseen.
"""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import base64
import ctypes
import sys
from pathlib import Path

from answers import Attempt, serve

STREAM = base64.b64decode(
    "/////3gAAAAQAAAAAAAKAAwABgAFAAgACgAAAAABBAAMAAAACAAIAAAABAAIAAAABAAAAAEAAAAUAAAAEAAUAAgABgAHAAwA"
    "AAAQABAAAAAAAAECEAAAABwAAAAEAAAAAAAAAAEAAABhAAAACAAMAAgABwAIAAAAAAAAASAAAAD/////iAAAABQAAAAAAAAA"
    "DAAWAAYABQAIAAwADAAAAAADBAAYAAAACAAAAAAAAAAAAAoAGAAMAAQACAAKAAAAPAAAABAAAAABAAAAAAAAAAAAAAACAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAAAAQAAAAEAAAAAAAAAAAAAAAAAAAABAAAAAAAAAP////8AAAAA"
)
"""An Arrow stream of one row with one column "a" of int32."""

# The query after the login is for the columns of the table.
LOGGED_IN = "Cannot access destination table"
LONGEST = 16_000


def main(home: Path) -> None:
    """Loads the library and answers requests."""
    # It wants ICU; where the system has none it finds this one, which is loaded already.
    for name in ("libicudata.so.60.2", "libicuuc.so.60.2", "libicui18n.so.60.2"):
        ctypes.CDLL(str(home / "lib" / name), ctypes.RTLD_GLOBAL)
    write = ctypes.CDLL(str(home / "ArrowSqlBulkCopyNet.so")).write

    def connect(connection_string: str) -> Attempt:
        error = ctypes.create_string_buffer(2 * LONGEST)
        text = connection_string.encode()
        failed = write(STREAM, len(STREAM), text, b"dbtls", 10, error, LONGEST)
        words = error.raw.decode("utf-16-le", "replace").split("\0")[0]
        return Attempt(not failed or LOGGED_IN in words, words)

    serve(connect, "Microsoft.Data.SqlClient 5.2.2, arrowsqlbcpy 0.2.1")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
