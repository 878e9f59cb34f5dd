"""SQL Browser: the question for one named instance, and its answer ([MC-SQLR] 2.2.2 and 2.2.5)."""

from __future__ import annotations

import struct

from wizard.errors import PreambleError

PORT = 1434
"""UDP port of SQL Browser ([MC-SQLR] 1.9)."""

CLNT_UCAST_INST = 0x04
SVR_RESP = 0x05
_LIMIT = 1024
"""Bytes of an answer about one instance ([MC-SQLR] 2.2.5)."""


def ask_for(instance: str) -> bytes:
    """Returns the datagram that asks for one instance.

    Raises:
        PreambleError: the name cannot be sent: it is empty, too long or not plain text.
    """
    try:
        name = instance.encode("ascii")
    except UnicodeEncodeError as error:
        raise PreambleError("The instance name has characters that SQL Browser does not know.") from error
    if not 0 < len(name) <= 32 or b"\0" in name:
        raise PreambleError("An instance name has 1 to 32 characters.")
    return bytes([CLNT_UCAST_INST]) + name + b"\0"


def tcp_port(answer: bytes) -> int | None:
    """Returns the TCP port that an answer names, or None where the instance does not listen on TCP.

    Raises:
        PreambleError: the datagram is not an answer of SQL Browser.
    """
    if len(answer) < 3 or answer[0] != SVR_RESP:
        raise PreambleError("The answer is not one of SQL Browser.")
    (length,) = struct.unpack_from("<H", answer, 1)
    if length > _LIMIT or len(answer) < 3 + length:
        raise PreambleError("The answer of SQL Browser is cut off.")
    words = answer[3 : 3 + length].decode("latin-1").split(";")
    options = dict(zip(words[0::2], words[1::2], strict=False))
    port = options.get("tcp", "")
    return int(port) if port.isascii() and port.isdigit() and 0 < int(port) < 65536 else None


def answer_for(instance: str, port: int) -> bytes:
    """Returns the datagram with which a server answers for one instance."""
    words = f"ServerName;LAB;InstanceName;{instance};IsClustered;No;Version;16.0.1000.6;tcp;{port};;".encode(
        "ascii"
    )
    return bytes([SVR_RESP]) + struct.pack("<H", len(words)) + words
