"""A media host on loopback that sends slowly, resumes under a strong ETag alone, and counts what it sent of which file."""

import hashlib
import re
import socket
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from threading import Thread

PIECE = 16 * 1024
BUFFER = 32 * 1024  # of a socket, so that what is on the way is little beside a file


class MediaHost(ThreadingHTTPServer):
    """`rate`: bytes per second. `sent`: by path, the first byte and the number of bytes of each answer, in their order."""

    daemon_threads = True

    def __init__(self, rate: float) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        self.rate = rate
        self.files: dict[str, bytes] = {}
        self.sent: dict[str, list[list[int]]] = defaultdict(list)

    def put(self, name: str, content: bytes) -> str:
        """Serve a file; its address."""
        self.files[f"/{name}"] = content
        return f"http://127.0.0.1:{self.server_port}/{name}"

    def twice(self, name: str) -> list[int]:
        """Of each answer but the last: bytes that were sent in vain, for the next answer sent them again."""
        answers = self.sent[f"/{name}"]
        return [start + size - again for (start, size), (again, _) in pairwise(answers)]

    def handle_error(self, *_: object) -> None:
        """Whoever asked was killed."""


class _Handler(BaseHTTPRequestHandler):
    server: MediaHost

    def do_GET(self) -> None:
        content = self.server.files[self.path]
        etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        start = self._start(etag)
        if start and start >= len(content):
            self.send_response(416)
            self._headers(etag, 0, f"*/{len(content)}")
            return
        self.send_response(206 if start else 200)
        self._headers(etag, len(content) - start, start and f"{start}-{len(content) - 1}/{len(content)}")
        self._send(content, start)

    def _start(self, etag: str) -> int:
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        return int(found[1]) if found and self.headers.get("If-Range") == etag else 0

    def _headers(self, etag: str, length: int, span: str | int) -> None:
        self.send_header("ETag", etag)
        self.send_header("Content-Length", str(length))
        if span:
            self.send_header("Content-Range", f"bytes {span}")
        self.end_headers()

    def _send(self, content: bytes, start: int) -> None:
        answer = [start, 0]
        self.server.sent[self.path].append(answer)
        began = time.monotonic()
        while piece := content[start + answer[1] : start + answer[1] + PIECE]:
            self.wfile.write(piece)
            answer[1] += len(piece)
            time.sleep(max(0.0, began + answer[1] / self.server.rate - time.monotonic()))

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@contextmanager
def media_host(rate: float) -> Iterator[MediaHost]:
    """One, until the end of the block."""
    with MediaHost(rate) as host:
        thread = Thread(target=host.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield host
        finally:
            host.shutdown()
            thread.join()
