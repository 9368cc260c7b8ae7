"""A web server on loopback that says what it was told to, and what tests of media and calls do with it."""

import re
import socket
import threading
import traceback
from collections import deque
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from shared.adapters.http import GuardedSession
from shared.adapters.http_media import HttpMediaSource
from shared.adapters.media_allow import MediaAllow
from shared.adapters.media_guard import MediaGuard
from shared.errors import Transient

BYTES = bytes(range(256)) * 4_000
SECRET = "signature-3f9a"
STALL = 0.15


@dataclass(frozen=True)
class Heard:
    line: str
    headers: dict
    body: bytes


class Server:
    """A web server on loopback that says, byte for byte, what it was told to; otherwise it serves one file, with ranges."""

    def __init__(self, host="127.0.0.1"):
        self.host = host
        self.heard, self.replies, self.content, self.etag = [], deque(), BYTES, '"v1"'
        self._closing = threading.Event()

    def __enter__(self):
        self._socket = socket.create_server((self.host, 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._closing.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def address(self, path="/film.mp4"):
        return f"http://127.0.0.1:{self.port}{path}?sign={SECRET}"

    def says(self, head, *pieces, pause=0.0, stays=False):
        """The next answer: its head, its body in pieces, a pause before each; then the connection ends, or stays."""
        self.replies.append((head, pieces, pause, stays))

    def _serve(self):
        while not self._closing.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as incoming:
                try:
                    self._answer(connection, self._hear(incoming))
                except OSError:
                    continue

    def _hear(self, incoming):
        lines = []
        if incoming.peek(1)[:1] == b"\x16":  # the greeting of TLS
            return None
        while (line := incoming.readline().decode("latin-1")) not in ("", "\r\n"):
            lines.append(line.rstrip())
        line, *headers = lines or ["nothing"]
        named = {name.lower(): value for name, _, value in (header.partition(": ") for header in headers)}
        heard = Heard(line, named, incoming.read(int(named.get("content-length", 0))))
        self.heard.append(heard)
        return heard

    def _answer(self, connection, heard):
        head, pieces, pause, stays = self.replies.popleft() if self.replies else self._file(heard)
        connection.sendall("\r\n".join([*head, "", ""]).encode() if head else b"")
        for piece in pieces:
            self._closing.wait(pause)
            connection.sendall(piece)
        if stays:
            self._closing.wait(5)

    def _file(self, heard):
        size, start = len(self.content), 0
        if "range" in heard.headers and heard.headers["if-range"] == self.etag:
            start = int(re.fullmatch(r"bytes=(\d+)-", heard.headers["range"])[1])
        if start >= size and start:
            return ["HTTP/1.1 416 No", f"Content-Range: bytes */{size}", "Content-Length: 0"], (), 0, False
        head = [f"HTTP/1.1 {'206 Part' if start else '200 OK'}", f"Content-Length: {size - start}"]
        head += [f"Content-Range: bytes {start}-{size - 1}/{size}"] * bool(start) + [
            f"ETag: {self.etag}"
        ] * bool(self.etag)
        return head, (self.content[start:],), 0, False


def source(server=None, *, allow="127.0.0.1", session=None, stall=30.0, limits=None, **rules):
    """A source under a guard of these rules."""
    guard = MediaGuard(MediaAllow.parse(allow), **rules)
    return HttpMediaSource(session or GuardedSession(), guard, stall, limits)


def fetched(media, address, start=0, validator=None, **more):
    with media.open(address, start, validator, **more) as download:
        return download.start, download.total, download.validator, b"".join(download.chunks)


def drain(download, came):
    for chunk in download.chunks:
        came.extend(chunk)


def trouble(media, address, start=0, validator=None, **more):
    with pytest.raises(Transient) as caught:
        fetched(media, address, start, validator, **more)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    return caught.value


@contextmanager
def a_port_that_never_answers():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf, ExitStack() as queue:
        for _ in range(4):
            knock = queue.enter_context(socket.socket())
            knock.setblocking(False)
            knock.connect_ex(deaf.getsockname())
        yield deaf.getsockname()[1]


class Names:
    """Where names lead, by a script: each is asked about as often as it has answers; the last one stays."""

    def __init__(self, **names):
        self.names = {name.replace("_", "."): deque(answers) for name, answers in names.items()}
        self.asked = []

    def __call__(self, host):
        self.asked.append(host)
        answers = self.names.get(host)
        if not answers:
            raise OSError("no such name")
        return answers.popleft() if len(answers) > 1 else answers[0]
