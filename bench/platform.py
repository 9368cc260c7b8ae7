"""A playback platform with nothing to wait for: it takes every order, and names the files when it is told to.

It speaks as the vendor's download page says, so that the service under test needs no setting but its address.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bench.web import asked

DOWNLOAD = "/api/smsload/playback/v1/download"


class Platform(ThreadingHTTPServer):
    """`orders`: each device that footage was asked of, with the address to report to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.orders: dict[str, str] = {}

    @property
    def base(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def report(self, progress: str, files: Mapping[str, str]) -> None:
        """Tell everybody at once how far it is, and where the file of a device is, if there is one yet."""
        with ThreadPoolExecutor(8) as pool:
            for device, callback in self.orders.items():
                pool.submit(_report, callback, device, progress, files.get(device, ""))


class _Handler(BaseHTTPRequestHandler):
    server: Platform

    def do_POST(self) -> None:
        """An order; of all other questions nothing is known."""
        body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != DOWNLOAD:
            self.send_error(404)
            return
        device = body["device_unicode"]
        self._answer({"code": "0", "message": "", "data": {"stream_id": _stream(device)}})
        self.server.orders[device] = body["callback"]

    def _answer(self, said: dict[str, Any]) -> None:
        content = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


def _stream(device: str) -> str:
    return f"download:{device}:1"


def _report(callback: str, device: str, progress: str, address: str) -> None:
    said = {"streamId": _stream(device), "fileUrl": address, "downloadProgress": progress}
    asked(callback, json.dumps(said).encode(), {"Content-Type": "application/json"})


@contextmanager
def platform() -> Iterator[Platform]:
    """A platform until the block ends."""
    playing = Platform()
    threading.Thread(target=playing.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield playing
    finally:
        playing.shutdown()
        playing.server_close()
