"""One TCP connection with a deadline and a byte limit."""

from __future__ import annotations

import contextlib
import socket
import time
from types import TracebackType

from wizard.errors import ConnectError

RECEIVE_LIMIT = 1 << 19
"""Bytes after which a server that keeps sending is cut off. OpenSSL takes a chain of 100 KiB at most
(SSL_CTX_set_max_cert_list), so no honest first flight is nearly as long."""

_PORTION = 1 << 14


class Connection:
    """A connected socket; every operation ends at the deadline. Leaving the context closes it at once."""

    def __init__(self, address: str, port: int, deadline: float) -> None:
        """Connects to an IP address.

        Args:
            address: an IPv4 or IPv6 address; names are resolved elsewhere.
            port: TCP port.
            deadline: moment of the monotonic clock, in seconds, after which every operation ends.

        Raises:
            ConnectError: refused, timed out or unreachable; `status` says which.
        """
        self._deadline = deadline
        self._received = 0
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            self._socket = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:
            raise ConnectError(
                "This machine does not speak that IP version.", status="unreachable"
            ) from error
        try:
            # Preamble and hello are small packets that wait for each other's answer.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._wait()
            # A server that resets what it has just accepted may do so before connect() returns; it was reached all
            # the same, and the next operation says what became of the connection.
            with contextlib.suppress(ConnectionResetError):
                self._socket.connect((address, port))
        except TimeoutError as error:
            self._socket.close()
            raise ConnectError("Nothing answered in time.", status="timed-out") from error
        except ConnectionRefusedError as error:
            self._socket.close()
            raise ConnectError("The connection was refused.", status="refused") from error
        except OSError as error:
            self._socket.close()
            raise ConnectError(
                f"There is no way to the host: {error.strerror}.", status="unreachable"
            ) from error

    def send(self, data: bytes) -> None:
        """Sends all of `data`.

        Raises:
            TimeoutError: the deadline is over.
            OSError: the connection broke.
        """
        self._wait()
        self._socket.sendall(data)

    def receive(self, until: float | None = None) -> bytes:
        """Returns the next bytes, or nothing where the server has closed the connection.

        Args:
            until: an earlier moment than the deadline at which to stop waiting.

        Raises:
            TimeoutError: the deadline is over, or `until`.
            OverflowError: the server sent more than `RECEIVE_LIMIT`.
            OSError: the connection broke.
        """
        self._wait(until)
        data = self._socket.recv(_PORTION)
        self._received += len(data)
        if self._received > RECEIVE_LIMIT:
            raise OverflowError(f"the server sent more than {RECEIVE_LIMIT >> 10} KiB")
        return data

    def _wait(self, until: float | None = None) -> None:
        left = min(self._deadline, self._deadline if until is None else until) - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
