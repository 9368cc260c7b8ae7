"""A deadline for one whole request: connecting, sending, the answer's head and its body, however it drips.

The time-outs of a socket are for one wait each, so whoever sends a byte now and then is never late for them. Here a
timer shuts the connection down under whoever waits for it, and the wait ends as if the other side had hung up. A long
body renews its deadline piece by piece. Where the request names the addresses that it may go to, it goes to no other.
"""

import socket
import time
from collections.abc import Callable, Mapping, Sequence
from threading import Lock, Timer
from types import TracebackType
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util.connection import create_connection

Connect = Callable[..., socket.socket]  # as urllib3's `create_connection`


class Deadline:
    """Runs from `with` on, for so many seconds. `over` says whether it has cut the connection off."""

    def __init__(self, seconds: float) -> None:
        self.over = False
        self._lock = Lock()
        self._line: socket.socket | None = None
        self._seconds = seconds
        self._until = 0.0
        self._rings_at = 0.0
        self._timer: Timer | None = None

    def __enter__(self) -> "Deadline":
        with self._lock:
            self._until = time.monotonic() + self._seconds
            self._set(self._seconds)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            if self._timer:
                self._timer.cancel()
            self._timer = None
            self._drop()

    def renew(self, seconds: float) -> None:
        """From now on so many seconds, whatever was left. Cheap enough for every piece: a timer that rings too early is
        set again only then.
        """
        with self._lock:
            self._until = time.monotonic() + seconds
            if self._timer and self._until < self._rings_at:
                self._timer.cancel()
                self._set(seconds)

    def watch(self, line: socket.socket) -> bool:
        """Cut this connection off when time is over, and none before it; False when it already is."""
        with self._lock:
            self._drop()
            self._line = line.dup()  # for TLS will take the descriptor away from `line` itself
            return not self.over

    def _set(self, seconds: float) -> None:
        self._rings_at = time.monotonic() + seconds
        self._timer = Timer(seconds, self._ring)
        self._timer.daemon = True
        self._timer.start()

    def _ring(self) -> None:
        with self._lock:
            left = self._until - time.monotonic()
            if self._timer is None:  # the request is over, and its timer came too late
                return
            if left > 0:
                self._set(left)
                return
            self.over = True
            if self._line:
                _shut(self._line)

    def _drop(self) -> None:
        if self._line:
            self._line.close()
        self._line = None


def _shut(line: socket.socket) -> None:
    try:
        line.shutdown(socket.SHUT_RDWR)
    except OSError:  # the other side was faster
        return


class WatchedAdapter(HTTPAdapter):
    """Connections of this adapter are under a deadline, and lead to the addresses `at`, if given. For one request alone."""

    def __init__(
        self, deadline: Deadline, at: Sequence[str] | None = None, connect: Connect = create_connection
    ) -> None:
        self._deadline = deadline
        self._at = at
        self._connect = connect
        super().__init__()

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: bool | str | None,
        proxies: Mapping[str, str] | None = None,
        cert: Any = None,
    ) -> Any:
        """The pool for a request, whose connections are watched."""
        pool: Any = super().get_connection_with_tls_context(request, verify, proxies, cert)
        pool.ConnectionCls = _watched(pool.ConnectionCls, self._deadline, self._at, self._connect)
        return pool


def _watched(
    kind: Any, deadline: Deadline, at: Sequence[str] | None, connect: Connect
) -> type[HTTPConnection] | type[HTTPSConnection]:
    class Watched(kind):  # type: ignore[misc]
        def _new_conn(self) -> socket.socket:
            line: socket.socket = super()._new_conn() if at is None else _reached(self, at, deadline, connect)
            if not deadline.watch(line):
                line.close()
                raise ConnectTimeoutError(self, "time was over before anything was sent")
            return line

    return Watched


def _reached(asking: Any, at: Sequence[str], deadline: Deadline, connect: Connect) -> socket.socket:
    """A socket to the first address that takes it. Only the socket: Host and TLS go by the connection's own name."""
    trouble = ConnectTimeoutError(asking, "time was over before anybody was reached")
    for address in at:
        if deadline.over:
            break
        try:
            place = (address, asking.port)
            return connect(place, asking.timeout, asking.source_address, asking.socket_options)
        except TimeoutError:
            trouble = ConnectTimeoutError(asking, f"{address} did not answer in time")
        except OSError as error:
            trouble = NewConnectionError(asking, f"{address}: {error.strerror}")
    raise trouble
