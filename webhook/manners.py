"""gunicorn's threaded worker with four manners that it lacks.

Of itself it waits without end for the rest of a request that it has begun to read. A few connections that say half a request and
fall silent would hold every thread, and the vendor would not be heard. So the ear is taken from whoever needs too long, a
short while when all threads are taken, a longer one else: what was said until then is answered as a broken request, and an
answer on its way is still sent to its end.

And of a wave of new connections, whichever process happens to be awake takes them all, and keeps them as long as their callers
like, while the others idle: seen with keep-alive callers from their second wave on. So who has much lets the others go first.

And it hands each request from the thread that listens to one that answers, and back, which costs more than to answer a
callback, the more so as its threads get in each other's way whenever one waits for the store. So callbacks of callers who stay
that are there from the first byte to the last are answered by the thread that listens, all that are there together: their
questions to the store go out as one, and so do their answers, without waiting for anybody's ear, for a caller who wakes up
takes the core from whoever answers the next. Whatever else they are, and all of them for a while after it took long, go to the threads.

And whoever is told good-bye is given two seconds to hang up himself, so that his last answer reaches him. It waits for that in
the thread that listens, for one after the other; here all have their two seconds at once, and nobody waits for them.
"""

import re
import selectors
import socket
import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn.http.errors import InvalidHeader, UnsupportedTransferCoding
from gunicorn.workers.gthread import ThreadWorker

from shared import together

PATIENCE, WHEN_BUSY = 10.0, 1.0  # seconds for a request; a vendor's is said within milliseconds
STEP_BACK, STEP_BACK_MOST = 0.0002, 0.004  # seconds for each connection that is held, before another is taken
CROWD = 16  # callbacks that are answered together
LONG, LONG_REST = 0.25, 1.0  # seconds that a crowd must not take, and without crowds after one that did
LARGEST = 8192  # bytes of a request in a crowd
_BEGINNING = b"POST /callbacks/"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,4})[ \t]*(?=\r\n)", re.IGNORECASE)
_MORE_TO_COME = re.compile(rb"\r\n(?:transfer-encoding|expect)[ \t]*:", re.IGNORECASE)


class MannerlyWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn is not typed
    """See the head of this file."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._begun: dict[Any, float] = {}
        self._knocking: list[Any] = []
        self._whole: list[Any] = []
        self._no_crowd_until = 0.0

    def accept(self, listener: Any) -> None:
        """Somebody knocks at this door."""
        self._knocking.append(listener)

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        """A caller who has stayed says more."""
        if time.monotonic() >= self._no_crowd_until and is_whole(_heard(client)):
            self._whole.append(conn)
        else:
            super().on_client_socket_readable(conn, client)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Hear who says something, answer those who have said it all, and see who is at the door."""
        super().wait_for_and_dispatch_events(timeout)
        idle = not self._whole
        while self._whole:
            crowd, self._whole = self._whole[:CROWD], self._whole[CROWD:]
            began = time.monotonic()
            self._answer_together(crowd)
            self.notify()
            if time.monotonic() - began > LONG:
                self._no_crowd_until = time.monotonic() + LONG_REST
                self._leave_to_threads()
        while self._knocking:
            self.let_in(self._knocking.pop(), steps_back=idle)

    def _answer_together(self, crowd: Sequence[Any]) -> None:
        for conn in crowd:
            conn.sock = Answer(conn.sock)
        try:
            together.run([partial(self._answer, conn) for conn in crowd])
        finally:  # a signal may end this process: what has been recorded by then is answered
            for conn in crowd:
                self._send(conn)

    def _leave_to_threads(self) -> None:
        waiting, self._whole = self._whole, []
        for conn in waiting:
            super().on_client_socket_readable(conn, conn.sock)

    def let_in(self, listener: Any, *, steps_back: bool = False) -> None:
        """Take a connection, or none when another process was faster."""
        if steps_back and self.nr_conns >= self.cfg.threads:
            time.sleep(min(STEP_BACK_MOST, STEP_BACK * self.nr_conns))
        super().accept(listener)

    def _answer(self, conn: Any) -> None:
        """As in a thread, but what is said to him waits for the others."""
        try:
            conn.sock.stays = self.handle(conn)
        except Exception:  # he is let go, as he would be by a thread
            self.log.exception("a request was given up")

    def _send(self, conn: Any) -> None:
        """His answer, and whoever stays is left where he is listened to."""
        answer, conn.sock = conn.sock, conn.sock.socket
        self.keepalived_conns.remove(conn)
        if not (answer.send() and answer.stays):
            self.poller.unregister(conn.sock)
            self._let_go(conn)
        elif self.alive and not conn.parser.unreader.buf.getvalue():
            conn.set_timeout()
            self.keepalived_conns.append(conn)
        else:
            self.poller.unregister(conn.sock)
            self._keep(conn)

    def _keep(self, conn: Any) -> None:
        done: Future[bool] = Future()
        done.set_result(True)
        super().finish_request(conn, done)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Who stays is listened to; who does not is let go."""
        if fs.cancelled() or fs.exception() or not fs.result():
            self._let_go(conn)
        else:
            super().finish_request(conn, fs)

    def _let_go(self, conn: Any) -> None:
        """Nothing more is said, and what he says is not heard, until he hangs up or has had his time."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
        except OSError:
            self._close(conn)
            return
        conn.set_timeout()
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._on_last_words, conn))

    def _on_last_words(self, conn: Any, client: Any) -> None:
        try:
            if client.recv(65536):
                return
        except BlockingIOError:
            return
        except OSError:
            pass  # he is gone without a word
        self.poller.unregister(client)
        self.pending_conns.remove(conn)
        self._close(conn)

    def _close(self, conn: Any) -> None:
        self.nr_conns -= 1
        conn.close()

    def handle(self, conn: Any) -> Any:
        """Read a request, answer it."""
        self._begun[conn] = time.monotonic()
        try:
            return super().handle(conn)
        finally:
            del self._begun[conn]

    def notify(self) -> None:
        """Tell the parent that this process lives, once a second at least, and see who needs too long."""
        super().notify()
        begun = self._begun.copy()
        patience = PATIENCE if len(begun) < self.cfg.threads else WHEN_BUSY
        for conn, since in begun.items():
            if time.monotonic() - since > patience:
                with suppress(OSError):  # it is over already
                    conn.sock.shutdown(socket.SHUT_RD)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer a request that is none. Whose body is in no way we know has sent a bad one: a 5xx says that we are broken."""
        if isinstance(exc, UnsupportedTransferCoding):
            exc = InvalidHeader("TRANSFER-ENCODING")
        super().handle_error(req, client, addr, exc)


class Answer:
    """In the place of a caller's socket while he is answered: it has said all that is read from it, and keeps what is said to it."""

    def __init__(self, caller: socket.socket) -> None:
        self.socket, self.stays = caller, False
        self._said: list[bytes] = []

    def sendall(self, said: bytes) -> None:
        """For later."""
        self._said.append(said)

    def setblocking(self, _: bool) -> None:
        """Nobody waits for him, neither for what he says, which is there, nor for his ear."""

    def settimeout(self, _: float) -> None:
        """Likewise."""

    def gettimeout(self) -> float:
        """Seconds, 0: gunicorn asks for them before it answers a request that is none."""
        return 0.0

    def recv(self, _: int) -> bytes:
        """Nothing more comes: gunicorn listens to whom it hangs up on."""
        return b""

    def shutdown(self, _: int) -> None:
        """Only when what is kept has been said, and then by whoever lets him go."""

    def close(self) -> None:
        """Likewise."""

    def send(self) -> bool:
        """Say it. False where he takes it not, or not all: whoever reads no answers must not make others wait."""
        said = b"".join(self._said)
        try:
            return self.socket.send(said) == len(said)
        except OSError:
            return False


def is_whole(heard: bytes) -> bool:
    """Whether this is one short callback and nothing else, so that whoever reads it has to wait for nothing."""
    head, _, body = heard.partition(b"\r\n\r\n")
    if not head.startswith(_BEGINNING) or _MORE_TO_COME.search(head):
        return False
    lengths = _LENGTH.findall(head + b"\r\n")
    return len(lengths) == 1 and int(lengths[0]) == len(body)


def _heard(client: socket.socket) -> bytes:
    """What has come and was not read yet, which it still is not after this."""
    try:
        return client.recv(LARGEST, socket.MSG_PEEK)
    except (OSError, ValueError):  # the latter where it is wrapped in TLS
        return b""
