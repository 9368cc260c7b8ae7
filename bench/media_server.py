"""A media server in a process of its own: Range and a strong validator, a pace for each connection, and one cut per file.

`python -m bench.media_server FOLDER RATE SHARE` prints its port and serves the files of FOLDER until it is ended. RATE is bytes
per second of each connection, 0 for as fast as it goes; the first GET of each file is cut off at SHARE of it, 1 for never.
`GET /.tally` tells what was asked and sent since it began; from `GET /.hold` to `GET /.open`, no file is answered.
"""

import json
import os
import re
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PIECE = 64 * 1024  # bytes that a paced connection sends at once
FAST_PIECE = 4 * 1024 * 1024
TALLY, HOLD, OPEN = "/.tally", "/.hold", "/.open"
RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class Tally:
    """What was asked and sent. Times are seconds since the epoch, so that other processes can compare them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.starts: list[float] = []
        self.sent: dict[str, int] = {}
        self.gets: dict[str, int] = {}
        self.at_once = 0
        self.most_at_once = 0

    @contextmanager
    def serving(self, name: str) -> Iterator[int]:
        """Count one GET while it lasts; which of this file it is, from 1."""
        with self._lock:
            self.gets[name] = self.gets.get(name, 0) + 1
            number = self.gets[name]
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            yield number
        finally:
            with self._lock:
                self.at_once -= 1

    def asked(self) -> None:
        """Somebody asks for something, be it only a head."""
        with self._lock:
            self.starts.append(time.time())

    def add(self, name: str, size: int) -> None:
        """So many bytes of a file have gone out."""
        with self._lock:
            self.sent[name] = self.sent.get(name, 0) + size

    def told(self) -> bytes:
        """All of it as JSON."""
        with self._lock:
            said = {"starts": self.starts, "sent": self.sent, "gets": self.gets, "most": self.most_at_once}
            return json.dumps(said).encode()


class MediaServer(ThreadingHTTPServer):
    """Serves a folder's files; see the module."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, folder: Path, rate: int, share: float) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.rate, self.share = folder, rate, share
        if rate:  # what waits in a large buffer of our own would count as sent, although it never went out
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * PIECE)
        self.tally = Tally()
        self.gate = threading.Event()
        self.gate.set()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: MediaServer

    def do_HEAD(self) -> None:
        """The head of a file."""
        self.server.tally.asked()
        self._head(self._file(), 0)

    def do_GET(self) -> None:
        """A file, from where it is asked for."""
        if self.path in (TALLY, HOLD, OPEN):
            self._obey()
            return
        self.server.tally.asked()
        self.server.gate.wait()
        path = self._file()
        with self.server.tally.serving(path.name) as number:
            try:
                start = self._head(path, self._start(path))
                if start is not None:
                    self._body(path, start, number)
            except ConnectionError:  # whoever asked was killed
                self.close_connection = True

    def _file(self) -> Path:
        return self.server.folder / Path(self.path).name

    def _start(self, path: Path) -> int:
        """Where the answer begins: a Range counts only for the bytes that it was meant for."""
        wanted = RANGE.fullmatch(self.headers.get("Range", ""))
        condition = self.headers.get("If-Range", _tag(path))
        return int(wanted[1]) if wanted and condition == _tag(path) else 0

    def _head(self, path: Path, start: int) -> int | None:
        if not path.is_file():
            self.send_error(404)
            return None
        size = path.stat().st_size
        status = 200 if start == 0 else 206 if start < size else 416
        self.send_response(status)
        self.send_header("Content-Type", "video/mp4")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", _tag(path))
        self.send_header("Last-Modified", self.date_time_string(path.stat().st_mtime))
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        if status == 416:
            self.send_header("Content-Range", f"bytes */{size}")
        self.send_header("Content-Length", str(max(0, size - start)))
        self.end_headers()
        return start if status != 416 else None

    def _body(self, path: Path, start: int, number: int) -> None:
        size = path.stat().st_size
        end = int(size * self.server.share) if number == 1 else size
        rate, began, at = self.server.rate, time.monotonic(), start
        self.wfile.flush()
        with path.open("rb") as file:
            while at < end:
                wanted = min(PIECE if rate else FAST_PIECE, end - at)
                sent = os.sendfile(self.connection.fileno(), file.fileno(), at, wanted)
                at += sent
                self.server.tally.add(path.name, sent)
                if rate:
                    time.sleep(max(0.0, began + (at - start) / rate - time.monotonic()))
        self.close_connection = self.close_connection or end < size

    def _obey(self) -> None:
        if self.path == HOLD:
            self.server.gate.clear()
        if self.path == OPEN:
            self.server.gate.set()
        content = self.server.tally.told()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Nothing: the tally says it all."""


def _tag(path: Path) -> str:
    return f'"{path.stat().st_size:x}-{path.stat().st_mtime_ns:x}"' if path.is_file() else ""


def main() -> None:
    """Serve until ended."""
    folder, rate, share = sys.argv[1:]
    server = MediaServer(Path(folder), int(rate), float(share))
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
