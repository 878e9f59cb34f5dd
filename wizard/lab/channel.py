"""One client's connection: bytes in, bytes out, with TLS that can begin and end in the middle."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import sys
from collections.abc import Callable

CHUNK = 65536

Framing = Callable[[bytes], bytes]


class Channel:
    """A connection whose TLS is switched on and off by the protocol above it.

    Python's own streams cannot carry a handshake inside of another protocol's packets, nor go back to plain
    bytes after it; SQL Server needs both.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None
        self._pushed_back = b""

    async def receive(self) -> bytes:
        """Returns the next bytes of the client; empty at the end.

        Raises:
            ssl.SSLError: the client sent an alert or broke the protocol.
            OSError: the connection broke.
        """
        if self._tls is None:
            return await self._raw()
        while True:
            try:
                return self._tls.read(CHUNK)
            except ssl.SSLWantReadError:
                await self._flush()
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""
            raw = await self._raw()
            if raw:
                self._incoming.write(raw)
            else:
                self._incoming.write_eof()

    async def send(self, data: bytes) -> None:
        """Sends bytes, encrypted while TLS is on."""
        if self._tls is None:
            self._writer.write(data)
        else:
            self._tls.write(data)
            self._writer.write(self._outgoing.read())
        await self._writer.drain()

    def push_back(self, data: bytes) -> None:
        """Puts bytes back that belong to what comes next."""
        self._pushed_back = data + self._pushed_back

    async def start_tls(
        self, context: ssl.SSLContext, *, wrap: Framing = bytes, unwrap: Framing = bytes
    ) -> ssl.SSLObject:
        """Does the server's side of the handshake; its bytes travel through `wrap` and `unwrap`.

        Raises:
            ssl.SSLError: the handshake failed, for example by the client's alert.
            OSError: the connection broke.
        """
        tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush(wrap)
            except ssl.SSLError:
                await self._flush(wrap)
                raise
            else:
                break
            raw = await self._raw()
            if not raw:
                raise ConnectionResetError("the client left during the handshake")
            self._incoming.write(unwrap(raw))
        await self._flush(wrap)
        self._tls = tls
        return tls

    def stop_tls(self) -> None:
        """Goes back to plain bytes, as SQL Server does after an encrypted login."""
        self._tls = None

    def reset(self) -> None:
        """Ends the connection by a TCP reset, which needs a linger time of zero (POSIX, setsockopt)."""
        no_time = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_time)
        self._writer.transport.abort()

    async def _raw(self) -> bytes:
        if self._pushed_back:
            data, self._pushed_back = self._pushed_back, b""
            return data
        return await self._reader.read(CHUNK)

    async def _flush(self, wrap: Framing = bytes) -> None:
        data = self._outgoing.read()
        if data:
            self._writer.write(wrap(data))
            await self._writer.drain()
