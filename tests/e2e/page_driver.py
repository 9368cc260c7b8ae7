"""A platform written from the vendor's download page alone, by somebody who knows nothing of us.

It takes downloads, judges every request by the page, and calls back with the three fields. It has no progress query and no
control: their pages are others.
"""

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

PATH = "/api/smsload/playback/v1/download"
LIST = "/api/iot/device/playback/v1/list"  # on a page of its own, which this driver has not seen
REQUIRED = ("device_unicode", "source_type", "channel", "start_time", "end_time")
OPTIONAL = ("platfrom_id", "callback")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


class Driver:
    """What it was asked, what was wrong with it, and the clips it gave."""

    def __init__(self, clip: bytes) -> None:
        self.clip = clip
        self.sha256 = hashlib.sha256(clip).hexdigest()
        self.asked: list[dict[str, Any]] = []
        self.faults: list[str] = []
        self.callback_answers: list[tuple[int, Any]] = []
        self.base_url = ""

    def judge(self, path: str, content_type: str, raw: bytes) -> dict[str, Any]:
        """Note every way in which a request is not as the page says."""
        body: dict[str, Any] = json.loads(raw)
        self.asked.append(body)
        if path != PATH:
            self.faults.append(f"path {path}")
        if content_type != "application/json":
            self.faults.append(f"content type {content_type}")
        self.faults += [f"{name} is missing" for name in REQUIRED if name not in body]
        self.faults += [f"{name} is unknown" for name in body if name not in REQUIRED + OPTIONAL]
        self.faults += [f"{name} is no string" for name, value in body.items() if not isinstance(value, str)]
        self.faults += [
            f"{name} is {body[name]}" for name in ("start_time", "end_time") if not TIME.fullmatch(body[name])
        ]
        if body.get("source_type") != "3":
            self.faults.append("source_type is not 3")
        return body

    def report(self, callback: str, stream_id: str) -> None:
        """The platform's progress, then its file."""
        clip = f"{self.base_url}/clips/{len(self.asked)}.mp4"
        for progress, address in (("0.25", ""), ("0.5", ""), ("1", clip)):
            said = {"streamId": stream_id, "fileUrl": address, "downloadProgress": progress}
            answer = requests.post(callback, json=said, timeout=10)
            self.callback_answers.append((answer.status_code, answer.json()))


@contextmanager
def page_driver(port: int, clip: bytes) -> Iterator[Driver]:
    """Serve a driver until the block ends."""
    driver = Driver(clip)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == LIST:
                self.send_error(404)
                return
            body = driver.judge(self.path, self.headers["Content-Type"], raw)
            stream_id = f"download:{body['device_unicode']}:{body['channel']}:1200000079"
            data = {"stream_id": stream_id, "playback_duration": "10", "playback_file_size": "1024"}
            self.answer(json.dumps({"code": "0", "message": "", "data": data}).encode(), "application/json")
            threading.Thread(target=driver.report, args=(body["callback"], stream_id), daemon=True).start()

        def do_GET(self) -> None:
            self.answer(driver.clip, "video/mp4")

        def answer(self, content: bytes, content_type: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    driver.base_url = f"http://127.0.0.1:{port}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield driver
    finally:
        server.shutdown()
        server.server_close()
